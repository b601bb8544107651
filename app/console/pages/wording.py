"""What stands beside a mark: for somebody who has never seen a topic of ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from unicodedata import east_asian_width

from app.console.values import HIDDEN, EventSeen, Plan

KIND_OF_EVENT: Mapping[str, str] = MappingProxyType(
    {
        "message.received": "message",
        "message.sent": "assistant",
        "calendar.changed": "calendar",
        "profile.updated": "profile",
        "consent.changed": "consent",
        "app.opened": "app",
        "conversation.ended": "app",
        "nudge.delivered": "receipt",
        "nudge.opened": "receipt",
        "nudge.replied": "receipt",
        "nudge.dismissed": "receipt",
        "nudge.failed": "failed",
        "user.erased": "struck",
        "intent.matured": "matured",
        "unreadable": "dead",
    }
)
"""The mark of each known type; others are simply events."""

_SIMPLE: Mapping[str, str] = MappingProxyType(
    {
        "conversation.ended": "the conversation ended",
        "app.opened": "opened the app",
        "nudge.delivered": "the message was delivered",
        "nudge.failed": "the message could not be delivered",
        "nudge.opened": "opened the message",
        "nudge.replied": "replied to the message",
        "nudge.dismissed": "dismissed the message",
        "user.erased": "asked to be forgotten",
        "intent.matured": "a plan came due: the worker wrote it into the log, and looked",
        "intent.revoked": "a service took its plan back",
        "unreadable": "a record that could not be understood",
    }
)

KIND_OF_OUTCOME: Mapping[str, str] = MappingProxyType(
    {"nudged": "sent", "stood_down": "silent", "revoked": "struck", "expired": "expired", "failed": "failed"}
)
ENDING: Mapping[str, str] = MappingProxyType(
    {
        "nudged": "spoke",
        "stood_down": "kept silent",
        "revoked": "struck out",
        "expired": "ran out",
        "failed": "failed",
    }
)
"""What became of a plan, in a word or two."""

DRAWN: tuple[tuple[str, str], ...] = (
    ("message", "the person wrote"),
    ("assistant", "the assistant wrote"),
    ("event", "something else happened"),
    ("plan", "planned"),
    ("sent", "spoke"),
    ("silent", "kept silent"),
    ("struck", "struck out by what happened"),
    ("deferred", "put off"),
    ("expired", "ran out"),
)
"""The legend of the drawing."""


def event_kind(event: EventSeen) -> str:
    """The mark of an event."""
    return KIND_OF_EVENT.get(event.type, "event")


def event_says(event: EventSeen) -> str:
    """What happened, in a few words; nobody's own words but those that `facts` may hold."""
    fact = {name: value for name, value in event.facts.items() if value != HIDDEN}
    match event.type:
        case "message.received":
            said = "wrote, in answer to a message of ours" if event.nudge_id else "wrote"
        case "message.sent":
            said = "the assistant wrote"
        case "calendar.changed":
            title = fact.get("title", "an appointment")
            cancelled = fact.get("status") == "cancelled"
            said = f"in the calendar: {title}{' is cancelled' if cancelled else ''}"
        case "consent.changed":
            agent = fact.get("agent", "an agent")
            who = "every agent" if agent == "*" else agent
            said = f"{'lets' if fact.get('granted') == 'true' else 'no longer lets'} {who} reach out"
        case "profile.updated":
            names = [name.replace("_", " ") for name in event.facts]
            said = f"profile: {', '.join(names)}" if names else "profile"
        case "digest.item":
            said = f"for the week’s summary: {fact.get('title', 'an item')}"
        case "interest.noticed":
            said = f"an interest was noticed: {fact.get('topic', 'a topic')}"
        case "intent.requested":
            about = f": {fact['subject']}" if "subject" in fact else ""
            said = f"a service asked {fact.get('agent', 'an agent')} to reach out{about}"
        case known:
            said = _SIMPLE.get(known, known)
    return said


def event_label(event: EventSeen) -> str:
    """The same for the drawing, where words may stand in for the rest."""
    if event.text and event.text != HIDDEN:
        return f"“{one_line(event.text)}”"
    for name in ("title", "subject", "topic"):
        if (words := event.facts.get(name, HIDDEN)) != HIDDEN:
            return words
    return event_says(event)


def ending(plan: Plan) -> str:
    """What became of a plan, with its reason: for the drawing."""
    sure = f" {plan.evidence.confidence:.2f}" if plan.evidence is not None and plan.evidence.verdict else ""
    if plan.outcome == "nudged":
        return "spoke" if plan.written_by != "fallback" else "spoke, in words of its own"
    words = ENDING.get(plan.outcome, plan.outcome)
    if plan.outcome == "expired":
        return words
    of = f" ({plan.outranked_by})" if plan.reason == "outranked" and plan.outranked_by else ""
    return f"{words}: {plan.reason.replace('_', ' ')}{of}{sure}"


def one_line(text: str) -> str:
    """Somebody's words without line breaks and without what cannot be seen."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def isolated(text: str) -> str:
    """Text of unknown direction that does not turn what stands around it."""
    return f"\u2068{text}\u2069"


def cut(text: str, characters: int) -> str:
    """At most so many characters, with a sign that there were more."""
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"


def width(text: str) -> float:
    """About how wide a text stands at 11.5 units of size: letters 6.1, ideographs twice that."""
    return sum(11.5 if east_asian_width(each) in "WF" else 6.1 for each in text if each.isprintable())
