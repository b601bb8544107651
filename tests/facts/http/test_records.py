"""`/topics` on an embedded log: what the commands of its machine may read and write."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from app.outside.lines import to_line
from app.outside.log import MadeAnewError
from app.outside.running import WorkerLog
from tests.facts.http.at_home import House, at_home, settings
from topics.record import NewRecord


def record(topic: str, event_type: str) -> bytes:
    value = b'{"id": "1", "source": "tests", "type": "%s", "data": {"intents": [{"intent_id": "i", "version": 1}]}}'
    now_ms = int(time.time() * 1000)
    return to_line(NewRecord(topic, b"ana", value % event_type.encode(), now_ms))


async def posted(house: House, line: bytes) -> tuple[int, dict[str, object]]:
    answer = await house.ask("POST", "/topics", line, {"Content-Type": "application/x-ndjson"})
    return answer.status, answer.body


async def test_only_the_worker_says_what_is_due(tmp_path: Path) -> None:
    """An `intent.matured` is refused over HTTP, by whichever way it comes, and is not in the log."""
    async with at_home(tmp_path) as house:
        await house.ready()
        status, body = await posted(house, record("user-events", "intent.matured"))
        assert (status, body["field"]) == (400, "type")
        assert house.records() == []


@pytest.mark.parametrize("topic", ["nudges", "nudge-outcome", "nudge-state"])
async def test_what_the_worker_writes_nobody_else_writes(tmp_path: Path, topic: str) -> None:
    """Nudges, outcomes and rows are the worker's own."""
    async with at_home(tmp_path) as house:
        await house.ready()
        status, body = await posted(house, record(topic, "app.opened"))
        assert (status, body["field"]) == (400, "topic")


async def test_other_events_go_in(tmp_path: Path) -> None:
    """A record of any other type is in the log once it is answered."""
    async with at_home(tmp_path) as house:
        await house.ready()
        status, _ = await posted(house, record("user-events", "app.opened"))
        assert status == 202
        assert len(house.records()) == 1


async def test_records_are_read_from_an_offset_on(tmp_path: Path) -> None:
    """Through the worker as from the folder itself; an offset beyond the end is another log's, and is refused."""
    async with at_home(tmp_path) as house:
        await house.ready()
        for _ in range(3):
            await posted(house, record("user-events", "app.opened"))
        there = settings(tmp_path, http={"listen": house.url.removeprefix("http://")}).http
        log = WorkerLog(there)

        async def offsets(begin: int) -> list[int]:
            return [each.offset async for each in log.read("user-events", begin={0: begin})]

        assert [await offsets(begin) for begin in (0, 2, 3)] == [[0, 1, 2], [2], []]
        with pytest.raises(MadeAnewError, match="ends at offset 3"):
            await offsets(4)
