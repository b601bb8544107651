"""A pass is a generator: what it asks, and what it decides from the replies that a test sends in by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from agents.contract import Intent, Ref
from agents.situation import event, intent
from app.core.asks import (
    Ask,
    Compose,
    ComposeAnswer,
    Flood,
    Heard,
    Judge,
    JudgeAnswer,
    LastLook,
    News,
    RaisedSubject,
    Reading,
    ReadingAnswer,
    Reply,
    Verdict,
)
from app.core.one_pass import Decided, Passing, Situation, Wake, one_pass
from app.core.origin import Origin
from app.core.policy import Policy
from app.core.row import Doubt, Row, Unread
from tests.facts.core.by_hand import (
    A_DRAFT,
    GOOD,
    HOUR,
    NOON,
    NOTHING_NEW,
    ROSTER,
    SECOND,
    policy,
    said,
)
from topics.user_events import Event, IntentMatured, IntentRevoked, MaturedIntent, Message

UNREACHABLE = Reply(failed="unreachable")


def maturing(subject: str, agent: str = "follow_up", **changes: Any) -> Intent:
    """A plan whose maturity event is on its way."""
    return intent(
        agent, subject, status="maturing", opened_by=Ref("user-events", 0, 1, "by-hand/1"), **changes
    )


def matured(*plans: Intent) -> Event:
    named = tuple(MaturedIntent(plan.intent_id, plan.version) for plan in plans)
    return event("intent.matured", IntentMatured(named), offset=100)


def person(*plans: Intent, **known: Any) -> Row:
    return Row(user_id="ana", consents={"*": True}, intents={one.intent_id: one for one in plans}, **known)


def begun(
    row: Row,
    events: Sequence[Event],
    rules: Policy | None = None,
    *,
    now: datetime = NOON,
    wake: Wake | None = None,
) -> Passing:
    return one_pass(row, events, wake, now, Situation(policy=rules or policy(), roster=ROSTER))


def told(
    passing: Passing, *replies: Reply | News | Flood, now: datetime = NOON, took: timedelta = SECOND
) -> tuple[list[Any], Decided]:
    """The questions it asked, in order, and what it decided in the end; each reply took so long."""
    asked: list[Any] = []
    heard: Heard | None = None
    pending = list(replies)
    try:
        while True:
            one = next(passing) if heard is None else passing.send(heard)
            asked.append(one.question if isinstance(one, Ask) else one)
            now += took
            heard = (now, pending.pop(0))
    except StopIteration as stop:
        assert not pending, f"never asked for {pending}"
        decided: Decided = stop.value
        return asked, decided


def ends(decided: Decided) -> list[tuple[str, str, str]]:
    return [(one.subject, one.outcome, one.reason) for one in decided.outcomes]


def test_a_pass_that_asks_nothing_ends_at_once() -> None:
    """The common case: an event is folded, and the generator has ended before it waited."""
    asked, decided = told(begun(person(), [event("app.opened")]))
    assert asked == []
    assert decided.trace is None
    assert decided.row is not None
    assert decided.row.last_activity == NOON


def test_the_row_it_began_with_is_left_alone() -> None:
    """Rows are values: what a pass has not decided is nobody's business."""
    row = person(maturing("the exam"))
    before = msgspec.structs.asdict(row)
    told(begun(row, [matured(maturing("the exam"))]), A_DRAFT, News())
    assert msgspec.structs.asdict(row) == before


def test_a_draft_a_last_look_and_a_nudge() -> None:
    """One request for the words, one look at what came in, and the message is decided at the look's own time."""
    asked, decided = told(
        begun(person(maturing("the exam")), [matured(maturing("the exam"))]), A_DRAFT, News()
    )
    assert [type(one) for one in asked] == [Compose, LastLook]
    assert ends(decided) == [("the exam", "nudged", "sent")]
    (nudge,) = decided.nudges
    assert (nudge.text, nudge.decided_at, nudge.written_by) == (GOOD, NOON + 2 * SECOND, "model")
    assert decided.row is not None
    assert [one.nudge_id for one in decided.row.nudges] == [nudge.nudge_id]


