"""Each gate at the instant at which its answer changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agents.contract import Candidate, Defer, Intent, StandDown
from agents.situation import intent
from app.core import interruptions
from app.core.gates import Expire, Weighed, admission, weigh
from app.core.ledger import Ledger
from app.core.policy import Policy
from app.core.row import PastNudge, Row
from tests.facts.core.by_hand import HOUR, NOON, ROSTER, SECOND, policy
from topics.user_events import QuietHours

DAY = timedelta(days=1)
NOBODY: frozenset[str] = frozenset()


def ledger(row: Row, rules: Policy, now: datetime = NOON) -> Ledger:
    return Ledger(row, now=now, policy=rules, roster=ROSTER, pass_of=())


def person(**known: Any) -> Row:
    return Row(user_id="ana", consents={"*": True}, **known)


def nudged(
    at: datetime, agent: str = "curiosity", *, answered: bool = True, ignored: bool = False
) -> PastNudge:
    return PastNudge(f"n-{at}", agent, at, answered=answered, ignored=ignored)


def due(agent: str = "follow_up", **changes: Any) -> Intent:
    return intent(agent, "the exam", due_at=NOON, status="due", **changes)


def asked(row: Row, rules: Policy, now: datetime = NOON, one: Intent | None = None) -> object:
    """What the gates of suitability and contact say together."""
    return weigh(ledger(row, rules, now), one or due(), now).answer


def before(row: Row, rules: Policy, now: datetime, one: Intent, paused: frozenset[str] = NOBODY) -> object:
    """What the gates before the reading say; None when all pass."""
    refused = admission(ledger(row, rules, now), one, paused, now)
    return refused.answer if isinstance(refused, Weighed) else None


def test_with_nothing_against_it_a_plan_may_speak() -> None:
    """A person with no nudges, no spell and no night: the agent's candidate is what comes out."""
    assert isinstance(asked(person(), policy()), Candidate)


def test_quiet_hours_include_their_start_and_not_their_end() -> None:
    """At 21:00 it is night, at 09:00 it is not; a second before is as it was."""
    rules, row = policy(quiet_hours={"start": "21:00", "end": "09:00"}), person()
    night, morning = NOON.replace(hour=21), NOON.replace(hour=9) + DAY
    assert isinstance(asked(row, rules, night - SECOND), Candidate)
    assert asked(row, rules, night) == Defer(until=morning, reason="quiet_hours")
    assert asked(row, rules, morning - SECOND) == Defer(until=morning, reason="quiet_hours")
    assert isinstance(asked(row, rules, morning), Candidate)


def test_equal_ends_are_no_night() -> None:
    """Start and end at the same time mean that there is none; the person's own replace the policy's."""
    rules = policy(quiet_hours={"start": "09:00", "end": "18:00"})
    assert isinstance(asked(person(quiet_hours=QuietHours("09:00", "09:00")), rules), Candidate)
    assert asked(person(), rules) == Defer(until=NOON.replace(hour=18), reason="quiet_hours")


def test_a_spell_ends_at_its_end() -> None:
    """A person is active until, not including, the end of the spell."""
    row = person(active_until=NOON)
    assert asked(row, policy(), NOON - SECOND) == Defer(until=NOON, reason="person_active")
    assert isinstance(asked(row, policy(), NOON), Candidate)


def test_exactly_the_gap_later_is_allowed() -> None:
    """The gap counts from the last nudge of any agent."""
    row = person(nudges=[nudged(NOON - 4 * HOUR)])
    assert asked(row, policy(), NOON - SECOND) == Defer(until=NOON, reason="min_gap")
    assert isinstance(asked(row, policy(), NOON), Candidate)


def test_a_week_is_168_hours() -> None:
    """The cap of a week lets the next one through when the oldest of them is exactly 168 hours old."""
    rules = policy(caps={"per_day": 9, "per_week": 2})
    first = NOON - timedelta(hours=168)
    row = person(nudges=[nudged(first), nudged(first + DAY)])
    assert asked(row, rules, NOON - SECOND) == Defer(until=NOON, reason="frequency_capped")
    assert isinstance(asked(row, rules, NOON), Candidate)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "Asia/Kathmandu"])
