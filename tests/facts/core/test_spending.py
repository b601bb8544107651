"""What the model costs, and whom it was too dear to ask about: counted as it is spent."""

from __future__ import annotations

import msgspec

from tests.facts.core.by_hand import A_DRAFT, HOUR, NOON, ByHand, policy

DUE = NOON + HOUR
PRICES = {"by-hand": {"input_per_mtok": 2.0, "output_per_mtok": 10.0}}


def due_now(world: ByHand) -> None:
    """Ana has let an agent write, and what was asked for is due."""
    world.granted("ana", "follow_up")
    world.requested("ana", "the song", DUE)
    world.at(DUE)


def test_cost_is_counted_by_the_model_that_has_a_price() -> None:
    """In US dollars, by the policy's prices: a million tokens are the unit there."""
    world = ByHand(policy(prices=PRICES))
    due_now(world)
    world.answered(msgspec.structs.replace(A_DRAFT, input_tokens=1_000, output_tokens=100))
    counts = world.partition.take_tally().counts
    assert counts["tactful_model_cost_usd_total", ("by-hand",)] == 0.003


def test_a_model_without_a_price_costs_nothing_that_could_be_shown() -> None:
    """There is no series, and not one that says 0."""
    world = ByHand()
    due_now(world)
    world.answered(msgspec.structs.replace(A_DRAFT, input_tokens=1_000, output_tokens=100))
    counts = world.partition.take_tally().counts
    assert [name for name, _ in counts if name == "tactful_model_cost_usd_total"] == []


def test_requests_that_the_days_budget_forbids_are_counted() -> None:
    """Both attempts at a text were not made, and neither was the reading of what was written."""
    world = ByHand(policy(budget={"calls_per_person_per_day": 0}))
    due_now(world)
    assert world.partition.take_tally().counts["tactful_day_budget_spent_total", ("compose",)] == 2
    world.happens("ana", "message.received", {"text": "I have surgery on Thursday"})
    world.happens("ana", "conversation.ended")
    assert world.partition.take_tally().counts["tactful_day_budget_spent_total", ("reading",)] == 1
