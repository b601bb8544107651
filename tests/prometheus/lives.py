"""Lives that bring about nearly everything that a worker can decide, and the model and policy that go with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from topics.murmur2 import partition_of
from topics.record import NewRecord

POLICY = """
quiet_hours: {start: "00:00", end: "00:00"}
active_within: 0s
settle: {quiet: 200ms, at_most: 2s}
min_gap: 1h
caps: {per_day: 5, per_week: 20}
budget: {calls_per_person_per_day: 2, calls_per_minute: 100000}
prices: {scripted: {input_per_mtok: 3.0, output_per_mtok: 15.0}}
agents:
  curiosity: {delay: 1s}
"""
RULES: list[dict[str, Any]] = [
    {"ask": "compose", "contains": "unspeakable", "fault": "refusal"},
    {"ask": "compose", "contains": "slow", "takes": "700ms"},
    {"ask": "compose", "attempt": 1, "contains": "hard to put", "reply": {"text": "!"}},
    {"ask": "compose", "contains": "hard to put", "takes": "300ms"},
    {
        "ask": "reading",
        "contains": "went fine",
        "takes": "150ms",
        "reply": {"verdicts": [{"intent": "upcoming procedure", "verdict": "resolves", "confidence": 0.97}]},
    },
    {
        "ask": "reading",
        "contains": "surgery",
        "takes": "250ms",
        "reply": {"subjects": [{"subject": "upcoming procedure", "agent": "follow_up"}]},
    },
    {"ask": "reading", "takes": "100ms"},
    {"ask": "compose", "takes": "200ms"},
]
"""What the scripted model answers."""
KINDS = 10
SERVICE = "tests"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Lives:
    """People whose lives are told one after the other; the `n`th lives the `n % KINDS`th kind of life."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._number = 0

    def event(
        self, user: str, kind: str, now: datetime, *, at_ms: int | None = None, **data: Any
    ) -> NewRecord:
        """One event in the plain form, with an id of its own."""
        self._number += 1
        body = {
            "id": str(self._number),
            "source": SERVICE,
            "type": kind,
            "time": now.isoformat(),
            "user_id": user,
            "data": data,
            "traceparent": TRACEPARENT,
        }
        return NewRecord("user-events", user.encode(), json.dumps(body).encode(), at_ms or _ms(now))

    def of(self, n: int, now: datetime) -> Iterator[NewRecord]:
        """What happens to the `n`th person at first."""
        user, soon = f"person-{n}", (now + timedelta(seconds=1 + n % 3 / 2)).isoformat()
        kind = n % KINDS
        if kind != 6:
            yield self.event(user, "consent.changed", now, agent="*", granted=True)

        def request(subject: str, **more: Any) -> NewRecord:
            given = {"agent": "follow_up", "subject": subject, "due_at": soon, "subject_key": subject}
            return self.event(user, "intent.requested", now, **(given | more))

        match kind:
            case 0 | 6:  # a nudge; 6 has not granted anything, and gets none
                yield request("the marathon")
            case 1:  # nothing that the model may say: the agent's own words
                yield request("something unspeakable")
            case 2 | 8:  # a subject that is raised; 8 goes on talking
                yield self.event(
                    user, "message.received", now, text="I have surgery on Thursday", message_id="1"
                )
            case 3:  # an appointment an hour from now
                starts = now + timedelta(hours=1, seconds=2)
                yield self.event(
                    user,
                    "calendar.changed",
                    now,
                    calendar_event_id="c",
                    title="the dentist",
                    starts_at=starts.isoformat(),
                )
            case 4:
                yield self.event(user, "interest.noticed", now, topic="slow cooking")
            case 5:  # planned, and not wanted any more
                yield request("the exam", due_at=(now + timedelta(hours=5)).isoformat())
            case 7:  # two at once: one is outranked and would come too late
                yield request("hard to put")
                yield request("the other", expires_at=(now + timedelta(minutes=30)).isoformat())
            case _:  # 9: sent, and taken back later
                yield request("the garden party")

    def after(self, n: int, now: datetime) -> Iterator[NewRecord]:
        """What happens to them some seconds later."""
        user = f"person-{n}"
        match n % KINDS:
            case 0:
                repeated = self.event(user, "app.opened", now)
                yield from (repeated, repeated)
            case 2:
                yield self.event(
                    user, "message.received", now, text="It went fine, home already", message_id="2"
                )
            case 5:
                yield self.event(user, "intent.revoked", now, subject_key="the exam")
            case 1 | 8:  # 1 has used up two requests on what could not be said: this is not read today
                yield self.event(
                    user, "message.received", now, text="and then something else", message_id="3"
                )
                yield self.event(user, "conversation.ended", now)
            case 9:
                yield self.event(user, "intent.revoked", now, subject_key="the garden party")

    def odd(self, now: datetime) -> Iterator[NewRecord]:
        """What no service should write: no JSON, the wrong partition, and an event on which an agent raises."""
        yield NewRecord("user-events", b"person-0", b"}{", _ms(now))
        wrong = (partition_of(b"person-0", self._partitions) + 1) % self._partitions
        record = self.event("person-0", "app.opened", now)
        yield NewRecord(record.topic, record.key, record.value, record.timestamp_ms, (), wrong)
        yield self.event("person-0", "trap.sprung", now)


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def utc() -> datetime:
    """The machine's time."""
    return datetime.now(UTC)
