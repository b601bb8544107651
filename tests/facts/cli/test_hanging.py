"""A worker whose event loop hangs ends, so that another one can go on."""

from __future__ import annotations

import asyncio
import time

from app.cli.hanging import ended_when_it_hangs


async def test_a_loop_that_hangs_is_ended() -> None:
    """After so long without coming round, from beside: what hangs cannot do it itself."""
    ended: list[float] = []
    async with ended_when_it_hangs(after_s=0.2, look_s=0.02, end=lambda: ended.append(time.monotonic())):
        await asyncio.sleep(0.05)
        began = time.monotonic()
        time.sleep(0.6)  # noqa: ASYNC251 - it is the loop that must hang
    assert len(ended) == 1
    assert 0.15 < ended[0] - began < 0.6


async def test_a_loop_that_comes_round_is_left_alone() -> None:
    """However long it lives, and however busy it is in short steps."""
    ended: list[float] = []
    async with ended_when_it_hangs(after_s=0.4, look_s=0.02, end=lambda: ended.append(0.0)):
        for _ in range(20):
            time.sleep(0.03)  # noqa: ASYNC251 - a long step, and no hang
            await asyncio.sleep(0.001)
    assert ended == []
