"""All checks, and what they find."""

from __future__ import annotations

from app.verify import done, ledger, nudges, revocations, traces
from app.verify.finding import Broken, Check, Given
from app.verify.seen import Seen

CHECKS: tuple[Check, ...] = (
    done.readable,
    ledger.once,
    ledger.accounted,
    ledger.requested,
    ledger.worded,
    ledger.ended,
    traces.reasoned,
    nudges.once,
    nudges.paired,
    nudges.recalled,
    nudges.timely,
    nudges.spaced,
    revocations.matured,
    revocations.heeded,
    traces.there,
    traces.one_nudge,
    traces.apart,
    done.heads,
    done.effects,
    done.homes,
    done.idle,
)
"""In the order in which their findings are told."""


def broken(seen: Seen, given: Given) -> list[Broken]:
    """Each promise that these topics show broken; empty when all were kept."""
    return [finding for check in CHECKS for finding in check(seen, given)]
