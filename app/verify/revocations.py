"""A plan is revocable until it is sent: what stands before its maturity event stops it, and so does a missing grant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from app.verify.event import Event
from app.verify.finding import Broken, Given
from app.verify.opening import Life, lives, was_open
from app.verify.seen import Seen


def heeded(seen: Seen, given: Given) -> Iterator[Broken]:
    """No nudge whose intent has a revocation between the event that opened it and the one that matured it."""
    del given
    for life in lives(seen):
        nudge = _nudged(life)
        if nudge is None:
            continue
        matured = nudge["matured_by"]["offset"]
        before = [event for event in seen.events[life.user] if event.offset < matured]
        for event in _revoking(seen, life, [event for event in before if event.offset > life.opened]):
            where = f"{event.type} at {event.partition}@{event.offset}"
            yield _broken(
                nudge, life, f"it was sent although {where} stands before its maturity at {matured}"
            )
        denied = _denied(before, life.agent)
        if denied is not None:
            says = (
                f"it was sent although the last word on consent was no, at {denied.partition}@{denied.offset}"
            )
            yield _broken(nudge, life, says)


def matured(seen: Seen, given: Given) -> Iterator[Broken]:
    """Every nudge has its maturity event on the person's own log, after the one that opened its intent."""
    del given
    for life in lives(seen):
        nudge = _nudged(life)
        if nudge is None:
            if life.outcome is not None and life.outcome.value["outcome"] == "nudged":
                yield _broken(life.outcome.value, life, "it was sent without a maturity event")
            continue
        partition, offset = nudge["matured_by"]["partition"], nudge["matured_by"]["offset"]
        if partition != life.partition or offset <= life.opened:
            yield _broken(
                nudge, life, f"it matured by {partition}@{offset}, which is not after what opened it"
            )
            continue
        first = seen.first.get(("user-events", partition))
        if first is None or offset < first[0]:
            continue  # the log no longer reaches back so far
        event = seen.by_place.get((partition, offset))
        if event is None or event.type != "intent.matured" or event.user != life.user:
            yield _broken(
                nudge, life, f"what stands at {partition}@{offset} is no maturity event of this person"
            )
        elif life.intent_id not in {each["intent_id"] for each in event.data["intents"]}:
            yield _broken(nudge, life, f"the maturity event at {partition}@{offset} does not name its intent")


def _nudged(life: Life) -> dict[str, Any] | None:
    """The outcome of an intent that was sent and names what matured it."""
    if life.outcome is None or life.outcome.value["outcome"] != "nudged":
        return None
    return life.outcome.value if life.outcome.value["matured_by"] is not None else None


def _revoking(seen: Seen, life: Life, between: Sequence[Event]) -> Iterator[Event]:
    """Those that would have closed the intent, had they been heeded; where that cannot be told, none."""
    exits: Sequence[dict[str, Any]] = ()
    if life.opener is not None and life.opener.type == "intent.requested":
        exits = life.opener.data.get("exit_on") or ()
    for event in between:
        if event.type == "user.erased":
            yield event
        elif not was_open(seen, life, event):
            if event.type == "intent.revoked" and event.data.get("intent_id") == life.intent_id:
                yield event  # its id was known: it was open
        elif any(_fits(each, event) for each in exits) or _ends(life, event):
            yield event
        if event.type == "intent.requested" and life.is_asked_for_by(event.data):
            exits = event.data.get("exit_on") or exits


def _ends(life: Life, event: Event) -> bool:
    """Whether an event, by what it is alone, closes an open intent."""
    data = event.data
    match event.type:
        case "intent.revoked":
            return life.is_named_by(data)
        case "consent.changed":
            return data.get("granted") is False and data.get("agent") in {life.agent, "*"}
        case "calendar.changed":
            same = life.key == (data.get("calendar_event_id"), True)
            return life.agent == "calendar" and same and data.get("status") == "cancelled"
        case "message.received":
            return life.agent == "curiosity"
        case _:
            return False


def _denied(before: Sequence[Event], agent: str) -> Event | None:
    """The withdrawal that stands last; None when the last word was a grant, or nothing was said that is still there."""
    for event in reversed(before):
        if event.type == "user.erased":
            return None  # said with it already
        if event.type == "consent.changed" and event.data.get("agent") in {agent, "*"}:
            return event if event.data.get("granted") is False else None
    return None


def _fits(exit_on: dict[str, Any], event: Event) -> bool:
    return exit_on.get("type") == event.type and _contains(event.data, exit_on.get("where") or {})


def _contains(found: object, wanted: object) -> bool:
    """Equal as JSON values; of a mapping what is wanted."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            name in found and _contains(found[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_contains, found, wanted))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    return found == wanted


def _broken(outcome: dict[str, Any], life: Life, says: str) -> Broken:
    return Broken(
        check="revocable", id=outcome["nudge_id"] or outcome["intent_id"], user=life.user, says=says
    )
