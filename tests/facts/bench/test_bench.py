"""What `tactful bench` says, and how rounds become figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agents import load
from app.bench import known
from app.bench.core import START, read
from app.bench.figures import Goal, figure, percentile, ratio
from app.bench.mix import KINDS, consents, events, mixed, people, spread_over
from app.cli.bench import app
from app.core.partition import Head, Partition
from app.core.policy import Policy

QUICK = ["--rounds", "1", "--scale", "0.001"]
run = CliRunner().invoke


def test_every_benchmark_says_what_it_measures() -> None:
    """The first lines of `--list` are each benchmark's own docstring."""
    said = run(app, ["--list"]).stdout
    for name in known.names():
        assert (known.found(name).__doc__ or "").strip() in said


def test_each_figure_is_a_line_of_json() -> None:
    """`--json` prints one object a figure, and nothing else on stdout."""
    done = run(app, ["core", "--json", *QUICK])
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0, done.output
    assert {one["measure"] for one in figures} == {
        f"CPU per event, {name}" for name in (*(kind.name for kind in KINDS), "mix")
    }
    assert all(0 < one["least"] <= one["median"] <= one["most"] for one in figures)


def test_a_benchmark_that_nobody_knows_is_a_usage_error() -> None:
    """Exit code 2, and the command that lists them."""
    done = run(app, ["warp"])
    assert done.exit_code == 2
    assert "tactful bench --list" in done.output


@pytest.mark.parametrize(("checked", "code"), [([], 0), (["--check"], 1)])
def test_a_missed_goal_fails_only_when_it_is_asked_for(
    checked: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poll's goal of 50 µs is never met when it is 0: exit code 1 with `--check`, 0 without."""
    monkeypatch.setattr("app.bench.timers.POLL_AT_MOST_US", 0)
    assert run(app, ["timers", *QUICK, *checked]).exit_code == code


def test_without_a_clone_it_says_what_lacks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What needs a broker says that a clone of the source is needed: exit code 3."""
    monkeypatch.setattr(known, "ROOT", tmp_path)
    done = run(app, ["through"])
    assert done.exit_code == 3
    assert "a clone of the source" in done.output


def test_a_ratio_is_taken_round_by_round() -> None:
    """Each round is held against its own peer: the median of the ratios, not the ratio of the medians."""
    found = ratio("b", "ours / theirs", [10, 20, 90], [10, 10, 10], goal=Goal("at least", 2))
    assert (found.least, found.median, found.most, found.met) == (1, 2, 9, True)
    assert figure("b", "m", "s", [1, 2], goal=Goal("at most", 1)).met is False


def test_a_percentile_is_one_of_the_values() -> None:
    """The share of 0.99 of a hundred values is the last but one in order, or the last."""
    values = list(range(100, 0, -1))
    assert percentile(values, 0.5) == 51
    assert percentile(values, 0.99) == 100


def test_the_mix_is_what_it_says() -> None:
    """40 % activity, 25 % messages; each event 300 bytes or a little more, and the core takes all of them."""
    kinds, users = mixed(4_000), people(100)
    share = [kind.name for kind in kinds].count("activity") / len(kinds)
    log = [*consents(users, START), *events(kinds, spread_over(users, 4_000, "zipf"), START, first=100)]
    assert share == pytest.approx(0.4, abs=0.03)
    assert sum(len(one.value or b"") for one in log) / len(log) == pytest.approx(300, abs=30)
    partition = Partition(0, head=Head(), rows=lambda _: None, policy=Policy(), agents=load([]))
    partition.receive([read(one, n) for n, one in enumerate(log)], START)
    commit = partition.take_commit()
    assert commit is not None
    assert commit.head.next == len(log)
    assert "dead-letter" not in {one.topic for one in commit.records}
