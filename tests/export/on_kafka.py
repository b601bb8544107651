"""Real workers decide a data set on a real broker; their outcomes are exported with kill -9 in between, and counted.

    python -m tests.export.on_kafka --format memorybank memory_bank_en.json
    python -m tests.export.on_kafka --format collegemsg CollegeMsg.txt --kills 8 --kafka HOST:PORT

The events come by `tactful events import`, squeezed into the last hours (`tests/kafka/real_conversations.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_read_topic import read_topic
from tests.export.conftest import Exporting, placed
from tests.kafka.broker import broker
from tests.kafka.real_conversations import READERS, Run, told_lately, until_idle
from tests.tools.duckdb import duckdb
from topics.outcomes import NUDGE_OUTCOME
from topics.record import Record

SEED = 5


async def _topic(kafka: str, prefix: str) -> list[Record]:
    """The outcomes as a reader of committed records sees them."""
    clients = Kafka(Connection(bootstrap=kafka, prefix=prefix))
    return [record async for record in read_topic(clients, NUDGE_OUTCOME.name)]


def run(kafka: str, source: Path, form: str, *, kills: int, steps: int) -> str:
    """Import, decide, export with kills; one line of what was counted."""
    with tempfile.TemporaryDirectory(prefix="tactful-export-") as folder:
        it = Run(kafka, Path(folder))
        it.must("topics", "apply", "--partitions", "4", "--replication", "1")
        events = it.folder / "events.jsonl"
        events.write_bytes(told_lately(source, form, datetime.now(UTC)))
        imported = json.loads(it.must("events", "import", str(events), "--json"))
        try:
            it.start(0)
            until_idle(it, time.monotonic())
        finally:
            for worker in it.workers:
                worker.terminate()
            for worker in it.workers:
                worker.wait(30)
        exporting = Exporting(f"kafka://{kafka}", it.folder / "files", it.prefix)
        chance = random.Random(SEED)
        ends = [exporting.killed("--by", "hour", at_step=chance.randrange(1, steps)) for _ in range(kills)]
        exporting.added("--by", "hour")
        wanted = placed(asyncio.run(_topic(kafka, it.prefix)))
        found = exporting.rows("outcomes", "log_partition, log_offset, outcome_id")
        return (
            f"{form}: {imported['events']:,} events imported; {len(wanted):,} outcomes "
            f"on {len({partition for partition, *_ in wanted})} partitions, "
            f"{len(found):,} rows in the files, {len(found) - len(set(found))} of them twice, "
            f"{len(set(wanted) - set(found))} missing, {len(set(found) - set(wanted))} unknown; "
            f"killed {ends.count(-signal.SIGKILL)} times"
        )


def main() -> None:
    """Run it and say what was counted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--format", choices=sorted(READERS), required=True)
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a broker; without it one is started here")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20, help="a kill falls within so many steps on the disk")
    given = parser.parse_args()
    sys.path.append(str(duckdb()))
    with broker(f"external:{given.kafka}" if given.kafka else "auto") as kafka:
        said = run(kafka, given.file, given.format, kills=given.kills, steps=given.steps)
    sys.stdout.write(said + "\n")


if __name__ == "__main__":
    main()
