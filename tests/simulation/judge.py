"""Holds every commit against the promises, by the log, the rows and the committed records alone."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from app.core.policy import Policy
from tests.simulation.book import Book
from tests.simulation.broken import Broken
from tests.simulation.clock import moment
from tests.simulation.committed import Records, maturity_of
from tests.simulation.log import Entry, Lane
from tests.simulation.model import row_seen
from tests.simulation.moves import Bounds
from tests.simulation.owner import Owner, Taken
from tests.simulation.page import Page
from topics.record import NewRecord


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """A commit that is durable, and what it calls done."""

    lane: Lane
    owner: Owner
    taken: Taken
    records: Records
    done: list[Entry]
    at: datetime


class Judge:
    """One history's."""

    def __init__(self, policy: Policy, bounds: Bounds, lanes: int) -> None:
        self._policy = policy
        self._bounds = bounds
        self.books: dict[str, Book] = {}
        self.pending: list[dict[int, Entry]] = [{} for _ in range(lanes)]
        """What is in the log and not done, by offset."""
        self._next = [0] * lanes
        self._nudge_ids: set[str] = set()
        self._forwarded: set[str] = set()

    def appended(self, lane: int, entry: Entry) -> None:
        """A record stands in the log."""
        self.pending[lane][entry.record.offset] = entry
        told = entry.told
        if told is not None:
            book = self.books.get(told.user)
            if book is None:
                book = self.books[told.user] = Book(told.user)
            book.append(told)

    def lost(self, record: NewRecord) -> None:
        """A maturity event was written, and is gone before anybody could read it."""
        maturity = maturity_of(record)
        self.books[maturity.user].named.update((one.intent_id, one.version) for one in maturity.named)

    def taking(self, lane: int, owner: Owner, taken: Taken) -> None:
        """I10: at any commit only those wait who wait for the model; nobody waits for anybody else."""
        asking = {pending.ask.user_id for pending in owner.flights.values()}
        waiting = [offset for offset in taken.commit.head.unfinished if offset in owner.handed]
        for offset in waiting:
            told = self.pending[lane][offset].told
            if told is None or told.user not in asking:
                raise Broken("I10", f"offset {offset} waits, and nobody was asked about it: {told}")
        if len(waiting) != owner.partition.undecided:
            raise Broken("I8", f"{owner.partition.undecided} events are undecided, the head names {waiting}")

    def committed(self, lane: Lane, owner: Owner, taken: Taken, true_ms: int) -> None:
        """The commit is durable; its records are not in the log yet."""
        one = Committed(
            lane=lane,
            owner=owner,
            taken=taken,
            records=Records(taken.commit.records),
            done=self._newly_done(lane.number, owner, taken),
            at=max(moment(true_ms), taken.at),
        )
        for nudge in one.records.nudges:
            if nudge.nudge_id in self._nudge_ids:
                raise Broken("I2", f"nudge {nudge.nudge_id} was written twice")
            self._nudge_ids.add(nudge.nudge_id)
        letters = self._people(one)
        self._strangers(one, letters)

    # What is done

    def _newly_done(self, lane: int, owner: Owner, taken: Taken) -> list[Entry]:
        head, pending = taken.commit.head, self.pending[lane]
        if head.next < self._next[lane]:
            raise Broken("I8", f"next goes back from {self._next[lane]} to {head.next}")
        self._next[lane] = head.next
        unfinished = set(head.unfinished)
        if not unfinished <= pending.keys():
            not_there = sorted(unfinished - pending.keys())
            raise Broken("I8", f"{not_there} are unfinished, and were done before or never there")
        done = [
            offset
            for offset in pending
            if offset < head.next or (offset <= head.high and offset not in unfinished)
        ]
        if unseen := [offset for offset in done if offset not in owner.handed]:
            raise Broken("I8", f"{unseen} are called done, and were never handed on")
        return [pending.pop(offset) for offset in sorted(done)]

    def _people(self, one: Committed) -> list[int]:
        """Everybody whom the commit touches; returns the offsets that must have become dead letters as defects."""
        news = self._news(one)
        touched = {**news, **dict.fromkeys(one.taken.commit.rows), **dict.fromkeys(one.records.users)}
        letters: list[int] = []
        for user in touched:
            book = self.books.get(user)
            if book is None:
                raise Broken("I1", f"something was committed about {user}, of whom nothing is known")
            if user in one.records.users and user not in one.taken.commit.rows:
                raise Broken("I1", f"records about {user} without their row")
            page = Page(
                book,
                row_seen(one.lane.rows.get(user)),
                one.records,
                owner=one.owner,
                policy=self._policy,
                bounds=self._bounds,
            )
            facts = [fact for fact in one.taken.facts if fact.user == user]
            page.turn(news[user], facts, one.at)
            if book.uncertain:
                one.records.excused.update(page.offsets)
            else:
                letters += page.broke()
        return letters

    def _news(self, one: Committed) -> Counter[str]:
        """How many events of each person are newly done: of each, the first ones that were not."""
        news: Counter[str] = Counter()
        for entry in one.done:
            if (told := entry.told) is not None:
                book = self.books[told.user]
                expected = book.log[book.done + news[told.user]]
                if expected.offset != told.offset:
                    raise Broken("I8", f"{told.user}: {told.offset} is done before {expected.offset}")
                news[told.user] += 1
        return news

    def _strangers(self, one: Committed, letters: list[int]) -> None:
        """I8: what is nobody's event became a dead letter for the right reason, or is on its way home; nothing else."""
        expected = dict.fromkeys(letters, "defect")
        homeward: dict[str, Entry] = {}
        for entry in one.done:
            if entry.reason:
                expected[entry.record.offset] = entry.reason
            elif entry.homeless:
                homeward[f"{entry.record.topic}-{entry.record.partition}@{entry.record.offset}"] = entry
        written = {
            offset: reason
            for offset, reason in one.records.letters.items()
            if offset in expected or offset not in one.records.excused
        }
        if written != expected:
            raise Broken("dead letters", f"written {written} {one.records.errors}, expected {expected}")
        forwarded = one.records.forwarded
        if forwarded.keys() != homeward.keys() or forwarded.keys() & self._forwarded:
            raise Broken("I8", f"forwarded are {list(forwarded)}, done {list(homeward)}")
        self._forwarded |= forwarded.keys()
        for place, record in forwarded.items():
            was = homeward[place].record
            if (was.key, was.value, was.timestamp_ms) != (record.key, record.value, record.timestamp_ms):
                raise Broken("forwarding", f"{place} was changed on its way home")