def test_the_second_attempt_is_another_one() -> None:
    """It goes by the other approach and is told what was wrong; a failure has nothing to tell."""
    row, wake = person(maturing("the exam")), [matured(maturing("the exam"))]
    asked, decided = told(begun(row, wake), said(ComposeAnswer("Hm.")), A_DRAFT, News())
    assert [one.approach for one in asked[:2]] == ["natural", "plain"]
    assert asked[0].problems == ()
    assert asked[1].problems == ("too short: write at least 20 characters",)
    assert [one.result for one in decided.outcomes[0].attempts] == ["poor", "good"]
    asked, decided = told(begun(row, wake), UNREACHABLE, A_DRAFT, News())
    assert asked[1].problems == ()
    assert [one.result for one in decided.outcomes[0].attempts] == ["unreachable", "good"]


def test_after_two_bad_attempts_the_agents_own_words_go_out() -> None:
    """Never a third request; or silence, where the policy wants that."""
    row, wake = person(maturing("the exam")), [matured(maturing("the exam"))]
    _, decided = told(begun(row, wake), UNREACHABLE, UNREACHABLE, News())
    assert [one.written_by for one in decided.nudges] == ["fallback"]
    silent = policy(agents={"follow_up": {"fallback": "silence"}})
    _, decided = told(begun(row, wake, silent), UNREACHABLE, UNREACHABLE)
    assert ends(decided) == [("the exam", "stood_down", "model_unavailable")]


def test_overloaded_is_asked_again_two_seconds_later() -> None:
    """All other failures are tried again at once."""
    for failed, pause in (("overloaded", 2), ("rate_limited", 2), ("timeout", 0), ("malformed", 0)):
        passing = begun(person(maturing("the exam")), [matured(maturing("the exam"))])
        next(passing)
        second = passing.send((NOON + SECOND, Reply(failed=failed)))  # type: ignore[arg-type]  # from the tuple
        assert isinstance(second, Ask)
        assert second.attempt == 2
        assert second.after == (NOON + SECOND + timedelta(seconds=pause) if pause else None)


def test_the_judge_is_asked_where_the_policy_says_so() -> None:
    """A score below the bar is a bad attempt; without an answer the checks have decided."""
    rules = policy(quality={"judge": "model", "bar": 0.7})
    row, wake = person(maturing("the exam")), [matured(maturing("the exam"))]
    asked, _ = told(
        begun(row, wake, rules), A_DRAFT, said(JudgeAnswer(0.69, ("cold",))), A_DRAFT, UNREACHABLE, News()
    )
    assert [type(one) for one in asked] == [Compose, Judge, Compose, Judge, LastLook]
    assert asked[2].problems == ("cold",)


def test_what_came_in_meanwhile_stops_the_message() -> None:
    """A message drops the draft: the plan and everybody it beat are open again when the spell is over."""
    rows, wake = (
        person(maturing("the exam"), maturing("chess", "curiosity")),
        [matured(maturing("the exam"), maturing("chess", "curiosity"))],
    )
    late = event("message.received", Message(text="hello"), at=NOON + SECOND, offset=101)
    _, decided = told(begun(rows, wake), A_DRAFT, News((late,)))
    assert decided.nudges == []
    assert decided.outcomes == []
    assert decided.row is not None
    assert {(one.status, one.wake_at) for one in decided.row.intents.values()} == {
        ("open", NOON + SECOND + timedelta(minutes=15))
    }
    assert decided.row.unread == ()


def test_what_is_nobodys_business_stops_nothing() -> None:
    """A receipt, an unknown event and a revocation of something else let the message go out."""
    others = (
        event("weather.changed", offset=101),
        event("intent.revoked", IntentRevoked(subject_key="another"), offset=102),
    )
    _, decided = told(
        begun(person(maturing("the exam")), [matured(maturing("the exam"))]), A_DRAFT, News(others)
    )
    assert ends(decided) == [("the exam", "nudged", "sent")]


