"""How a story ended, as a reader of the topics sees it: JSON values, not our own types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from app.scenario.parts import instant
from topics.record import Record

Json = Mapping[str, Any]


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be seen of a story once it is over."""

    nudges: Sequence[Json] = ()
    """In the order of their decisions."""
    recalls: Sequence[Json] = ()
    outcomes: Sequence[Json] = ()
    passes: Sequence[Json] = ()
    open: Sequence[Json] = ()
    events: Sequence[Record] = ()
    dead_letters: Sequence[Record] = ()
    model_calls: Mapping[str, int] = {}


def body(record: Record) -> Json:
    """The JSON object that a record of ours holds."""
    value: Json = json.loads(record.value or b"{}")
    return value


def decided(value: Json) -> datetime:
    """When a nudge or a recall was decided."""
    return instant(value["decided_at"])


def said(records: Sequence[Record], kind: str) -> list[Json]:
    """The nudges, or the recalls, among the records of `nudges`, in the order of their decisions."""
    return sorted((value for value in map(body, records) if value["kind"] == kind), key=decided)


def header(record: Record, name: str) -> str:
    """A header as text; empty when the record has none of that name."""
    return next((value.decode("utf-8", "replace") for key, value in record.headers if key == name), "")
