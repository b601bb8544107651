"""What happened to each person in a story, in order of time, for somebody who wants to see why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from app.scenario.ending import Ending, header
from app.scenario.parts import instant

_TEXT = 90
"""Characters of a text that are shown: a line of the timeline stays a line."""


def lines(ending: Ending) -> Iterator[str]:
    """The people one after the other, each with events, messages and outcomes as they came."""
    told = sorted(_told(ending), key=lambda one: one[:3])
    person = None
    for user_id, at, _, line in told:
        if user_id != person:
            person = user_id
            yield f"{user_id or '(no key)'}:"
        yield f"  {at.astimezone(UTC).strftime('%a %Y-%m-%d %H:%M:%S')}Z  {line}"
    for intent in ending.open:
        what = f"{intent['agent']}: {intent['subject']}, due {intent['due_at']}"
        yield f"  still open: {intent['user_id']} {what}"


def _told(ending: Ending) -> Iterator[tuple[str, datetime, int, str]]:
    """Person, time, rank among what happened at one time, and the line."""
    for record in ending.events:
        at = datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)
        yield (record.key or b"").decode("utf-8", "replace"), at, 0, _event(record.value)
    for letter in ending.dead_letters:
        at = datetime.fromtimestamp(letter.timestamp_ms / 1000, UTC)
        line = f"DEAD LETTER {header(letter, 'tactful_reason')}: {header(letter, 'tactful_error')}"
        yield (letter.key or b"").decode("utf-8", "replace"), at, 1, line
    for outcome in ending.outcomes:
        line = f"{outcome['outcome'].upper()} ({outcome['reason']}) {outcome['agent']}: {outcome['subject']}"
        yield outcome["user_id"], instant(outcome["closed_at"]), 2, line
    for nudge in ending.nudges:
        line = f"NUDGE ({nudge['agent']}, {nudge['written_by']}) {_short(nudge['text'])}"
        yield nudge["user_id"], instant(nudge["decided_at"]), 3, line
    for recall in ending.recalls:
        yield recall["user_id"], instant(recall["decided_at"]), 3, f"RECALL {recall['subject']}"


def _event(value: bytes | None) -> str:
    try:
        event: Any = json.loads(value or b"null")
        data = event.get("data") or {}
        return f"{event['type']} {_short(json.dumps(data, ensure_ascii=False)) if data else ''}".rstrip()
    except (ValueError, KeyError, AttributeError, TypeError):
        return f"a record that is no event: {_short(repr(value))}"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