def test_the_best_speaks_and_the_others_wait() -> None:
    """One nudge a pass; only the winner's words are asked for."""
    row = person(maturing("chess", "curiosity"), maturing("dentist", "calendar"), maturing("the exam"))
    asked, decided = told(begun(row, [matured(*row.intents.values())]), A_DRAFT, News())
    assert [one.subject for one in asked if isinstance(one, Compose)] == ["dentist"]
    assert ends(decided) == [("dentist", "nudged", "sent")]
    assert decided.row is not None
    gap = NOON + 2 * SECOND + 4 * HOUR
    assert [one.wake_at for one in decided.row.intents.values()] == [gap, gap]


def words(text: str, offset: int) -> Event:
    return event("message.received", Message(text=text), at=NOON - HOUR, offset=offset)


def test_unread_words_are_read_before_anything_is_composed() -> None:
    """They are shown with what is planned, and a sure verdict closes the plan under the message's name."""
    row = person(maturing("the exam"))
    settles = ReadingAnswer((Verdict("i1", "resolves", "m1", 0.9),))
    asked, decided = told(begun(row, [words("I passed!", 99), matured(maturing("the exam"))]), said(settles))
    assert isinstance(asked[0], Reading)
    assert [one.subject for one in asked[0].intents][:1] == ["the exam"]
    assert ends(decided) == [("the exam", "revoked", "resolved")]
    closed_by = decided.outcomes[0].closed_by
    assert closed_by is not None
    assert closed_by.offset == 99


def test_a_reading_tells_all_times_by_the_persons_clock() -> None:
    """Whoever says "tomorrow at nine" means that clock, so the model is told it; the instants are the same."""
    row = person(maturing("the exam"), timezone="America/New_York")
    settles = said(ReadingAnswer((Verdict("i1", "resolves", "m1", 0.9),)))
    asked, _ = told(begun(row, [words("passed", 99), matured(maturing("the exam"))]), settles)
    (reading,) = [one for one in asked if isinstance(one, Reading)]
    assert reading.now.isoformat() == "2026-03-04T07:00:00-05:00"
    assert reading.messages[0].at.isoformat() == "2026-03-04T06:00:00-05:00"
    assert [one.opened_at.utcoffset() for one in reading.intents[:1]] == [timedelta(hours=-5)]
    assert [one.due_at.utcoffset() for one in reading.intents[:1]] == [timedelta(hours=-5)]


def test_a_reading_tells_what_opened_a_plan() -> None:
    """The beginning of the message that raised it, or the type of the event that it came from."""
    heard = [words("The exam is on Monday.", 1)]
    raised = said(ReadingAnswer(subjects=(RaisedSubject("the exam", "follow_up", "m1"),)))
    rules = policy(reading={"when": "each"})
    _, first = told(begun(person(), heard, rules), raised)
    assert first.row is not None
    asked, _ = told(begun(first.row, [words("Hello again.", 2)], rules), NOTHING_NEW)
    shown = {one.subject: one.opened_by for one in asked[0].intents}
    assert shown == {"a quiet while": "message.received", "the exam": "The exam is on Monday."}


def test_without_an_answer_the_plan_is_held() -> None:
    """It stays due, is looked at again a minute later, and is never sent stale."""
    row = person(maturing("the exam"))
    _, decided = told(begun(row, [words("hm", 99), matured(maturing("the exam"))]), UNREACHABLE, UNREACHABLE)
    assert decided.row is not None
    held = decided.row.intents["follow_up-the exam"]
    assert (held.status, held.held_since) == ("due", NOON)
    assert held.wake_at == NOON + 2 * SECOND + timedelta(minutes=1)
    assert [one.text for one in decided.row.unread] == ["hm"]


