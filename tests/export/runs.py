"""A data set told in its own time: the real partition in memory, a scripted model, and people who answer.

    python -m tests.export.runs --format collegemsg CollegeMsg.txt --to FOLDER

FOLDER becomes an embedded log with the topics of the run, from which `tactful outcomes export` reads.
The data sets hold messages and nothing else. What the model reads and writes, when it fails, and who opens,
answers or dismisses a nudge is made up here, by rules and by hashes, the same every time.
"""

from __future__ import annotations

import argparse
import hashlib
import heapq
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

import agents
from app.core.policy import Policy
from app.drivers.embedded import EmbeddedLog
from app.model.script import Rule, Script
from app.outside.log import milliseconds
from app.scenario.world import Setting
from app.scenario.world_memory import MemoryWorld
from app.sources.files import FORMATS
from topics.encode import event_record
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import NewRecord, Record
from topics.user_events import USER_EVENTS

TOPICS = (USER_EVENTS.name, NUDGES.name, NUDGE_OUTCOME.name, NUDGE_PASS.name)
DELIVERY = "delivery"
STEP = timedelta(hours=1)
"""How long nobody looks whether a nudge has gone out."""
AFTER = timedelta(days=21)
"""Time that passes behind the last event: whatever was planned has come to its end by then."""

POLICY: Mapping[str, Any] = {
    "holdout": {"share": 0.2, "salt": "spring"},
    "prices": {"scripted": {"input_per_mtok": 3.0, "output_per_mtok": 15.0}},
    "caps": {"per_day": 1, "per_week": 3},
    "agents": {"re_engagement": {"silent_for": "3d"}, "follow_up": {"delay": "72h"}},
}


def _raised(contains: str, subject: str, importance: float = 0.5) -> dict[str, Any]:
    found = {"subject": subject, "agent": "follow_up", "importance": importance}
    return {"ask": "reading", "contains": contains, "reply": {"subjects": [found]}}


def _settled(contains: str, subject: str, verdict: str) -> dict[str, Any]:
    said = {"intent": subject, "verdict": verdict, "confidence": 0.93}
    return {"ask": "reading", "contains": contains, "reply": {"verdicts": [said]}}


RULES: Sequence[Mapping[str, Any]] = (
    _settled("that helped a lot", "the exam", "resolves"),
    _settled("switching majors", "the new job", "supersedes"),
    _settled("amazing", "the party", "resolves"),
    _settled("finished", "the book", "resolves"),
    _settled("relax", "the stress at work", "resolves"),
    _settled("came back", "the journey", "contradicts"),
    _raised("exam", "the exam", 0.8),
    _raised("the job", "the new job", 0.7),
    _raised("party", "the party"),
    _raised("sick", "being ill", 0.9),
    _raised("book", "the book"),
    _raised("stress", "the stress at work", 0.8),
    _raised("travel", "the journey"),
    {"ask": "compose", "contains": "the book", "attempt": 1, "reply": {"text": "The book?"}},
    {
        "ask": "compose",
        "contains": "being ill",
        "attempt": 1,
        "reply": {"text": "GET WELL SOON!!! CLICK NOW"},
    },
    {"ask": "compose", "contains": "the party", "attempt": 1, "fault": "overloaded"},
    {"ask": "compose", "contains": "the new job", "fault": "timeout"},
)
"""The first that fits answers."""

RECEIPTS = (
    (0.02, (("nudge.failed", timedelta(minutes=1)),)),
    (0.40, (("nudge.delivered", timedelta(minutes=1)),)),
    (0.50, (("nudge.delivered", timedelta(minutes=1)), ("nudge.dismissed", timedelta(minutes=30)))),
    (0.85, (("nudge.delivered", timedelta(minutes=1)), ("nudge.opened", timedelta(minutes=20)))),
    (
        1.00,
        (
            ("nudge.delivered", timedelta(minutes=1)),
            ("nudge.opened", timedelta(minutes=20)),
            ("nudge.replied", timedelta(minutes=22)),
        ),
    ),
)
"""What becomes of a nudge, by where its hash falls between 0 and 1."""


