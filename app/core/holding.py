"""What is due but may be settled already: read first, held while nobody can say, stood down when the hold ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agents.contract import Intent
from app.core import life_cycle
from app.core.gates import admission
from app.core.ledger import Ledger
from app.core.local_time import next_midnight
from app.core.plans import Ending
from app.core.reading import Result
from app.core.speaking import settle
from app.core.trace import Trace
from app.core.unread import pause_after, read_at


def admitted(ledger: Ledger, trace: Trace, paused: frozenset[str]) -> list[Intent]:
    """The due intents that pass eligibility and applicability; the others end, or wait, here and unread."""
    kept: list[Intent] = []
    for intent in [one for one in ledger.row.intents.values() if one.status == "due"]:
        if intent.agent not in ledger.roster.names:
            ledger.close(intent, Ending(outcome="failed", reason="unreadable_state"))
        elif _hold_is_over(ledger, intent):
            _stand_down(ledger, intent)
        else:
            refused = admission(ledger, intent, paused, ledger.now)
            if refused is None:
                kept.append(intent)
            else:
                settle(ledger, trace, refused)
    return kept


def _hold_is_over(ledger: Ledger, intent: Intent) -> bool:
    return intent.held_since is not None and ledger.now >= _hold_ends(ledger, intent)


def _hold_ends(ledger: Ledger, intent: Intent) -> datetime:
    """`reading.hold` after the maturity that first held it, or its expiry, whichever is first."""
    return min((intent.held_since or ledger.now) + ledger.policy.reading.hold, intent.expires_at)


def _stand_down(ledger: Ledger, intent: Intent) -> None:
    life_cycle.after(intent.status, "stood_down")
    ledger.close(intent, Ending(outcome="stood_down", reason="unverified_still_open"))


def in_question(ledger: Ledger, due: Sequence[Intent]) -> list[Intent]:
    """The due intents that unread or doubtful words may have settled, and whose time for a question has come.

    When the debt is read by itself that is so for all of them: the words that raised their doubts are shown with it.
    """
    row = ledger.row
    waiting = [one for one in due if row.unread or row.unverified(one)]
    settled_at = read_at(row)
    if settled_at is not None and settled_at <= ledger.now:
        return waiting
    return [one for one in waiting if one.wake_at <= ledger.now]


def verified(
    ledger: Ledger, due: Sequence[Intent], asked: Sequence[Intent], result: Result | None
) -> list[Intent]:
    """The due intents that nothing unread or doubtful stands against; the others that were in question are held."""
    row = ledger.row
    clear: list[Intent] = []
    for before in due:
        intent = row.intents.get(before.intent_id)
        if intent is None or intent.status != "due":
            continue  # the reading closed or moved it
        if not row.unread and not row.unverified(intent):
            intent = msgspec.structs.replace(intent, held_since=None, looks=0)
            ledger.put(intent)
            clear.append(intent)
        elif intent.wake_at <= ledger.now or before in asked or _was_asked_about(ledger, intent, result):
            _hold(ledger, intent, result)
    return clear


def _was_asked_about(ledger: Ledger, intent: Intent, result: Result | None) -> bool:
    """A question about the debt is one about every plan that is held for it, whoever's time had come."""
    return result == "failed" and bool(ledger.row.unread) and intent.held_since is not None


def _hold(ledger: Ledger, intent: Intent, result: Result | None) -> None:
    """It stays due: asked about again by its own timer, or stood down when that would be too late."""
    looks = intent.looks + 1
    if result == "spent":
        again = next_midnight(ledger.now, ledger.row.zone(ledger.policy.default_timezone))
    else:
        again = ledger.now + pause_after(looks)
    # Until it is held for the first time, its last wake-up was its maturity.
    held = life_cycle.step(intent, "held", held_since=intent.held_since or intent.wake_at, looks=looks)
    held = msgspec.structs.replace(held, wake_at=min(again, _hold_ends(ledger, held)))
    ledger.put(held)