def test_a_reading_by_itself_shows_the_doubts_of_held_plans() -> None:
    """What was said before and raised the doubt is shown with the new words, before the plan's own next question."""
    plan = maturing("the exam", held_since=NOON - HOUR, wake_at=NOON + HOUR, looks=4)
    plan = msgspec.structs.replace(plan, status="due")
    said_before = Unread(
        Origin("by-hand", "1", plan.opened_by, NOON - HOUR), "", "default", "person", "so, so"
    )
    row = person(plan, doubts=[Doubt(said_before, (plan.intent_id,))])
    rules = policy(reading={"when": "each"}, active_within="0s")
    asked, decided = told(begun(row, [words("It was fun", 99)], rules), NOTHING_NEW, A_DRAFT, News())
    assert [one.text for one in asked[0].messages] == ["so, so", "It was fun"]
    assert ends(decided) == [("the exam", "nudged", "sent")]
    doubtful = said(ReadingAnswer((Verdict("i1", "resolves", "m2", 0.5),)))
    _, decided = told(begun(row, [words("It was fun", 99)], rules), doubtful)
    assert decided.row is not None
    held = decided.row.intents[plan.intent_id]
    assert (held.status, held.looks, held.wake_at) == ("due", 5, NOON + SECOND + timedelta(minutes=15))


def test_a_reading_takes_forty_messages_at_a_time() -> None:
    """All the debt, chunk by chunk; what an earlier one raised is shown to the later ones and can be settled there."""
    heard = [words(f"message {n}", n) for n in range(85)]
    raised = ReadingAnswer(subjects=(RaisedSubject("the move", "follow_up", "m1"),))
    rules = policy(reading={"when": "each"})
    asked, decided = told(begun(person(), heard, rules), said(raised), NOTHING_NEW, NOTHING_NEW)
    assert [len(one.messages) for one in asked] == [40, 40, 5]
    assert [one.subject for one in asked[1].intents] == ["a quiet while", "the move"]
    assert decided.row is not None
    assert [one.subject for one in decided.row.planned("follow_up")] == ["the move"]
    settled = said(ReadingAnswer((Verdict("i2", "resolves", "m1", 0.9),)))
    _, decided = told(begun(person(), heard, rules), said(raised), settled, NOTHING_NEW)
    assert decided.row is not None
    assert decided.row.planned("follow_up") == []
    assert decided.outcomes == []


def test_an_answered_chunk_stays_read() -> None:
    """What came after it is asked about again, and only that."""
    heard = [words(f"message {n}", n) for n in range(50)]
    _, decided = told(
        begun(person(), heard, policy(reading={"when": "each"})), NOTHING_NEW, UNREACHABLE, UNREACHABLE
    )
    assert decided.row is not None
    assert [one.text for one in decided.row.unread] == [f"message {n}" for n in range(40, 50)]
    assert decided.row.debt.failures == 1


def test_a_flood_ends_the_wait() -> None:
    """Whether words were read or written: nothing is decided, and the plan is due again at once."""
    row = person(maturing("the exam"))
    for events in ([matured(maturing("the exam"))], [words("hm", 99), matured(maturing("the exam"))]):
        _, decided = told(begun(row, events), Flood())
        assert decided.outcomes == []
        assert decided.row is not None
        again = decided.row.intents["follow_up-the exam"]
        assert (again.status, again.wake_at) == ("open", NOON + SECOND)


def test_a_wake_up_only_writes_who_is_due() -> None:
    """All that is due in one maturity event, in the same commit; it acts when it comes back, and not before."""
    plans = [intent("follow_up", "a"), intent("curiosity", "b"), intent("follow_up", "c", due_at=NOON + HOUR)]
    asked, decided = told(begun(person(*plans), [], wake=Wake(mature=True)))
    assert asked == []
    due = tuple(MaturedIntent(one.intent_id, 1, one.ripe_at) for one in plans[:2])
    assert decided.matured == IntentMatured(due)
    assert decided.row is not None
    assert [one.status for one in decided.row.intents.values()] == ["maturing", "maturing", "open"]
    # 15 minutes without its event: it is written again.
    assert decided.row.intents["follow_up-a"].wake_at == NOON + timedelta(minutes=15)
    later = NOON + timedelta(minutes=15)
    _, again = told(begun(decided.row, [], wake=Wake(mature=True), now=later), now=later)
    assert again.matured == decided.matured


