"""The words of the timeline: for somebody who has never seen a topic of ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from app.scenario.ending import Json

PLANS: Mapping[str, str] = MappingProxyType(
    {
        "follow_up": "ask about {subject}",
        "calendar": "say a word before {subject}",
        "digest": "tell what the week has brought",
        "re_engagement": "say hello after a silence",
        "curiosity": "ask about {subject}, out of interest",
    }
)
"""What an agent plans, after `to`; an agent that is not among the five speaks of its subject."""

WAITS: Mapping[str, str] = MappingProxyType(
    {
        "quiet_hours": "quiet hours in {city}",
        "person_active": "they are in the middle of something",
        "min_gap": "the last message is too recent",
        "frequency_capped": "enough has been said for now",
        "paused": "the agent is paused",
    }
)

SILENCES: Mapping[str, str] = MappingProxyType(
    {
        "no_consent": "nobody allowed it to write",
        "quiet_hours": "the night would end too late for it",
        "frequency_capped": "enough has been said, and later is too late",
        "too_many": "there are too many plans already",
        "min_gap": "the last message is too recent, and later is too late",
        "person_active": "they are busy until it is too late",
        "outranked": "outranked by {outranked_by}",
        "merged": "said along with another message",
        "duplicate_subject": "{outranked_by} has just spoken of it",
        "not_relevant": "it does not matter any more",
        "nothing_to_say": "there is nothing to say",
        "missing_data": "something that it needs is not known",
        "muted": "asked not to bring it up",
        "ignored_before": "its last message went unnoticed",
        "quality_below_bar": "no draft was good enough",
        "model_unavailable": "the model did not answer",
        "unverified_still_open": "nobody could tell whether it is settled",
        "budget_exhausted": "the questions allowed for today are spent",
        "holdout": "this person is in the group that gets no messages",
        "randomized_out": "chance decided against it",
        "shadow": "it only practises, in the shadow",
        "paused": "it is paused, and later is too late",
        "too_late": "its time is long past",
        "expired": "its plan has run out",
    }
)
"""Why an agent kept quiet, by the reason in its outcome."""

STRUCK: Mapping[str, str] = MappingProxyType(
    {
        "resolved": "it is settled",
        "superseded": "something else took its place",
        "contradicted": "it is not so",
        "muted": "asked not to bring it up",
        "exit_event": "something happened that settles it",
        "requested": "the service that asked for it took it back",
        "consent_withdrawn": "the agent may not write any more",
        "erased": "everything about this person is forgotten",
    }
)
"""Why a plan was struck out, where no sentence says it."""

FAILURES: Mapping[str, str] = MappingProxyType(
    {
        "timeout": "took too long",
        "unreachable": "was unreachable",
        "overloaded": "was overloaded",
        "rate_limited": "had no room",
        "refused": "refused",
        "truncated": "broke off",
        "malformed": "answered nonsense",
        "poor": "wrote nothing good enough",
    }
)
"""What became of an attempt that brought no words."""

_DAYS_BY_NAME = timedelta(days=6)
"""Up to here a weekday alone is no doubt about the week."""


_NBSP = "\u00a0"
"""Between the parts of a time, which no line break should part."""


def on(at: datetime, seen_from: datetime) -> str:
    """`at 18:00`, `on Fri 18:00`, `on Fri 13 Mar 18:00`: as short as it is clear; both in the person's zone."""
    day = moment(at, seen_from)
    return f"on {day}" if _NBSP in day else f"at {day}"


def moment(at: datetime, seen_from: datetime) -> str:
    """As `on`, without the preposition."""
    days = at.date() - seen_from.date()
    if not days:
        return f"{at:%H:%M}"
    if timedelta() < days <= _DAYS_BY_NAME:
        return f"{at:%a}{_NBSP}{at:%H:%M}"
    return _NBSP.join((f"{at:%a}", str(at.day), f"{at:%b}", f"{at:%H:%M}"))


def plan(agent: str, subject: str) -> str:
    """What is planned, as an infinitive."""
    return PLANS.get(agent, "speak of {subject}").replace("{subject}", subject)


def quoted(text: str) -> str:
    """Somebody's words, on one line."""
    return f"“{' '.join(text.split())}”"


