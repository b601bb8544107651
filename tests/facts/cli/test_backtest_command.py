"""`tactful backtest` as somebody types it: what it reads, what it says, how it ends."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.facts.backtest.recording import lived, story_of, written
from tests.facts.cli.terminal import Terminal
from tests.scenarios.test_stories import STORIES

STORY = next(path for path in STORIES if path.stem == "sunday_at_five")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A story's record."""
    return written(tmp_path_factory.mktemp("record") / "record.jsonl", lived(story_of(STORY)))


@pytest.fixture
def policy(terminal: Terminal) -> Path:
    """The story's policy is the default one."""
    file = terminal.folder / "policy.yaml"
    file.write_text("{}\n")
    return file


def test_nothing_differs_is_exit_0(terminal: Terminal, record: Path, policy: Path) -> None:
    """For a gate of a pipeline."""
    said = terminal.tactful("backtest", "--from", record, "--policy", policy, "--tolerance", "0s")
    assert said.code == 0, said.out
    assert "nothing differs" in said.out


def test_what_differs_is_exit_1_and_named(terminal: Terminal, record: Path, policy: Path) -> None:
    """As text with the rule, and as one JSON object with all of them."""
    policy.write_text("agents: {digest: {mode: shadow}}\n")
    said = terminal.tactful(
        "backtest", "--from", record, "--policy", policy, "--limit-differences", 1, "--agents"
    )
    assert said.code == 1
    assert "mode: digest is in shadow now" in said.out
    told = terminal.tactful("backtest", "--from", record, "--policy", policy, "--json").object
    assert told["different"] == len(told["differences"]) > 0
    assert told["kinds"]["silenced"] == told["different"]


def test_a_folder_of_packed_files_is_a_record(
    terminal: Terminal, record: Path, policy: Path, tmp_path: Path
) -> None:
    """Also in pieces that overlap, named twice: a record counts once."""
    lines = record.read_bytes().splitlines(keepends=True)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(lines[: len(lines) // 2 + 2])))
    (tmp_path / "b.jsonl").write_bytes(b"".join(lines[len(lines) // 2 :]))
    said = terminal.tactful("backtest", "--from", tmp_path, "--from", record, "--policy", policy, "--json")
    assert said.code == 0, said.out
    assert said.object["events"] == sum(
        line.startswith(b'{"topic":"user-events"') and b"intent.matured" not in line for line in lines
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("not json\n", "line 1"),
        ("", "there is no event of `user-events`"),
    ],
)
def test_what_is_no_record_is_usage(terminal: Terminal, policy: Path, content: str, says: str) -> None:
    """With the file, the line and what to do."""
    file = terminal.folder / "record.jsonl"
    file.write_text(content)
    said = terminal.tactful("backtest", "--from", file, "--policy", policy)
    assert (said.code, says in said.err) == (2, True), said.err


def test_a_policy_that_is_wrong_is_usage(terminal: Terminal, record: Path, policy: Path) -> None:
    """An unknown field, an unknown agent, a tolerance that is no time."""
    policy.write_text("quiet: 3\n")
    assert terminal.tactful("backtest", "--from", record, "--policy", policy).code == 2
    policy.write_text("agents: {somebody: {priority: 3}}\n")
    assert "there is no such agent" in terminal.tactful("backtest", "--from", record, "--policy", policy).err
    policy.write_text("{}\n")
    assert terminal.tactful("backtest", "--from", record, "--policy", policy, "--tolerance", "soon").code == 2


def test_a_record_that_begins_late_says_so(
    terminal: Terminal, record: Path, policy: Path, tmp_path: Path
) -> None:
    """What was known of people before is missing: their consents, and plans that cannot be decided again."""
    lines = record.read_bytes().splitlines(keepends=True)
    late = tmp_path / "late.jsonl"
    late.write_bytes(b"".join(lines[3:]))
    said = terminal.tactful("backtest", "--from", late, "--policy", policy)
    assert "the record begins late: user-events-0 at offset 3" in said.out
