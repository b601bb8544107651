"""Which benchmarks there are: those that need only this program, and those that a clone of its source adds."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from app.bench.figures import Figure, Plan

OWN = {"core": "app.bench.core", "timers": "app.bench.timers", "cost": "app.bench.cost"}
# They start brokers and peers, whose code is part of the tests.
IN_A_CLONE = {
    "through": "tests.bench.through",
    "slow_model": "tests.bench.slow_model",
    "restore": "tests.bench.restore",
    "takeover": "tests.bench.takeover",
    "intents": "tests.bench.intents",
    "latency": "tests.bench.latency",
    "scale_out": "tests.bench.scale_out",
}
ROOT = Path(__file__).parents[2]


class NotHere(Exception):
    """The benchmark's code is not part of this installation; the text says what to do."""


class Benchmark(Protocol):
    """A module: its docstring says what is measured, in which units and how."""

    __doc__: str | None

    def run(self, plan: Plan) -> Iterator[Figure]:
        """Measure, and tell each figure as soon as it is known."""


def names() -> tuple[str, ...]:
    """All of them, the quick ones first."""
    return (*OWN, *IN_A_CLONE)


def is_here(name: str) -> bool:
    """Whether it can be run by this installation."""
    return name in OWN or (ROOT / "tests" / "bench").is_dir()


def found(name: str) -> Benchmark:
    """The benchmark of this name; KeyError for one that nobody knows."""
    if name in IN_A_CLONE:
        if not is_here(name):
            raise NotHere(
                f"{name} needs a broker and peers, which only a clone of the source can start: run it there"
            )
        if str(ROOT) not in sys.path:
            sys.path.insert(0, str(ROOT))
    return cast("Benchmark", importlib.import_module((OWN | IN_A_CLONE)[name]))
