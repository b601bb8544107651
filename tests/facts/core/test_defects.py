"""An exception in a pass is an answer: the event that raises is put aside, and the person goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, StandDown
from app.core.asks import ComposeAnswer
from app.core.defects import DEFECTS_A_MINUTE, TooManyDefects
from tests.facts.core.by_hand import BY_NAME, HOUR, NOON, SECOND, ByHand, said
from topics.user_events import Event

DUE = NOON + HOUR


class Broken:
    """An agent with a defect: it raises on poison, and when its plan comes due."""

    name = "broken"
    subscribes = frozenset({"poison.taken", "interest.noticed"})
    approaches = ("natural", "plain")

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if event.type == "poison.taken":
            raise ZeroDivisionError
        return [Open(subject="a defect", due_at=now + HOUR)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        raise ZeroDivisionError

    def check(self, text: str, candidate: Candidate) -> Sequence[str]:
        return []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return None


AGENTS = {**BY_NAME, "broken": Broken()}


def test_an_event_that_raises_is_put_aside_and_the_person_goes_on() -> None:
    """Taken again one by one, only the event that raises even so is a dead letter; nothing of it is applied."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana")
    world.tell(
        world.event("ana", "app.opened"),
        world.event("ana", "poison.taken"),
        world.event("ana", "message.received", {"text": "hello"}),
    )
    assert world.dead_letters() == ["defect"]
    assert world.row("ana").last_activity == NOON
    assert [one.text for one in world.row("ana").unread] == ["hello"]
    assert world.head.next == 4


def test_a_plan_that_raises_closes_as_failed() -> None:
    """Its maturity event is a dead letter, and its outcome says why."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana", "broken")
    world.happens("ana", "interest.noticed", {"topic": "chess"})
    world.at(DUE)
    assert world.outcomes() == [("a defect", "failed", "defect")]
    assert world.dead_letters() == ["defect"]
    assert world.row("ana").intents == {}


def test_a_plan_that_raises_does_not_take_its_neighbours_along() -> None:
    """Of the plans that one record wakes only the guilty one fails; the other comes due again and is said."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana")
    world.happens("ana", "interest.noticed", {"topic": "chess"})
    data = {"agent": "follow_up", "subject": "the harvest", "due_at": DUE.isoformat()}
    world.happens("ana", "intent.requested", data)
    world.at(DUE)
    assert world.outcomes() == [("a defect", "failed", "defect")]
    world.at(DUE + HOUR)
    world.answered(said(ComposeAnswer("How did the harvest go, after all that rain?")))
    assert world.outcomes()[1:] == [("the harvest", "nudged", "sent")]


def test_a_plan_of_an_agent_that_is_gone_fails_when_it_comes_due() -> None:
    """A worker without that agent cannot read what it planned."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana", "broken")
    world.happens("ana", "interest.noticed", {"topic": "chess"})
    world.agents = BY_NAME
    world.begin()
    world.at(DUE)
    assert world.outcomes() == [("a defect", "failed", "unreadable_state")]


def test_too_many_defects_stop_the_partition() -> None:
    """A bad release must not pour the log into the dead letters: more than 100 in a minute stop it, unready."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana")
    for _ in range(DEFECTS_A_MINUTE):
        world.happens("ana", "poison.taken")
    with pytest.raises(TooManyDefects, match="roll the last release"):
        world.happens("ana", "poison.taken")


def test_defects_a_minute_apart_are_not_too_many() -> None:
    """The bound is one of a minute, and of one in a hundred of at least a thousand events."""
    world = ByHand(agents=AGENTS)  # type: ignore[arg-type]  # it breaks the contract on purpose
    world.granted("ana")
    for n in range(3 * DEFECTS_A_MINUTE):
        world.now = NOON + n * SECOND
        world.happens("ana", "poison.taken")
    assert len(world.dead_letters()) == 3 * DEFECTS_A_MINUTE
