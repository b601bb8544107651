"""Real conversations through real workers on a real broker, with kill -9 in the middle.

    python -m tests.kafka.real_conversations --format memorybank FILE --kills 2
    python -m tests.kafka.real_conversations --format collegemsg FILE --workers 2 --kills 3 --kafka HOST:PORT

Each run has topics of its own. It ends when nothing is left to do, and `tactful verify --expect-idle` has the
last word; the same file without a kill must leave the same ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.sources import collegemsg, memorybank
from tests.kafka.broker import broker

READERS: dict[str, Callable[[Path], Iterator[bytes]]] = {
    "collegemsg": collegemsg.events,
    "memorybank": memorybank.events,
}
COMMAND = Path(sys.executable).with_name("tactful")
# Everybody who falls silent is written to once, at whatever hour the run happens to take place. The scripted model
# answers at once: the minute's budget of a real one would only make the run long.
POLICY = """
quiet_hours: {start: "00:00", end: "00:00"}
active_within: 0s
settle: {quiet: 1s, at_most: 10s}
budget: {calls_per_person_per_day: 1000000, calls_per_minute: 1000000}
agents: {re_engagement: {silent_for: 30s}}
"""
# Half a year is told within these hours, the last word a little before the run: late, but not too late to be answered.
SPAN = timedelta(hours=12)
ENDED_AGO = timedelta(minutes=2)
GIVE_UP_AFTER_S = 1_200.0

Ledger = frozenset[tuple[str, str, str]]
"""Intent id, outcome and reason: the ids are derived, so that two runs over the same events can be compared."""


@dataclass
class Run:
    """One deployment on the broker: its topics, its workers and what they left behind."""

    kafka: str
    folder: Path
    prefix: str = field(default_factory=lambda: f"real-{uuid.uuid4().hex[:8]}-")
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    started: int = 0

    @property
    def env(self) -> dict[str, str]:
        """What every command of this run is told."""
        policy = self.folder / "policy.yaml"
        policy.write_text(POLICY)
        return os.environ | {
            "TACTFUL_LOG": f"kafka://{self.kafka}",
            "TACTFUL_TOPIC_PREFIX": self.prefix,
            "TACTFUL_GROUP": f"{self.prefix}workers",
            "TACTFUL_POLICY": str(policy),
            "TACTFUL_MODEL": "scripted",
            "TACTFUL_HTTP": "127.0.0.1:0",
            "TACTFUL_KAFKA__SESSION_TIMEOUT": "5s",
        }

    def tactful(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [COMMAND, *arguments], env=self.env, capture_output=True, text=True, check=False
        )

    def must(self, *arguments: str) -> str:
        """What a command says; RuntimeError when it does not end well."""
        done = self.tactful(*arguments)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def start(self, slot: int) -> None:
        """A worker; the same slot keeps its local state, as a pod with its volume does."""
        self.started += 1
        env = self.env | {"TACTFUL_STATE_DIR": str(self.folder / f"state-{slot}")}
        with (self.folder / f"worker-{slot}.log").open("ab") as log:
            worker = subprocess.Popen([COMMAND, "worker"], env=env, stdout=log, stderr=log)
        self.workers[slot : slot + 1] = [worker]

    def kill(self, slot: int) -> None:
        """SIGKILL, and the next one at once."""
        self.workers[slot].kill()
        self.workers[slot].wait()
        self.start(slot)

    def verified(self) -> tuple[bool, str]:
        """What `tactful verify --expect-idle` says."""
        done = self.tactful("verify", "--expect-idle")
        return done.returncode == 0, done.stdout + done.stderr

    def ledger(self) -> Ledger:
        """What the run decided."""
        said = self.tactful("events", "tail", "nudge-outcome", "--json").stdout.splitlines()
        values = [json.loads(line)["value"] for line in said]
        return frozenset((one["intent_id"], one["outcome"], one["reason"]) for one in values)


def told_lately(source: Path, form: str, now: datetime) -> bytes:
    """The events of a data set in the plain form, in their order, with times that end a little before `now`."""
    events = [json.loads(line) for line in READERS[form](source)]
    times = [datetime.fromisoformat(event["time"]) for event in events]
    first, last = min(times), max(times)
    shrunk = min(SPAN / (last - first), 1.0)
    for event, at in zip(events, times, strict=True):
        event["time"] = (now - ENDED_AGO - (last - at) * shrunk).isoformat()
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def run(kafka: str, source: Path, form: str, *, workers: int, kills: int, seed: int) -> tuple[Ledger, str]:
    """Import, work, kill, wait until nothing is left; the ledger and one line about it."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tactful-real-") as folder:
        it = Run(kafka, Path(folder))
        it.must("topics", "apply", "--partitions", "4", "--replication", "1")
        events = it.folder / "events.jsonl"
        events.write_bytes(told_lately(source, form, datetime.now(UTC)))
        imported = it.must("events", "import", str(events), "--json")
        begun = time.monotonic()
        try:
            for slot in range(workers):
                it.start(slot)
            for _ in range(kills):
                time.sleep(chance.uniform(2, 8))
                it.kill(chance.randrange(workers))
            said = until_idle(it, begun)
        finally:
            for worker in it.workers:
                worker.terminate()
            for worker in it.workers:
                worker.wait(30)
        seconds = time.monotonic() - begun
        ledger = it.ledger()
        return (
            ledger,
            f"{imported.strip()} kills={kills} seconds={seconds:.0f} closed={len(ledger)} {said.strip()}",
        )


def until_idle(it: Run, begun: float) -> str:
    """What `tactful verify` says once nothing is left to do; TimeoutError, RuntimeError when that does not come."""
    while True:
        idle, said = it.verified()
        if idle:
            return said
        if time.monotonic() - begun > GIVE_UP_AFTER_S:
            raise TimeoutError(said)
        if any(worker.poll() is not None for worker in it.workers):
            raise RuntimeError("a worker has ended: " + (it.folder / "worker-0.log").read_text()[-2_000:])
        time.sleep(0.5)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """0 when both runs are verified and agree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=sorted(READERS), required=True)
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a broker; without it one is started here")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with broker(f"external:{given.kafka}" if given.kafka else "auto") as kafka:
        calm, said = run(kafka, given.file, given.format, workers=given.workers, kills=0, seed=given.seed)
        _say(f"undisturbed: {said}")
        killed, said = run(
            kafka, given.file, given.format, workers=given.workers, kills=given.kills, seed=given.seed
        )
        _say(f"with kills:  {said}")
    if calm != killed:
        _say(f"the ledgers differ: {sorted(calm ^ killed)[:20]}")
        return 1
    _say(f"the same ledger both times: {len(calm)} plans closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
