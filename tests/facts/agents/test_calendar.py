"""calendar: whether to speak before an appointment."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from agents.calendar import Calendar
from agents.contract import Candidate, Move, Open, Revoke, StandDown
from agents.situation import NOON, SomePerson, SomePolicy, closed, event, intent, sent
from topics.user_events import CalendarChanged, Event

AGENT, POLICY = Calendar(), SomePolicy()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STARTS = NOON + DAY
PLAN = intent(
    "calendar", "Bank", subject_key="bank", due_at=STARTS - HOUR, expires_at=STARTS, intent_id="i-bank"
)


def changed(starts_at: datetime = STARTS, title: str = "Bank") -> Event:
    return event(
        "calendar.changed", CalendarChanged(calendar_event_id="bank", title=title, starts_at=starts_at)
    )


CANCELLED = event("calendar.changed", CalendarChanged(calendar_event_id="bank", status="cancelled"))


def planned(starts_at: datetime, due_at: datetime) -> Open:
    return Open(subject="Bank", subject_key="bank", due_at=due_at, expires_at=starts_at, importance=0.7)


def test_a_new_appointment_plans_a_word_before_it() -> None:
    """It is due `lead` before the start and expires with it; another's plan is none of its own."""
    other = SomePerson(intents=(msgspec.structs.replace(PLAN, subject_key="dentist"),))
    for person in (SomePerson(), other):
        assert AGENT.consider(person, changed(), NOON, POLICY) == [planned(STARTS, STARTS - HOUR)]


def test_a_word_whose_time_has_passed_is_due_at_once() -> None:
    """Half an hour before the start it is due now; after the start nothing is planned."""
    soon = NOON + HOUR / 2
    assert AGENT.consider(SomePerson(), changed(soon), NOON, POLICY) == [planned(soon, NOON)]
    for past in (NOON, NOON - HOUR):
        assert AGENT.consider(SomePerson(), changed(past), NOON, POLICY) == []


def test_the_plan_moves_with_the_appointment() -> None:
    """A new start or a new title moves the one plan; the same again changes nothing."""
    person = SomePerson(intents=(PLAN,))
    later = STARTS + DAY
    assert AGENT.consider(person, changed(), NOON, POLICY) == []
    assert AGENT.consider(person, changed(later), NOON, POLICY) == [
        Move(intent_id="i-bank", due_at=later - HOUR, expires_at=later)
    ]
    assert AGENT.consider(person, changed(title=" The  bank "), NOON, POLICY) == [
        Move(intent_id="i-bank", due_at=PLAN.due_at, expires_at=STARTS, subject="The bank")
    ]


def test_a_plan_for_what_has_begun_is_revoked() -> None:
    """An appointment that is moved into the past takes its plan with it."""
    person = SomePerson(intents=(PLAN,))
    assert AGENT.consider(person, changed(NOON - HOUR), NOON, POLICY) == [Revoke(intent_id="i-bank")]


def test_cancelled_means_gone() -> None:
    """It revokes the open plan, or takes back the nudge; of an unknown appointment it means nothing."""
    assert AGENT.consider(SomePerson(intents=(PLAN,)), CANCELLED, NOON, POLICY) == [
        Revoke(intent_id="i-bank")
    ]
    told = SomePerson(nudged=(sent(PLAN, NOON),), closed=(closed(PLAN, "nudged", "sent", NOON),))
    assert AGENT.consider(told, CANCELLED, NOON, POLICY) == [Revoke(intent_id="i-bank")]
    assert AGENT.consider(SomePerson(), CANCELLED, NOON, POLICY) == []


def test_a_new_start_after_its_word_plans_another_and_takes_the_first_back() -> None:
    """The nudge named a time that is no longer true; the same start again is no news."""
    told = SomePerson(nudged=(sent(PLAN, NOON),), closed=(closed(PLAN, "nudged", "sent", NOON),))
    later = STARTS + DAY
    assert AGENT.consider(told, changed(), NOON, POLICY) == []
    assert AGENT.consider(told, changed(later), NOON, POLICY) == [
        Revoke(intent_id="i-bank"),
        planned(later, later - HOUR),
    ]
    assert AGENT.consider(told, changed(NOON - HOUR), NOON, POLICY) == [Revoke(intent_id="i-bank")]


