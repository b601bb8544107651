"""What `tactful demo` prints, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from app.cli.demo import shown
from app.cli.main import app
from app.demo.pace import Pace
from app.demo.screen import WIDTH, Screen
from app.demo.shelf import shelf

TACTFUL = Path(sys.executable).parent / "tactful"
ESCAPE = "\x1b"
FAILING = """
# It expects what does not happen.
name: A mistake
start: 2026-03-02T09:00:00+01:00
timeline:
  - {until: 2026-03-02T12:00:00+01:00}
expect: {nudges: [{user: ana}]}
"""


def demo(*arguments: str) -> Result:
    """`tactful demo` in memory with these arguments."""
    return CliRunner().invoke(app, ["demo", "--on", "memory", *arguments])


def piped(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The installed command with its output in a pipe, as in a log of continuous integration."""
    return subprocess.run(
        [TACTFUL, "demo", *arguments],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", **environment},
    )


@pytest.fixture(scope="module")
def page() -> str:
    """Everything that the demo says, in a pipe that is told to be 200 columns wide."""
    done = piped("--on", "memory", COLUMNS="200")
    assert done.returncode == 0
    assert done.stderr == b""
    return done.stdout.decode()


def test_in_a_pipe_it_is_plain_text(page: str) -> None:
    """No escape code, no carriage return, no page wider than 80 columns."""
    assert ESCAPE not in page
    assert "\r" not in page
    assert max(map(len, page.splitlines())) <= WIDTH


def test_it_says_that_the_model_is_scripted(page: str) -> None:
    """Before the first story, and it tells the policy under which a sentence may be shown."""
    assert page.index("The model is SCRIPTED") < page.index("1 of 6")
    assert "privacy.quotes: true" in page


@pytest.mark.parametrize(
    "sentence",
    [
        "struck out: “It went fine, home already” (resolves, 0.97)",
        "Fri  6 Mar 18:00   ○ follow_up keeps quiet: its plan was struck out",
        "Wed  4 Mar 22:30   … follow_up waits until Thu 09:00: quiet hours in Tokyo",
        "Thu  5 Mar 09:00   ● follow_up sends: “Good morning, Kenji.",
        "15:00   ● calendar sends: “A quick word, Ben:",
        "15:00   ○ follow_up keeps quiet: outranked by calendar",
        "12:00   ! the model goes down",
        "15:00   ● follow_up sends, in words of its own, because the model was unreachable:",
        "15:00   … follow_up holds its plan: words that nobody could read may have settled it",
        "19:00   ○ follow_up keeps quiet: nobody could tell whether it is settled (unverified_still_open)",
        "13:30 │ » calendar moves its plan to say a word before the bank to Thu 10:00",
        "12:00   ✗ struck out: the appointment is cancelled",
        "12:31   » follow_up puts off its plan to ask about the tax return until Wed 18 Mar 17:00",
        "Wed 18 Mar 17:00   ● follow_up sends: “Hi Sofia,",
    ],
)
def test_each_story_shows_what_it_is_about(page: str, sentence: str) -> None:
    """Silences as loud as messages, each with its reason."""
    assert re.sub(r"\n +│? +", " ", sentence) in re.sub(r"\n {18}[│ ] {3}", " ", page)


def test_the_ledger_accounts_for_every_plan(page: str) -> None:
    """In each line: opened = nudged + stood down + revoked + expired + failed + open."""
    table = page[page.index("opened = nudged") :]
    rows = [list(map(int, row.split())) for row in re.findall(r"^ \w+ +([\d ]+)$", table, re.MULTILINE)]
    assert len(rows) == len(shelf()) + 1
    assert [row[0] for row in rows] == [sum(row[1:]) for row in rows]
    assert rows[-1] == [sum(column) for column in zip(*rows[:-1], strict=True)]


def test_at_the_end_it_says_where_to_go_next(page: str) -> None:
    """To the README, to a story of one's own, to a broker."""
    last = page[page.index("Next:") :]
    assert "README.md" in last
    assert "tactful scenario run YOURS.yaml --show" in last
    assert "make demo KAFKA=host:port" in last


