"""Two labellers of the same cases are compared intent by intent."""

from __future__ import annotations

from datetime import date

import pytest

from app.evaluation.agreement import agreement, kappa
from app.evaluation.cases import Label
from tests.facts.evaluation.read import case

TALK = case("a", "b", "c", "d")


def labelled(**what: object) -> dict[str, Label]:
    return {"c1": Label(id="c1", **what)}  # type: ignore[arg-type]  # the fields of a label


def test_who_say_the_same_agree() -> None:
    """All intents, those that neither names included."""
    one = labelled(settled=("a",), postponed={"b": date(2026, 3, 9)}, muted=("c",))
    found = agreement([TALK], one, one)
    assert (found.same.count, found.same.of, found.kappa, found.differences) == (4, 4, 1.0, ())
    assert (found.closing.count, found.days.count) == (4, 1)


def test_where_they_differ_is_told() -> None:
    """Muted or settled is over all the same; what one left undecided is no disagreement about that."""
    found = agreement(
        [TALK],
        labelled(settled=("a", "b", "c")),
        labelled(muted=("a",), either=("b",), postponed={"d": None}),
    )
    assert [(one.intent, one.first, one.second) for one in found.differences] == [
        ("a", "settled", "muted"),
        ("b", "settled", "either"),
        ("c", "settled", "open"),
        ("d", "open", "postponed"),
    ]
    assert (found.closing.count, found.closing.of) == (2, 3)


@pytest.mark.parametrize(("day", "same"), [(9, 1), (10, 1), (11, 0)])
def test_a_day_is_the_same_within_one(day: int, same: int) -> None:
    """As in the reports."""
    first = labelled(postponed={"a": date(2026, 3, 9)})
    found = agreement([TALK], first, labelled(postponed={"a": date(2026, 3, day)}))
    assert (found.days.count, found.days.of) == (same, 1)


def test_kappa_is_what_is_beyond_chance() -> None:
    """0 where they agree as often as by chance; 1 where always; a textbook's example in between."""
    assert kappa([("open", "open"), ("open", "settled"), ("settled", "open"), ("settled", "settled")]) == 0.0
    assert kappa([("open", "open")] * 3) == 1.0
    pairs = [("open", "open")] * 20 + [("open", "settled")] * 5 + [("settled", "open")] * 10
    assert kappa([*pairs, *[("settled", "settled")] * 15]) == pytest.approx(0.4)  # type: ignore[list-item]  # states
    assert kappa([]) == 1.0


def test_a_case_that_one_left_out_is_left_out() -> None:
    """Only what both have labelled counts."""
    assert agreement([TALK], labelled(), {}).cases == 0
