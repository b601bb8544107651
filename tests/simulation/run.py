"""Runs histories by their seeds, and of one that fails shows the shortest that still does.

python -m tests.simulation --seeds 1-2000        # how many a minute, and which fail
python -m tests.simulation --seed 17 --verbose   # one, move by move
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Iterable, Sequence

from tests.simulation.adversary import history
from tests.simulation.broken import Broken
from tests.simulation.moves import History, Move
from tests.simulation.shrink import WITHIN_S, shortest
from tests.simulation.world import World


def failure(one: History, *, verbose: bool = False) -> Broken | None:
    """What a history breaks; whatever the core raises is a broken promise, too."""
    world = World(one)
    try:
        world.run(_told if verbose else None)
    except Broken as broken:
        return broken
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        if verbose:
            traceback.print_exc()
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename.rpartition('/')[2]}:{last.lineno}"
        return Broken(f"raised {type(error).__name__} at {place}", str(error))
    return None


def first_failure(seeds: Iterable[int]) -> tuple[int, Broken] | None:
    """The first of these seeds whose history breaks something, and what."""
    for seed in seeds:
        broken = failure(history(seed))
        if broken is not None:
            return seed, broken
    return None


def written(one: History) -> str:
    """The history as Python that makes it again."""
    lines = [
        f"seed={one.seed}",
        f"policy={one.policy!r}",
        f"partitions={one.partitions}",
        f"bounds={one.bounds!r}",
    ]
    moves = "".join(f"        {move!r},\n" for move in one.moves)
    return f"History(\n    {', '.join(lines)},\n    moves=(\n{moves}    ),\n)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when every promise was kept, 1 when one was broken."""
    options = _options(arguments)
    if options.seed is not None:
        return _one(options.seed, verbose=options.verbose, shrink_s=options.shrink)
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    failed, began = 0, time.process_time()
    for seed in seeds:
        broken = failure(history(seed))
        if broken is not None:
            failed += 1
            spent = time.process_time()
            _show(history(seed), broken, options.shrink)
            began += time.process_time() - spent  # shrinking is no history
    minutes = (time.process_time() - began) / 60
    _say(f"{len(seeds)} histories, {failed} broken; {len(seeds) / minutes:,.0f} a minute on one core")
    return int(failed > 0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--seeds", default="1-1000", metavar="A-B", help="from A to B (default: 1-1000)")
    parser.add_argument("--seed", type=int, metavar="N", help="one history")
    parser.add_argument("--verbose", action="store_true", help="with --seed: each move before it is made")
    parser.add_argument(
        "--shrink",
        type=float,
        default=WITHIN_S,
        metavar="SECONDS",
        help="how long to look for a shorter history (0: not)",
    )
    return parser.parse_args(arguments)


def _one(seed: int, *, verbose: bool, shrink_s: float) -> int:
    broken = failure(history(seed), verbose=verbose)
    if broken is None:
        _say(f"seed {seed}: every promise was kept")
        return 0
    _show(history(seed), broken, shrink_s)
    return 1


def _show(one: History, broken: Broken, shrink_s: float) -> None:
    _say(f"seed {one.seed}: {broken}")
    if shrink_s > 0:
        short = shortest(one, failure, shrink_s)
        _say(f"{len(short.moves)} of {len(one.moves)} moves are enough: {failure(short)}\n{written(short)}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _told(number: int, move: Move) -> None:
    _say(f"{number:4} {move!r}")


if __name__ == "__main__":
    sys.exit(main())
