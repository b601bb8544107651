"""A case is read by the worker's own code: what is scored is what the worker would do."""

from __future__ import annotations

from datetime import UTC, datetime

from app.core.reading import MESSAGES_A_CHUNK
from tests.facts.evaluation.read import THURSDAY, UNUSABLE, case, says, situation, verdict


def test_the_question_shows_what_the_case_holds() -> None:
    """Intents and messages stand in the question in the order of the case, all agents may be given subjects."""
    question = situation().question(case("the exam", "the flat", says=["A: How was it?", "Fine."]))
    assert [(one.ref, one.subject) for one in question.intents] == [("i1", "the exam"), ("i2", "the flat")]
    assert [(one.ref, one.speaker, one.text) for one in question.messages] == [
        ("m1", "assistant", "How was it?"),
        ("m2", "person", "Fine."),
    ]
    assert question.agents == ("calendar", "curiosity", "digest", "follow_up", "re_engagement")


def test_a_question_is_asked_when_the_conversation_has_settled() -> None:
    """`now` is the last message and the policy's quiet spell, by the person's own clock."""
    question = situation(settle={"quiet": "90s"}).question(case("the exam", zone="Asia/Tokyo"))
    assert question.now.isoformat() == "2026-03-06T05:01:30+09:00"
    assert question.messages[0].at.isoformat() == "2026-03-06T05:00:00+09:00"


def test_a_sure_verdict_closes() -> None:
    """Each closing verdict at or above `reading.sure` revokes its intent, with its reason."""
    answer = says(verdict(1), verdict(2, "contradicts", 0.8))
    came = situation().came(case("the exam", "the flat", "the dog"), answer)
    assert came.closed == {"the exam": "resolved", "the flat": "contradicted"}
    assert came.held == frozenset()


def test_an_unsure_verdict_holds() -> None:
    """Below `reading.sure` nothing is closed, and nothing is sent unasked."""
    came = situation().came(case("the exam"), says(verdict(1, confidence=0.79)))
    assert (came.closed, came.held) == ({}, frozenset({"the exam"}))


def test_one_message_closes_no_more_than_its_cap() -> None:
    """What is above `reading.per_message` is held; the surest count."""
    answer = says(*(verdict(n, confidence=0.9 + n / 100) for n in range(1, 6)))
    came = situation().came(case("a", "b", "c", "d", "e"), answer)
    assert set(came.closed) == {"c", "d", "e"}
    assert came.held == {"a", "b"}


def test_the_assistants_words_close_nothing() -> None:
    """A verdict that names the assistant's message is dropped."""
    came = situation().came(case("the exam", says=["A: So it is over."]), says(verdict(1)))
    assert (came.closed, came.held) == ({}, frozenset())


def test_an_unusable_answer_holds_everything() -> None:
    """Words outside the schema are no answer: nothing is closed, what is open is held."""
    came = situation().came(case("the exam", "the flat"), UNUSABLE)
    assert not came.usable
    assert (came.closed, came.held) == ({}, frozenset({"the exam", "the flat"}))


def test_what_is_put_off_and_raised_is_told() -> None:
    """A postponement's due time, and a subject with the message that raised it."""
    exam, party = "2026-03-12T18:00:00Z", "2026-03-20T11:00:00Z"
    raised = {"subject": "the party", "agent": "follow_up", "message": "m2", "when": party, "importance": 0.4}
    came = situation().came(
        case("the exam", says=["It was moved.", "Party on the 19th!"]),
        says(verdict(1, "postpones", until=exam), subjects=[raised]),
    )
    assert came.moved == {"the exam": datetime(2026, 3, 12, 18, tzinfo=UTC)}
    (opened,) = came.opened
    assert (opened.subject, opened.message, opened.due_at) == (
        "the party",
        2,
        datetime(2026, 3, 20, 11, tzinfo=UTC),
    )


def test_a_reading_of_many_messages_is_one_question() -> None:
    """As many messages as one question shows stand in one."""
    many = case("the exam", says=["..."] * MESSAGES_A_CHUNK)
    assert len(situation().question(many).messages) == MESSAGES_A_CHUNK
    assert situation().came(many, says()).usable


def test_another_threshold_is_another_policy() -> None:
    """`sure` changes the confidence from which a verdict counts, and nothing else."""
    where = situation()
    assert where.sure(0.5).came(case("the exam"), says(verdict(1, confidence=0.6))).closed
    assert where.policy.reading.sure == 0.8
    assert where.question(case("a")).now == THURSDAY + where.policy.settle.quiet
