"""The life of an intent is one table, and nothing happens to an intent that it does not list."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from agents.situation import NOON, intent
from app.core.life_cycle import (
    ENDS,
    TRANSITIONS,
    Action,
    ImpossibleTransition,
    Status,
    after,
    deferred,
    moved,
    reopened,
    step,
)

DESIGNED = {
    ("new", "opened"): "open",
    ("new", "refused"): "stood_down",
    ("open", "woken"): "maturing",
    ("open", "moved"): "open",
    ("open", "refused"): "stood_down",
    ("open", "revoked"): "revoked",
    ("open", "expired"): "expired",
    ("maturing", "matured"): "due",
    ("maturing", "too_early"): "open",
    ("maturing", "unheard"): "maturing",
    ("maturing", "moved"): "open",
    ("maturing", "revoked"): "revoked",
    ("maturing", "expired"): "expired",
    ("due", "deferred"): "open",
    ("due", "held"): "due",
    ("due", "moved"): "open",
    ("due", "revoked"): "revoked",
    ("due", "expired"): "expired",
    ("due", "stood_down"): "stood_down",
    ("due", "sent"): "nudged",
    ("due", "defect"): "failed",
}
"""The table of the design, row by row, and the step in which a plan may open and close at once."""

PAIRS = list(product((*get_args(Status), *sorted(ENDS)), get_args(Action)))


@pytest.mark.parametrize(("status", "action"), PAIRS)
def test_every_pair_is_as_designed_or_impossible(status: str, action: Action) -> None:
    """A status and an action lead where the design says; every other pair is a defect in the code."""
    if (status, action) in DESIGNED:
        assert after(status, action) == DESIGNED[status, action]
    else:
        with pytest.raises(ImpossibleTransition):
            after(status, action)


def test_nothing_follows_an_end() -> None:
    """What is closed stays closed: no end is a status that anything can happen to."""
    assert not ENDS & TRANSITIONS.keys()


@pytest.mark.parametrize(("status", "action"), [pair for pair in DESIGNED if DESIGNED[pair] in ENDS])
def test_a_step_never_ends_an_intent(status: str, action: Action) -> None:
    """An end has one outcome record, and only the ledger writes it: a step refuses to be one."""
    if status != "new":
        with pytest.raises(ImpossibleTransition, match="close it instead"):
            step(intent("follow_up", "x", status=status), action)


@pytest.mark.parametrize("status", ["open", "maturing", "due"])
def test_a_move_plans_anew(status: str) -> None:
    """A moved plan has its new times and a new version, and nothing of its waiting so far stands."""
    before = intent(
        "follow_up", "x", status=status, deferred_by="min_gap", held_since=NOON, looks=3, ripe_at=NOON
    )
    after_it = moved(before, NOON.replace(hour=15), NOON.replace(hour=20))
    assert (after_it.status, after_it.version) == ("open", before.version + 1)
    assert after_it.due_at == after_it.ripe_at == after_it.wake_at == NOON.replace(hour=15)
    assert (after_it.expires_at, after_it.deferred_by) == (NOON.replace(hour=20), "")
    assert (after_it.held_since, after_it.looks) == (None, 0)


def test_a_deferral_moves_no_plan() -> None:
    """A deferral keeps due time and expiry; lateness counts from its end, and its version is a new one."""
    before = intent("follow_up", "x", status="due")
    after_it = deferred(before, NOON.replace(hour=18), "quiet_hours")
    assert (after_it.due_at, after_it.expires_at) == (before.due_at, before.expires_at)
    assert after_it.ripe_at == after_it.wake_at == NOON.replace(hour=18)
    assert (after_it.deferred_by, after_it.version) == ("quiet_hours", before.version + 1)


def test_what_is_given_back_is_as_late_as_it_was() -> None:
    """A plan that was overtaken waits again, and its lateness still counts from where it did."""
    after_it = reopened(intent("follow_up", "x", status="due"), NOON.replace(hour=18))
    assert (after_it.wake_at, after_it.ripe_at) == (NOON.replace(hour=18), NOON)


def test_only_what_makes_an_old_wake_up_wrong_has_a_new_version() -> None:
    """Waking, maturing and holding keep the version that the maturity event names."""
    for status, action in (
        ("open", "woken"),
        ("maturing", "unheard"),
        ("maturing", "matured"),
        ("due", "held"),
    ):
        assert step(intent("follow_up", "x", status=status), action).version == 1  # type: ignore[arg-type]  # from the tuple
    assert step(intent("follow_up", "x", status="maturing"), "too_early").version == 2
