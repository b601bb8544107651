"""`tactful outcomes erase`: the rows of erased people go from the files, and exports go on."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

import pytest

from tests.export.conftest import Exporting
from topics.record import Record

pytestmark = pytest.mark.slow

Topics = Mapping[str, Sequence[Record]]


def people(exporting: Exporting, table: str = "outcomes") -> list[str]:
    """Whose rows there are, one for each."""
    return [user for (user,) in exporting.rows(table, "user_id")]


def test_erased_people_go_and_nobody_else(exporting: Exporting, topics: Topics) -> None:
    """Files without a row of theirs are not touched; the next export brings nothing back."""
    exporting.added("--receipts")
    before, kinds = people(exporting), exporting.rows("outcomes", "typeof(attempts), typeof(due_at)")
    first, second, *_ = sorted(set(before))
    files = {file: file.stat().st_mtime_ns for file in exporting.to.rglob("*.parquet")}
    theirs = {
        file for (file,) in exporting.rows("outcomes", f"CASE user_id WHEN '{first}' THEN day::VARCHAR END")
    }
    gone = exporting.tactful(
        "outcomes", "erase", "--from", exporting.to, "--user", first, "--user", "o'hara", "--json"
    )
    assert (gone.code, gone.object["people"], gone.object["without_rows"]) == (0, 1, 1)
    assert gone.object["rows"]["outcomes"] == before.count(first)
    assert sorted(people(exporting)) == sorted(user for user in before if user != first)
    assert first not in people(exporting, "receipts")
    assert set(exporting.rows("outcomes", "typeof(attempts), typeof(due_at)")) == set(kinds)
    touched = [file for file, at in files.items() if file.stat().st_mtime_ns != at]
    assert len(touched) == gone.object["files"]
    assert len(theirs - {None}) <= len(touched) < len(files)
    assert [each["records"] for each in exporting.added("--receipts").values()] == [0, 0]
    assert second in people(exporting)
    assert not list(exporting.to.rglob(".*.half"))


def test_a_cut_off_export_is_ended_first(exporting: Exporting) -> None:
    """It would write rows of theirs once more: the command says what to do, and does nothing."""
    assert exporting.killed(at_step=8) == -signal.SIGKILL
    said = exporting.tactful("outcomes", "erase", "--from", exporting.to, "--user", "anybody")
    assert said.code == 2
    assert "was cut off" in said.err
    exporting.added()
    assert exporting.tactful("outcomes", "erase", "--from", exporting.to, "--user", "anybody").code == 0


def test_it_says_what_it_lacks(exporting: Exporting) -> None:
    """Nobody named, no folder, a folder that is no export: usage, each with what to give."""
    exporting.to.mkdir()
    for words, says in (
        (("--from", exporting.to), "--users FILE"),
        (("--from", exporting.to, "--user", "ana"), "no export of Tactful's"),
        (("--from", exporting.to / "none", "--user", "ana"), "there is no folder"),
    ):
        said = exporting.tactful("outcomes", "erase", *words)
        assert (said.code, says in said.err) == (2, True), said.err