def test_a_maturity_event_wakes_only_what_waits_for_it() -> None:
    """Forged, outdated or repeated: another version, a plan that is not maturing, an id of nobody."""
    waits = maturing("the exam", version=3)
    for forged in (
        matured(maturing("the exam", version=2)),
        matured(maturing("another")),
        event("intent.matured", IntentMatured((MaturedIntent("nobody", 1),)), offset=100),
    ):
        asked, decided = told(begun(person(waits), [forged]))
        assert asked == []
        assert decided.row is not None
        assert decided.row.intents[waits.intent_id] == waits
    unripe = intent("follow_up", "the exam")
    _, decided = told(begun(person(unripe), [matured(unripe)]))
    assert decided.row is not None
    assert decided.row.intents[unripe.intent_id] == unripe


def test_read_too_early_a_plan_waits_for_its_time() -> None:
    """By a clock that was ahead: the same due time, and a new version, so that the old event wakes it no more."""
    early = maturing("the exam", due_at=NOON + HOUR)
    _, decided = told(begun(person(early), [matured(early)]))
    assert decided.row is not None
    again = decided.row.intents[early.intent_id]
    assert (again.status, again.version, again.wake_at) == ("open", 2, NOON + HOUR)


def test_the_trace_holds_no_words() -> None:
    """A question is kept as a hash, an answer as checked values; the text of a shadow stands alone."""
    row = person(maturing("the exam"))
    _, decided = told(
        begun(row, [words("I am scared", 99), matured(maturing("the exam"))]), NOTHING_NEW, A_DRAFT, News()
    )
    assert decided.trace is not None
    assert [one.task for one in decided.trace.asks] == ["reading", "compose"]
    assert b"scared" not in msgspec.json.encode(decided.trace)
    assert decided.trace.winner == "follow_up-the exam"
    assert decided.trace.text == ""
    shadow = policy(agents={"follow_up": {"mode": "shadow"}})
    _, decided = told(begun(row, [matured(maturing("the exam"))], shadow), A_DRAFT, News())
    assert decided.trace is not None
    assert decided.trace.text == GOOD
    assert ends(decided) == [("the exam", "stood_down", "shadow")]


def test_the_same_history_has_the_same_ids() -> None:
    """Decided again after a crash, everything has the name that it would have had."""
    row, wake = person(maturing("the exam")), [matured(maturing("the exam"))]
    first, second = (told(begun(row, wake), A_DRAFT, News())[1] for _ in range(2))
    assert first.nudges == second.nudges
    assert first.outcomes == second.outcomes
    assert first.trace == second.trace


def test_nothing_is_left_of_an_erasure_after_thirty_days() -> None:
    """Until then a stub with its time; then nothing at all."""
    _, decided = told(begun(person(), [event("user.erased", offset=5)]))
    assert decided.row is not None
    assert decided.row.is_stub
    assert decided.row.erased_until == NOON + timedelta(days=30)
    over = NOON + timedelta(days=30)
    _, decided = told(begun(decided.row, [], wake=Wake(mature=False), now=over), now=over)
    assert decided.row is None


@pytest.mark.parametrize("took", [SECOND, timedelta()])
def test_who_is_paused_while_the_words_are_written_keeps_quiet(took: timedelta) -> None:
    """At the last look a pause counts like any gate: the plan is looked at again a quarter of an hour later."""
    row, wake = person(maturing("the exam")), [matured(maturing("the exam"))]
    _, decided = told(begun(row, wake), A_DRAFT, News(paused=frozenset({"follow_up"})), took=took)
    assert decided.nudges == []
    assert decided.row is not None
    waits = decided.row.intents["follow_up-the exam"]
    assert (waits.deferred_by, waits.wake_at) == ("paused", NOON + 2 * took + timedelta(minutes=15))
