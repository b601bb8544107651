"""Seeded histories under an adversary, and what keeps the simulation itself honest."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import msgspec
import pytest

from app.core import backlog
from tests.simulation.adversary import history
from tests.simulation.broken import Broken
from tests.simulation.moves import Bounds, Crash, Happening, History, Move, TakeOver
from tests.simulation.mutant import Mutant
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutations import ROOT, in_a_process, source_of
from tests.simulation.run import failure, first_failure, written
from tests.simulation.shrink import shortest
from tests.simulation.world import World

QUICK = 400
"""Some 4 s."""
SLOW = range(QUICK + 1, QUICK + 6_001, 1_000)
"""Where each thousand begins: some 12 s."""


def test_every_promise_is_kept_whatever_goes_wrong() -> None:
    """Crashes, lost and half-seen commits, floods, races and wrong answers break no promise."""
    assert first_failure(range(1, QUICK + 1)) is None


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW)
def test_every_promise_is_kept_for_a_long_time(first: int) -> None:
    """As above, over thousands of histories."""
    assert first_failure(range(first, first + 1_000)) is None


def test_a_seed_is_always_the_same_history() -> None:
    """A failure can be run again by its number."""
    assert history(11) == history(11)
    assert history(11) != history(12)


def test_histories_bring_plans_to_every_kind_of_end() -> None:
    """A simulation in which nothing happens finds nothing: nudges, silences, revocations and recalls are all there."""
    ends: set[str] = set()
    recalled = 0
    for seed in range(1, 120):
        world = World(history(seed))
        world.run()
        for book in world.judge.books.values():
            ends |= {outcome.outcome for outcome in book.closed.values()}
            recalled += len(book.recalled)
    assert ends == {"nudged", "stood_down", "revoked", "expired", "failed"}
    assert recalled > 0


def test_what_is_left_of_a_history_is_what_fails() -> None:
    """Of a history that breaks something, the moves that do not matter are left out."""
    whole = history(1)
    needed = whole.moves[5]

    def fails(one: History) -> Broken | None:
        return Broken("made up", "") if needed in one.moves else None

    assert shortest(whole, fails).moves == (needed,)


def test_nothing_is_broken_by_a_history_without_moves() -> None:
    """An empty log is calm."""
    assert failure(History(seed=0)) is None


def test_a_history_leaves_the_cores_bounds_as_they_were() -> None:
    """Small bounds hold for a history only, and what a history calls usual is what the core has."""
    assert failure(History(seed=0, bounds=Bounds(mailbox=3, open=2))) is None
    assert Bounds().mailbox == backlog.MAILBOX_LIMIT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_core(mutant: Mutant) -> None:
    """The line that a mutant changes stands in its module once, and what comes of it is Python."""
    compile(source_of(mutant), mutant.module, "exec", dont_inherit=True)


A_FEW = (
    "a nudge takes no slot",
    "what waits for the model is called done",
    "an intent closes without an outcome",
    "nobody takes a last look",
    "no timers after a crash",
)
"""One of what is done, of the ledger, of the gates, of speaking and of the timers."""


@pytest.mark.parametrize("name", A_FEW)
def test_a_mutant_is_caught(name: str) -> None:
    """A few of them here; `python -m tests.simulation.mutations` shows all."""
    assert in_a_process(name, seeds=200).startswith("seed")


def test_a_seed_shows_the_shortest_history_again() -> None:
    """Of what a mutant breaks, the number alone brings the failure back, with the few moves that are enough."""
    name = "a nudge takes no slot"
    seed = in_a_process(name, seeds=200).removeprefix("seed ").partition(":")[0]
    command = [sys.executable, "-m", "tests.simulation.mutations", "--name", name, "--seed", seed]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    first, enough, *_ = said.stdout.splitlines()
    promise = first.removeprefix(f"seed {seed}: ").partition(":")[0]
    assert f"moves are enough: {promise}: " in enough
    fewer, _, of = enough.partition(" moves")[0].partition(" of ")
    assert int(fewer) < 20 < int(of)


def test_a_history_is_written_as_python_that_makes_it_again() -> None:
    """What is printed of a failure can be kept as a test."""
    names = {one.__name__: one for one in (*get_args(Move), Bounds, Happening, History)}
    for seed in range(1, 20):
        assert eval(written(history(seed)), names) == history(seed)  # noqa: S307 - it is what is meant


def test_a_crash_between_any_two_moves_breaks_nothing() -> None:
    """Systematically, where the seeds leave it to chance: the owner dies, or is fenced, before each of the moves."""
    for seed in (3, 8):
        whole = history(seed)
        for place in range(len(whole.moves)):
            ends: Move = Crash(local="stale") if place % 2 else TakeOver(landed=place % 4 == 0, behind=2)
            moves = (*whole.moves[:place], ends, *whole.moves[place:])
            assert failure(msgspec.structs.replace(whole, moves=moves)) is None
