"""On a folder: an event that ends the process is found by the processes that come after, and put aside."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from app.core.deaths import DEATHS, Death
from app.drivers.death_notes import DeathNotes
from app.drivers.embedded import EmbeddedLog
from app.scenario.ending import body
from tests.worker.process import COMMAND
from tests.worker.supervised import DEADLY, deaths_until, poisoned


@pytest.mark.slow
@pytest.mark.parametrize("poison", ["trap.sprung", "trap.laid"])
async def test_it_dies_three_times_and_goes_on(tmp_path: Path, poison: str) -> None:
    """While folding, or when a plan comes due: everybody gets their nudge, and the event is a dead letter."""
    nudged = {"bo"} if poison == "trap.laid" else {"ana", "bo"}
    log = EmbeddedLog(tmp_path / "log")
    log.append(poisoned(poison, "ana", "bo"), now=datetime.now(UTC))
    log.close()
    where = {"LOG": f"embedded:{tmp_path / 'log'}", "AGENTS": DEADLY}

    async def all_nudged(url: str) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"{url}/topics/nudges") as answer:
                return (await answer.text()).count("\n") >= len(nudged)
        except aiohttp.ClientError:
            return False

    assert await deaths_until(all_nudged, tmp_path, at_most=DEATHS, **where) == DEATHS
    env = {**os.environ, **{f"TACTFUL_{name}": value for name, value in where.items()}}
    shown = subprocess.run(  # noqa: ASYNC221 - no worker is left to wait for
        [COMMAND, "dead-letter", "list", "--json"], env=env, capture_output=True, text=True, check=True
    )
    (letter,) = [json.loads(line) for line in shown.stdout.splitlines()]
    assert letter["reason"] == "defect"
    assert letter["error"].startswith("KilledTheWorker: ")
    log = EmbeddedLog(tmp_path / "log")
    outcomes = [body(one) for one in log.read_topic("nudge-outcome")]
    log.close()
    ends = sorted((one["user_id"], one["subject"], one["outcome"]) for one in outcomes)
    failed = [("ana", "a trap", "failed")] if poison == "trap.laid" else []
    assert ends == [*failed, *((user_id, "the harvest", "nudged") for user_id in sorted(nudged))]
    assert not (tmp_path / "log.deaths").exists()


def test_a_note_is_read_by_who_comes_after(tmp_path: Path) -> None:
    """What was under way is one death more; what had ended is none, and what was got over is forgotten."""
    first = DeathNotes(tmp_path / "rows")
    first.begin("ana", 3, 3)
    second = DeathNotes(tmp_path / "rows")
    assert second.remembered == (Death("ana", 3, 3),)
    second.begin("", 5, 9)
    second.end()
    assert DeathNotes(tmp_path / "rows").remembered == (Death("ana", 3, 3),)
    second.remember(())
    assert DeathNotes(tmp_path / "rows").remembered == ()


def test_notes_that_cannot_be_read_are_begun_anew(tmp_path: Path) -> None:
    """The state folder is a cache: damage costs the count of deaths, never a start."""
    (tmp_path / "rows.deaths").write_bytes(b"{")
    assert DeathNotes(tmp_path / "rows").remembered == ()


def test_notes_in_an_empty_folder_know_of_no_death(tmp_path: Path) -> None:
    """After a move to another machine the count begins anew there."""
    DeathNotes(tmp_path / "here" / "rows").begin("ana", 3, 3)
    assert DeathNotes(tmp_path / "there" / "rows").remembered == ()
