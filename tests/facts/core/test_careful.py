"""What ends the process again and again is found in small steps and put aside; everybody else is served."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NoReturn

import pytest

from agents.contract import Candidate, Defer, Intent, Open, Person, Policy, Proposal, StandDown
from app.core.careful import CALM, KILLS, CarefulPartition
from app.core.deaths import DEATHS, Death, Deaths
from app.core.head import Head
from tests.facts.core.by_hand import BY_NAME, NOON, SECOND, ByHand
from topics.user_events import Event


class Killed(BaseException):
    """The process has ended here."""


class Kept:
    """A note that outlives the machine: after a death nothing can be written."""

    def __init__(self) -> None:
        self.under_way: Death | None = None
        self.deaths: tuple[Death, ...] = ()
        self.dead = False
        self.notes = 0

    def begin(self, user_id: str, first: int, last: int) -> None:
        self.under_way = Death(user_id, first, last)
        self.notes += 1

    def end(self) -> None:
        if not self.dead:
            self.under_way = None

    def remember(self, deaths: Iterable[Death]) -> None:
        self.deaths = tuple(deaths)

    def look_back(self) -> None:
        """A new process reads what the last one left."""
        if self.under_way is not None:
            self.deaths = (*self.deaths, self.under_way)
        self.under_way, self.dead = None, False


class Deadly:
    """Ends the process at `trap.sprung`, and when a plan that `trap.laid` opened comes due."""

    name = "deadly"
    subscribes = frozenset({"trap.sprung", "trap.laid"})
    declares = subscribes
    approaches = ("natural", "plain")

    def __init__(self, note: Kept) -> None:
        self._note = note

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        if event.type == "trap.sprung":
            self._killed()
        return [Open(subject="a trap", due_at=now)]

    def candidate(
        self, person: Person, intent: Intent, now: datetime, policy: Policy
    ) -> Candidate | Defer | StandDown:
        self._killed()

    def check(self, text: str, candidate: Candidate) -> list[str]:
        return []

    def fallback(self, candidate: Candidate, locale: str) -> str | None:
        return None

    def _killed(self) -> NoReturn:
        self._note.dead = True
        raise Killed


class Lives(ByHand):
    """One partition over several processes, with the note that they share."""

    def __init__(self) -> None:
        self.note = Kept()
        self.deaths = 0
        super().__init__(agents={**BY_NAME, "deadly": Deadly(self.note)})

    def begin(self) -> None:
        self.note.look_back()
        self.partition = CarefulPartition(
            self.number,
            head=self.head,
            rows=self.rows.get,
            policy=self.rules,
            agents=self.agents,
            note=self.note,
            deaths=self.note.deaths,
        )
        self.partition.restore_timers(self.rows.items())

    def live_on(self, at_most: int = 20) -> None:
        """Start again after each death, as an orchestrator does, until the log is done and nothing is due."""
        for _ in range(at_most):
            try:
                self.reread()
                self.settle()
                self.at(self.now)
                self.at(self.now)
            except Killed:
                self.deaths += 1
                self.begin()
            else:
                return
        pytest.fail(f"it still dies after {at_most} deaths")


def test_an_event_that_kills_is_put_aside_at_the_third_death() -> None:
    """Its own person and everybody else go on; the letter says that it was no exception."""
    world = Lives()
    for user_id in ("ana", "bo"):
        world.granted(user_id)
    for kind in ("app.opened", "trap.sprung", "message.received"):
        for user_id in ("ana", "bo"):
            if (user_id, kind) != ("bo", "trap.sprung"):
                world.event(user_id, kind, {"text": "hello"})
    world.live_on()
    assert world.deaths == DEATHS
    assert world.dead_letters() == ["defect"]
    (letter,) = [one for one in world.written if one.topic == "dead-letter"]
    assert dict(letter.headers)["tactful_error"].decode().startswith(f"{KILLS}: ")
    assert [one.text for user in ("ana", "bo") for one in world.row(user).unread] == ["hello", "hello"]
    assert world.head.next == len(world.log)
    assert world.note.deaths == ()


def test_a_plan_that_kills_when_it_comes_due_closes_as_failed() -> None:
    """Its maturity event is the letter, its outcome says `defect`, and the person's next event is folded."""
    world = Lives()
    world.granted("ana")
    world.event("ana", "trap.laid")
    world.live_on()
    assert (world.deaths, world.dead_letters()) == (DEATHS, ["defect"])
    assert world.outcomes() == [("a trap", "failed", "defect")]
    world.now += SECOND
    world.happens("ana", "app.opened")
    assert world.row("ana").last_activity == NOON + SECOND


