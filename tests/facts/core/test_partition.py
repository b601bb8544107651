"""One partition, told what happens and asked what should happen, with no log, no model and no clock behind it."""

from __future__ import annotations

import json

import pytest

from app.core import partition
from app.core.asks import Reply
from app.core.backlog import MAILBOX_LIMIT, PASSES_LIMIT
from app.core.ids import IDENTITY_BYTES
from app.core.mailbox import PASS_LIMIT
from app.core.policy import Policy
from app.core.row import SEEN_EVENTS
from tests.facts.core.by_hand import (
    A_DRAFT,
    GOOD,
    HOUR,
    MINUTE,
    NOON,
    NOTHING_NEW,
    SECOND,
    ByHand,
    policy,
)
from topics.murmur2 import partition_of

DUE = NOON + HOUR


def waiting_for_words(*people: str, rules: Policy | None = None) -> ByHand:
    """Each of these has a plan that has come due, and the model is asked for the words."""
    world = ByHand(rules)
    for user_id in people:
        world.granted(user_id, "follow_up")
        world.requested(user_id, "the exam", DUE)
    world.at(DUE)
    assert [user_id for user_id, _ in world.asks()] == list(people)
    return world


# One pass per person, and everybody else goes on


def test_other_peoples_passes_go_on_while_one_waits() -> None:
    """A request that is out holds back one person, not the partition."""
    world = waiting_for_words("ana")
    world.granted("ben")
    world.happens("ben", "app.opened")
    assert world.row("ben").last_activity == DUE
    assert world.partition.undecided == 1  # ana's maturity event


def test_a_person_has_one_pass_at_a_time() -> None:
    """What comes in for somebody whose pass is under way waits for its end, and is folded then."""
    world = waiting_for_words("ana")
    world.happens("ana", "weather.changed")
    world.happens("ana", "weather.changed")
    assert world.partition.undecided == 3
    assert len(world.row("ana").seen) == 2 * IDENTITY_BYTES
    world.answered(A_DRAFT)
    assert world.partition.undecided == 0
    assert len(world.row("ana").seen) == 4 * IDENTITY_BYTES


def test_answers_may_come_in_any_order() -> None:
    """Each goes to the pass that asked."""
    world = waiting_for_words("ana", "ben", "cyd")
    for user_id in ("cyd", "ana", "ben"):
        world.answered(A_DRAFT, user_id=user_id)
    assert [nudge["user_id"] for nudge in world.records("nudges")] == ["cyd", "ana", "ben"]


def test_an_answer_for_a_pass_that_has_ended_is_ignored() -> None:
    """It came too late, or twice: nothing is sent again."""
    world = waiting_for_words("ana")
    ((_, ask_id),) = world.asks()
    for _ in range(2):
        world.partition.answer(ask_id, A_DRAFT, world.now)
        world.settle()
    world.partition.answer(4711, A_DRAFT, world.now)
    assert len(world.records("nudges")) == 1


def test_a_flood_ends_the_wait_at_500() -> None:
    """The 500th event ends the wait for the model: the mailbox is folded, and the plan is due again at once."""
    world = waiting_for_words("ana", "ben")
    for _ in range(MAILBOX_LIMIT - 1):
        world.happens("ana", "weather.changed")
    assert len(world.asks()) == 2
    world.happens("ana", "weather.changed")
    assert [user_id for user_id, _ in world.asks()] == ["ben"]
    assert world.partition.undecided == 1
    assert world.outcomes() == []
    world.at(DUE + SECOND)
    assert [user_id for user_id, _ in world.asks()] == ["ben", "ana"]
    world.answered(A_DRAFT, user_id="ana")
    assert world.outcomes() == [("the exam", "nudged", "sent")]


def test_a_pass_has_sixty_seconds() -> None:
    """Then a draft that never came is replaced by the agent's own words; nothing is asked of anybody any more."""
    world = waiting_for_words("ana")
    assert world.partition.next_wake() == DUE + MINUTE
    world.at(DUE + MINUTE - SECOND)
    assert world.records("nudges") == []
    world.at(DUE + MINUTE)
    assert [nudge["written_by"] for nudge in world.records("nudges")] == ["fallback"]
    assert world.asks() == []


def test_a_draft_that_was_never_asked_for_is_no_attempt() -> None:
    """The 60 s ran out over the first: one attempt and one call stand in the outcome."""
    world = waiting_for_words("ana")
    world.at(DUE + MINUTE)
    (outcome,) = world.records("nudge-outcome")
    assert [(one["approach"], one["result"]) for one in outcome["attempts"]] == [("natural", "timeout")]
    assert (outcome["model_calls"], outcome["written_by"]) == (1, "fallback")
    (trace,) = world.records("nudge-pass")
    assert [(one["task"], one["failed"]) for one in trace["asks"]] == [("compose", "timeout")]


