"""A local copy whose files are damaged is thrown away and comes back from the changelog."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kafka.deployment import Deployment
from tests.kafka.test_workers import SOON_S, Told, decided, running, worker

PEOPLE = 100


def _spoil(folder: Path) -> None:
    """The first bytes of the rows' files: found when a row is read, not when the folder is opened."""
    for file in folder.rglob("*.sst"):
        content = bytearray(file.read_bytes())
        content[8:24] = bytes(0xFF ^ each for each in content[8:24])
        file.write_bytes(content)


def _lose(folder: Path) -> None:
    for file in folder.rglob("MANIFEST-*"):
        file.unlink()


@pytest.mark.parametrize("damage", [_spoil, _lose])
async def test_a_damaged_copy_is_made_anew(
    topics: Deployment, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    """Whether damage shows at the opening or at a row, the rows come back and no event is decided twice."""
    await topics.events(*((f"user-{n}", b"?") for n in range(PEOPLE)))
    first = worker(topics.kafka, tmp_path)
    async with running(first), asyncio.timeout(SOON_S):
        await first.settled()
    damage(tmp_path)
    told = Told()
    second = worker(topics.kafka, tmp_path, told)
    await topics.events(*((f"user-{n}", b"?") for n in range(PEOPLE)))
    async with running(second), asyncio.timeout(SOON_S):
        await second.settled()
    rows = {user: row for machine in told.machines for user, row in machine.restored.items()}
    assert rows == {f"user-{n}": b"1" for n in range(PEOPLE)}
    seen = await decided(topics)
    assert (len(seen), set(seen.values())) == (2 * PEOPLE, {1})
