"""`tactful outcomes export` from a broker: what is committed, of every partition, once."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from app.drivers.kafka_client import Kafka
from tests.export.conftest import Exporting, placed, with_duckdb
from tests.export.runs import told
from tests.kafka.deployment import Deployment
from topics.outcomes import NUDGE_OUTCOME
from topics.record import NewRecord, Record

__all__ = ["with_duckdb"]

OUTCOME = NUDGE_OUTCOME.name
PLACE = "log_partition, log_offset, outcome_id"


def outcomes(folder: Path) -> list[NewRecord]:
    """Of thirty students who write for a week, dated by the log when it gets them."""
    chance = random.Random(3)
    file = folder / "messages.txt"
    times = sorted(chance.randrange(7 * 86_400) for _ in range(250))
    file.write_text(
        "".join(f"{chance.randrange(30)} {chance.randrange(30)} {1_082_040_961 + at}\n" for at in times)
    )
    found = told("collegemsg", file)[OUTCOME]
    return [NewRecord(OUTCOME, each.key, each.value, each.timestamp_ms) for each in found]


async def given_up(kafka: Kafka, records: Sequence[NewRecord]) -> None:
    """A transaction that holds these and is aborted, as of a worker that was fenced."""
    producer = kafka.producer("given-up")
    await producer.start()
    await producer.begin_transaction()
    for each in records:
        changed = msgspec.json.encode(msgspec.json.decode(each.value or b"") | {"outcome_id": "never"})
        await producer.send_and_wait(kafka.place(OUTCOME, 0).topic, changed, key=each.key)
    await producer.abort_transaction()
    await producer.stop()


async def test_only_what_is_committed_is_exported_and_once(topics: Deployment, tmp_path: Path) -> None:
    """Aborted records between committed ones are in no file; killed in the middle, and again when more has come."""
    connection = topics.kafka.connection
    it = Exporting(f"kafka://{connection.bootstrap}", tmp_path / "files", connection.prefix)
    records = outcomes(tmp_path)
    middle = len(records) // 2
    await topics.appender.append(records[:middle])
    await given_up(topics.kafka, records[:20])
    assert await in_thread(it.killed, at_step=24) == -signal.SIGKILL
    await topics.appender.append(records[middle:])
    before = await topics.records(OUTCOME)
    assert await in_thread(it.killed, at_step=36) == -signal.SIGKILL
    said = await in_thread(it.added)
    assert said["outcomes"]["gone_before"] == {}
    assert await in_thread(it.added) == {
        "outcomes": {"records": 0, "files": 0, "late": 0, "touched": [], "gone_before": {}, "unreadable": []}
    }
    committed: list[Record] = before
    assert len(committed) == len(records) > 60
    assert len({each.partition for each in committed}) == topics.partitions
    assert sorted(it.rows("outcomes", PLACE)) == placed(committed)


async def test_what_was_deleted_before_it_was_exported_is_named(topics: Deployment, tmp_path: Path) -> None:
    """Exit 1 with the partition and the offset where the log begins by now; what is left is exported."""
    connection = topics.kafka.connection
    it = Exporting(f"kafka://{connection.bootstrap}", tmp_path / "files", connection.prefix)
    records = outcomes(tmp_path)
    await topics.appender.append(records[:30])
    await in_thread(it.added)
    ends = {
        partition: 1
        + max(each.offset for each in await topics.records(OUTCOME) if each.partition == partition)
        for partition in range(topics.partitions)
    }
    await topics.appender.append(records[30:])
    await topics.cut(OUTCOME, 0, before=ends[0] + 2)
    done = await asyncio.to_thread(it.export)
    assert done.code == 1
    assert done.object["tables"]["outcomes"]["gone_before"] == {"0": ends[0] + 2}
    left = await topics.records(OUTCOME)
    seen = [row for row in it.rows("outcomes", PLACE) if row[0] > 0 or row[1] >= ends[0]]
    assert sorted(seen) == placed([each for each in left if each.partition > 0 or each.offset >= ends[0]])


async def in_thread(call: Any, **named: Any) -> Any:
    """A command runs an event loop of its own."""
    return await asyncio.to_thread(call, **named)
