"""What a local copy no longer holds is gone from its files within a day."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from app.drivers import forgetting
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store

WORDS = b"the zebrafinch sang"


def found(folder: Path) -> list[str]:
    """The files that hold the words."""
    return [file.name for file in folder.rglob("*") if WORDS in file.read_bytes()]


def erased_after(folder: Path) -> LocalRows:
    """A copy whose files hold words that its rows do not: in a log, and in a table."""
    rows = LocalRows(Store(folder))
    for words, last in ((WORDS, 1), (b"", 2)):
        rows.apply({"ana": words + os.urandom(100), "ben": os.urandom(100)}, last)
        rows.write()
        rows.store.flushed()
    assert found(folder)
    return rows


async def test_words_that_were_overwritten_are_gone_from_the_files(tmp_path: Path) -> None:
    """Also from those that were written before; what is still held stays as it is."""
    rows = erased_after(tmp_path)
    held = dict(rows.items())
    began = time.time()
    await forgetting.forget(rows)
    assert found(tmp_path) == []
    assert dict(rows.items()) == held
    assert (rows.forgot_at or 0) >= began - 1
    rows.close()


async def test_it_happens_by_itself_and_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is started anew each day does it all the same: when it was is noted in the copy."""
    monkeypatch.setattr(forgetting, "AFTER_START_S", 0.0)
    rows = erased_after(tmp_path)
    async with forgetting.forgetting(rows, 0), asyncio.timeout(10):
        while rows.forgot_at is None:  # noqa: ASYNC110 - a thread gives no event
            await asyncio.sleep(0.01)
    assert found(tmp_path) == []
    noted = rows.forgot_at
    async with forgetting.forgetting(rows, 0):
        await asyncio.sleep(0.05)
    assert rows.forgot_at == noted
    rows.close()


async def test_a_copy_is_not_closed_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lets a partition go while it is under way waits for the piece, and for no more."""
    monkeypatch.setattr(forgetting, "AFTER_START_S", 0.0)
    rows = erased_after(tmp_path)
    ended = []
    real = rows.store.flushed

    def slow() -> list[tuple[bytes, bytes]]:
        time.sleep(0.1)
        ended.append(real())
        return ended[0]

    monkeypatch.setattr(rows.store, "flushed", slow)
    async with forgetting.forgetting(rows, 0):
        await asyncio.sleep(0.02)
    assert len(ended) == 1
    assert rows.forgot_at is None
    rows.close()
