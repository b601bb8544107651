"""The schemas of events say what the decoder takes: an event that one of them refuses, the other refuses too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.contract.test_committed import COMMITTED, judge
from topics.decode import decode
from topics.record import Record
from topics.user_events import KNOWN_TYPES, USER_EVENTS, Event

AGENTS = frozenset({"follow_up", "calendar", "*"})
ONLY_THE_DECODER_KNOWS = {
    ("intent.requested", "agent"): "which agents are registered",
    ("profile.updated", "timezone"): "which zones exist",
    ("calendar.changed", "ends_at"): "which of two times is earlier",
    ("intent.requested", "due_at"): "the same",
    ("intent.requested", "expires_at"): "the same",
}
"""What no schema can say: there the decoder may refuse what the schema takes, and never the other way round."""
VALUES: tuple[Any, ...] = (
    "",
    "x",
    "x" * 1025,
    "25:00",
    7,
    0.5,
    -1,
    1.5,
    True,
    [],
    {},
    "2026-03-02T18:00:00+01:00",
)
"""One after the other in place of each field: too little, too long, out of bounds, of another type, a time."""


def variants(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A field's name, and the data without it or with one of the values in its place."""
    for field in data:
        yield field, {name: value for name, value in data.items() if name != field}
        for value in VALUES:
            yield field, data | {field: value}


def understood(kind: str, event: dict[str, Any]) -> bool:
    """Whether the worker takes it."""
    user_id = event["user_id"].encode()
    record = Record(USER_EVENTS.name, 0, 1, user_id, msgspec.json.encode(event), 1_772_700_000_000)
    found = decode(record, agents=AGENTS)
    return isinstance(found, Event) and found.type == kind


@pytest.mark.parametrize("kind", sorted(KNOWN_TYPES))
def test_both_agree(kind: str) -> None:
    """The example, and each event that differs from it in one field of its data."""
    name = f"{USER_EVENTS.name}.{kind}"
    example = COMMITTED[name]["examples"][0]
    assert judge(name).is_valid(example)
    assert understood(kind, example)
    for field, data in variants(example.get("data") or {}):
        event = example | {"data": data}
        valid, taken = judge(name).is_valid(event), understood(kind, event)
        if (kind, field) in ONLY_THE_DECODER_KNOWS:
            assert valid or not taken, data
        else:
            assert valid == taken, data
