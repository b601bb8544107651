"""A terminal for the tests: one deployment on an embedded log, and the commands as somebody types them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from typer.testing import CliRunner

from app.cli.main import app
from app.core.head import HEAD_KEY, Head
from app.core.partition import Commit
from app.drivers.embedded import EmbeddedLog
from topics.record import NewRecord, Record

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def objects(self) -> list[Any]:
        """Each line as the JSON that it is."""
        return [json.loads(line) for line in self.lines]

    @property
    def object(self) -> Any:
        (only,) = self.objects
        return only


@dataclass
class Terminal:
    """One deployment; `tactful` runs a command in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def tactful(self, *words: object, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Said:
        # Port 1 is nobody's: whoever asks for a worker finds none.
        given = (
            {"TACTFUL_LOG": f"embedded:{self.log}", "TACTFUL_HTTP": "127.0.0.1:1"}
            | self.env
            | dict(env or {})
        )
        result = CliRunner().invoke(app, [str(word) for word in words], input=stdin, env=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def file(self, name: str, *lines: object) -> Path:
        """A file of these lines, each as it is or as JSON."""
        path = self.folder / name
        path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
        return path

    def records(self, topic: str) -> list[Record]:
        log = EmbeddedLog(self.log)
        try:
            return list(log.read_topic(topic))
        finally:
            log.close()

    def append(self, *records: NewRecord) -> None:
        """As the worker would have written them."""
        log = EmbeddedLog(self.log)
        try:
            log.append(records, now=datetime.now(UTC))
        finally:
            log.close()

    def holds(self, topics: Mapping[str, Sequence[Record]]) -> None:
        """The log is what a story left behind, or a copy of it that was tampered with."""
        log = EmbeddedLog(self.log)
        try:
            for topic, records in topics.items():
                for record in () if topic == "nudge-state" else records:
                    if topic == "user-events":
                        log._ends[topic] = (
                            record.offset
                        )  # other records name it; where one is gone there is a gap
                    log.append([_again(record)], now=datetime.now(UTC))
            asyncio.run(log.commit(_rows(topics["nudge-state"])))
        finally:
            log.close()


def _again(record: Record) -> NewRecord:
    return NewRecord(record.topic, record.key, record.value, record.timestamp_ms, record.headers)


def _rows(records: Sequence[Record]) -> Commit:
    rows = {(record.key or b"").decode(): record.value for record in records}
    head = msgspec.msgpack.decode(rows.pop(HEAD_KEY) or b"", type=Head)
    return Commit(number=1, rows=rows, head=head, records=())


def plain(user: str, kind: str, number: int = 1, **data: Any) -> dict[str, Any]:
    """An event as a service writes it, a minute after noon for each number."""
    at = f"2026-03-02T12:{number:02}:00Z"
    return {"id": str(number), "source": "test", "type": kind, "time": at, "user_id": user, "data": data}


def values(records: Sequence[Record]) -> list[Any]:
    return [json.loads(record.value or b"null") for record in records]