def test_silence_after_an_unsent_draft_is_the_models() -> None:
    """Where the agent has no words of its own, a second attempt that was never made is `model_unavailable`."""
    world = waiting_for_words("ana", rules=policy(agents={"follow_up": {"fallback": "silence"}}))
    world.at(DUE + MINUTE)
    assert world.outcomes() == [("the exam", "stood_down", "model_unavailable")]


def test_a_reading_that_was_never_asked_for_is_no_call() -> None:
    """The 60 s ran out over the first question: the plan pays for one call, and the second is in no trace."""
    world = ByHand(policy(reading={"when": "maturity"}))
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", DUE)
    world.happens("ana", "message.received", {"text": "hm"})
    world.at(DUE)
    world.at(DUE + MINUTE)
    assert [one.spent.calls for one in world.row("ana").intents.values()] == [1]
    assert [len(trace["asks"]) for trace in world.records("nudge-pass")] == [1]


def test_a_reading_that_never_came_holds_the_plan() -> None:
    """The deadline of the pass is no answer: the plan is asked about again a minute later."""
    world = ByHand(policy(reading={"when": "maturity"}))
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", DUE)
    world.happens("ana", "message.received", {"text": "hm"})
    world.at(DUE)
    world.at(DUE + MINUTE)
    assert world.outcomes() == []
    world.at(DUE + 2 * MINUTE)
    world.answered(NOTHING_NEW)
    world.answered(A_DRAFT)
    assert world.outcomes() == [("the exam", "nudged", "sent")]


# Commits


def test_while_a_commit_is_in_flight_passes_go_on() -> None:
    """The next one holds what was decided meanwhile; there is never a second in flight."""
    world = ByHand()
    partition = world.partition
    partition.receive([world.event("ana", "consent.changed", {"agent": "*", "granted": True})], NOON)
    first = partition.take_commit()
    assert first is not None
    assert set(first.rows) == {"ana"}
    partition.receive([world.event("ana", "app.opened"), world.event("ben", "app.opened")], NOON)
    assert partition.has_work
    assert partition.take_commit() is None
    world.durable(first)
    second = partition.take_commit()
    assert second is not None
    assert set(second.rows) == {"ana", "ben"}
    assert second.head.next == 3
    world.durable(second)
    assert world.row("ana").last_activity == NOON


def test_a_commit_that_is_not_in_flight_cannot_be_durable() -> None:
    """A driver that has lost count has to start again."""
    world = ByHand()
    with pytest.raises(ValueError, match="not in flight"):
        world.partition.committed(1)


def test_a_commit_never_holds_an_event_without_its_effect() -> None:
    """An event whose pass waits for the model is unfinished; what stands behind it in the log is done."""
    world = waiting_for_words("ana")
    world.happens("ben", "app.opened")
    maturity, opened = len(world.log) - 2, len(world.log) - 1
    assert world.head.unfinished == (maturity,)
    assert (world.head.next, world.head.high) == (maturity, opened)


def test_after_a_crash_only_what_is_unfinished_is_taken_again() -> None:
    """The draft is lost, and asked for again; the other person's event is not folded twice."""
    world = waiting_for_words("ana")
    world.happens("ben", "app.opened")
    world.begin()
    world.reread()
    world.settle()
    assert [user_id for user_id, _ in world.asks()][-1:] == ["ana"]
    assert world.partition.take_tally().counts["tactful_events_total", ("intent.matured",)] == 1
    world.partition.answer(world.asks()[-1][1], A_DRAFT, world.now)
    world.settle()
    assert [nudge["text"] for nudge in world.records("nudges")] == [GOOD]


def test_after_a_crash_the_timers_are_those_of_the_rows() -> None:
    """A plan that was open matures at its time in the next machine."""
    world = ByHand()
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", DUE)
    world.begin()
    assert world.partition.next_wake() == DUE
    world.at(DUE)
    assert len(world.asks()) == 1


def matured_but_not_heard() -> ByHand:
    """The commit with a maturity event is durable, and the event has not come back yet."""
    world = ByHand()
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", DUE, subject_key="exam")
    world.now = DUE
    world.partition.tick(DUE, 9)
    commit = world.partition.take_commit()
    assert commit is not None
    world.durable(commit, heard=False)
    return world


