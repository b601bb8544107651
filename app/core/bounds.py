"""Rows are bounded where they are written: what falls off is counted, and words lost unread hold the plans before them.

Everything in a row is bounded by number; with ids as long as they may be that is not enough, so the bytes are, too.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from agents.contract import Intent
from app.core.row import Row, encode, encoded
from app.core.tally import Tally
from topics.data import EXIT_BYTES

ROW_BYTES = 256 * 1024
INTENTS_BYTES = 128 * 1024
"""Half of a row; fifty plans of the usual size take a sixth of this."""
# Conditions are measured as JSON; a number of three characters and its comma take 9 bytes here.
_EXITS = EXIT_BYTES * 9 // 4
# An id has at most 1,024 characters of 4 bytes, an event's place two of them: the most that one entry can take.
_INTENT = 32 * 1024
_SMALL = 600


def has_room(row: Row, intent: Intent) -> bool:
    """Whether the person's plans, with this one among them, stay within their half of the row."""
    if (len(row.intents) + 1) * _INTENT <= INTENTS_BYTES:
        return True
    plans = [one for one in row.intents.values() if one.intent_id != intent.intent_id]
    plans.append(intent)
    # Measured only where their texts are so long that it matters.
    if sum(map(_plan_at_most, plans)) <= INTENTS_BYTES:
        return True
    return sum(len(encoded(one)) for one in plans) <= INTENTS_BYTES


def _plan_at_most(intent: Intent) -> int:
    texts = len(intent.subject) + len(intent.subject_key) + len(intent.words) + len(intent.opened_by.event_id)
    if intent.matured_by is not None:
        texts += len(intent.matured_by.event_id)
    return 4 * texts + _SMALL + (_EXITS if intent.exit_on else 0)


def bounded(row: Row, tally: Tally) -> bytes:
    """The row as it is written; the oldest falls off until it is small enough.

    First what may be told, then what may be recalled, then words.
    """
    data = encode(row)
    while (over := len(data) - ROW_BYTES) > 0:
        kind, count = _drop(row, over)
        if not count:
            break
        tally.count("tactful_dropped_total", kind, by=count)
        data = encode(row)
    return data


def _drop(row: Row, over: int) -> tuple[str, int]:
    """Of what kind falls off, and how many: the oldest that make up so many bytes, or all that there are.

    None when only plans are left, which end with an outcome or not at all.
    """
    if row.items:
        count = _oldest((len(name) + len(encoded(item)) for name, item in row.items.items()), over)
        for item_id in list(row.items)[:count]:
            row.drop_item(item_id)
        return "item", count
    if row.sent_nudges:
        count = _oldest(map(_size, row.sent_nudges), over)
        row.sent_nudges = row.sent_nudges[count:]
        return "recallable", count
    if row.doubts:
        count = _oldest(map(_size, row.doubts), over)
        for _ in range(count):
            row.lose_doubt()
        return "doubt", count
    if row.unread:
        count = _oldest(map(_size, row.unread), over)
        row.lose_unread(count)
        return "unread", count
    if row.closed:
        count = len(row.closed) // 2 + 1
        row.closed = row.closed[count:]
        return "closed", count
    return "", 0


def _oldest(sizes: Iterable[int], over: int) -> int:
    """How many of the first make up so many bytes: a person may have some thousand short words."""
    gone = count = 0
    for size in sizes:
        gone += size
        count += 1
        if gone >= over:
            break
    return count


def _size(part: msgspec.Struct) -> int:
    return len(encoded(part))
