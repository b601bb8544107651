"""What of a log is done: a reader starts at `next`, and an event is done when the row says so."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.core.head import Head, Progress
from topics.record import Record


def received(progress: Progress, *offsets: int) -> list[int]:
    """Which of these are to be decided."""
    return [record.offset for record in progress.begin([record(offset) for offset in offsets])]


def record(offset: int) -> Record:
    """One at this place."""
    return Record("user-events", 0, offset, b"ana", b"{}", at(offset))


def at(offset: int) -> int:
    """The log's timestamp of a record here."""
    return 1_000 + offset


def head(*, last: int, **values: Any) -> Head:
    """A partition's row whose last record was this one."""
    return Head(seen=(last, at(last)), **values)


def test_next_is_the_first_that_is_not_done() -> None:
    """What was done behind it is not asked for again after a crash: it is not among the unfinished."""
    progress = Progress(Head())
    received(progress, 0, 1, 2, 3)
    for offset in (0, 2, 3):
        progress.done([record(offset)])
    assert progress.head() == head(last=3, next=1, high=3, unfinished=(1,))
    assert progress.undecided == 1


def test_after_a_crash_only_the_unfinished_and_the_new_are_taken() -> None:
    """Reading starts at `next`: what the row calls done is passed over."""
    progress = Progress(Head(next=1, high=4, unfinished=(1, 3)))
    assert received(progress, 1, 2, 3, 4, 5) == [1, 3, 5]


def test_what_was_not_received_again_stays_unfinished() -> None:
    """A second crash, before the reader has come so far, forgets nothing."""
    progress = Progress(Head(next=1, high=4, unfinished=(1, 3)))
    received(progress, 1)
    progress.done([record(1)])
    assert progress.head() == Head(next=3, high=4, unfinished=(3,))


def test_the_last_record_is_kept_to_know_the_log_by() -> None:
    """Only a record behind all others moves it; what is taken again after a crash does not."""
    progress = Progress(head(last=4, next=1, high=4, unfinished=(1, 3)))
    received(progress, 1, 2, 3)
    assert progress.head().seen == (4, at(4))
    received(progress, 5)
    assert progress.head().seen == (5, at(5))


def test_with_nothing_unfinished_next_is_where_the_reader_stands() -> None:
    """Behind the last record there may be markers of transactions, which no reader is given."""
    progress = Progress(Head())
    received(progress, 0, 1)
    progress.done([record(0)])
    progress.done([record(1)])
    assert progress.head() == head(last=1, next=2, high=1)
    progress.positioned(7)
    assert progress.head() == head(last=1, next=7, high=6)


def test_an_offset_is_received_once() -> None:
    """A log that is read again gives nothing twice."""
    progress = Progress(Head())
    assert received(progress, 0, 1, 0, 1, 2) == [0, 1, 2]


def test_it_says_when_there_is_something_to_write() -> None:
    """Receiving changes nothing durable; a decision does, until the row was taken."""
    progress = Progress(Head())
    received(progress, 0)
    seen = [progress.changed]
    progress.done([record(0)])
    seen.append(progress.changed)
    progress.head()
    seen.append(progress.changed)
    assert seen == [False, True, False]


@given(st.lists(st.integers(0, 29), unique=True), st.data())
def test_no_event_is_done_that_was_not_decided(order: list[int], data: st.DataObject) -> None:
    """Decided in any order, with a crash after any of them: every event is decided by one machine or the other."""
    log = range(30)
    progress = Progress(Head())
    received(progress, *log)
    for offset in order:
        progress.done([record(offset)])
    taken = progress.head()
    again = Progress(taken)
    left = received(again, *log[taken.next :])
    assert sorted([*order, *left]) == list(log)
    for offset in data.draw(st.permutations(left)):
        again.done([record(offset)])
    assert again.head() == head(last=29, next=30, high=29)
