"""`tactful outcomes export`: every committed outcome is in the files once, whenever it is killed and run again."""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.export import writing
from app.export.book import held
from app.export.tables import OUTCOMES, RECEIPTS
from tests.export.conftest import Exporting, asked, placed
from tests.export.runs import onto_folder
from topics.record import Record

pytestmark = pytest.mark.slow

Topics = Mapping[str, Sequence[Record]]
PLACE = "log_partition, log_offset, outcome_id"
OUTCOME = "nudge-outcome"


def test_each_outcome_is_there_once_with_real_types(exporting: Exporting, topics: Topics) -> None:
    """The files hold what the topic holds; times are times and what is nested keeps its shape; twice adds nothing."""
    said = exporting.added("--receipts")
    assert said["outcomes"]["records"] == len(topics[OUTCOME]) > 100
    assert sorted(exporting.rows("outcomes", PLACE)) == placed(topics[OUTCOME])
    again = exporting.added("--receipts")
    assert [(each["records"], each["files"]) for each in again.values()] == [(0, 0), (0, 0)]
    receipts = Counter(kind for (kind,) in exporting.rows("receipts", "type"))
    told = [msgspec.json.decode(each.value or b"")["type"] for each in topics["user-events"]]
    assert receipts == Counter(kind for kind in told if kind.startswith("nudge."))
    for table in (OUTCOMES, RECEIPTS):
        described = asked(f"DESCRIBE FROM read_parquet('{exporting.to}/{table.name}/**/*.parquet')")
        kinds = {name: plain(kind) for name, kind, *_ in described}
        assert kinds.pop("day") == "DATE"  # from the folder's name
        assert kinds == {name: plain(kind) for name, kind in table.columns.items()}
    values = {
        one["outcome_id"]: one for one in (msgspec.json.decode(each.value or b"") for each in topics[OUTCOME])
    }
    nested = exporting.rows(
        "outcomes", "outcome_id, evidence, attempts, opened_by, candidates, cost_usd, epoch_ms(due_at)"
    )
    for outcome_id, evidence, attempts, opened_by, candidates, cost, due_ms in nested:
        value = values[outcome_id]
        assert (evidence, attempts, opened_by, candidates, cost) == (
            value["evidence"],
            value["attempts"],
            value["opened_by"],
            value["candidates"],
            value["cost_usd"],
        )
        assert due_ms == int(datetime.fromisoformat(value["due_at"]).timestamp() * 1000)


def plain(kind: str) -> str:
    """DuckDB's names of a type, spelt one way."""
    return kind.replace("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ").replace('"', "")


def test_killed_again_and_again(exporting: Exporting, topics: Topics) -> None:
    """At ever later steps; nobody ever sees a record twice, and in the end each is there once."""
    wanted = placed(topics[OUTCOME])
    for step in (1, 4, 7, 9, 10, 24):
        assert exporting.killed("--by", "hour", at_step=step) == -signal.SIGKILL
        seen = exporting.rows("outcomes", PLACE)
        assert len(set(seen)) == len(seen)
        assert set(seen) <= set(wanted)
    assert 0 < len(exporting.rows("outcomes", PLACE)) < len(wanted)
    exporting.added("--by", "hour")
    assert sorted(exporting.rows("outcomes", PLACE)) == wanted
    assert [file for file in exporting.to.rglob(".*") if file.is_file()] == []


