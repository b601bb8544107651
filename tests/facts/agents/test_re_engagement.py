"""re_engagement: whether a silence has been long enough."""

from __future__ import annotations

from datetime import timedelta

from agents import FIVE
from agents.contract import Candidate, Move, Open
from agents.re_engagement import ReEngagement
from agents.situation import NOON, SomePerson, SomePolicy, closed, event, intent

AGENT, POLICY = ReEngagement(), SomePolicy()
WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
OPENED = event("app.opened")


def test_the_first_activity_plans_a_word_for_the_end_of_the_silence() -> None:
    """It is due `silent_for` after the latest activity, whose time may be older than its place in the log."""
    person = SomePerson(last_activity=NOON - HOUR)
    assert AGENT.consider(person, OPENED, NOON, POLICY) == [
        Open(subject="a quiet while", due_at=NOON - HOUR + WEEK)
    ]


def test_activity_moves_the_plan_and_never_back() -> None:
    """A later activity moves it; one that changes no latest time, or an earlier one, leaves it."""
    plan = intent("re_engagement", "a quiet while", due_at=NOON + WEEK)
    later = SomePerson(last_activity=NOON + HOUR, intents=(plan,))
    assert AGENT.consider(later, OPENED, NOON, POLICY) == [
        Move(intent_id=plan.intent_id, due_at=NOON + HOUR + WEEK)
    ]
    for activity in (NOON, NOON - HOUR):
        same = SomePerson(last_activity=activity, intents=(plan,))
        assert AGENT.consider(same, OPENED, NOON, POLICY) == []


def test_a_silence_gets_one_word() -> None:
    """An activity that arrives after the nudge but is older than it plans nothing; a new one does."""
    told = closed(intent("re_engagement", "a quiet while", due_at=NOON), "nudged", "sent", NOON)
    old = SomePerson(last_activity=NOON - WEEK, closed=(told,))
    assert AGENT.consider(old, OPENED, NOON, POLICY) == []
    new = SomePerson(last_activity=NOON + HOUR, closed=(told,))
    assert AGENT.consider(new, OPENED, NOON, POLICY) == [
        Open(subject="a quiet while", due_at=NOON + HOUR + WEEK)
    ]


def test_a_revoked_plan_is_no_word_said() -> None:
    """After a revocation the next activity plans again, even when the plan was for a later time."""
    put_off = intent("re_engagement", "a quiet while", due_at=NOON + 4 * WEEK)
    person = SomePerson(last_activity=NOON, closed=(closed(put_off, "revoked", "requested", NOON),))
    assert AGENT.consider(person, OPENED, NOON, POLICY) == [Open(subject="a quiet while", due_at=NOON + WEEK)]


def test_what_a_service_requested_stays_where_it_is() -> None:
    """Activity moves the plan about the silence, not one about another subject."""
    requested = intent("re_engagement", "the summer break", due_at=NOON)
    person = SomePerson(last_activity=NOON, intents=(requested,))
    assert AGENT.consider(person, OPENED, NOON, POLICY) == [Open(subject="a quiet while", due_at=NOON + WEEK)]


def test_its_facts_are_the_length_of_the_silence_and_no_words() -> None:
    """What may be told: the subject, a known name, how many days it was quiet."""
    plan = intent("re_engagement", "a quiet while", words="Busy week, talk soon.")
    person = SomePerson(name="Kim", last_activity=NOON - WEEK - HOUR, nudges_sent=3)
    assert AGENT.candidate(person, plan, NOON, POLICY) == Candidate(
        importance=0.5, facts={"subject": "a quiet while", "name": "Kim", "quiet_days": 7}, turn=3
    )


def test_only_activity_is_its_business() -> None:
    """It hears of the four kinds of activity and of nothing else."""
    assert next(agent for agent in FIVE if agent.name == "re_engagement").subscribes == {
        "message.received",
        "app.opened",
        "nudge.opened",
        "nudge.replied",
    }
