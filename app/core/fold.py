"""Folding one event into a person's row: what it says, what it closes, and what the agents make of it. No model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from agents.contract import Intent, Item
from app.core import interruptions, life_cycle, unread
from app.core.erasure import erase, forget_words
from app.core.ids import identity
from app.core.ledger import Ledger
from app.core.origin import origin_of, ref_of
from app.core.plans import Plan
from app.core.proposals import consider, replan
from app.core.row import CONSENTS, ITEMS, Row
from topics.matching import matches
from topics.text import fold as folded
from topics.user_events import (
    ConsentChanged,
    ConversationEnded,
    DigestItem,
    Event,
    IntentMatured,
    IntentRequested,
    IntentRevoked,
    Message,
    ProfileUpdated,
    Receipt,
)

ITEM_FOR = timedelta(days=14)
RECEIPTS = frozenset({"nudge.delivered", "nudge.failed", "nudge.opened", "nudge.replied", "nudge.dismissed"})
ACTIVITY = frozenset({"message.received", "app.opened", "nudge.opened", "nudge.replied"})
_ENDS_RECALL = frozenset({"nudge.failed", "nudge.opened", "nudge.replied", "nudge.dismissed"})
# What a change of the zone or of the quiet hours may bring forward.
_LOCAL_DEFERRALS = frozenset({"quiet_hours", "frequency_capped"})


def fold(ledger: Ledger, event: Event) -> None:
    """Apply one event. An event that was seen before, or that an erasure covers, changes nothing and is counted."""
    if _is_passed_over(ledger, event):
        return
    closed_before = len(ledger.outcomes)
    if event.type != "user.erased":  # an erasure has its own way to close, which leaves no subject
        _exit_events(ledger, event)
    handler = _HANDLERS.get(event.type)
    if handler is not None:
        handler(ledger, event)
    consider(ledger, event)
    if len(ledger.outcomes) > closed_before:
        replan(ledger, event, ledger.outcomes[closed_before:])


def is_repeated(row: Row, event: Event) -> bool:
    """Whether the row remembers this event. A maturity event is never one: it names what it wakes, by version."""
    return event.type != "intent.matured" and row.has_seen(identity(event.source, event.id))


def _is_passed_over(ledger: Ledger, event: Event) -> bool:
    row = ledger.row
    known = b"" if event.type == "intent.matured" else identity(event.source, event.id)
    if known and row.has_seen(known):
        ledger.tally.count("tactful_duplicate_events_total")
        return True
    if (erased_at := row.erased_at) is not None:
        ours = not known or event.type in RECEIPTS
        if (known and event.time <= erased_at) or (ours and row.is_stub):
            ledger.tally.count("tactful_ignored_events_total", "erased")
            return True
    if known:
        row.note_seen(known)
    return False


# What closes at once


def exits(intent: Intent, event: Event) -> bool:
    """Whether the event is one that this intent was to be closed by."""
    return any(exit_on.type == event.type and matches(exit_on.where, event.raw) for exit_on in intent.exit_on)


def _exit_events(ledger: Ledger, event: Event) -> None:
    for intent in ledger.row.intents.values():
        if intent.exit_on and exits(intent, event):
            ledger.revoke(intent, "exit_event", ref_of(event))
    for sent in ledger.row.sent_nudges:
        if sent.intent.exit_on and exits(sent.intent, event):
            ledger.recall(sent)


def is_meant(intent: Intent, revoked: IntentRevoked) -> bool:
    """Whether `intent.revoked` names this intent: by id, by its key, or by its folded subject if it has no key."""
    if revoked.intent_id:
        return intent.intent_id == revoked.intent_id
    return intent.subject_key == (revoked.subject_key if intent.keyed else folded(revoked.subject_key))


# One function for each type that means something to the core


def _profile_updated(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, ProfileUpdated)
    before = (row.timezone, row.quiet_hours)
    row.timezone = data.timezone or row.timezone
    row.locale = data.locale or row.locale
    row.name = data.name if data.name is not None else row.name
    row.quiet_hours = data.quiet_hours or row.quiet_hours
    if before != (row.timezone, row.quiet_hours):
        bring_forward(ledger, _LOCAL_DEFERRALS)


def bring_forward(ledger: Ledger, reasons: frozenset[str]) -> None:
    """What waits for one of these reasons is due at once: the gates are asked again with what has changed."""
    now = ledger.now
    for intent in list(ledger.row.intents.values()):
        if intent.status == "open" and intent.deferred_by in reasons and intent.wake_at > now:
            ledger.put(
                msgspec.structs.replace(
                    intent, wake_at=max(now, intent.due_at), ripe_at=max(now, intent.due_at)
                )
            )


def _consent_changed(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, ConsentChanged)
    allowed = ledger.policy.consent_sources
    if data.granted and allowed and event.source not in allowed:
        ledger.tally.count("tactful_ignored_events_total", "consent_source")
        return
    if data.agent == "*":
        row.consents = {"*": data.granted}
    elif data.agent in row.consents or data.agent in ledger.roster.names or len(row.consents) < CONSENTS:
        row.consents = {**row.consents, data.agent: data.granted}
    else:
        ledger.tally.count("tactful_dropped_total", "consent")
    if data.granted:
        return
    ref = ref_of(event)
    for intent in list(row.intents.values()):
        if not row.granted(intent.agent):
            ledger.revoke(intent, "consent_withdrawn", ref)
    for sent in list(row.sent_nudges):
        if not row.granted(sent.intent.agent):
            ledger.recall(sent)
    forget_words(ledger)


def _activity(ledger: Ledger, event: Event) -> None:
    row, at = ledger.row, event.time
    spell_ends = at + ledger.policy.active_within
    if row.last_activity is None or at > row.last_activity:
        row.last_activity = at
    row.active_until = max(row.active_until or spell_ends, spell_ends)
    if row.nudges:
        row.nudges = interruptions.stirred(row.nudges, at)


def _message_received(ledger: Ledger, event: Event) -> None:
    data = event.data
    assert isinstance(data, Message)
    _activity(ledger, event)
    if data.in_reply_to:
        ledger.keep_as_sent(data.in_reply_to)
        ledger.row.nudges = interruptions.replied(ledger.row.nudges)
    unread.add(ledger, origin_of(event), data, "person")


def _message_sent(ledger: Ledger, event: Event) -> None:
    assert isinstance(event.data, Message)
    unread.add(ledger, origin_of(event), event.data, "assistant")


def _conversation_ended(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, ConversationEnded)
    row.active_until = None
    bring_forward(ledger, frozenset({"person_active"}))
    unread.conversation_ended(ledger, data.conversation_id, event.time)


def _digest_item(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, DigestItem)
    if not row.grants_something:
        return
    items = {
        key: item
        for key, item in row.items.items()
        if item.at > ledger.now - ITEM_FOR and key != data.item_id
    }
    items[data.item_id] = Item(
        item_id=data.item_id, title=data.title, importance=data.importance, at=event.time, offset=event.offset
    )
    while len(items) > ITEMS:
        del items[next(iter(items))]
        ledger.tally.count("tactful_dropped_total", "item")
    row.items = items


def _intent_requested(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, IntentRequested)
    if ledger.has_opened(data.agent, origin_of(event)):
        ledger.tally.count("tactful_duplicate_events_total")
        return
    key = data.subject_key or folded(data.subject)
    planned = row.find(data.agent, key)
    if planned is not None:
        ledger.move(
            planned,
            data.due_at,
            data.expires_at,
            event,
            subject=data.subject,
            exit_on=data.exit_on or planned.exit_on,
        )
        return
    plan = Plan(
        agent=data.agent,
        subject=data.subject,
        due_at=data.due_at,
        subject_key=data.subject_key,
        expires_at=data.expires_at,
        exit_on=data.exit_on,
        words=event.type,
        requested=True,
    )
    ledger.open(plan, origin_of(event))


def _intent_revoked(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, IntentRevoked)
    effect = row.drop_item(data.subject_key)
    for intent in list(row.intents.values()):
        if is_meant(intent, data):
            ledger.revoke(intent, "requested", ref_of(event))
            effect = True
    for sent in list(row.sent_nudges):
        if is_meant(sent.intent, data):
            ledger.recall(sent)
            effect = True
    if not effect:
        ledger.tally.count("tactful_ignored_events_total", "nothing_to_revoke")


def _receipt(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, Receipt)
    if event.type in ACTIVITY:
        _activity(ledger, event)
    if event.type in _ENDS_RECALL:
        ledger.keep_as_sent(data.nudge_id)
    row.nudges = interruptions.received(row.nudges, event.type, data.nudge_id)


def _user_erased(ledger: Ledger, event: Event) -> None:
    erase(ledger, event.time, ref_of(event))


def _intent_matured(ledger: Ledger, event: Event) -> None:
    data, row = event.data, ledger.row
    assert isinstance(data, IntentMatured)
    effect = False
    for named in data.intents:
        intent = row.intents.get(named.intent_id)
        if intent is None or intent.status != "maturing" or intent.version != named.version:
            continue
        effect = True
        if intent.ripe_at > ledger.now:
            ledger.put(life_cycle.step(intent, "too_early", wake_at=intent.ripe_at))
            continue
        ref = ref_of(event)
        ledger.put(life_cycle.step(intent, "matured", matured_by=ref, wake_at=ledger.now))
        lateness = (ledger.now - intent.ripe_at).total_seconds()
        ledger.tally.observe("tactful_maturity_lateness_seconds", lateness)
    if not effect:
        ledger.tally.count("tactful_ignored_events_total", "nothing_to_wake")


_HANDLERS: dict[str, Callable[[Ledger, Event], None]] = {
    "profile.updated": _profile_updated,
    "consent.changed": _consent_changed,
    "message.received": _message_received,
    "message.sent": _message_sent,
    "conversation.ended": _conversation_ended,
    "app.opened": _activity,
    "digest.item": _digest_item,
    "intent.requested": _intent_requested,
    "intent.revoked": _intent_revoked,
    "user.erased": _user_erased,
    "intent.matured": _intent_matured,
    **dict.fromkeys(RECEIPTS, _receipt),
}