def test_where_only_ascii_can_be_shown_ascii_is_shown(page: str) -> None:
    """Character for character: the page keeps its shape."""
    done = piped("--on", "memory", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    plain = done.stdout.decode("ascii")
    assert "?" * 2 not in plain
    steady = [(len(a), len(b)) for a, b in zip(plain.splitlines(), page.splitlines(), strict=True)]
    assert all(a == b for a, b in steady)


def test_a_story_that_ends_otherwise_is_said_and_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name, with what was expected."""
    path = tmp_path / "mistake.yaml"
    path.write_text(FAILING)
    assert not shown("memory", {"mistake": path}, seconds=0, as_json=False)
    said = capsys.readouterr().out
    assert "✗ NOT as the story expects: nudges: expected {user: ana}" in said
    assert "✗ NOT as expected: mistake" in said


def test_one_story_can_be_asked_for() -> None:
    """By its short name; there is no sum of one."""
    result = demo("--story", "next_week")
    assert result.exit_code == 0
    assert "Ask me next week" in result.output
    assert "The surgery went fine" not in result.output
    assert not re.search("^ all ", result.output, re.MULTILINE)


def test_the_stories_can_be_listed() -> None:
    """In the order of the show."""
    result = demo("--list")
    assert [line.split()[0] for line in result.output.splitlines()] == list(shelf())


def test_json_is_one_object_a_story() -> None:
    """As `scenario run --json` has it, with the ledger and the timeline, and not a word around it."""
    result = demo("--json", "--story", "surgery", "--story", "two_at_once")
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["story"], second["story"]) == ("surgery", "two_at_once")
    assert first["passed"]
    assert first["ledger"] == {
        "opened": 1, "nudged": 0, "stood_down": 0, "revoked": 1, "expired": 0, "failed": 0, "open": 0
    }  # fmt: skip
    assert first["timeline"][0] == {
        "at": "2026-03-02T18:00:00+01:00",
        "user": "ana",
        "kind": "event",
        "text": "Ana: “Surgery on Thursday. I'm scared.”",
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--story", "surgry"], "--story is one of: surgery, unmentioned"),
        (["--on", "kafak"], "write embedded, memory or kafka://host:port"),
        (["--on", "kafka://"], "write memory, embedded or kafka://host:port"),
    ],
)
def test_what_cannot_be_meant_is_exit_2(arguments: list[str], sentence: str) -> None:
    """With what can be meant instead."""
    result = demo(*arguments)
    assert result.exit_code == 2
    assert sentence in result.stderr


def test_a_broker_that_does_not_answer_is_exit_3() -> None:
    """No story was told."""
    result = demo("--on", "kafka://127.0.0.1:1", "--story", "surgery")
    assert result.exit_code == 3
    assert "no broker answers at 127.0.0.1:1" in result.stderr


def test_in_a_terminal_the_page_grows_and_the_plan_is_struck_out_in_place() -> None:
    """The plan stands unharmed at first; when the sentence has come it is struck out where it stands."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=WIDTH, height=24, color_system="standard")
    assert shown(
        "memory", {"surgery": shelf()["surgery"]}, seconds=0.5, as_json=False, console=console
    )  # fmt: skip
    frames = out.getvalue()
    unharmed = re.search(r"\x1b\[36mfollow_up plans to ask", frames)
    struck = re.search(r"\x1b\[2;9;36mfollow_up plans to ask", frames)
    assert unharmed is not None
    assert struck is not None
    assert unharmed.start() < struck.start()


def test_without_colours_a_terminal_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_COLOR is respected; what is struck out has its marks then."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=WIDTH, height=24)
    assert shown("memory", {"surgery": shelf()["surgery"]}, seconds=0, as_json=False, console=console)
    assert not re.search(r"\x1b\[[\d;]*3\d[;m]", out.getvalue())
    assert "~~follow_up plans" in out.getvalue()


def test_a_show_takes_its_time_and_no_more() -> None:
    """What is left is shared among what is left; whatever the world itself took is taken off."""
    now = 100.0
    pace = Pace(30, clock=lambda: now)
    pace.expect(3)
    assert pace.share() == 10
    now += 22
    assert pace.share() == 4
    now += 20
    assert pace.share() == 0


def test_a_page_higher_than_the_terminal_is_shown_from_below() -> None:
    """While it grows; at the end the whole of it stands."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=WIDTH, height=8)
    assert shown("memory", {"surgery": shelf()["surgery"]}, seconds=0.3, as_json=False, console=console)
    assert out.getvalue().count("Ana in Madrid") >= 1
    assert "its plan was struck out" in out.getvalue()


@pytest.mark.slow
def test_on_the_embedded_log_it_ends_well_within_two_minutes(tmp_path: Path) -> None:
    """Real synced writes and a model over HTTP; nothing stays behind in the folder for temporary files."""
    began = time.monotonic()
    done = piped(TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr.decode()
    assert time.monotonic() - began < 120
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_on_a_broker_it_says_the_same(kafka: str, page: str) -> None:
    """Story by story, but for where it runs and how long it takes."""
    done = piped("--on", f"kafka://{kafka}")
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode()
    stories = slice(said.index("1 of 6"), said.index("all as expected"))
    assert said[stories] == page[page.index("1 of 6") : page.index("all as expected")]


def test_a_screen_without_a_pace_is_not_lively() -> None:
    """It prints each story when it is over."""
    assert not Screen(Console(file=io.StringIO()), None).is_lively
