"""Seeded histories under an adversary, and what keeps the simulation itself honest."""

from __future__ import annotations

import pytest

from app.core import partition
from tests.simulation.adversary import history
from tests.simulation.broken import Broken
from tests.simulation.moves import Bounds, History
from tests.simulation.mutant import Mutant
from tests.simulation.mutants import MUTANTS
from tests.simulation.mutations import in_a_process, source_of
from tests.simulation.run import failure, first_failure
from tests.simulation.shrink import shortest
from tests.simulation.world import World

QUICK = 400
"""Some 4 s."""
SLOW = 6_000
"""A minute or a little more."""


def test_every_promise_is_kept_whatever_goes_wrong() -> None:
    """Crashes, lost and half-seen commits, floods, races and wrong answers break no promise."""
    assert first_failure(range(1, QUICK + 1)) is None


@pytest.mark.slow
def test_every_promise_is_kept_for_a_long_time() -> None:
    """As above, over thousands of histories."""
    assert first_failure(range(QUICK + 1, QUICK + SLOW + 1)) is None


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
    assert Bounds().mailbox == partition.MAILBOX_LIMIT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits_the_core(mutant: Mutant) -> None:
    """The line that a mutant changes stands in its module once, and what comes of it is Python."""
    compile(source_of(mutant), mutant.module, "exec", dont_inherit=True)


def test_a_mutant_is_caught() -> None:
    """One of them here; `python -m tests.simulation.mutations` shows all."""
    assert in_a_process("a nudge takes no slot", seeds=100).startswith("seed")
