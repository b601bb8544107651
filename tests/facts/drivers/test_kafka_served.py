"""A worker whose brokers are away says so to everybody who asks, and gives up when it was told to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.drivers.served import LogAway, NotRestored, OutOfReach
from app.settings import Settings
from app.wiring import wired
from topics.record import NewRecord

NOBODY = "127.0.0.1:1"
SAID = (
    f"the brokers at {NOBODY} cannot be reached: no broker answers at kafka://{NOBODY}; "
    "start it, or mend TACTFUL_LOG"
)


def settings(folder: Path) -> Settings:
    values: dict[str, Any] = {"log": f"kafka://{NOBODY}", "model": {"backend": "none"}, "state_dir": folder}
    return Settings(**values)


async def test_it_gives_up_when_its_patience_ends(tmp_path: Path) -> None:
    """With what to do."""
    async with wired(settings(tmp_path), patience_s=0) as worker:
        with pytest.raises(OutOfReach, match=SAID):
            await worker.served.run()


async def test_meanwhile_nothing_is_promised(tmp_path: Path) -> None:
    """No event is taken, nobody is known, and it is alive, not ready, and can be ended."""
    async with wired(settings(tmp_path)) as worker:
        running = asyncio.create_task(worker.served.run())
        while worker.served.unready() != [SAID]:  # noqa: ASYNC110 - it is asked, as an orchestrator asks
            await asyncio.sleep(0.01)
        with pytest.raises(LogAway, match=SAID):
            await worker.served.append([NewRecord("user-events", b"ana", b"{}", 0)])
        with pytest.raises(NotRestored, match=SAID):
            worker.served.row("ana")
        assert (worker.served.stuck(), worker.served.partitions, worker.served.done(0, 0)) == ([], {}, False)
        await worker.served.drain(1)
        await running