def test_killed_between_a_maturity_and_its_event() -> None:
    """The event stands in the log: the next machine reads it, and the plan is a candidate."""
    world = matured_but_not_heard()
    world.begin()
    world.reread()
    world.settle()
    assert [user_id for user_id, _ in world.asks()] == ["ana"]


def test_what_stands_before_the_maturity_event_is_always_seen_first() -> None:
    """Revoked in the log before it, if only just: nothing is asked, and nothing is sent."""
    world = ByHand()
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", DUE, subject_key="exam")
    world.now = DUE
    revoked = world.event("ana", "intent.revoked", {"subject_key": "exam"})
    world.partition.tick(DUE, 9)
    commit = world.partition.take_commit()
    assert commit is not None
    world.durable(commit, heard=False)
    world.tell(revoked, world.log[-1])
    assert world.asks() == []
    assert world.outcomes() == [("the exam", "revoked", "requested")]


def test_a_maturity_event_that_is_lost_is_written_again() -> None:
    """Fifteen minutes later, under the same name: it asks for the same plans in the same versions."""
    world = matured_but_not_heard()
    lost = world.log.pop()
    world.begin()
    world.at(DUE + 15 * MINUTE)
    again = world.log[-1]
    assert again.value is not None
    assert lost.value is not None
    assert json.loads(again.value)["id"] == json.loads(lost.value)["id"]
    assert [user_id for user_id, _ in world.asks()] == ["ana"]


# Pacing


def test_a_crowd_is_woken_as_there_is_room() -> None:
    """The others wait in the timer index, where a revocation still costs nothing."""
    world = ByHand()
    for n in range(5):
        world.granted(f"p{n}", "follow_up")
        world.requested(f"p{n}", "the exam", DUE, expires_at=(DUE + (5 - n) * HOUR).isoformat())
    world.at(DUE, room=2)
    assert [user_id for user_id, _ in world.asks()] == ["p4", "p3"]
    assert world.partition.woken == 2
    assert world.partition.next_wake() == DUE + SECOND
    world.happens("p2", "intent.revoked", {"subject_key": "the exam"})
    assert world.outcomes() == [("the exam", "revoked", "requested")]
    world.answered(A_DRAFT, user_id="p4")
    assert world.partition.woken == 1
    world.at(DUE + SECOND, room=9)
    assert [user_id for user_id, _ in world.asks()] == ["p3", "p1", "p0"]


def test_all_that_is_due_for_a_person_matures_in_one_event() -> None:
    """So that the best of them wins, whatever their order."""
    world = ByHand()
    world.granted("ana", "follow_up")
    for n in range(3):
        world.requested("ana", f"plan {n}", DUE)
    world.at(DUE)
    (matured,) = [one for one in world.records("user-events") if one["type"] == "intent.matured"]
    assert len(matured["data"]["intents"]) == 3
    assert len(world.asks()) == 1


# What is nobody's event


def test_a_record_in_a_foreign_partition_is_sent_home_once() -> None:
    """Key, value, headers and timestamp unchanged, with the place it came from; a second time it is a dead letter."""
    user_id = next(name for name in map(str, range(99)) if partition_of(name.encode(), 2) == 1)
    stray = ByHand(number=0, partitions=2)
    record = stray.event(user_id, "app.opened")
    stray.tell(record)
    (sent,) = stray.written
    assert (sent.topic, sent.key, sent.value, sent.partition) == (
        "user-events",
        record.key,
        record.value,
        None,
    )
    assert sent.timestamp_ms == record.timestamp_ms
    assert sent.headers == (("tactful_from", b"user-events-0@0"),)
    assert stray.rows == {}
    home = ByHand(number=1, partitions=2)
    home.tell(home.raw(sent.key, sent.value, sent.headers))
    assert home.row(user_id).last_activity == NOON
    stray.tell(stray.raw(sent.key, sent.value, sent.headers))
    assert stray.dead_letters() == ["misrouted"]
    assert stray.head.next == 2


def test_what_cannot_be_understood_delays_nobody() -> None:
    """It is a dead letter and done, and the person's next event is folded."""
    world = ByHand()
    world.tell(
        world.raw(b"ana", b"}{"),
        world.raw(None, b"{}"),
        world.raw(b"ana", None),
        world.raw(b"a\x01na", b"{}"),
        world.event(
            "ana", "intent.requested", {"agent": "nobody", "subject": "x", "due_at": "2026-01-01T00:00:00Z"}
        ),
        world.event("ana", "app.opened"),
    )
    assert world.dead_letters() == ["not_json", "no_key", "empty", "bad_key", "invalid_data"]
    assert world.row("ana").last_activity == NOON
    assert world.head.next == 6


