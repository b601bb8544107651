"""`tactful console` beside a worker on an embedded log."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.ports import LOOPBACK, free_port
from tests.worker.process import Service, asked, console, worker

WITHIN_S = 40.0


async def page(
    session: aiohttp.ClientSession, url: str, so: Callable[[dict[str, Any]], object]
) -> dict[str, Any]:
    """The first answer of which it is so."""
    body: dict[str, Any] = {}
    try:
        async with asyncio.timeout(WITHIN_S):
            while not so(body := (await asked(session, url))[1] or {}):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never: {body}") from None
    return body


@pytest.mark.slow
async def test_a_console_beside_an_embedded_worker_that_comes_and_goes(tmp_path: Path) -> None:
    """It tells of people through the worker, says when none runs and how old that is, and goes on with the next."""
    address = f"{LOOPBACK}:{free_port()}"  # the next worker listens where the one before did
    env = {"LOG": f"embedded:{tmp_path / 'log'}"}
    headers = {"Accept": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with (
            worker(tmp_path / "one", **env, HTTP=address) as one,
            console(tmp_path / "console", HTTP=address, **env) as looking,
        ):
            await Service(session, lambda: one.url).live(range(2))
            url = f"{looking.url}/people/person-0"
            view = await page(session, url, lambda view: view.get("nudges") and not view["notes"])
            assert [plan["outcome"] for plan in view["plans"]] == ["", "nudged"]
            await one.end(signal.SIGKILL)
            view = await page(session, url, lambda view: view["notes"])
            assert [note["kind"] for note in view["notes"]] == ["no_worker"]
            assert [plan["outcome"] for plan in view["plans"]] == ["", "nudged"]
            async with worker(tmp_path / "two", **env, HTTP=address) as two:
                await Service(session, lambda: two.url).live([2])
                view = await page(
                    session,
                    f"{looking.url}/people/person-2",
                    lambda view: view.get("nudges") and not view["notes"],
                )
                await two.ended_well()
            await looking.ended_well()
        async with console(tmp_path / "again", HTTP=address, **env) as alone:
            view = await page(session, f"{alone.url}/people/person-2", lambda view: view.get("nudges"))
            assert [note["kind"] for note in view["notes"]] == ["no_worker"]
            async with worker(
                tmp_path / "three", **env
            ) as three:  # the folder is free for whoever wants to work
                assert three.url
                await three.ended_well()
