"""`GET /people/{user_id}`: what the worker knows of a person, as of its last commit; their words are not shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from app.drivers.served import Elsewhere, NotRestored
from app.http.answers import Refusal, said

if TYPE_CHECKING:
    from agents.contract import Intent
    from app.core.row import Row
    from app.drivers.served import Served

_SOON = {"Retry-After": "1"}


class People:
    """Answers about the people whose partitions this worker has."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def person(self, request: web.Request) -> web.StreamResponse:
        """Profile, consents, and how things stand."""
        return said(profile(self._row(request)))

    async def intents(self, request: web.Request) -> web.StreamResponse:
        """What is planned, by due time."""
        return said(planned(self._row(request)))

    def _row(self, request: web.Request) -> Row:
        user_id = request.match_info["user_id"]
        if any(each < " " or "\x7f" <= each <= "\x9f" for each in user_id):
            raise Refusal(400, "holds control characters: no person has such an id", field="user_id")
        try:
            row = self._served.row(user_id)
        except Elsewhere as elsewhere:
            raise Refusal(
                421,
                f"another worker holds this person: ask the one that has partition {elsewhere.partition}, "
                "as its /readyz says",
            ) from None
        except NotRestored as error:
            raise Refusal(503, str(error), headers=_SOON) from None
        if row is None or row.is_stub:
            raise Refusal(404, "nothing is known of a person by this id", field="user_id")
        return row


def profile(row: Row) -> dict[str, Any]:
    """A person as the pages show them."""
    return {
        "user_id": row.user_id,
        "name": row.name,
        "locale": row.locale,
        "timezone": row.timezone or None,
        "quiet_hours": row.quiet_hours,
        "consents": row.consents,
        "last_activity": row.last_activity,
        "active_until": row.active_until,
        "open_intents": len(row.intents),
        "unread_messages": len(row.unread),
        "mutes": row.mutes,
        "digest_items": [
            {"item_id": item.item_id, "title": item.title, "importance": item.importance}
            for item in row.items.values()
        ],
        "nudges": [
            {"nudge_id": each.nudge_id, "agent": each.agent, "decided_at": each.at, "answered": each.answered}
            for each in row.nudges
        ],
        "nudges_sent": row.nudges_sent,
        "recallable": [each.nudge_id for each in row.sent_nudges],
        "erased_at": row.erased_at,
    }


def planned(row: Row) -> dict[str, Any]:
    """A person's open intents, by due time."""
    intents = sorted(row.intents.values(), key=lambda one: (one.due_at, one.intent_id))
    return {"user_id": row.user_id, "intents": [_intent(row, one) for one in intents]}


def _intent(row: Row, intent: Intent) -> dict[str, Any]:
    return {
        "intent_id": intent.intent_id,
        "agent": intent.agent,
        "subject": intent.subject,
        "subject_key": intent.subject_key,
        "status": intent.status,
        "importance": intent.importance,
        "opened_at": intent.opened_at,
        "opened_by": intent.opened_by,
        "due_at": intent.due_at,
        "looked_at_next": intent.wake_at,
        "expires_at": intent.expires_at,
        "version": intent.version,
        "deferred_by": intent.deferred_by,
        "held_since": intent.held_since,
        "unverified": row.unverified(intent),
    }
