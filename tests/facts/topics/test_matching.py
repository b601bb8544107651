"""An `exit_on` fits when its `where` is contained in the event's data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from topics.decode import matches

DATA = {
    "tons": 3,
    "dry": True,
    "by": {"name": "Nils", "age": 61},
    "tags": ["a", {"b": 1, "c": 2}],
    "note": None,
}

FITS: list[dict[str, Any] | None] = [
    None,
    {},
    {"tons": 3},
    {"tons": 3.0},
    {"dry": True},
    {"by": {"name": "Nils"}},
    {"by": {}},
    {"tons": 3, "by": {"age": 61.0}},
    {"tags": ["a", {"b": 1}]},
    {"note": None},
]
FITS_NOT: list[dict[str, Any]] = [
    {"tons": 4},
    {"tons": "3"},
    {"tons": True},
    {"dry": 1},
    {"dry": None},
    {"by": {"name": "nils"}},
    {"by": {"name": "Nils", "from": None}},
    {"by": "Nils"},
    {"by": []},
    {"tags": ["a"]},
    {"tags": [{"b": 1}, "a"]},
    {"missing": None},
    {"note": False},
]


@pytest.mark.parametrize("where", FITS)
def test_what_is_contained_fits(where: dict[str, Any] | None) -> None:
    """Equal JSON values, of a nested mapping only what is named; without `where` every event."""
    assert matches(where, json.dumps(DATA).encode())


@pytest.mark.parametrize("where", FITS_NOT)
def test_what_is_not_contained_does_not_fit(where: dict[str, Any]) -> None:
    """True is no number, text no number, and a missing field is not null."""
    assert not matches(where, json.dumps(DATA).encode())


@pytest.mark.parametrize("raw", [b"", b"{", b'"tons"', b"[3]", b"null", b'{"tons":"\\ud800"}', b"[" * 10_000])
def test_data_that_holds_nothing_fits_no_condition(raw: bytes) -> None:
    """Nor does it raise."""
    assert not matches({"tons": 3}, raw)
    assert matches(None, raw)


def test_one_is_not_true_at_any_depth() -> None:
    """Python would say so; JSON does not."""
    assert not matches({"a": [1]}, b'{"a":[true]}')
    assert not matches({"a": {"b": False}}, b'{"a":{"b":0}}')
    assert matches({"a": [1]}, b'{"a":[1.0]}')
