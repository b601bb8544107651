"""The reports under tests/evals are what their commands print, so that no figure in the documents is of another day."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts.cli.terminal import Terminal

EVALS = Path(__file__).parents[2] / "evals"
HARDER = ("--cases", "harder.jsonl", "--labels", "harder.labels.jsonl", "--answers")
WRITING = (
    "--cases",
    "memorybank_writing.jsonl",
    "--answers",
    "memorybank_writing_answers.jsonl",
    "--ratings",
)
REPORTS = {
    "harder_report.txt": ("resolution", *HARDER, "harder_answers.jsonl"),
    "harder_report.third.txt": ("resolution", *HARDER, "harder_answers.third.jsonl"),
    "harder_report.fifth.txt": ("resolution", *HARDER, "harder_answers.fifth.jsonl"),
    "harder_subjects.fifth.txt": ("subjects", *HARDER, "harder_answers.fifth.jsonl"),
    "harder_report.sixth.txt": ("resolution", *HARDER, "harder_answers.sixth.jsonl"),
    "harder_subjects.sixth.txt": ("subjects", *HARDER, "harder_answers.sixth.jsonl"),
    "memorybank_writing_report.txt": ("writing", *WRITING, "memorybank_ratings.jsonl"),
    "memorybank_writing_report.second.txt": ("writing", *WRITING, "memorybank_ratings.second.jsonl"),
    "memorybank_writing_report.judge.txt": ("writing", *WRITING, "memorybank_ratings.jsonl"),
}


@pytest.mark.parametrize("kept", REPORTS)
def test_a_kept_report_is_what_its_command_prints(
    kept: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but its head, which says under which question the answers were given; the judge's has a policy of its own."""
    policy = terminal.folder / "policy.yaml"
    policy.write_text("quality: {judge: model}" if ".judge." in kept else "{}")
    monkeypatch.chdir(EVALS)
    said = terminal.tactful("eval", *REPORTS[kept], env={"TACTFUL_POLICY": str(policy)})
    assert said.code == 0
    assert said.lines[1:] == (EVALS / kept).read_text().splitlines()[1:]


def test_every_kept_report_is_tried() -> None:
    """But those of the cases that are not part of this repository."""
    kept = {path.name for path in EVALS.glob("*.txt") if not path.name.startswith("dev_")}
    assert kept == set(REPORTS)
