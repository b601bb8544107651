"""Rows are bounded where they are written: what falls off is counted, and words lost unread hold the plans before them.

Everything in a row is bounded by number; with ids as long as they may be that is not enough, so the bytes are, too.
"""

from __future__ import annotations

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
    while len(data) > ROW_BYTES and (kind := _drop_one(row)):
        tally.count("tactful_dropped_total", kind)
        data = encode(row)
    return data


def _drop_one(row: Row) -> str:
    """The kind of what fell off; empty when only plans are left, which end with an outcome or not at all."""
    if row.items:
        row.drop_item(next(iter(row.items)))
        return "item"
    if row.sent_nudges:
        row.sent_nudges = row.sent_nudges[1:]
        return "recallable"
    if row.doubts:
        row.lose_doubt()
        return "doubt"
    if row.unread:
        row.lose_unread()
        return "unread"
    if row.closed:
        row.closed = row.closed[len(row.closed) // 2 + 1 :]
        return "closed"
    return ""
