"""Records that nobody can understand, on a real broker: each ends where it should, and nobody else waits."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.kafka.deployment import Deployment
from tests.worker.process import worker
from topics.record import NewRecord, Record

POISON = 1_000
WITHIN_S = 60.0


def _event(user: str | None, number: str, kind: str, data: object, **more: object) -> bytes:
    body = {"id": number, "source": "tests", "type": kind, "data": data, **more}
    return json.dumps(body if user is None else body | {"user_id": user}).encode()


def _bad(user: str, other: str) -> list[tuple[str | None, bytes | None, str]]:
    """Key, value and the reason that stands on its dead letter."""
    message = {"text": "hello"}
    return [
        (user, b"\xff\xfe broken bytes", "not_json"),
        (user, b'"just a word"', "not_an_event"),
        (user, b'{"source": "tests", "type": "app.opened"}', "not_an_event"),
        (user, _event(user, "b1", "message.received", {"words": "wrong field"}), "invalid_data"),
        (user, _event(user, "b2", "message.received", message, time="2026-03-02T10:00:00"), "invalid_data"),
        (user, _event(user, "b3", "profile.updated", {"timezone": "Mars/Olympus"}), "invalid_data"),
        (None, _event(user, "b4", "user.erased", {}), "no_key"),
        (user, _event(other, "b5", "user.erased", {}), "key_mismatch"),
        (user, None, "empty"),
        (user, _event(user, "b6", "message.received", {"text": "x" * 900_000}), "too_large"),
        (user, _event(user, "b7", "trap.sprung", {}), "defect"),
        (f"{user}\x07", _event(None, "b8", "app.opened", {}), "bad_key"),
    ]


def _good(user: str, n: int, due_at: datetime) -> list[NewRecord]:
    said = [
        ("consent.changed", {"agent": "*", "granted": True}),
        ("weather.changed", {"sky": "grey"}),
        ("intent.requested", {"agent": "follow_up", "subject": "the harvest", "due_at": due_at.isoformat()}),
    ]
    return [_record(user, _event(user, f"{n}-{kind}", kind, data)) for kind, data in said]


def _record(key: str | None, value: bytes | None) -> NewRecord:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return NewRecord("user-events", None if key is None else key.encode(), value, now_ms)


def _header(record: Record, name: str) -> str:
    return dict(record.headers)[f"tactful_{name}"].decode()


@pytest.mark.slow
async def test_each_bad_record_ends_as_documented_and_its_neighbours_are_served(
    topics: Deployment, tmp_path: Path
) -> None:
    """Twelve kinds and a thousand poison records in a row: dead letters with their reasons, a nudge for everybody."""
    bad, neighbour = topics.person_in(0), topics.person_in(1)
    people = [bad, neighbour, f"{bad} the second"]
    due_at = datetime.now(UTC) + timedelta(seconds=2)
    records = [record for n, user in enumerate(people) for record in _good(user, n, due_at)]
    kinds = _bad(bad, neighbour)
    records += [_record(key, value) for key, value, _ in kinds]
    records += [_record(bad, b"poison") for _ in range(POISON)]
    connection = topics.kafka.connection
    env = {
        "LOG": f"kafka://{connection.bootstrap}",
        "TOPIC_PREFIX": connection.prefix,
        "GROUP": "bad-input",
        "AGENTS": "tests.kafka.raising_agent:AGENT",
    }
    await topics.appender.append(records)
    async with worker(tmp_path, **env) as one:
        async with asyncio.timeout(WITHIN_S):
            while len(await topics.records("nudges")) < len(people):  # noqa: ASYNC110 - read as a service reads
                await asyncio.sleep(0.2)
            while len(await topics.records("dead-letter")) < POISON + len(kinds):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.2)
        await one.ended_well()
    letters = await topics.records("dead-letter")
    expected = Counter(reason for _, _, reason in kinds) + Counter({"not_json": POISON})
    assert Counter(_header(letter, "reason") for letter in letters) == expected
    assert {(letter.key, letter.value) for letter in letters if _header(letter, "reason") == "no_key"} == {
        (None, kinds[6][1])
    }
    outcomes = [json.loads(record.value or b"") for record in await topics.records("nudge-outcome")]
    assert Counter((one["user_id"], one["outcome"]) for one in outcomes) == {
        (user, "nudged"): 1 for user in people
    }
