"""The open intents' own topic: one row per person, internal to the worker that owns the partition."""

from __future__ import annotations

from datetime import timedelta

from topics.topic import Topic, milliseconds

NUDGE_STATE = Topic(
    name="nudge-state",
    cleanup="compact",
    key="the person: `user_id` as UTF-8 bytes; `\\x00partition` is the partition's own row",
    holds="One row per person, which only the worker reads; its schema version is in it.",
    settings={
        # A row that was erased is gone from the disks within a day of compaction becoming possible.
        "max.compaction.lag.ms": milliseconds(timedelta(hours=24)),
        "segment.ms": milliseconds(timedelta(hours=24)),
        # A local copy older than half of this is wiped: it may have missed a tombstone.
        "delete.retention.ms": milliseconds(timedelta(days=7)),
    },
)
