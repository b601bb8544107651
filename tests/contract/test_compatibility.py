"""A released reader and a released writer still fit: what breaks one of them is named, what adds is let through."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from topics.committed import RELEASED, every_release

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Edit:
    """A change of the source: in this file, this text becomes that one."""

    file: str
    old: str
    new: str


def after(file: str, old: str, more: str) -> Edit:
    """The same text with something behind it."""
    return Edit(file, old, old + more)


BREAKING = {
    "a field taken away": (
        Edit("outcomes.py", '    pass_id: str = ""\n', "    _pass_id: int = 0\n"),
        "nudge-outcome.pass_id: the field is taken away",
    ),
    "a field renamed": (
        Edit("nudges.py", "    not_after: datetime\n", "    send_before: datetime\n"),
        "nudges.not_after: the field is taken away; renamed to nudges.send_before?",
    ),
    "a type narrowed": (
        Edit("outcomes.py", "    cost_usd: float | None = None\n", "    cost_usd: float = 0.0\n"),
        "nudge-outcome.cost_usd: narrowed: it may no longer be null",
    ),
    "a type changed": (
        Edit("nudges.py", "    nudge_id: str\n", "    nudge_id: int\n"),
        "nudges.nudge_id: narrowed: it may no longer be string",
    ),
    "a value that producers send taken away": (
        Edit("user_events.py", 'status: Literal["confirmed", "cancelled"]', 'status: Literal["confirmed"]'),
        "user-events.calendar.changed.data.status: narrowed: the value 'cancelled' is taken away",
    ),
    "a value that readers do not know": (
        Edit("nudges.py", 'kind: Literal["nudge", "recall"]', 'kind: Literal["nudge", "recall", "hint"]'),
        "nudges.kind: it may now be 'hint', which its readers do not know",
    ),
    "an optional field required": (
        Edit("user_events.py", "    expires_at: Time | None = None\n", "    expires_at: Time\n"),
        "user-events.intent.requested.data.expires_at: narrowed: it is required, and was not",
    ),
    "a new field required": (
        Edit("user_events.py", "    item_id: str\n", "    item_id: str\n    shelf: str\n"),
        "user-events.digest.item.data.shelf: a new field is required",
    ),
    "a bound made tighter": (
        Edit("narrower.py", '"exit_on": {"maxItems": EXIT_LIMIT}', '"exit_on": {"maxItems": 5}'),
        "user-events.intent.requested.data.exit_on: narrowed: maxItems is 5 and was 20",
    ),
    "a field deep inside": (
        Edit("outcomes.py", "    approach: str\n", "    way: str\n"),
        "nudge-outcome.attempts[].approach: the field is taken away",
    ),
    "what may lie in a field": (
        Edit(
            "user_events.py",
            "    where: dict[str, Any] | None = None\n",
            "    where: dict[str, str] | None = None\n",
        ),
        "user-events.intent.requested.data.exit_on[].where.*: narrowed: it was anything, and must be string",
    ),
    "a header of a dead letter": (
        Edit("dead_letters.py", '        "error": error,\n', ""),
        "dead-letter.tactful_error: the field is taken away",
    ),
    "a default changed": (
        Edit("user_events.py", "    importance: float = 0.5\n", "    importance: float = 0.9\n"),
        "user-events.digest.item.data.importance: left out it meant 0.5, and means 0.9",
    ),
    "a reason taken away": (
        Edit("outcomes.py", '                "outranked",\n', ""),
        "nudge-outcome.reason: the word 'outranked' is taken away",
    ),
    "a type of event taken away": (
        Edit("user_events.py", '        "digest.item": DigestItem,\n', ""),
        "user-events.digest.item: the record is taken away",
    ),
    "a topic kept for less long": (
        Edit("outcomes.py", "retention=timedelta(days=90)", "retention=timedelta(days=7)"),
        "nudge-outcome: it is kept for 604800000 ms, and was for 7776000000",
    ),
}

ADDING = {
    "a field with a default": after("outcomes.py", '    pass_id: str = ""\n', '    mood: str = ""\n'),
    "a field of an event": after(
        "user_events.py", "    importance: float = 0.5\n", "    shelf: str | None = None\n"
    ),
    "a type of event": after(
        "user_events.py", '        "digest.item": DigestItem,\n', '        "digest.seen": DigestItem,\n'
    ),
    "a value that producers may send": after(
        "user_events.py", 'status: Literal["confirmed", "cancelled"', ', "moved"'
    ),
    "a reason": after("outcomes.py", '                "outranked",\n', '                "asleep",\n'),
    "a bound made wider": after("narrower.py", '"exit_on": {"maxItems": EXIT_LIMIT', " + 30"),
}


def compatible(folder: Path, edit: Edit | None) -> tuple[int, dict[str, Any]]:
    """What `tactful topics compatible --json` says of a copy of `topics/` in which this was changed."""
    shutil.copytree(ROOT / "topics", folder / "topics", ignore=shutil.ignore_patterns("__pycache__"))
    if edit is not None:
        file = folder / "topics" / edit.file
        text = file.read_text()
        assert text.count(edit.old) == 1, f"{edit.old!r} stands {text.count(edit.old)} times in {edit.file}"
        file.write_text(text.replace(edit.old, edit.new))
    command = (
        "from app.cli.main import run; import topics, sys; print(topics.__file__, file=sys.stderr); run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", command, "topics", "compatible", "--json"],
        env=os.environ | {"PYTHONPATH": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr.startswith(str(folder)), done.stderr
    assert done.stdout, done.stderr
    return done.returncode, msgspec.json.decode(done.stdout)


def test_this_version_fits_all_that_were_released(tmp_path: Path) -> None:
    """An unchanged copy: exit 0, and every released version was asked."""
    code, said = compatible(tmp_path, None)
    assert (code, said["breaks"]) == (0, [])
    assert said["versions"] == list(every_release()) == sorted(each.name for each in RELEASED.iterdir())


def test_nothing_to_compare_with_is_no_pass(tmp_path: Path) -> None:
    """Without a released version there is nothing that could be broken, and nobody is told that all is well."""
    assert every_release(tmp_path) == {}
    assert list(every_release()) != []


@pytest.mark.parametrize("what", BREAKING)
def test_a_break_is_named(tmp_path: Path, what: str) -> None:
    """Exit 1, and the message says which field of which record, and what is wrong with it."""
    edit, message = BREAKING[what]
    code, said = compatible(tmp_path, edit)
    assert code == 1
    problems = [f"{each['where']}: {each['problem']}" for each in said["breaks"]]
    assert any(problem.startswith(message) for problem in problems), problems


@pytest.mark.parametrize("what", ADDING)
def test_what_adds_is_let_through(tmp_path: Path, what: str) -> None:
    """Exit 0: nobody who was there before has to do anything."""
    assert compatible(tmp_path, ADDING[what]) == (
        0,
        {"versions": list(every_release()), "compatible": True, "breaks": []},
    )