def test_a_day_is_the_persons_own(zone: str) -> None:
    """The cap of a day ends at the midnight of the zone the person has now."""
    local = datetime(2026, 3, 2, 15, 0, tzinfo=ZoneInfo(zone))
    row = person(timezone=zone, nudges=[nudged(local - 5 * HOUR)])
    midnight = datetime(2026, 3, 3, 0, 0, tzinfo=ZoneInfo(zone))
    rules = policy(caps={"per_day": 1, "per_week": 9})
    assert asked(row, rules, local) == Defer(until=midnight, reason="frequency_capped")
    assert asked(row, rules, midnight - SECOND) == Defer(until=midnight, reason="frequency_capped")
    assert isinstance(asked(row, rules, midnight), Candidate)


def test_a_day_in_another_zone_is_another_day() -> None:
    """What was sent on Monday morning in Tokyo was sent on Sunday for somebody who is in New York now."""
    sent = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    rules = policy(caps={"per_day": 1, "per_week": 9})
    now = sent + 6 * HOUR
    assert isinstance(asked(person(timezone="Asia/Tokyo", nudges=[nudged(sent)]), rules, now), Defer)
    moved = person(timezone="America/New_York", nudges=[nudged(sent)])
    assert isinstance(asked(moved, rules, now), Candidate)


def test_nobody_is_asked_again_who_never_answers() -> None:
    """Older than 24 hours and no activity since: silence; exactly 24 hours is not older."""
    row = person(nudges=[nudged(NOON - DAY, "follow_up", answered=False)])
    assert isinstance(asked(row, policy(), NOON), Candidate)
    assert asked(row, policy(), NOON + SECOND) == StandDown(reason="ignored_before")
    answered = person(nudges=[nudged(NOON - DAY, "follow_up", answered=True)])
    assert isinstance(asked(answered, policy(), NOON + SECOND), Candidate)


def test_an_appointment_is_told_even_so() -> None:
    """Being ignored holds the calendar back from nothing, and another agent's nudge is not one's own."""
    row = person(nudges=[nudged(NOON - 2 * DAY, "calendar", answered=False)])
    assert isinstance(asked(row, policy(), NOON, due("calendar")), Candidate)
    assert isinstance(asked(row, policy(), NOON, due("follow_up")), Candidate)


def test_the_last_of_several_deferrals_counts() -> None:
    """Several gates defer: until the latest, under its own name."""
    row = person(active_until=NOON + HOUR, nudges=[nudged(NOON - HOUR)])
    assert asked(row, policy()) == Defer(until=NOON + 3 * HOUR, reason="min_gap")
    row = person(active_until=NOON + 4 * HOUR, nudges=[nudged(NOON - HOUR)])
    assert asked(row, policy()) == Defer(until=NOON + 4 * HOUR, reason="person_active")


def test_a_caps_midnight_goes_on_to_the_morning() -> None:
    """The end of a day's cap lies in the night: the same decision defers to the end of it."""
    rules = policy(quiet_hours={"start": "21:00", "end": "09:00"}, caps={"per_day": 1, "per_week": 9})
    row = person(nudges=[nudged(NOON - 5 * HOUR)])
    morning = NOON.replace(hour=9) + DAY
    assert asked(row, rules) == Defer(until=morning, reason="quiet_hours")


def test_any_other_deferral_into_the_night_ends_where_it_ends() -> None:
    """A gap or a spell that ends at night is asked about again then: until then it may have gone."""
    rules = policy(quiet_hours={"start": "13:00", "end": "15:00"})
    assert asked(person(active_until=NOON + HOUR), rules) == Defer(until=NOON + HOUR, reason="person_active")
    assert asked(person(nudges=[nudged(NOON - 2 * HOUR)]), rules) == Defer(
        until=NOON + 2 * HOUR, reason="min_gap"
    )