def test_many_goes_and_a_kill_between_them(
    exporting: Exporting, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one go holds few records, those of the go that was killed are finished as they were begun."""
    exporting.killed(at_step=12)
    monkeypatch.setattr(writing, "AT_ONCE", 7)
    exporting.added()
    assert sorted(exporting.rows("outcomes", PLACE)) == placed(topics[OUTCOME])
    onto_folder({OUTCOME: topics[OUTCOME][:30]}, Path(exporting.log.removeprefix("embedded:")))
    said = exporting.added()["outcomes"]
    assert said["records"] == 30
    assert said["files"] >= 5
    assert len(set(exporting.rows("outcomes", "log_partition, log_offset"))) == len(topics[OUTCOME]) + 30


def test_what_comes_late_is_added_to_its_day(exporting: Exporting, topics: Topics, tmp_path: Path) -> None:
    """A record for a day that is long exported gets a file of its own there, and is counted as late."""
    before = exporting.added()["outcomes"]
    record = topics[OUTCOME][0]
    value = msgspec.json.decode(record.value or b"")
    value |= {"outcome_id": "late", "closed_at": datetime(2004, 4, 16, 1, tzinfo=UTC).isoformat()}
    onto_folder(
        {OUTCOME: [msgspec.structs.replace(record, value=msgspec.json.encode(value))]}, tmp_path / "log"
    )
    said = exporting.added()["outcomes"]
    assert (said["records"], said["files"], said["late"]) == (1, 1, 1)
    assert said["touched"] == ["outcomes/day=2004-04-16"]
    assert len(exporting.rows("outcomes", "outcome_id")) == before["records"] + 1
    ((count,),) = exporting.rows("outcomes", "count(*) FILTER (outcome_id = 'late')")
    assert count == 1


def test_what_cannot_be_read_is_named(exporting: Exporting, tmp_path: Path) -> None:
    """A record that is no outcome is left out by its place, exit 1; everything else is there."""
    onto_folder({OUTCOME: [Record(OUTCOME, 0, 0, b"ana", b"{}", 0)]}, tmp_path / "log")
    done = exporting.export()
    assert done.code == 1
    (said,) = json.loads(done.out)["tables"]["outcomes"]["unreadable"]
    assert said.startswith(f"{OUTCOME}-0@")
    assert exporting.export().code == 0


def test_another_log_or_layout_is_refused(exporting: Exporting, topics: Topics, tmp_path: Path) -> None:
    """A topic that was made anew, another layout, somebody else's folder: exit 2, and nothing is added."""
    count = exporting.added()["outcomes"]["records"]
    records = list(topics[OUTCOME])
    for name, others in {"shorter": records[:5], "longer": [*records[1:], *records]}.items():
        onto_folder({OUTCOME: others}, tmp_path / name)
        done = Exporting(f"embedded:{tmp_path / name}", exporting.to).export()
        assert (done.code, "another folder" in done.err) == (2, True), done.err
    done = exporting.export("--by", "hour")
    assert (done.code, "use --by day" in done.err) == (2, True)
    (exporting.to / "_export.json").unlink()
    done = exporting.export()
    assert (done.code, "give an empty folder" in done.err) == (2, True)
    assert len(exporting.rows("outcomes", "1")) == count


def test_two_at_once_are_one_too_many(exporting: Exporting) -> None:
    """The second is refused with exit 2 as long as the first one runs."""
    with held(exporting.to):
        done = exporting.export()
    assert (done.code, "another export" in done.err) == (2, True)
    assert exporting.export().code == 0


def test_since_begins_later(exporting: Exporting, topics: Topics) -> None:
    """Only what the log has had since then, also when it is run again."""
    middle = topics[OUTCOME][len(topics[OUTCOME]) // 2]
    since = datetime.fromtimestamp(middle.timestamp_ms / 1000, UTC)
    exporting.added("--since", since.isoformat())
    first = placed([each for each in topics[OUTCOME] if each.timestamp_ms >= middle.timestamp_ms])
    assert sorted(exporting.rows("outcomes", PLACE)) == first
    assert exporting.added("--since", (since - timedelta(days=9)).isoformat())["outcomes"]["records"] == 0


def test_without_duckdb_it_says_what_to_install(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, before anything is read."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    done = exporting.export()
    assert done.code == 2
    assert "pip install 'tactful[export]'" in done.err
    assert not exporting.to.exists()


def ran(exporting: Exporting, *words: object) -> list[Any]:
    """The JSON objects that a command prints."""
    done = exporting.tactful(*words)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.lines]


def test_the_ten_questions_are_answered(exporting: Exporting, topics: Topics, tmp_path: Path) -> None:
    """All of them on files with receipts; what can be counted by hand agrees; what has a plot can be drawn."""
    exporting.added("--receipts")
    answers = {
        each["question"]: each["rows"]
        for each in ran(exporting, "outcomes", "ask", "--from", exporting.to, "--json")
    }
    assert len(answers) == 10
    assert [name for name, rows in answers.items() if not rows] == []
    values = [msgspec.json.decode(each.value or b"") for each in topics[OUTCOME]]
    counted = Counter((one["agent"], one["outcome"], one["reason"]) for one in values)
    said = {
        (row["agent"], row["outcome"], row["reason"]): int(row["plans"])
        for row in answers["nudges_by_agent_and_reason"]
    }
    assert said == counted
    silent = Counter((one["reason"], one["agent"]) for one in values if one["outcome"] != "nudged")
    assert {(row["reason"], row["agent"]): int(row["plans"]) for row in answers["silence_reasons"]} == silent
    held = {one["user_id"] for one in values if one["holdout"]}
    assert [int(row["people"]) for row in answers["experiments"] if row["treated"] == "held out"] == [
        len(held)
    ]
    plot = tmp_path / "plot.svg"
    done = exporting.tactful("outcomes", "plot", "silence_reasons", "--from", exporting.to, "--to", plot)
    assert done.code == 0, done.err
    drawn = plot.read_text()
    assert drawn.count("<title>") == len(silent)


def test_questions_about_nothing_have_no_answers(tmp_path: Path) -> None:
    """A folder without files is no error: all ten are asked, those that count find nothing."""
    there = Exporting("embedded:nowhere", tmp_path)
    answers = ran(there, "outcomes", "ask", "--from", tmp_path, "--json")
    assert [each["rows"] for each in answers] == [[]] * 10
