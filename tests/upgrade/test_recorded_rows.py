"""Rows as the first version of the worker wrote them, kept byte for byte: every later one reads them.

`recorded/rows-N.jsonl` has rows of schema N that together hold every field a row can have, each with what it means;
`recorded/heads-N.jsonl` the same for a partition's own row. They were written by the stories of that version; those
of a later release, `rows-N-VERSION.jsonl`, by `python -m tests.upgrade.record VERSION`.
A change that fails here loses people's plans at the next rollout: raise the schema and read the old one, or undo it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents import load
from app.core.head import HEAD_KEY, Head
from app.core.partition import Partition
from app.core.policy import Policy
from app.core.row import Row, decode, encode
from app.drivers.kafka_takeover import Refused, decoded
from topics.encode import event_record
from topics.record import Record

LATER = 1_000
"""An offset above all that the recorded rows have seen."""
RECORDED = Path(__file__).with_name("recorded")


def recorded(what: str) -> list[tuple[bytes, dict[str, Any]]]:
    lines = [
        line for file in sorted(RECORDED.glob(f"{what}-*.jsonl")) for line in file.read_text().splitlines()
    ]
    return [(base64.b64decode(one["bytes"]), one["means"]) for one in map(json.loads, lines)]


ROWS, HEADS = recorded("rows"), recorded("heads")


def lost(meant: Any, read: Any, at: str = "") -> list[str]:
    """Where something that was meant is not what is read; what is read besides is a newer field's default."""
    if isinstance(meant, dict) and isinstance(read, dict):
        return [place for key, value in meant.items() for place in lost(value, read.get(key), f"{at}.{key}")]
    if isinstance(meant, list) and isinstance(read, list | tuple) and len(meant) == len(read):
        return [
            place
            for n, (one, other) in enumerate(zip(meant, read, strict=True))
            for place in lost(one, other, f"{at}.{n}")
        ]
    return [] if meant == read else [f"{at}: {meant!r} is read as {read!r}"]


def test_there_is_something_to_read() -> None:
    """The records hold plans in every state, unread words, doubts, items, nudges, mutes and an erasure."""
    assert len(ROWS) >= 10
    assert len(HEADS) >= 2
    together = " ".join(json.dumps(means) for _, means in ROWS)
    for word in (
        "intents",
        "maturing",
        "due",
        "unread",
        "doubts",
        "items",
        "nudges",
        "mutes",
        "erased_at",
        "debt",
    ):
        assert f'"{word}"' in together, word


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_an_old_row_means_what_it_meant(number: int) -> None:
    """Nothing of it is lost, neither when it is read nor when it is written again."""
    data, meant = ROWS[number]
    row = decode(data)
    assert lost(meant, msgspec.to_builtins(row)) == []
    assert lost(meant, msgspec.to_builtins(decode(encode(row)))) == []


def test_what_is_lost_is_seen() -> None:
    """A field that another version names otherwise, and a list that is cut, are found."""
    assert lost({"a": {"b": 1}}, {"a": {"c": 1}}) == [".a.b: 1 is read as None"]
    assert lost({"a": [1, 2]}, {"a": [1]}) == [".a: [1, 2] is read as [1]"]


@pytest.mark.parametrize("number", range(len(HEADS)))
def test_an_old_partition_row_means_what_it_meant(number: int) -> None:
    """What was done and what was unfinished is known to the next version too."""
    data, meant = HEADS[number]
    assert lost(meant, msgspec.to_builtins(decoded(data))) == []


def test_a_worker_goes_on_with_old_rows() -> None:
    """Timers are found in them, and an event of each person is decided: no defect, and no dead letter."""
    rows = {meant["user_id"]: data for data, meant in ROWS}
    partition = Partition(
        0, head=Head(next=LATER, high=LATER - 1), rows=rows.get, policy=Policy(), agents=load(())
    )
    partition.restore_timers(rows.items())
    assert partition.next_wake() is not None
    now = max(at for data in rows.values() if (at := decode(data).last_activity) is not None)
    at_ms = int(now.timestamp() * 1000)
    events = [
        event_record(
            user_id=user,
            event_id=f"after-{user}",
            source="app",
            event_type="app.opened",
            data={},
            timestamp_ms=at_ms,
            time=now,
        )
        for user in rows
    ]
    log = [
        Record(one.topic, 0, LATER + n, one.key, one.value, one.timestamp_ms, one.headers)
        for n, one in enumerate(events)
    ]
    partition.receive(log, now)
    commit = partition.take_commit()
    assert commit is not None
    decided = {user for user in commit.rows if user != HEAD_KEY}
    assert len(decided) + len(partition.take_asks()) == len(
        rows
    )  # whose words are still unread wait for a model
    assert len(decided) > len(rows) / 2
    assert [one for one in commit.records if one.topic == "dead-letter"] == []
    for user, written in commit.rows.items():
        assert written is not None
        row = decode(written)
        assert row.last_activity == now or row.erased_at is not None, user


def test_an_older_worker_reads_past_what_it_does_not_know() -> None:
    """Fields are only added within a schema: a row of a later version is read, and what is new in it is passed over."""
    row = Row(user_id="ana", name="Ana")
    later = msgspec.msgpack.encode(
        msgspec.msgpack.decode(encode(row)[1:]) | {"of_a_later_version": {"a": [1]}}
    )
    assert decode(encode(row)[:1] + later) == row


def test_a_partition_row_of_a_newer_schema_is_refused() -> None:
    """A worker that was rolled back too far says so, and touches nothing."""
    newer = msgspec.msgpack.encode(Head(schema=Head().schema + 1))
    with pytest.raises(Refused, match="run the newer version again"):
        decoded(newer)