@pytest.mark.parametrize(
    ("outcome", "reason", "opens"),
    [
        ("revoked", "exit_event", True),
        ("revoked", "resolved", False),
        ("stood_down", "muted", False),
        ("nudged", "sent", False),
    ],
)
def test_confirming_again_is_news_only_after_a_cancellation(
    outcome: str, reason: str, *, opens: bool
) -> None:
    """What was called off and is on again is planned again; what ended otherwise is not."""
    person = SomePerson(closed=(closed(PLAN, outcome, reason, NOON),))
    assert AGENT.consider(person, changed(), NOON, POLICY) == (
        [planned(STARTS, STARTS - HOUR)] if opens else []
    )


def test_its_facts_are_in_the_persons_own_time() -> None:
    """The start with the person's offset, its weekday, and how far ahead it is."""
    now = STARTS - HOUR
    person = SomePerson(timezone="Pacific/Auckland", name="Jon")
    assert AGENT.candidate(person, PLAN, now, POLICY) == Candidate(
        importance=0.5,
        facts={
            "subject": "Bank",
            "name": "Jon",
            "starts_at": "2026-03-06T01:00+13:00",
            "weekday": "Friday",
            "days_ahead": 0,
            "minutes_ahead": 60,
        },
    )


def test_a_start_that_nobody_gave_is_not_told() -> None:
    """A requested plan that expires days later has no known start: its words name no time."""
    requested = intent("calendar", "Bank", due_at=NOON)
    candidate = AGENT.candidate(SomePerson(), requested, NOON, POLICY)
    assert isinstance(candidate, Candidate)
    assert candidate.facts == {"subject": "Bank"}
    assert AGENT.fallback(candidate, "en") == (
        "“Bank” is coming up. Is there anything I can do to help you get ready?"
    )


def test_what_has_begun_is_too_late() -> None:
    """At the start itself nothing is said any more."""
    assert AGENT.candidate(SomePerson(), PLAN, STARTS, POLICY) == StandDown(reason="too_late")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "“Bank” is coming up today at 16:30. Is there anything I can do to help you get ready?"),
        (1, "“Bank” is coming up tomorrow at 16:30. Is there anything I can do to help you get ready?"),
        (3, "“Bank” is coming up in 3 days, on Wednesday at 16:30. Is there anything I can do to help?"),
    ],
)
def test_its_words_name_the_day_as_people_do(days: int, said: str) -> None:
    """Today, tomorrow, or in so many days on a weekday."""
    facts = {"subject": "Bank", "starts_at": "2026-03-04T16:30+01:00", "days_ahead": days}
    assert AGENT.fallback(Candidate(importance=0.7, facts=facts), "en") == said


@pytest.mark.parametrize(
    ("draft", "wrong"),
    [
        ("Your bank appointment is at 16:30. Good luck!", False),
        ("Bank is at 4:30 pm today. Anything you need?", False),
        ("Bank is coming up. Leave at 16:00 and you are there by 16:30.", False),
        ("Bank is coming up soon, you will do fine.", False),
        ("Your bank appointment is at 15:30. Good luck!", True),
        ("Bank is at 4:30 am today. Anything you need?", True),
    ],
)
def test_another_time_of_day_is_refused(draft: str, *, wrong: bool) -> None:
    """A draft may leave the time out, and may name others beside it, but not name only wrong ones."""
    candidate = Candidate(importance=0.7, facts={"subject": "Bank", "starts_at": "2026-03-04T16:30+01:00"})
    expected = ["the time of day is not the one in starts_at: use that one or none"] if wrong else []
    assert AGENT.check(draft, candidate) == expected
