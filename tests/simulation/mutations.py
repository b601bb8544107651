"""Shows that the simulation sees what is wrong: each mutant of the core is caught, or this fails.

    python -m tests.simulation.mutations              # a table of all; some minutes
    python -m tests.simulation.mutations --only GAP   # those whose name contains it
    python -m tests.simulation.mutations --name "the worst wins" --seed 3   # the shortest history that shows it

A mutant lives in a process of its own and in memory only: the files stay as they are.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from tests.simulation.mutant import Mutant
from tests.simulation.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
STORIES = ROOT / "tests" / "scenarios"
SEEDS = 6_000
WITHIN_S = 120.0
"""For one mutant: an endless loop is a finding, too."""
NOT_CAUGHT = "nothing"


def source_of(mutant: Mutant) -> str:
    """The mutant's whole module; ValueError when its line is no longer there, or not only once."""
    path = ROOT / "app" / "core" / f"{mutant.module}.py"
    source = path.read_text()
    if source.count(mutant.old) != 1:
        raise ValueError(
            f"{mutant.name!r}: {source.count(mutant.old)} places in {path.name} instead of one; "
            "write it anew in tests/simulation/mutants_of_*.py"
        )
    return source.replace(mutant.old, mutant.new)


class _Mutated(SourceFileLoader):
    def __init__(self, fullname: str, path: str, source: str) -> None:
        super().__init__(fullname, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Gives out the mutant in place of its module."""

    def __init__(self, mutant: Mutant) -> None:
        self._fullname = f"app.core.{mutant.module}"
        self._source = source_of(mutant)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._fullname:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Mutated(fullname, spec.origin, self._source)
        return spec


def _become(name: str) -> None:
    """From now on this process has the mutant in place of its module."""
    sys.meta_path.insert(0, _Finder(next(mutant for mutant in MUTANTS if mutant.name == name)))


def _caught_by(name: str, seeds: int) -> str:
    """In a process of its own: what sees this mutant first."""
    _become(name)
    from tests.simulation.run import first_failure  # noqa: PLC0415 - only now it gets the mutant

    found = first_failure(range(1, seeds + 1))
    if found is not None:
        seed, broken = found
        return f"seed {seed}: {broken.promise}"
    return _story() or NOT_CAUGHT


def _story() -> str:
    from agents import load  # noqa: PLC0415 - as above
    from app.scenario.runner import run_all, stories  # noqa: PLC0415 - as above
    from app.scenario.world_memory import MemoryWorld  # noqa: PLC0415 - as above

    agents = load([])
    for result in run_all(stories([STORIES], agents), agents, MemoryWorld, jobs=1):
        if not result.passed:
            return f"story: {result.story.name}"
    return ""


def in_a_process(name: str, seeds: int) -> str:
    arguments = ["--name", name, "--seeds", str(seeds)]
    command = [sys.executable, "-m", "tests.simulation.mutations", *arguments]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {WITHIN_S:g} s"
    if done.returncode != 0:
        return f"{NOT_CAUGHT}: {done.stderr.strip().rpartition(chr(10))[2]}"
    return done.stdout.strip()


def _shown(name: str, seed: int) -> int:
    """One history under the mutant, as short as can be: as `python -m tests.simulation --seed` would show it."""
    _become(name)
    from tests.simulation.run import main as simulated  # noqa: PLC0415 - as above

    return simulated(["--seed", str(seed)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when every mutant was caught."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.mutations", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--only", default="", metavar="WORD", help="mutants whose name or module contains it")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="histories before the stories are asked")
    parser.add_argument("--name", help="one mutant by its whole name")
    parser.add_argument(
        "--seed", type=int, help="with --name: the shortest history of this seed that shows it"
    )
    options = parser.parse_args(arguments)
    if options.name is not None and options.seed is not None:
        return _shown(options.name, options.seed)
    if options.name is not None:
        sys.stdout.write(_caught_by(options.name, options.seeds) + "\n")
        return 0
    began, missed, shown = time.monotonic(), 0, 0
    for mutant in MUTANTS:
        if options.only in mutant.name or options.only == mutant.module:
            caught = in_a_process(mutant.name, options.seeds)
            missed += caught.startswith(NOT_CAUGHT)
            shown += 1
            sys.stdout.write(f"{mutant.module:12} {mutant.name:52} {caught}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{shown - missed} of {shown} caught in {time.monotonic() - began:.0f} s\n")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
