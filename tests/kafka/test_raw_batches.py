"""Batches that other clients write, on a real broker: whatever stands in one, nobody else waits for it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.drivers.kafka_reader import read_to, reader
from tests.kafka import raw
from tests.kafka.deployment import Deployment
from tests.worker.process import worker

WITHIN_S = 60.0


def _event(user: str, number: str, kind: str, data: object) -> bytes:
    return json.dumps({"id": number, "source": "tests", "type": kind, "user_id": user, "data": data}).encode()


def _life(user: str, n: int, due_at: datetime) -> list[raw.Entry]:
    request = {"agent": "follow_up", "subject": "the harvest", "due_at": due_at.isoformat()}
    return [
        (user.encode(), _event(user, f"{n}-1", "consent.changed", {"agent": "*", "granted": True}), ()),
        (
            user.encode(),
            _event(user, f"{n}-2", "intent.requested", request),
            [("lang", None), ("naïve", b"1")],
        ),
    ]


@pytest.mark.slow
async def test_any_codec_and_any_header_are_read(topics: Deployment, tmp_path: Path) -> None:
    """Each codec serves its person; a header's name that is no UTF-8 makes a dead letter and stops nobody."""
    place, connection = topics.kafka.place("user-events", 0), topics.kafka.connection
    here = [user for user in (f"user-{n}" for n in range(200)) if topics.home(user) == 0][: len(raw.CODECS)]
    now = datetime.now(UTC)
    now_ms = int(now.timestamp() * 1000)
    bad: list[raw.Entry] = []
    for n, (user, codec) in enumerate(zip(here, raw.CODECS, strict=True)):
        poison = _event(user, f"{n}-p", "app.opened", {})
        bad.append((user.encode(), poison, [(raw.RawName(b"\xff\xfe name"), b"x"), ("kept", b"as it came")]))
        consent, request = _life(user, n, now + timedelta(seconds=1))
        await raw.produce(
            connection, place, raw.batch([consent, bad[-1], request], timestamp_ms=now_ms, codec=codec)
        )
    env = {"LOG": f"kafka://{connection.bootstrap}", "TOPIC_PREFIX": connection.prefix, "GROUP": "raw"}
    async with worker(tmp_path, **env) as one, asyncio.timeout(WITHIN_S):
        while len(await topics.records("nudges")) < len(here):  # noqa: ASYNC110 - read as a service reads
            await asyncio.sleep(0.2)
        await one.ended_well()
    letters = await topics.records("dead-letter")
    assert [(letter.key, letter.value) for letter in letters] == [(key, value) for key, value, _ in bad]
    for letter in letters:
        headers = dict(letter.headers)
        assert headers["tactful_reason"] == b"not_an_event"
        assert headers["tactful_error"] == b"headers: hold a name that is no UTF-8"
        assert (headers["kept"], headers["\\xff\\xfe name"]) == (b"as it came", b"x")


@pytest.mark.parametrize("timestamp_ms", [-1, 0, -(2**62), 2**62])
async def test_any_timestamp_is_read(topics: Deployment, timestamp_ms: int) -> None:
    """Whatever the broker took comes out of the reader, and none of it is passed over."""
    place = topics.kafka.place("user-events", 0)
    entries: list[raw.Entry] = [(b"ana", b"1", ()), (b"ana", None, ())]
    await raw.produce(topics.kafka.connection, place, raw.batch(entries, timestamp_ms=timestamp_ms))
    async with reader(topics.kafka) as one:
        found = [record async for batch in read_to(one, {place: (0, 2)}) for record in batch]
    assert [(record.value, record.timestamp_ms) for record in found] == [
        (b"1", timestamp_ms),
        (None, timestamp_ms),
    ]