def silence(outcome: Json) -> str:
    """Why nothing was said; the reason as the outcome has it stands behind, where the words do not say it."""
    reason = outcome["reason"]
    if outcome["outcome"] == "failed":
        return f"a defect stopped it ({reason})"
    said = SILENCES.get(reason, reason).replace("{outranked_by}", outcome["outranked_by"] or "another")
    return said if reason in said else f"{said} ({reason})"


def struck(outcome: Json, event: Json | None) -> str:
    """What unmade a plan: the sentence where there is one that may be shown, with the verdict on it."""
    evidence = outcome["evidence"] or {}
    if evidence.get("verdict"):
        words = quoted(evidence["quote"]) if evidence["quote"] else "by what was said"
        return f"{words} ({evidence['verdict']}, {evidence['confidence']:.2f})"
    reason = outcome["reason"]
    cancelled = (event or {}).get("type") == "calendar.changed"
    return "the appointment is cancelled" if cancelled else f"{STRUCK.get(reason, reason)} ({reason})"


def sent(nudge: Json, outcome: Json | None) -> str:
    """The message, and whose words it is in when the model had none."""
    attempts = (outcome or {}).get("attempts", ())
    failed = [FAILURES.get(one["result"], one["result"]) for one in attempts if one["result"] != "good"]
    if nudge["written_by"] == "fallback":
        why = f", because the model {failed[-1]}" if failed else ""
        return f"sends, in words of its own{why}: {quoted(nudge['text'])}"
    again = ", at the second attempt" if failed else ""
    return f"sends{again}: {quoted(nudge['text'])}"


KNOWN = "was known before"
"""Set in the data of an appointment that stood in the calendar already."""


def event(kind: str, data: Mapping[str, Any], who: str, at: datetime) -> str:
    """What a person or a service did; `at` tells the zone and the day."""
    try:
        return _event(kind, data, who, at)
    except (LookupError, ValueError, TypeError):
        return f"{kind}, with data that makes no sense"


def _event(kind: str, data: Mapping[str, Any], who: str, at: datetime) -> str:
    match kind:
        case "message.received":
            answers = ", in answer" if data.get("in_reply_to") else ""
            said = f"{who}{answers}: {quoted(str(data['text']))}"
        case "message.sent":
            said = f"the assistant: {quoted(str(data['text']))}"
        case "calendar.changed":
            said = _appointment(data, at)
        case "consent.changed":
            agent = "every agent" if data["agent"] == "*" else data["agent"]
            said = f"{who} {'lets' if data['granted'] else 'no longer lets'} {agent} write"
        case "intent.requested":
            said = f"a service wants {data['agent']} to {plan(data['agent'], data['subject'])}"
        case "digest.item":
            said = f"for the week: {quoted(str(data['title']))}"
        case "interest.noticed":
            said = f"{who} seems to care about {data['topic']}"
        case "profile.updated":
            known = ", ".join(f"{key} {_value(value)}" for key, value in data.items())
            said = f"{who}'s profile changes: {known}"
        case _:
            said = _SIMPLE.get(kind, kind).replace("{who}", who)
    return said


_SIMPLE: Mapping[str, str] = MappingProxyType(
    {
        "conversation.ended": "the conversation ends",
        "app.opened": "{who} opens the app",
        "intent.revoked": "a service takes its plan back",
        "nudge.delivered": "the message is delivered",
        "nudge.failed": "the message could not be delivered",
        "nudge.opened": "{who} opens the message",
        "nudge.replied": "{who} answers the message",
        "nudge.dismissed": "{who} waves the message away",
        "user.erased": "{who} asks to be forgotten",
    }
)


def _appointment(data: Mapping[str, Any], at: datetime) -> str:
    title = data.get("title") or "an appointment"
    if data.get("status") == "cancelled" or not data.get("starts_at"):
        return f"in the calendar: {title} is cancelled"
    starts = datetime.fromisoformat(data["starts_at"]).astimezone(at.tzinfo)
    if data.get(KNOWN):
        return f"in the calendar: {title} is moved to {moment(starts, at)}"
    return f"in the calendar: {title} {on(starts, at)}"


def _value(value: object) -> str:
    return "–".join(map(str, value.values())) if isinstance(value, Mapping) else str(value)
