"""A partition carried by hand: records in, commits out, and its own maturity events given back to it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agents import FIVE
from agents.contract import Agent
from app.core.asks import Answer, ComposeAnswer, ReadingAnswer, Reply
from app.core.commit import Commit, PendingAsk
from app.core.partition import Head, Partition
from app.core.policy import Policy, parse
from app.core.roster import Roster
from app.core.row import Row, decode
from topics.record import NewRecord, Record

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
"""A Wednesday, as in the situations of the agents."""
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
BY_NAME: Mapping[str, Agent] = {agent.name: agent for agent in FIVE}
ROSTER = Roster(FIVE)
GOOD = "How is it going with that? Tell me whenever you like."


def policy(**parts: Any) -> Policy:
    """The default policy without a night, and with what is given laid over it."""
    return parse({"quiet_hours": {"start": "00:00", "end": "00:00"}, **parts})


def said(answer: Answer) -> Reply:
    """A reply with an answer in it."""
    return Reply(answer=answer, model="by-hand", seconds=1.0)


NOTHING_NEW = said(ReadingAnswer())
A_DRAFT = said(ComposeAnswer(GOOD))


class ByHand:
    """One partition with a log in a list; nothing happens but what is called."""

    def __init__(
        self,
        rules: Policy | None = None,
        *,
        agents: Mapping[str, Agent] = BY_NAME,
        number: int = 0,
        partitions: int = 1,
        has_model: bool = True,
    ) -> None:
        self.has_model = has_model
        self.rules = rules or policy()
        self.agents = agents
        self.number = number
        self.now = NOON
        self.log: list[Record] = []
        self.rows: dict[str, bytes] = {}
        self.written: list[NewRecord] = []
        self._asked: list[PendingAsk] = []
        self.head = Head(partitions=partitions)
        self.begin()

    def begin(self) -> None:
        """A new machine from what is durable, as after a crash; the log is read again by `reread`."""
        self.partition = Partition(
            self.number,
            head=self.head,
            rows=self.rows.get,
            policy=self.rules,
            agents=self.agents,
            has_model=self.has_model,
        )
        self.partition.restore_timers(self.rows.items())

    def reread(self) -> None:
        """Everything from `next` on is received again."""
        self.partition.receive(self.log[self.head.next :], self.now)

    def event(
        self, user_id: str, kind: str, data: Mapping[str, Any] | None = None, **envelope: object
    ) -> Record:
        """An event that stands in the log from now on, and has been received by nobody."""
        offset = len(self.log)
        body = {"id": str(offset), "source": "by-hand", "type": kind, "time": self.now.isoformat()}
        value = json.dumps({**body, "data": data or {}, **envelope}).encode()
        return self.raw(user_id.encode(), value)

    def raw(
        self, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> Record:
        """Bytes that stand in the log from now on."""
        at = int(self.now.timestamp() * 1000)
        record = Record("user-events", self.number, len(self.log), key, value, at, headers)
        self.log.append(record)
        return record

    def tell(self, *records: Record) -> None:
        """These are received, and everything that follows is committed."""
        self.partition.receive(records, self.now)
        self.settle()

    def happens(self, user_id: str, kind: str, data: Mapping[str, Any] | None = None) -> None:
        """An event, received and committed."""
        self.tell(self.event(user_id, kind, data))

    def granted(self, user_id: str, agent: str = "*") -> None:
        """The person lets the agent reach out."""
        self.happens(user_id, "consent.changed", {"agent": agent, "granted": True})

    def requested(self, user_id: str, subject: str, due_at: datetime, **data: object) -> None:
        """A service asks for a follow-up."""
        request = {"agent": "follow_up", "subject": subject, "due_at": due_at.isoformat(), **data}
        self.happens(user_id, "intent.requested", request)

    def at(self, now: datetime, *, room: int = 100) -> None:
        """It is `now`: what is due is woken, and everything that follows is committed."""
        self.now = now
        self.partition.tick(now, room)
        self.settle()

    def answered(self, reply: Reply, *, user_id: str = "") -> None:
        """The one open request (of this person) has come back."""
        asks = [one for one in self.asks() if user_id in {"", one[0]}]
        assert len(asks) == 1, asks
        self._asked = [one for one in self._asked if one.ask_id != asks[0][1]]
        self.partition.answer(asks[0][1], reply, self.now)
        self.settle()

    def asks(self) -> Sequence[tuple[str, int]]:
        """Who is asked about: every request that was taken, not dropped and not answered."""
        self._asked = [*self._asked, *self.partition.take_asks()]
        dropped = set(self.partition.dropped_asks())
        self._asked = [one for one in self._asked if one.ask_id not in dropped]
        return [(one.ask.user_id, one.ask_id) for one in self._asked]

    def settle(self) -> None:
        """Commit until nothing is left to commit, with our own events coming back."""
        while (commit := self.partition.take_commit()) is not None:
            self.durable(commit)

    def durable(self, commit: Commit, *, heard: bool = True) -> None:
        """The commit has ended well; `heard`: our own events in it come back at once."""
        for user_id, row in commit.rows.items():
            if row is None:
                self.rows.pop(user_id, None)
            else:
                self.rows[user_id] = row
        self.head = commit.head
        self.written += commit.records
        self.partition.committed(commit.number)
        own = [one for one in commit.records if one.topic == "user-events" and one.key is not None]
        if self.head.partitions == 1 and own:
            records = [self._appended(one) for one in own]
            if heard:
                self.partition.receive(records, self.now)

    def _appended(self, record: NewRecord) -> Record:
        self.log.append(
            Record(
                record.topic, 0, len(self.log), record.key, record.value, record.timestamp_ms, record.headers
            )
        )
        return self.log[-1]

    def row(self, user_id: str) -> Row:
        """The person's durable row."""
        return decode(self.rows[user_id])

    def records(self, topic: str) -> list[Any]:
        """What was committed to a topic, as JSON values."""
        return [json.loads(one.value or b"null") for one in self.written if one.topic == topic]

    def outcomes(self) -> list[tuple[str, str, str]]:
        """Subject, outcome and reason of each closed plan, in the order of closing."""
        return [(one["subject"], one["outcome"], one["reason"]) for one in self.records("nudge-outcome")]

    def dead_letters(self) -> list[str]:
        """The reasons of the dead letters."""
        letters = [one for one in self.written if one.topic == "dead-letter"]
        return [dict(one.headers)["tactful_reason"].decode() for one in letters]
