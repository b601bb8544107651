"""A record as one line that a person reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER, MARK
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

TEXT = 90
"""Characters of somebody's words that are shown: a line stays a line."""


def headline(record: Record) -> str:
    """What the record says, in the words of its topic."""
    try:
        if record.topic == DEAD_LETTER.name:
            return _dead_letter(record)
        if record.topic == NUDGE_STATE.name:
            return _row(record)
        if not record.value:
            return "(nothing)"
        value = msgspec.json.decode(record.value)
        if kind := header(record, "ce_type"):  # a binary CloudEvent, whose value is its data alone
            return f"{kind} {_any(value)}"
        return _LINES.get(record.topic, _any)(value)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return f"what nobody can read: {short(repr(record.value))}"


def readable(record: Record) -> Record:
    """The record with a value that is JSON, where ours is not: rows are MessagePack."""
    if record.topic != NUDGE_STATE.name or not record.value:
        return record
    return msgspec.structs.replace(record, value=msgspec.json.encode(row_of(record)))


def row_of(record: Record) -> dict[str, Any]:
    """A row of `nudge-state` as plain values: one byte of schema version before a person's, none before the head."""
    value = record.value or b""
    own = record.key is not None and record.key.startswith(b"\x00")
    row: dict[str, Any] = msgspec.msgpack.decode(value if own else memoryview(value)[1:])
    return row


def header(record: Record, name: str) -> str:
    """A header as text; empty when there is none of that name."""
    return next((value.decode("utf-8", "replace") for key, value in record.headers if key == name), "")


def short(text: str) -> str:
    """The beginning of a text, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"


def _dead_letter(record: Record) -> str:
    place = "-".join(header(record, MARK + name) for name in ("topic", "partition"))
    return (
        f"{header(record, MARK + 'reason')}: {header(record, MARK + 'error')} "
        f"({place}@{header(record, MARK + 'offset')})"
    )


def _row(record: Record) -> str:
    if not record.value:
        return "(gone)"
    row = row_of(record)
    if record.key is not None and record.key.startswith(b"\x00"):
        left = len(row["unfinished"])
        return f"everything below {row['next']} is done" + (f", {left} above it are not" if left else "")
    planned = [
        f"{each['agent']}: {each['subject']} ({each.get('status', 'open')})"
        for each in row.get("intents", {}).values()
    ]
    return "; ".join(planned) or "nothing is planned"


def _event(value: dict[str, Any]) -> str:
    data = value.get("data")
    return f"{value['type']} {short(msgspec.json.encode(data).decode()) if data else ''}".rstrip()


def _nudge(value: dict[str, Any]) -> str:
    what = f"{value['kind']} {value['nudge_id']} by {value['agent']}"
    return f"{what}: {short(value['text'])}" if value["text"] else f"{what}: {short(value['subject'])}"


def _outcome(value: dict[str, Any]) -> str:
    return f"{value['outcome']} ({value['reason']}) {value['agent']}: {short(value['subject'])}"


def _pass(value: dict[str, Any]) -> str:
    looked = ", ".join(each["agent"] for each in value["candidates"])
    asks = len(value["asks"])
    won = f", {value['winner']} won" if value["winner"] else ""
    return f"looked at {looked or 'no plan'}, asked the model {asks} times{won}"


def _control(value: dict[str, Any]) -> str:
    by = f" by {value['by']}" if value.get("by") else ""
    return f"{'paused' if value['paused'] else 'resumed'}{by}"


def _any(value: object) -> str:
    return short(msgspec.json.encode(value).decode())


_LINES: Mapping[str, Callable[[dict[str, Any]], str]] = {
    USER_EVENTS.name: _event,
    NUDGES.name: _nudge,
    NUDGE_OUTCOME.name: _outcome,
    NUDGE_PASS.name: _pass,
    NUDGE_CONTROLS.name: _control,
}
