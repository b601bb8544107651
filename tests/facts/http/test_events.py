"""`POST /events`: what is taken, and why the rest is not."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.drivers.served import LogAway
from app.http.together import AT_ONCE, BYTES_AT_MOST, WAITING_AT_MOST, Together
from tests.facts.http.at_home import BATCH, CLOUDEVENT, JSON, at_home, cloudevent, event
from topics.envelopes import VALUE_LIMIT
from topics.record import NewRecord

BINARY = JSON | {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "tests",
    "ce-type": "app.opened",
    "ce-userid": "ana",
}


@pytest.mark.parametrize(
    ("headers", "body", "count"),
    [
        (JSON, event(), 1),
        (CLOUDEVENT, cloudevent(), 1),
        (BINARY, {}, 1),
        (BATCH, [cloudevent(id="1"), cloudevent(id="2", user="ben")], 2),
        (BATCH, [], 0),
    ],
    ids=["plain", "structured", "binary", "batch", "empty batch"],
)
async def test_what_is_accepted_stands_in_the_log(
    tmp_path: Path, headers: Mapping[str, str], body: object, count: int
) -> None:
    """202 says how many, and they are there before anybody has looked at them."""
    async with at_home(tmp_path, at_work=False) as house:
        answer = await house.post(body, headers)
        assert (answer.status, answer.body) == (202, {"accepted": count})
        assert [record.key for record in house.records()] == [b"ana", b"ben"][:count]


@pytest.mark.parametrize(
    ("headers", "body", "field"),
    [
        (JSON, b"{", "body"),
        (JSON, event(user=None), "userid"),
        (JSON, event("consent.changed", data={"granted": True}), "data.agent"),
        (JSON, event("intent.matured", data={"intents": []}), "type"),
        (CLOUDEVENT, event(), "specversion"),
        (BATCH, [cloudevent(), cloudevent("consent.changed", id="2")], "[1].data.agent"),
        ({"Content-Type": "text/plain"}, event(), "content-type"),
    ],
)
async def test_the_field_that_is_wrong_is_named(
    tmp_path: Path, headers: Mapping[str, str], body: object, field: str
) -> None:
    """400 with the field, and nothing of the request is taken; that an intent is due only the worker says."""
    async with at_home(tmp_path, at_work=False) as house:
        answer = await house.post(body, headers)
        assert (answer.status, answer.body["field"]) == (400, field)
        assert house.records() == []


@pytest.mark.parametrize(
    ("headers", "size"), [(JSON, VALUE_LIMIT + 1), (BATCH, 5 * 1024 * 1024)], ids=["an event", "a batch"]
)
async def test_what_is_too_large_is_refused(tmp_path: Path, headers: Mapping[str, str], size: int) -> None:
    """413 for an event that no row could hold, and for a body that nobody should read."""
    async with at_home(tmp_path, at_work=False) as house:
        answer = await house.post(b" " * size, headers)
        assert (answer.status, answer.body["field"]) == (413, "body")


async def test_a_log_that_cannot_take_events_is_said_so(tmp_path: Path) -> None:
    """503 and when to come again: the event may be in the log or not, and sending it again is safe."""
    async with at_home(tmp_path, at_work=False) as house:
        house.log.close()
        answer = await house.post(event())
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert "the log cannot take events now" in answer.body["error"]


async def test_a_worker_that_ends_takes_nothing_more(tmp_path: Path) -> None:
    """While it drains it sends callers to its successor, and is not ready."""
    async with at_home(tmp_path) as house:
        house.server.drain()
        assert (await house.post(event())).status == 503
        ready = await house.get("/readyz")
        assert (ready.status, ready.body["reasons"]) == (503, ["it is ending"])
        assert house.records() == []


async def test_events_that_come_at_once_are_all_taken(tmp_path: Path) -> None:
    """Each answer stands for its own events, however many requests were written together."""
    async with at_home(tmp_path) as house:
        answers = await asyncio.gather(
            *(house.post(event(user=f"user-{n}", id=str(n))) for n in range(200)),
            house.post(event("consent.changed", user="wrong")),
        )
        assert [answer.status for answer in answers] == [202] * 200 + [400]
        await house.decided()
        assert {record.key for record in house.records()} == {b"user-%d" % n for n in range(200)}


async def test_nobodys_words_are_in_a_log_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither what was said nor about whom, whether the event was taken or not."""
    caplog.set_level(logging.DEBUG)
    async with at_home(tmp_path) as house:
        await house.post(event("consent.changed", user="walburga", data={"agent": "*", "granted": True}))
        said: dict[str, Any] = {"text": "my knee surgery", "message_id": "m"}
        await house.post(event("message.received", user="walburga", id="2", data=said))
        await house.post(
            event("message.received", user="walburga", id="3", data={"words": "my knee surgery"})
        )
        await house.post(json.dumps(event(user="walburga", data="my knee surgery")).encode()[:-1])
        await house.get("/people/walburga")
        await house.decided()
    assert "knee" not in caplog.text
    assert "walburga" not in caplog.text


# Together


def few(count: int) -> list[NewRecord]:
    return [NewRecord("user-events", b"ana", b"%d" % n, 0) for n in range(count)]


class Log:
    """Notes how many records each write had, and takes a moment for it."""

    def __init__(self) -> None:
        self.writes: list[int] = []
        self.error: Exception | None = None

    async def append(self, records: object) -> None:
        assert isinstance(records, list)
        self.writes.append(len(records))
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error


async def test_what_arrives_during_a_write_goes_into_the_next() -> None:
    """One write for all that waited, and none larger than its bound unless one request is."""
    log = Log()
    together = Together(log.append)
    await asyncio.gather(*(together.add(few(n)) for n in (1, 2, 3, AT_ONCE, 5, AT_ONCE + 1, 1)))
    assert log.writes == [1 + 2 + 3, AT_ONCE, 5, AT_ONCE + 1, 1]


async def test_a_write_that_failed_is_told_to_all_who_waited_for_it() -> None:
    """And to nobody who comes later."""
    log = Log()
    together = Together(log.append)
    log.error = LogAway("disk full")
    told = await asyncio.gather(*(together.add(few(1)) for _ in range(3)), return_exceptions=True)
    assert [str(each) for each in told] == ["disk full"] * 3
    log.error = None
    await together.add(few(1))


async def test_a_crowd_before_the_log_has_a_bound() -> None:
    """Who comes when too many wait is sent away at once, and the others are served."""
    log = Log()
    together = Together(log.append)
    waiting = asyncio.gather(*(together.add(few(1_000)) for _ in range(WAITING_AT_MOST // 1_000)))
    await asyncio.sleep(0)
    with pytest.raises(LogAway, match="send these again"):
        await together.add(few(1))
    await waiting
    await together.add(few(1))


async def test_a_crowd_of_large_events_has_a_bound_too() -> None:
    """In bytes: far fewer of them are too many, and once they are written as many may come again."""
    log = Log()
    together = Together(log.append)
    large = [NewRecord("user-events", b"ana", bytes(BYTES_AT_MOST // 64), 0)]
    for _ in range(2):
        waiting = asyncio.gather(*(together.add(large) for _ in range(64)))
        await asyncio.sleep(0)
        with pytest.raises(LogAway, match="send these again"):
            await together.add(few(1))
        await waiting
    await together.add(few(1))
