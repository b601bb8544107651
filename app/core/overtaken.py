"""The last look: whether what came in while the words were written speaks against sending them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agents.contract import Candidate, Intent, Move, Revoke
from app.core.fold import ACTIVITY, exits, is_meant, is_repeated
from app.core.ledger import Ledger
from topics.text import fold
from topics.user_events import DigestItem, Event, IntentRequested, IntentRevoked

_ALWAYS = ACTIVITY | {"message.sent", "user.erased", "consent.changed", "profile.updated"}


def overtakes(ledger: Ledger, winner: Intent, candidate: Candidate, waiting: Sequence[Event]) -> list[Event]:
    """The waiting events that stop the winner; none of them is consumed here, the next pass folds them."""
    return [
        event
        for event in waiting
        if not is_repeated(ledger.row, event) and _stops(ledger, winner, candidate, event)
    ]


def _stops(ledger: Ledger, winner: Intent, candidate: Candidate, event: Event) -> bool:
    if event.type in _ALWAYS or exits(winner, event):
        return True
    match event.data:
        case IntentRevoked():
            if is_meant(winner, event.data) or event.data.subject_key in candidate.told:
                return True
        case IntentRequested():
            if event.data.agent == winner.agent and _key(event.data) == winner.subject_key:
                return True
        case DigestItem():
            if event.data.item_id in candidate.told:
                return True
        case _:
            pass
    agent = ledger.roster.by_name[winner.agent]
    if event.type not in agent.subscribes:
        return False
    proposals = agent.consider(ledger.row, event, ledger.now, ledger.policy)
    return any(isinstance(one, Move | Revoke) and one.intent_id == winner.intent_id for one in proposals)


def _key(requested: IntentRequested) -> str:
    return requested.subject_key or fold(requested.subject)


def free_at(ledger: Ledger, coming: Sequence[Event]) -> tuple[datetime, str]:
    """When the next pass may judge: at once, or at the end of the person's spell if they are active (and why)."""
    ends = [event.time + ledger.policy.active_within for event in coming if event.type in ACTIVITY]
    latest = max(ends, default=ledger.now)
    return (latest, "person_active") if latest > ledger.now else (ledger.now, "")
