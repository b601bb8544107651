"""The recorder of rows: what it keeps is enough, read back as it was, and never written over."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest

from app.core.row import decode
from tests.upgrade.record import STORIES, held, kept, lived, record

SOME = [path for path in STORIES if path.stem.startswith(("what_became", "one_after", "erased"))]


def test_few_rows_hold_all_that_any_of_them_holds() -> None:
    """Each field and each state of a plan is in a kept row; of two alike one is enough."""
    people, heads = lived(SOME[:2])
    rows = {row: msgspec.to_builtins(decode(row)) for row in people}
    chosen = kept(rows)
    assert {place for row in chosen for place in held(rows[row])} == {
        place for means in rows.values() for place in held(means)
    }
    assert ".intents.*.status=maturing" in {place for row in chosen for place in held(rows[row])}
    assert 0 < len(chosen) < len(rows) / 2
    assert heads


def test_a_release_is_recorded_once(tmp_path: Path) -> None:
    """The files say what the bytes mean; a second time is refused, and changes nothing."""
    paths = record("9.9.9", tmp_path, SOME[:1])
    assert {path.name for path in paths} == {"rows-1-9.9.9.jsonl", "heads-1-9.9.9.jsonl"}
    rows = next(path for path in paths if path.name.startswith("rows"))
    before = rows.read_text()
    for line in before.splitlines():
        one = json.loads(line)
        means = json.loads(msgspec.json.encode(decode(base64.b64decode(one["bytes"]))))
        assert means == one["means"]
    with pytest.raises(FileExistsError):
        record("9.9.9", tmp_path, SOME[:1])
    assert rows.read_text() == before
