"""Nothing ends in silence unrecorded: every intent is open or has exactly one outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from app.verify.event import AHEAD, Event
from app.verify.finding import Broken, Given
from app.verify.opening import Life, lives
from app.verify.seen import CANARY, Seen, instant
from topics.outcomes import REASONS
from topics.user_events import USER_EVENTS

_BY_WORDS = frozenset({"resolved", "superseded", "contradicted", "muted"})
_CLOSED_BY = {
    "resolved": "message.received",
    "contradicted": "message.received",
    "consent_withdrawn": "consent.changed",
    "erased": "user.erased",
}
"""By which event alone an intent ends for this reason; as `requested` or `superseded` an agent may end its own."""
ATTEMPTS = 2
"""Two, the second one by another approach."""


def once(seen: Seen, given: Given) -> Iterator[Broken]:
    """One outcome for an intent, none for one that is open, and none written twice."""
    del given
    people = {outcome.value["intent_id"]: outcome.key for outcome in seen.outcomes}
    for intent_id, times in Counter(outcome.value["intent_id"] for outcome in seen.outcomes).items():
        if times > 1:
            yield _broken(intent_id, people[intent_id], f"the intent has {times} outcomes")
    for outcome_id, times in Counter(outcome.value["outcome_id"] for outcome in seen.outcomes).items():
        if times > 1:
            yield _broken(outcome_id, "", f"the outcome was written {times} times")
    opened: Counter[str] = Counter()
    for planned in seen.planned:
        opened[planned.intent_id] += 1
        if planned.intent_id in people:
            yield _broken(planned.intent_id, planned.user, "the intent is open although it has an outcome")
        if opened[planned.intent_id] == 2:  # said once, however often
            yield _broken(planned.intent_id, planned.user, "the intent is open in two rows")


def accounted(seen: Seen, given: Given) -> Iterator[Broken]:
    """What a pass considered and what was sent belongs to an intent that is open or closed."""
    del given
    known = {outcome.value["intent_id"] for outcome in seen.outcomes} | {
        one.intent_id for one in seen.planned
    }
    considered = seen.considered | {nudge.value["intent_id"]: nudge.key for nudge in seen.nudges}
    for intent_id, user in considered.items():
        if intent_id not in known and not user.startswith(CANARY):
            yield _broken(intent_id, user, "the intent was considered, is not open, and has no outcome")


def requested(seen: Seen, given: Given) -> Iterator[Broken]:
    """A service that asks for a plan learns what became of it: there is an outcome, or the plan is open."""
    del given
    of: defaultdict[str, list[Life]] = defaultdict(list)
    for life in lives(seen):
        of[life.user].append(life)
    for user, events in seen.events.items():
        if user.startswith(CANARY):
            continue
        for event in events:
            if event.type == "intent.requested" and not any(_answers(life, event) for life in of[user]):
                where = f"{USER_EVENTS.name}-{event.partition}@{event.offset}"
                yield _broken(where, user, "the request has led to no plan, neither open nor closed")


def _answers(life: Life, event: Event) -> bool:
    """Whether the request opened this intent, or moved it while it was open."""
    if life.opened >= event.offset or not life.is_asked_for_by(event.data):
        return life.opened == event.offset
    if life.outcome is None or (life.closed is not None and life.closed >= event.offset):
        return True
    return instant(life.outcome.value["closed_at"]) >= event.logged - AHEAD


def worded(seen: Seen, given: Given) -> Iterator[Broken]:
    """Outcome and reason fit each other, and at most two attempts were made, each by an approach of its own."""
    del given
    for outcome in seen.outcomes:
        value = outcome.value
        if value["reason"] not in REASONS.get(value["outcome"], ()):
            says = f"{value['outcome']} has no reason {value['reason']!r}"
            yield _broken(value["outcome_id"], outcome.key, says)
        approaches = [attempt["approach"] for attempt in value["attempts"]]
        if len(approaches) > ATTEMPTS or len(set(approaches)) < len(approaches):
            says = f"attempts were made by {', '.join(approaches)}: at most two, and two different ones"
            yield _broken(value["outcome_id"], outcome.key, says)


def ended(seen: Seen, given: Given) -> Iterator[Broken]:
    """What closed an intent is an event of the kind that its reason names, and not from before it was opened."""
    del given
    for outcome in seen.outcomes:
        value = outcome.value
        by, opened = value["closed_by"], value["opened_by"]
        if by is None or by["topic"] != USER_EVENTS.name:
            if value["reason"] in _CLOSED_BY:
                yield _broken(value["outcome_id"], outcome.key, f"nothing closed it as {value['reason']!r}")
            continue
        event = seen.by_place.get((by["partition"], by["offset"]))
        kind = _CLOSED_BY.get(value["reason"])
        if event is not None and kind is not None and event.type != kind:
            says = f"{event.type} at {by['partition']}@{by['offset']} closes nothing as {value['reason']!r}"
            yield _broken(value["outcome_id"], outcome.key, says)
        # Words that stand before it may settle it; nothing else does.
        read = value["reason"] in _BY_WORDS
        if not read and by["partition"] == opened["partition"] and by["offset"] < opened["offset"]:
            says = f"{by['offset']} closed it, which stands before {opened['offset']} that opened it"
            yield _broken(value["outcome_id"], outcome.key, says)


def _broken(what: str, user: str, says: str) -> Broken:
    return Broken(check="ledger", id=what, user=user, says=says)