@pytest.mark.parametrize(
    ("expires_at", "answer"),
    [
        # The gap ends at 15:00, the day at 00:00, the night at 09:00.
        (NOON + 3 * HOUR, StandDown(reason="frequency_capped")),
        (NOON.replace(hour=0) + DAY, StandDown(reason="frequency_capped")),
        (NOON.replace(hour=8) + DAY, StandDown(reason="quiet_hours")),
        (NOON.replace(hour=9) + DAY, StandDown(reason="quiet_hours")),
        (NOON.replace(hour=9, second=1) + DAY, Defer(until=NOON.replace(hour=9) + DAY, reason="quiet_hours")),
    ],
)
def test_who_names_a_silence(expires_at: datetime, answer: object) -> None:
    """The first gate whose deferral alone reaches the expiry; where none does alone, the last one."""
    rules = policy(quiet_hours={"start": "21:00", "end": "09:00"}, caps={"per_day": 1, "per_week": 9})
    row = person(nudges=[nudged(NOON - HOUR)])
    assert asked(row, rules, NOON, due(expires_at=expires_at)) == answer


def test_a_plan_expires_at_its_expiry() -> None:
    """At the instant itself it is over; a second before it is not."""
    one = due(expires_at=NOON + HOUR)
    assert before(person(), policy(), NOON + HOUR - SECOND, one) is None
    assert before(person(), policy(), NOON + HOUR, one) == Expire()


def test_too_late_is_later_than_late_by() -> None:
    """Exactly late_by after the planned time, or after the end of our own deferral, is not too late."""
    one = due()
    assert before(person(), policy(), NOON + DAY, one) is None
    assert before(person(), policy(), NOON + DAY + SECOND, one) == StandDown(reason="too_late")
    deferred = due(ripe_at=NOON + 2 * HOUR)
    assert before(person(), policy(), NOON + DAY + 2 * HOUR, deferred) is None


def test_what_has_expired_is_not_too_late() -> None:
    """Past the expiry a plan is expired, however late it is."""
    assert before(person(), policy(), NOON + 8 * DAY, due()) == Expire()


def test_what_is_held_is_not_late() -> None:
    """A plan that waits for an answer has its own limit, reading.hold."""
    assert before(person(), policy(), NOON + 2 * DAY, due(held_since=NOON)) is None


@pytest.mark.parametrize("paused", [{"follow_up"}, {"*"}])
def test_a_pause_is_looked_at_every_quarter_of_an_hour(paused: set[str]) -> None:
    """And at the expiry, where it closes the plan as paused and not before."""
    one = due(expires_at=NOON + 20 * timedelta(minutes=1))
    held = frozenset(paused)
    assert before(person(), policy(), NOON, one, held) == Defer(
        until=NOON + timedelta(minutes=15), reason="paused"
    )
    later = NOON + timedelta(minutes=15)
    assert before(person(), policy(), later, one, held) == Defer(until=one.expires_at, reason="paused")
    assert before(person(), policy(), one.expires_at, one, held) == StandDown(reason="paused")
    assert before(person(), policy(), NOON, one, frozenset({"calendar"})) is None


def test_no_grant_no_word() -> None:
    """The later consent has the word, whether it names the agent or everybody."""
    row = Row(user_id="ana", consents={"*": True, "follow_up": False})
    assert before(row, policy(), NOON, due()) == StandDown(reason="no_consent")
    assert before(row, policy(), NOON, due("calendar")) is None


def test_a_holdout_is_a_share_of_people() -> None:
    """A share of one is everybody, of none nobody, and another salt chooses others."""
    everybody = policy(holdout={"share": 1.0, "salt": "a"})
    assert before(person(), everybody, NOON, due()) == StandDown(reason="holdout")
    assert before(person(), policy(holdout={"share": 0.0, "salt": "a"}), NOON, due()) is None
    half = [policy(holdout={"share": 0.5, "salt": salt}) for salt in ("a", "b")]
    people = [Row(user_id=f"p{n}", consents={"*": True}) for n in range(400)]
    chosen = [{row.user_id for row in people if ledger(row, rules).held_out} for rules in half]
    assert all(150 < len(one) < 250 for one in chosen)
    assert chosen[0] != chosen[1]


