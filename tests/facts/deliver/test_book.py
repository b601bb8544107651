"""What is posted when: values in, values out, no clock."""

from __future__ import annotations

from datetime import timedelta

from app.deliver.book import Answered, Book, Ended
from tests.facts.deliver.nudging import NOON, nudge

SECOND = timedelta(seconds=1)
ACCEPTED, REFUSED = Answered("accepted"), Answered("refused", "status 503")
UNKNOWN = Answered("unknown", "TimeoutError")


def book(known: dict[str, str] | None = None, jitter: float = 1.0) -> Book:
    """A book whose chance is known."""
    return Book(known or {}, lambda: jitter)  # type: ignore[arg-type]  # the tests write the ends as they are named


def ends(one: Book) -> list[tuple[str, str]]:
    """What has ended, and how."""
    return [(ended.key, ended.end) for ended in one.take_ended()]


def test_a_person_gets_one_at_a_time_and_in_order() -> None:
    """The next waits until this one has ended; other people do not wait."""
    one = book()
    first, second, other = nudge("a"), nudge("b"), nudge("c", "bo")
    for each in (first, second, other):
        one.take(each, NOON)
    assert one.to_post(NOON, 9) == [first, other]
    assert one.to_post(NOON, 9) == []
    one.answered(first, ACCEPTED, NOON)
    assert one.to_post(NOON, 9) == [second]
    assert ends(one) == [("a", "delivered")]


def test_no_more_than_there_is_room_for() -> None:
    """The others stay ready."""
    one = book()
    for n in range(5):
        one.take(nudge(str(n), f"person {n}"), NOON)
    assert len(one.to_post(NOON, 2)) == 2
    assert len(one.to_post(NOON, 9)) == 3


def test_it_is_tried_again_later_and_later() -> None:
    """Twice as long each time, up to five minutes, between half and all of it by chance."""
    for jitter, share in ((0.0, 0.5), (1.0, 1.0)):
        one, now = book(jitter=jitter), NOON
        one.take(nudge("a", lasts=timedelta(days=1)), now)
        pauses = []
        for _ in range(11):
            (posted,) = one.to_post(now, 1)
            one.answered(posted, REFUSED, now)
            due = one.next_at()
            assert due is not None
            pauses.append((due - now) / SECOND)
            assert one.to_post(due - SECOND / 100, 1) == []
            now = due
        assert pauses == [share * min(2**n, 300) for n in range(11)]


def test_what_the_receiver_asks_for_is_kept() -> None:
    """A longer `Retry-After` than our own pause, up to an hour; a shorter one shortens nothing."""
    for asked, waited in ((30, 30), (0, 1), (100_000, 3_600)):
        one = book()
        one.take(nudge("a", lasts=timedelta(days=1)), NOON)
        (posted,) = one.to_post(NOON, 1)
        one.answered(posted, Answered("refused", "status 429", asked * SECOND), NOON)
        assert one.next_at() == NOON + waited * SECOND


def test_nothing_goes_out_after_its_time() -> None:
    """It ends as too late at that very time, and the person's next goes on."""
    one = book()
    one.take(nudge("a", lasts=10 * SECOND), NOON)
    one.take(nudge("b"), NOON)
    (posted,) = one.to_post(NOON, 1)
    one.answered(posted, Answered("refused", "status 429", 60 * SECOND), NOON)
    assert one.next_at() == NOON + 10 * SECOND
    assert [each.nudge_id for each in one.to_post(NOON + 10 * SECOND, 9)] == ["b"]
    assert ends(one) == [("a", "too_late")]


def test_what_the_receiver_never_wants_is_not_tried_again() -> None:
    """With its reason."""
    one = book()
    one.take(nudge("a"), NOON)
    (posted,) = one.to_post(NOON, 1)
    one.answered(posted, Answered("rejected", "status 400"), NOON)
    assert one.take_ended() == [Ended(posted, "rejected", "status 400", 1)]
    assert one.waiting == 0


def test_a_recalled_one_that_is_unsent_is_never_sent() -> None:
    """Neither it nor its recall: nobody outside has heard of it."""
    one = book()
    one.take(nudge("a"), NOON)
    one.take(nudge("b"), NOON)
    one.take(nudge("a", recall=True), NOON)
    assert ends(one) == [("a", "recalled"), ("a.recall", "not_needed")]
    assert [each.nudge_id for each in one.to_post(NOON, 9)] == ["b"]


def test_a_refused_one_is_unsent() -> None:
    """The receiver said that it has not got it: between two attempts it is dropped like one that never left."""
    one = book()
    one.take(nudge("a"), NOON)
    (posted,) = one.to_post(NOON, 1)
    one.answered(posted, REFUSED, NOON)
    one.take(nudge("a", recall=True), NOON)
    assert ends(one) == [("a", "recalled"), ("a.recall", "not_needed")]
    assert one.to_post(NOON + timedelta(minutes=9), 9) == []


def test_one_that_was_sent_is_recalled_at_the_receiver() -> None:
    """Also when an earlier life of the service sent it."""
    for one in (book(), book({"a": "delivered"})):
        one.take(nudge("a"), NOON)
        for posted in one.to_post(NOON, 1):
            one.answered(posted, ACCEPTED, NOON)
        recall = nudge("a", recall=True)
        one.take(recall, NOON)
        assert one.to_post(NOON, 1) == [recall]
        one.answered(recall, ACCEPTED, NOON)
        assert ends(one)[-1] == ("a.recall", "recall_posted")


def test_one_that_may_have_arrived_is_not_tried_again_and_recalled() -> None:
    """Nobody knows: the attempts end, at once, and the recall goes out."""
    one = book()
    one.take(nudge("a"), NOON)
    (posted,) = one.to_post(NOON, 1)
    one.answered(posted, UNKNOWN, NOON)
    recall = nudge("a", recall=True)
    one.take(recall, NOON)
    assert one.to_post(NOON, 1) == [recall]
    assert ends(one) == [("a", "recalled")]


def test_a_recall_during_the_attempt_waits_for_its_end() -> None:
    """Accepted or unknown: the recall follows. Refused: neither is posted."""
    for answer, posted_then, how in (
        (ACCEPTED, ["a"], ("a", "delivered")),
        (UNKNOWN, ["a"], ("a", "recalled")),
        (REFUSED, [], ("a", "recalled")),
    ):
        one = book()
        one.take(nudge("a"), NOON)
        (posted,) = one.to_post(NOON, 1)
        one.take(nudge("a", recall=True), NOON)
        assert one.to_post(NOON, 1) == []
        one.answered(posted, answer, NOON)
        assert [each.nudge_id for each in one.to_post(NOON, 9)] == posted_then
        assert how in ends(one)


def test_what_ended_in_an_earlier_life_is_passed_over() -> None:
    """Read again from the topic's beginning, it is known by its key; a recall of what was never sent is not needed."""
    one = book({"a": "delivered", "b": "too_late"})
    one.take(nudge("a"), NOON)
    one.take(nudge("b"), NOON)
    one.take(nudge("b", recall=True), NOON)
    assert one.to_post(NOON, 9) == []
    assert ends(one) == [("b.recall", "not_needed")]


def test_a_record_that_is_read_twice_is_one() -> None:
    """While it waits, while it is posted, and after."""
    one = book()
    first = nudge("a")
    one.take(first, NOON)
    one.take(first, NOON)
    (posted,) = one.to_post(NOON, 9)
    one.take(first, NOON)
    one.answered(posted, ACCEPTED, NOON)
    one.take(first, NOON)
    assert one.to_post(NOON, 9) == []
    assert ends(one) == [("a", "delivered")]