@dataclass(order=True, frozen=True)
class Coming:
    """An event that a delivery service will write."""

    at: datetime
    nudge_id: str
    kind: str
    user_id: str


class Telling:
    """One data set on its way through the machine."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._events = [msgspec.json.decode(line) for line in lines]
        times = [datetime.fromisoformat(event["time"]) for event in self._events]
        # A stable order by time: files may name people before their first event.
        self._told = sorted(zip(times, self._events, strict=True), key=lambda one: one[0])
        script = Script([Rule.model_validate(rule) for rule in RULES])
        self._now = self._told[0][0]
        self.world = MemoryWorld(
            Setting(
                name="data set",
                start=self._now,
                policy=Policy.model_validate(POLICY),
                agents=agents.load([]),
                script=script,
            )
        )
        self._coming: list[Coming] = []
        self._nudges = 0

    def run(self) -> dict[str, Sequence[Record]]:
        """All topics, when nothing is left to happen."""
        for at, together in groupby(self._told, key=lambda one: one[0]):
            self._until(at)
            self.world.append([_record(event, at) for _, event in together])
            self.world.settle()
        self._until(self._now + AFTER)
        return {topic: self.world.records(topic) for topic in TOPICS}

    def _until(self, to: datetime) -> None:
        while self._now < to:
            soonest = self._coming[0].at if self._coming else to
            self._now = min(to, self._now + STEP, max(soonest, self._now))
            self.world.advance(self._now)
            while self._coming and self._coming[0].at <= self._now:
                self.world.append([_receipt(heapq.heappop(self._coming), self._now)])
                self.world.settle()
            self._answers()

    def _answers(self) -> None:
        """What people will do with the nudges that have gone out since."""
        gone_out = self.world.records(NUDGES.name)
        for record in gone_out[self._nudges :]:
            nudge = msgspec.json.decode(record.value or b"")
            if nudge["kind"] == "nudge":
                decided = datetime.fromisoformat(nudge["decided_at"])
                for kind, after in _answer(nudge["nudge_id"]):
                    coming = Coming(decided + after, nudge["nudge_id"], kind, nudge["user_id"])
                    heapq.heappush(self._coming, coming)
        self._nudges = len(gone_out)


def _answer(nudge_id: str) -> tuple[tuple[str, timedelta], ...]:
    at = int.from_bytes(hashlib.blake2b(nudge_id.encode(), digest_size=4).digest()) / 2**32
    return next(receipts for below, receipts in RECEIPTS if at < below)


def _receipt(coming: Coming, now: datetime) -> NewRecord:
    return event_record(
        user_id=coming.user_id,
        event_id=f"{coming.nudge_id}/{coming.kind}",
        source=DELIVERY,
        event_type=coming.kind,
        data={"nudge_id": coming.nudge_id},
        timestamp_ms=milliseconds(now),
    )


def _record(event: Mapping[str, Any], at: datetime) -> NewRecord:
    return NewRecord(
        USER_EVENTS.name, event["user_id"].encode(), msgspec.json.encode(event), milliseconds(at)
    )


def told(form: str, file: Path) -> dict[str, Sequence[Record]]:
    """The topics that a data set leaves behind."""
    return Telling(FORMATS[form](file)).run()


def onto_folder(topics: Mapping[str, Sequence[Record]], folder: Path) -> None:
    """An embedded log that holds these topics."""
    log = EmbeddedLog(folder)
    try:
        for topic, records in topics.items():
            new = [
                NewRecord(topic, each.key, each.value, each.timestamp_ms, each.headers) for each in records
            ]
            for n in range(0, len(new), 10_000):
                log.append(new[n : n + 10_000], now=datetime.now(UTC))
    finally:
        log.close()


def main() -> None:
    """Tell one data set, and say what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=sorted(FORMATS), required=True)
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    begun = time.monotonic()
    topics = told(given.format, given.file)
    onto_folder(topics, given.to)
    counts = ", ".join(f"{len(records):,} on {topic}" for topic, records in topics.items())
    sys.stdout.write(f"{counts}; {time.monotonic() - begun:.0f} s\n")


if __name__ == "__main__":
    main()
