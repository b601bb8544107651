"""A worker on a folder, as an operator runs it."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections import Counter
from contextlib import closing
from pathlib import Path

import aiohttp
import msgspec
import pytest

from app.core.row import decode
from app.drivers.embedded import EmbeddedLog
from app.policy_file import read_policy
from app.scenario.checked_always import broken
from app.scenario.ending import Ending, body, said
from app.scenario.world import open_in
from tests.worker.process import POLICY, Service, Worker, asked, until, worker

pytestmark = pytest.mark.slow

PEOPLE = 40


async def test_it_outlives_kill_minus_nine(tmp_path: Path) -> None:
    """Killed twice under load: what was taken has its effect, everybody gets one nudge, and the ledger balances."""
    log = f"embedded:{tmp_path / 'log'}"
    here: list[Worker] = []
    async with aiohttp.ClientSession() as session:
        service = Service(session, lambda: here[-1].url if here else "http://127.0.0.1:1")
        living = asyncio.create_task(service.live(range(PEOPLE)))
        for nudges in (5, 20):
            async with worker(tmp_path, LOG=log) as doomed:
                here.append(doomed)
                await _nudged(session, doomed, nudges)
                await doomed.end(signal.SIGKILL)
        async with worker(tmp_path, LOG=log) as last:
            here.append(last)
            await living
            await _nudged(session, last, PEOPLE)
            assert (await last.end(), last.heard("ended")) == (0, "ended")
    ending = _read(tmp_path / "log")
    assert broken(ending, read_policy(POLICY)) == []
    assert Counter(nudge["user_id"] for nudge in ending.nudges) == {f"person-{n}": 1 for n in range(PEOPLE)}
    assert {nudge["written_by"] for nudge in ending.nudges} == {"model"}


async def _nudged(session: aiohttp.ClientSession, one: Worker, count: int) -> None:
    """Wait until so many nudges stand in the log."""
    while True:
        async with session.get(f"{one.url}/topics/nudges") as answer:
            if (await answer.text()).count("\n") >= count:
                return
        await asyncio.sleep(0.02)


def _read(folder: Path) -> Ending:
    """All that the folder holds, once nobody has it open."""
    with closing(EmbeddedLog(folder)) as log:
        nudges = list(log.read_topic("nudges"))
        return Ending(
            nudges=said(nudges, "nudge"),
            recalls=said(nudges, "recall"),
            outcomes=[body(record) for record in log.read_topic("nudge-outcome")],
            passes=[body(record) for record in log.read_topic("nudge-pass")],
            open=[msgspec.to_builtins(one) for one in open_in(decode(each) for _, each in log.rows())],
            events=list(log.read_topic("user-events")),
            dead_letters=list(log.read_topic("dead-letter")),
        )


async def test_an_operator_sees_how_it_lives(tmp_path: Path) -> None:
    """It says once that its model is none for production, becomes ready, and drains on SIGINT as on SIGTERM."""
    async with (
        aiohttp.ClientSession() as session,
        worker(tmp_path, LOG=f"embedded:{tmp_path / 'log'}") as one,
    ):
        assert (await asked(session, f"{one.url}/healthz"))[0] == 200
        await until(lambda: one.heard("ready: partitions 0"), said=one.said)
        status, ready = await asked(session, f"{one.url}/readyz")
        assert (status, ready["partitions"]) == (200, {"0": "running"})
        await Service(session, lambda: one.url).live([0])
        assert await one.end(signal.SIGINT) == 0
    assert len([line for line in one.lines if "not for production" in line["msg"]]) == 1
    assert "thesis" not in one.said.read_text()
    assert "person-0" not in one.said.read_text()


async def test_what_cannot_be_had_is_named(tmp_path: Path) -> None:
    """Exit 3 when its folder or its address is somebody else's, 2 when a setting is wrong; and how to mend it."""
    log = f"embedded:{tmp_path / 'log'}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with (
            worker(tmp_path, LOG=log) as first,
            worker(tmp_path, LOG=log, MODEL="none") as second,
            worker(tmp_path, LOG=f"embedded:{tmp_path / 'other'}", HTTP=address, MODEL="none") as third,
            worker(tmp_path, LOG="kafka:localhost") as fourth,
        ):
            ended = [await each.process.wait() for each in (second, third, fourth)]
            assert (first.process.returncode, ended) == (None, [3, 3, 2])
    told = [each.said.read_text() for each in (second, third, fourth)]
    assert "is open in another process: stop that one" in told[0]
    assert f"TACTFUL_HTTP: {address}: " in told[1]
    assert told[2].startswith("TACTFUL_LOG: 'kafka:localhost' is no log: write kafka://")
