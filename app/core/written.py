"""What a pass decided, as records: the bytes that the driver's transaction carries."""

from __future__ import annotations

from datetime import datetime

from app.core.ids import derived
from app.core.one_pass import Decided
from topics.encode import encode, event_record
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Headers, NewRecord
from topics.user_events import IntentMatured

SOURCE = "tactful"
# A canary's heartbeat goes the whole way through the worker and leaves nothing for the readers of the topics.
CANARY = "tactful-canary-"


def milliseconds(at: datetime) -> int:
    """A time as the log's timestamps count it."""
    return int(at.timestamp() * 1000)


def records_of(user_id: str, decided: Decided, now: datetime) -> list[NewRecord]:
    """A pass's records, in the order of what they mean: the nudge, the outcomes, the trace, what matures next."""
    key, at_ms = user_id.encode(), milliseconds(now)
    records: list[NewRecord] = []
    if not user_id.startswith(CANARY):
        records.extend(
            NewRecord(NUDGES.name, key, encode(nudge), at_ms, _traced(nudge.traceparent))
            for nudge in decided.nudges
        )
        records.extend(
            NewRecord(NUDGE_OUTCOME.name, key, encode(one), at_ms, _traced(one.traceparent))
            for one in decided.outcomes
        )
        if decided.trace is not None:
            records.append(NewRecord(NUDGE_PASS.name, key, encode(decided.trace), at_ms))
    if decided.matured is not None:
        records.append(_matured(user_id, decided.matured, now))
    return records


def _traced(traceparent: str | None) -> Headers:
    return (("traceparent", traceparent.encode()),) if traceparent else ()


def _matured(user_id: str, matured: IntentMatured, now: datetime) -> NewRecord:
    named = [f"{one.intent_id}:{one.version}" for one in matured.intents]
    return event_record(
        user_id=user_id,
        event_id=derived(user_id, *named),
        source=SOURCE,
        event_type="intent.matured",
        data=matured,
        timestamp_ms=milliseconds(now),
        time=now,
    )