def test_a_canary_leaves_nothing_for_readers() -> None:
    """Its row and its maturity events go the whole way; there is no nudge, outcome or pass of it."""
    world = ByHand()
    canary = "tactful-canary-0"
    world.granted(canary, "follow_up")
    world.requested(canary, "the song", DUE)
    world.at(DUE)
    world.answered(A_DRAFT)
    assert world.row(canary).nudges_sent == 1
    assert {one.topic for one in world.written} == {"user-events"}


def test_a_reply_of_the_minutes_budget_is_no_attempt() -> None:
    """Nothing was sent: the outcome names none, and the agent's own words go out."""
    world = waiting_for_words("ana")
    world.answered(Reply(failed="budget"))
    world.answered(Reply(failed="budget"))
    (outcome,) = world.records("nudge-outcome")
    assert (outcome["attempts"], outcome["model_calls"], outcome["written_by"]) == ([], 0, "fallback")


@pytest.mark.parametrize("closed", [False, True])
def test_a_request_that_was_heard_before_moves_nothing(*, closed: bool) -> None:
    """Long out of the 256 events that are remembered, it is still known by the plan that it opened."""
    world = ByHand()
    world.granted("ana", "follow_up")
    first = {"agent": "follow_up", "subject": "the exam", "due_at": DUE.isoformat()}
    world.tell(world.event("ana", "intent.requested", first, id="first"))
    if closed:
        world.happens("ana", "intent.revoked", {"subject_key": "the exam"})
    world.requested("ana", "the exam", DUE + HOUR)
    for _ in range(SEEN_EVENTS):
        world.happens("ana", "weather.changed")
    world.tell(world.event("ana", "intent.requested", first, id="first"))
    assert [one.due_at for one in world.row("ana").intents.values()] == [DUE + HOUR]


def test_the_end_of_a_conversation_brings_its_reading_forward() -> None:
    """The words are to be read at its end, even one that a service's clock puts a little ahead."""
    world = ByHand()
    world.granted("ana")
    world.happens("ana", "message.received", {"text": "Surgery on Thursday.", "conversation_id": "c"})
    assert world.partition.next_wake() == NOON + 90 * SECOND
    ahead = (NOON + 30 * SECOND).isoformat()
    world.tell(world.event("ana", "conversation.ended", {"conversation_id": "c"}, time=ahead))
    assert world.partition.next_wake() == NOON + 30 * SECOND


def test_what_may_wait_has_bounds_by_number_and_by_size() -> None:
    """Long words fill a partition sooner than many; what is decided makes room again."""
    world = waiting_for_words("ana")
    assert world.partition.fullness == 1 / PASSES_LIMIT
    words = "a word " * 30_000
    big = [world.event("ana", "weather.changed", {"words": words}) for _ in range(340)]
    world.partition.receive(big, world.now)
    assert world.partition.fullness >= 1
    world.answered(A_DRAFT)
    assert world.partition.undecided == 0
    assert world.partition.fullness == 0


def test_no_more_people_are_read_at_once_than_passes_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose words have settled waits for a pass to end; the longest due goes first."""
    monkeypatch.setattr(partition, "PASSES_LIMIT", 2)
    world = ByHand()
    for user_id in ("ana", "ben", "cleo"):
        world.granted(user_id)
        world.happens(user_id, "message.received", {"text": "Surgery on Thursday."})
    world.at(NOON + 2 * MINUTE)
    assert [user_id for user_id, _ in world.asks()] == ["ana", "ben"]
    assert world.partition.next_wake() == NOON + 2 * MINUTE + PASS_LIMIT
    world.answered(NOTHING_NEW, user_id="ana")
    world.at(NOON + 2 * MINUTE)
    assert [user_id for user_id, _ in world.asks()] == ["ben", "cleo"]


def test_without_a_model_nobody_is_asked() -> None:
    """Both attempts count as unreachable in the step that wakes the plan: its agent's own words go out."""
    world = ByHand(has_model=False)
    world.granted("ana", "follow_up")
    world.requested("ana", "the exam", NOON + MINUTE)
    world.partition.take_tally()
    world.at(NOON + MINUTE)
    assert world.outcomes() == [("the exam", "nudged", "sent")]
    (outcome,) = world.records("nudge-outcome")
    assert [one["result"] for one in outcome["attempts"]] == ["unreachable", "unreachable"]
    assert [one["written_by"] for one in world.records("nudges")] == ["fallback"]
    calls = world.partition.take_tally().counts
    assert calls["tactful_model_calls_total", ("compose", "unreachable")] == 2
