"""Experiments: who is held out is a stable share of people, and what an agent would have said stays in the trace."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

import agents
from app.core.ids import share_of
from app.scenario.runner import run
from app.scenario.story import read
from app.scenario.world import Setting
from app.scenario.world_memory import MemoryWorld
from tests.facts.core.by_hand import policy
from tests.facts.core.test_gates import ledger, person
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass

PEOPLE = 100_000
WIDE = 3.89
"""Standard deviations on both sides: outside of them lies one of 10,000 such counts."""
SHAPES: dict[str, Callable[[int], str]] = {
    "counted": lambda n: f"user-{n}",
    "numbers": str,
    "uuids": lambda n: str(UUID(int=n << 64 | n)),
    "addresses": lambda n: f"person.{n}@example.org",
}
SCENARIOS = Path(__file__).parents[2] / "scenarios"


def held_out(salt: str, share: float, named: Callable[[int], str] = SHAPES["counted"]) -> set[int]:
    """Which of 100,000 people are."""
    return {n for n in range(PEOPLE) if share_of(named(n), salt) < share}


def within(count: int, share: float, among: int = PEOPLE) -> bool:
    """Whether so many may well have come by chance, if each had this share."""
    return abs(count - among * share) <= WIDE * math.sqrt(among * share * (1 - share))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_share_is_met(shape: str) -> None:
    """Of 100,000 ids of any shape, for small and large shares, within the interval of as many draws."""
    for share in (0.01, 0.1, 0.5):
        count = len(held_out("spring", share, SHAPES[shape]))
        assert within(count, share), (share, count)


def test_an_interval_can_be_missed() -> None:
    """The test above is one: half a percent too many of a tenth lies outside."""
    assert not within(round(PEOPLE * 0.105), 0.1)


def test_two_salts_choose_independently() -> None:
    """Another salt is another experiment: who is in both is a share of a share."""
    both = held_out("spring", 0.2) & held_out("autumn", 0.2)
    assert within(len(both), 0.04)


def test_a_larger_share_keeps_who_was_held_out() -> None:
    """Raising the share adds people, lowering it lets some go; nobody changes sides otherwise."""
    assert held_out("spring", 0.05) < held_out("spring", 0.1) < held_out("spring", 0.3)


def test_the_choice_is_the_same_in_every_process_and_release() -> None:
    """A person's number is a hash of salt and id, pinned here: a restart or another version changes nobody's group."""
    assert [round(share_of(user_id, "spring"), 12) for user_id in ("ana", "student-1899", "ŽŽ")] == [
        0.079199451107,
        0.995893091209,
        0.019957106021,
    ]


def test_no_other_key_of_the_policy_moves_anybody() -> None:
    """Two policies that share the holdout and nothing else hold out the same people."""
    holdout = {"share": 0.3, "salt": "spring"}
    other = policy(
        holdout=holdout,
        quiet_hours={"start": "01:00", "end": "02:00"},
        caps={"per_day": 9, "per_week": 9},
        min_gap="1m",
        default_timezone="Asia/Tokyo",
        agents={"follow_up": {"mode": "shadow", "priority": 1}},
    )
    people = [msgspec.structs.replace(person(), user_id=f"user-{n}") for n in range(1_000)]
    first, second = (
        [ledger(row, rules).held_out for row in people] for rules in (policy(holdout=holdout), other)
    )
    assert first == second
    assert 200 < sum(first) < 400


def told(story: str) -> tuple[list[Nudge], list[Outcome], list[Pass]]:
    """What a story leaves on the three topics."""
    worlds: list[MemoryWorld] = []

    def make(setting: Setting) -> MemoryWorld:
        worlds.append(MemoryWorld(setting))
        return worlds[-1]

    assert run(read(SCENARIOS / story), agents.load([]), make).failures == []
    (world,) = worlds
    return (
        [msgspec.json.decode(each.value or b"", type=Nudge) for each in world.records(NUDGES.name)],
        [msgspec.json.decode(each.value or b"", type=Outcome) for each in world.records(NUDGE_OUTCOME.name)],
        [msgspec.json.decode(each.value or b"", type=Pass) for each in world.records(NUDGE_PASS.name)],
    )


@pytest.mark.parametrize("story", ["in_the_shadow.yaml", "two_in_the_shadow.yaml"])
def test_a_shadow_is_in_the_trace_and_not_on_nudges(story: str) -> None:
    """The trace has its gates, its questions, that it won, and its words; `nudges` has nothing of it."""
    nudges, outcomes, passes = told(story)
    shadows = [one for one in outcomes if one.reason == "shadow"]
    assert len(shadows) == 2
    assert {nudge.intent_id for nudge in nudges}.isdisjoint(one.intent_id for one in shadows)
    for outcome in shadows:
        (trace,) = (one for one in passes if one.pass_id == outcome.pass_id)
        assert trace.winner == outcome.intent_id
        assert len(trace.text) >= 20
        assert not any(nudge.text == trace.text for nudge in nudges)
        (candidate,) = (one for one in trace.candidates if one.intent_id == outcome.intent_id)
        assert {gate.answer for gate in candidate.gates} == {"pass"}
        assert [ask.task for ask in trace.asks if ask.task == "compose"] == ["compose"] * len(
            outcome.attempts
        )


@pytest.mark.parametrize("story", ["held_out.yaml", "held_out_and_stays_so.yaml", "in_the_shadow.yaml"])
def test_propensity_is_reserved(story: str) -> None:
    """Nobody is treated by chance yet: it is null in every outcome."""
    _, outcomes, _ = told(story)
    assert outcomes
    assert [one for one in outcomes if one.propensity is not None] == []


def test_who_is_held_out_is_in_no_trace_of_the_model() -> None:
    """No question is asked for them: the only asks belong to the others."""
    nudges, outcomes, passes = told("held_out_and_stays_so.yaml")
    held = {one.user_id for one in outcomes if one.holdout}
    assert held == {"ann", "emi"}
    assert [one for one in passes if one.asks and one.user_id in held] == []
    assert {one.user_id for one in passes if one.asks} == {one.user_id for one in nudges}