def test_every_gates_answer_is_kept() -> None:
    """The trace names each gate in the order of asking, with what it said."""
    row = person(active_until=NOON + HOUR)
    gates = weigh(ledger(row, policy()), due(), NOON).gates
    assert [(one.gate, one.answer) for one in gates] == [
        ("relevance", "pass"),
        ("person_active", "defer"),
        ("quiet_hours", "pass"),
        ("per_day", "pass"),
        ("per_week", "pass"),
        ("min_gap", "pass"),
        ("ignored_before", "pass"),
        ("interruptions", "pass"),
    ]


def test_no_cap_lets_nobody_through() -> None:
    """Nobody hears anything where a cap is zero: a plan waits for its expiry, or stands down at once."""
    assert asked(person(), policy(caps={"per_day": 0, "per_week": 9})) == Defer(
        until=NOON.replace(hour=0) + DAY, reason="frequency_capped"
    )
    assert asked(person(), policy(caps={"per_day": 9, "per_week": 0})) == StandDown(reason="frequency_capped")


def test_who_leaves_nudges_unheeded_hears_no_more() -> None:
    """At `ignored_per_week` ignored nudges of any agents nobody speaks but who speaks even if ignored."""
    rules = policy(budget={"ignored_per_week": 2}, caps={"per_day": 9, "per_week": 9})
    one, two = nudged(NOON - 3 * DAY, "digest", ignored=True), nudged(NOON - 2 * DAY, ignored=True)
    assert isinstance(asked(person(nudges=(one,)), rules), Candidate)
    assert asked(person(nudges=(one, two)), rules) == StandDown(reason="ignored_before")
    reminder = msgspec.structs.replace(due("calendar"), subject_key="c1")
    assert not isinstance(asked(person(nudges=(one, two)), rules, one=reminder), StandDown)


def test_an_ignored_nudge_is_forgiven_after_a_week() -> None:
    """Exactly 168 hours later it counts no longer; a second before it does."""
    rules = policy(budget={"ignored_per_week": 1}, caps={"per_day": 9, "per_week": 9})
    row = person(nudges=(nudged(NOON - 7 * DAY, ignored=True),))
    assert isinstance(asked(row, rules), Candidate)
    assert asked(row, rules, NOON - SECOND) == StandDown(reason="ignored_before")


def test_a_nudge_that_waits_a_day_is_ignored() -> None:
    """Exactly 24 hours without a sign are not longer than a day; reminders are not counted at all."""
    rules = policy(budget={"ignored_per_week": 1})
    waiting = (nudged(NOON - DAY, answered=False),)
    assert isinstance(asked(person(nudges=waiting), rules), Candidate)
    assert asked(person(nudges=waiting), rules, NOON + SECOND) == StandDown(reason="ignored_before")
    reminded = (nudged(NOON - DAY, "calendar", answered=False),)
    assert isinstance(asked(person(nudges=reminded), rules, NOON + SECOND), Candidate)


def test_what_fills_the_budget_again() -> None:
    """A reply forgives all; an activity answers, but not what waited longer than a day; a late opening does."""
    first, second = nudged(NOON - 2 * DAY, answered=False), nudged(NOON - HOUR, "digest", answered=False)
    late, soon = interruptions.stirred((first, second), NOON)
    assert (late.answered, late.ignored) == (True, True)
    assert (soon.answered, soon.ignored) == (True, False)
    assert interruptions.stirred((late, soon), NOON + 9 * DAY) == (late, soon)
    assert [one.ignored for one in interruptions.replied((late, soon))] == [False, False]
    assert [one.ignored for one in interruptions.received((late,), "nudge.opened", late.nudge_id)] == [False]
    assert [one.ignored for one in interruptions.received((soon,), "nudge.dismissed", soon.nudge_id)] == [
        True
    ]
    assert interruptions.received((late, soon), "nudge.delivered", late.nudge_id) == (late, soon)
