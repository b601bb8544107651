"""Run the faults: `python -m tests.kafka.faults --only zombie --seed 3`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from pathlib import Path

from tests.kafka.faults.report import as_json, as_markdown, from_json
from tests.kafka.faults.running import Result, run_all
from tests.kafka.faults.scene import Fault, all_faults


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def _called(fault: Fault) -> str:
    """Its name, and the module that it stands in."""
    return f"{fault.name} {fault.act.__module__.rpartition('.')[2]}".casefold()


def _chosen(given: argparse.Namespace) -> list[Fault]:
    return [
        each
        for each in all_faults()
        if (given.only is None or any(word.casefold() in _called(each) for word in given.only))
        and (not given.short or each.short)
        and given.brokers in {None, each.brokers}
    ]


class _Written:
    """The report's files, written anew after each fault: a run that was broken off can go on."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._began = time.monotonic()
        self._before_s = 0.0
        self.results: list[Result] = []
        if given.go_on and given.json is not None and given.json.exists():
            self.results, self._before_s = from_json(given.json.read_text())

    def add(self, result: Result) -> None:
        order = [each.name for each in all_faults()]
        self.results.append(result)
        self.results.sort(key=lambda each: order.index(each.fault) if each.fault in order else len(order))
        self.write()

    def write(self) -> None:
        seconds, seed = self._before_s + time.monotonic() - self._began, self._given.seed
        if self._given.report is not None:
            self._given.report.write_text(as_markdown(self.results, seed=seed, seconds=seconds))
        if self._given.json is not None:
            self._given.json.write_text(as_json(self.results, seed=seed, seconds=seconds))


async def _run(chosen: list[Fault], given: argparse.Namespace, written: _Written) -> None:
    """SIGTERM ends it as Ctrl-C does: workers and brokers are ended first."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    known = {result.fault for result in written.results}
    left = [each for each in chosen if each.name not in known]
    await run_all(left, seed=given.seed, told=_say, logs=given.logs, done=written.add)


def main() -> int:
    """0 when every promise was kept, and every control was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.faults", description=__doc__)
    parser.add_argument(
        "--only", metavar="WORD", nargs="+", help="those whose name or module holds one of these"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="the few that every test run does")
    parser.add_argument("--brokers", type=int, choices=(1, 3))
    parser.add_argument("--list", action="store_true", help="name them and do nothing")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the table here, as Markdown")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was found here")
    parser.add_argument(
        "--logs", type=Path, metavar="FOLDER", help="keep the workers' logs of what went wrong here"
    )
    parser.add_argument(
        "--go-on", action="store_true", help="keep what stands in the file of --json, and do the others"
    )
    given = parser.parse_args()
    chosen = _chosen(given)
    if given.list or not chosen:
        for each in chosen:
            says = (each.act.__doc__ or "").splitlines()[0]
            _say(f"{each.name} ({each.brokers} brokers, {each.workers} workers): {says}")
        return 0 if chosen else 2
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # what a client says of an outage is no news here
    began = time.monotonic()
    written = _Written(given)
    asyncio.run(_run(chosen, given, written))
    written.write()
    results, seconds = written.results, time.monotonic() - began
    wrong = [result.fault for result in results if not result.fine]
    _say(f"{len(results) - len(wrong)} of {len(results)} faults kept, in {seconds:.0f} s, seed {given.seed}")
    for name in wrong:
        _say(f"NOT: {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
