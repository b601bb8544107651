"""Doubts: messages that may have settled a plan; it is unverified until a reading that shows both says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from agents.contract import Intent
from app.core.ledger import Ledger
from app.core.row import DOUBTS, Doubt, Unread
from app.core.shown import Shown

if TYPE_CHECKING:
    from app.core.asks import Verdict

CLOSING = frozenset({"resolves", "supersedes", "contradicts"})


def add(ledger: Ledger, intent_id: str, message: Unread) -> None:
    """The intent is unverified: it is asked about again at maturity, with this message."""
    row = ledger.row
    for n, known in enumerate(row.doubts):
        if known.message.origin.ref == message.origin.ref:
            if intent_id not in known.intents:
                more = Doubt(message, (*known.intents, intent_id))
                row.doubts = (*row.doubts[:n], more, *row.doubts[n + 1 :])
            return
    row.doubts = (*row.doubts, Doubt(message, (intent_id,)))
    if len(row.doubts) > DOUBTS:
        row.lose_doubt()
        ledger.tally.count("tactful_dropped_total", "doubt")


def clear(ledger: Ledger, shown: Shown, surest: dict[str, Verdict]) -> None:
    """A doubt ends when a reading that showed both the message and the intent gives no closing verdict on it."""
    offsets = {message.origin.ref.offset for message in shown.messages.values()}
    cleared = {
        thing.intent_id
        for ref, thing in shown.intents.items()
        if isinstance(thing, Intent) and (ref not in surest or surest[ref].verdict not in CLOSING)
    }
    ledger.row.doubts = tuple(
        msgspec.structs.replace(known, intents=left)
        for known in ledger.row.doubts
        if (left := _left(known, offsets, cleared))
    )


def _left(known: Doubt, offsets: set[int], cleared: set[str]) -> tuple[str, ...]:
    if known.message.origin.ref.offset not in offsets:
        return known.intents
    return tuple(intent_id for intent_id in known.intents if intent_id not in cleared)


def count_closings(ledger: Ledger, shown: Shown, closings: dict[str, int]) -> None:
    """What a message has closed is remembered as long as the message itself is."""
    counts = {shown.messages[ref].origin.ref.offset: count for ref, count in closings.items()}
    ledger.row.doubts = tuple(
        msgspec.structs.replace(
            known,
            message=msgspec.structs.replace(
                known.message, closings=counts.get(known.message.origin.ref.offset, known.message.closings)
            ),
        )
        for known in ledger.row.doubts
    )
