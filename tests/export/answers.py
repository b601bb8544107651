"""Two whole data sets exported with kill -9 in between, checked, and asked the ten questions: a page of answers.

    python -m tests.export.answers --memorybank memory_bank_en.json --collegemsg CollegeMsg.txt --to app/docs

Writes `data-team-answers.md` and two plots, and prints what was counted.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.export.conftest import Exporting, placed
from tests.export.runs import onto_folder, told
from tests.tools.duckdb import duckdb
from topics.outcomes import NUDGE_OUTCOME

KILLS = 8
SEED = 11
STEPS = {"memorybank": 50, "collegemsg": 400}
"""A kill falls within so many steps on the disk from the start of the export, so that the last one finds work left."""
PLOTS = ("silence_reasons", "time_from_plan_to_nudge")
PAGE = "data-team-answers.md"
NAMES = {"memorybank": "MemoryBank", "collegemsg": "CollegeMsg"}

HEAD = """\
# The ten questions, answered on two runs

Written by `python -m tests.export.answers`.
It tells two public data sets in their own time (`tests/export/runs.py`), exports what came of them with kill -9 in \
between, and runs `tactful outcomes ask --markdown`.
[For the data team](data-team.md) says what the questions mean.

What these figures are not: anything about people and nudges.
MemoryBank is 15 people who talk to a companion, CollegeMsg 1,899 students who write to each other.
What the scripted model reads and writes, when it fails, and who opens or dismisses a nudge is made up by rules and \
hashes, so that every table has something in it; a fifth of the people is held out.
"""


@dataclass(frozen=True)
class Exported:
    """A run's files, and what was counted on the way."""

    name: str
    it: Exporting
    said: str


def exported(form: str, file: Path, folder: Path) -> Exported:
    """Tell it, export it with kills, and count both sides."""
    topics = told(form, file)
    onto_folder(topics, folder / "log")
    it = Exporting(f"embedded:{folder / 'log'}", folder / "files")
    chance = random.Random(SEED)
    kills = 0
    for _ in range(KILLS):
        kills += it.killed("--receipts", at_step=chance.randrange(1, STEPS[form])) == -signal.SIGKILL
    it.added("--receipts")
    wanted = placed(topics[NUDGE_OUTCOME.name])
    found = it.rows("outcomes", "log_partition, log_offset, outcome_id")
    said = (
        f"{NAMES[form]}: {len(wanted):,} outcomes on the topic, {len(found):,} rows in the files, "
        f"{len(found) - len(set(found))} of them twice, {len(set(wanted) - set(found))} missing, "
        f"{len(set(found) - set(wanted))} unknown; killed {kills} times"
    )
    return Exported(NAMES[form], it, said)


def page(runs: list[Exported], folder: Path) -> str:
    """The tables of both runs, question by question, with the plots of the larger one."""
    answers = {run.name: tables(run.it) for run in runs}
    parts = [HEAD, "## Each record once", "", *(f"- {run.said}." for run in runs), ""]
    for name, (title, _) in answers[runs[0].name].items():
        parts += [f"## {title}", ""]
        for run in runs:
            parts += [f"**{run.name}**", "", answers[run.name][name][1], ""]
        if name in PLOTS:
            plot = folder / f"data-team-{name.replace('_', '-')}.svg"
            done = runs[-1].it.tactful("outcomes", "plot", name, "--from", runs[-1].it.to, "--to", plot)
            if done.code:
                raise ValueError(done.err)
            parts += [f"![{title} ({runs[-1].name})]({plot.name})", ""]
    return "\n".join(parts).rstrip() + "\n"


def tables(it: Exporting) -> dict[str, tuple[str, str]]:
    """Title and table of each question by its name."""
    found = {}
    for name in it.names():
        done = it.tactful("outcomes", "ask", name, "--from", it.to, "--markdown")
        if done.code:
            raise ValueError(done.err)
        title, _, table = done.out.strip().partition("\n\n")
        rows = table.splitlines()[2:]
        found[name] = title.removeprefix("### "), table if rows else "Nothing."
    return found


def main() -> None:
    """Both runs, the page, and what was counted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--memorybank", type=Path, required=True, metavar="FILE")
    parser.add_argument("--collegemsg", type=Path, required=True, metavar="FILE")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    given = parser.parse_args()
    sys.path.append(str(duckdb()))
    with tempfile.TemporaryDirectory(prefix="tactful-answers-") as folder:
        runs = []
        for form, file in (("memorybank", given.memorybank), ("collegemsg", given.collegemsg)):
            own = Path(folder) / form
            own.mkdir()
            runs.append(exported(form, file, own))
            sys.stdout.write(runs[-1].said + "\n")
        (given.to / PAGE).write_text(page(runs, given.to), encoding="utf-8")


if __name__ == "__main__":
    main()