def test_two_that_kill_in_one_batch_are_both_found() -> None:
    """The first batch's death counts for both: the second one costs fewer."""
    world = Lives()
    for user_id in ("ana", "bo", "cy"):
        world.granted(user_id)
    for user_id in ("ana", "bo", "cy"):
        world.event(user_id, "app.opened")
        world.event(user_id, "trap.sprung" if user_id != "cy" else "app.opened")
    world.live_on()
    assert world.dead_letters() == ["defect", "defect"]
    assert world.deaths <= 2 * DEATHS
    assert world.row("cy").last_activity == NOON


def test_in_the_common_case_a_batch_is_one_note() -> None:
    """However many events and people: what was under way is found in small steps only when it must be."""
    world = Lives()
    for user_id in ("ana", "bo", "cy"):
        world.event(user_id, "consent.changed", {"agent": "*", "granted": True})
    world.reread()
    assert world.note.notes == 1
    assert world.note.under_way is None


def test_a_death_without_a_cause_costs_nobody_an_event() -> None:
    """Killed from outside three times at other places: nothing is put aside, and small steps end with the batch."""
    world = Lives()
    world.granted("ana")
    world.event("ana", "app.opened")
    world.event("ana", "message.received", {"text": "hello"})
    for first, last in ((1, 2), (1, 1), (2, 2)):
        world.note.under_way = Death("ana" if first == last else "", first, last)
        world.begin()
    world.live_on()
    assert (world.dead_letters(), world.note.deaths) == ([], ())


def test_a_death_at_a_wake_up_is_forgotten_after_a_calm_while() -> None:
    """No event says when it is got over: ten times the limit of a pass does, once nobody is queued."""
    world = Lives()
    world.granted("ana")
    world.note.under_way = Death("")
    world.begin()
    world.at(NOON)
    world.at(NOON + CALM - SECOND)
    assert list(world.note.deaths) == [Death("")]
    world.at(NOON + CALM)
    assert not world.note.deaths


def test_one_that_was_noted_alone_but_once_is_not_to_blame() -> None:
    """Two batches and one exact note do not tell it from its neighbours; one more exact one does."""
    batches = [Death("", 5, 9), Death("", 5, 9), Death("ana", 7, 7)]
    assert not Deaths(batches).condemned("ana", 7)
    assert Deaths([*batches, Death("ana", 7, 7)]).condemned("ana", 7)
    assert not Deaths([*batches, Death("ana", 7, 7)]).condemned("bo", 8)


def test_a_death_is_got_over_when_its_events_are_durably_done() -> None:
    """Not before: a letter that was not committed must be written again by the next process."""
    deaths = Deaths([Death("ana", 7, 7)])
    assert not deaths.got_over(Head(next=5, high=9, unfinished=(5, 7)))
    assert deaths.got_over(Head(next=5, high=9, unfinished=(5, 8)))
    assert not deaths


def test_a_record_that_kills_while_it_is_decoded_is_put_aside() -> None:
    """Before anybody knows whose it is: noted alone at two of three deaths, it becomes a letter undecoded."""
    world = Lives()
    world.granted("ana")
    world.event("ana", "app.opened")
    world.event("ana", "message.received", {"text": "hello"})
    world.note.deaths = (Death("", 1, 2), Death("", 1, 1))
    world.note.under_way = Death("", 1, 1)
    world.begin()
    world.live_on()
    assert world.dead_letters() == ["defect"]
    assert [one.text for one in world.row("ana").unread] == ["hello"]
    assert world.head.next == 3
    assert not world.note.deaths
