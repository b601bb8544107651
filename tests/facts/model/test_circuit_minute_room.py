"""When a model that does not answer is left alone, what a minute may cost, and how many people are woken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.core.asks import ComposeAnswer, Failed, Reply
from app.model.admission import Admission
from app.model.circuit import Circuit
from app.model.minute import Minute
from app.model.room import ModelRoom

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
GOOD = Reply(answer=ComposeAnswer("How is the thesis coming along?"))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def told(circuit: Circuit, results: str, now: datetime = NOW) -> Circuit:
    """Sends one request per letter that is not refused: `+` is answered, `-` is not."""
    for result in results:
        if not circuit.refuses(now):
            circuit.sent()
            circuit.heard(answered=result == "+", now=now)
    return circuit


@pytest.mark.parametrize(
    ("results", "is_open"),
    [
        ("", False),
        ("----", False),
        ("-----", True),
        ("----+----", False),
        ("----+-----", True),
        ("++++++-----", True),
        ("-----+", True),  # the sixth was not sent
    ],
)
def test_it_opens_after_five_in_a_row(results: str, is_open: bool) -> None:  # noqa: FBT001 - a table
    """Five unanswered requests in a row open the circuit, and one answer in between starts the count anew."""
    assert told(Circuit(), results).is_open == is_open


@pytest.mark.parametrize(("after_s", "refuses"), [(0, True), (29.9, True), (30, False), (300, False)])
def test_it_lets_one_through_after_30_s(after_s: float, refuses: bool) -> None:  # noqa: FBT001 - a table
    """An open circuit refuses for 30 s."""
    assert told(Circuit(), "-----").refuses(later(after_s)) == refuses


def test_only_one_is_let_through() -> None:
    """While the trial is on its way everything else is refused; unanswered, it costs another 30 s."""
    circuit = told(Circuit(), "-----")
    circuit.sent()
    assert circuit.refuses(later(31))
    assert circuit.refuses(later(300))
    circuit.heard(answered=False, now=later(40))
    assert circuit.refuses(later(69.9))
    assert not circuit.refuses(later(70))
    assert circuit.open_for(later(70)) == timedelta(seconds=70)


def test_an_answered_trial_closes_it() -> None:
    """A circuit closes when the trial is answered, and counts from nothing."""
    circuit = told(Circuit(), "-----")
    assert not told(circuit, "+", later(30)).is_open
    assert not told(circuit, "----", later(31)).is_open


def test_a_straggler_changes_nothing() -> None:
    """What was sent before the opening neither closes the circuit nor keeps it open for longer."""
    circuit = told(Circuit(), "-----")
    circuit.heard(answered=True, now=later(5))
    circuit.heard(answered=False, now=later(6))
    assert circuit.refuses(later(29.9))
    assert not circuit.refuses(later(30))


def test_a_trial_that_is_given_up_makes_room_for_another() -> None:
    """When nobody waits for the trial any more, the next request is the trial."""
    circuit = told(Circuit(), "-----")
    circuit.sent()
    circuit.given_up()
    assert circuit.is_open
    assert not circuit.refuses(later(31))


@pytest.mark.parametrize(
    ("failed", "answered"),
    [
        ("timeout", False),
        ("unreachable", False),
        ("overloaded", False),
        ("rate_limited", False),
        ("budget", False),
        ("refused", True),
        ("truncated", True),
        ("malformed", True),
    ],
)
def test_what_counts_as_answered(failed: Failed, answered: bool) -> None:  # noqa: FBT001 - a table
    """A refusal, half an answer and nonsense are answers: the model is there and has cost something."""
    assert Reply(failed=failed).answered == answered
    assert GOOD.answered


def test_a_minute_counts_answers_and_what_is_on_its_way() -> None:
    """A request holds its place from when it is sent; unanswered it costs nothing, answered a minute."""
    minute = Minute(3)
    for _ in range(3):
        minute.reserve()
    assert minute.left(NOW) == 0
    minute.release(answered=False, now=later(10))
    assert minute.left(later(10)) == 1
    minute.release(answered=True, now=later(20))
    minute.release(answered=True, now=later(25))
    assert minute.left(later(79.9)) == 1
    assert minute.left(later(80)) == 2
    assert minute.left(later(85)) == 3


def test_a_clock_set_back_starves_nobody() -> None:
    """Answers that seem to lie in the future do not hold their places until the clock has caught up."""
    minute = Minute(1)
    minute.reserve()
    minute.release(answered=True, now=later(3600))
    assert minute.left(NOW) == 1


def test_admission_refuses_without_sending() -> None:
    """A spent minute is `budget`, an open circuit `unreachable`; neither takes a slot or is a request."""
    admission = Admission(Minute(1), slots=1)
    assert admission.admit(NOW) is None
    assert admission.in_flight == 1
    assert admission.admit(NOW) == "budget"
    admission.record(Reply(failed="timeout"), NOW)
    assert admission.in_flight == 0
    for _ in range(4):
        assert admission.admit(NOW) is None
        admission.record(Reply(failed="overloaded"), NOW)
    assert admission.admit(NOW) == "unreachable"
    assert admission.in_flight == 0
    assert admission.admit(later(30)) is None
    admission.record(GOOD, later(31))
    assert admission.admit(later(32)) == "budget"


def room(undecided: int, *, limit: int = 600, answered: int = 0, open_s: float | None = None) -> int:
    """The room at NOW of a worker with 16 slots."""
    admission = Admission(Minute(limit))
    for _ in range(answered):
        admission.minute.reserve()
        admission.minute.release(answered=True, now=NOW)
    if open_s is not None:
        told(admission.circuit, "-----", later(-open_s))
    return ModelRoom(admission).room(undecided, NOW)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (room(0), 32),
        (room(20), 12),
        (room(40), 0),
        (room(0, answered=590), 10),
        (room(4, answered=590), 6),
        (room(0, answered=600), 0),
        (room(0, open_s=299), 32),
        (room(0, open_s=300), 2_000),
        (room(1_990, open_s=300), 10),
        (room(0, limit=0), 2_000),
        (ModelRoom(None).room(0, NOW), 2_000),
    ],
)
def test_the_pace_of_maturity(got: int, expected: int) -> None:
    """Twice the slots, at most the minute's rest; 2,000 where there is no model to wait for."""
    assert got == expected
