"""The events that benchmarks are made of: six kinds, their written mix, and who they are spread over.

Activity 40 %, messages 25 %, requests 10 %, revocations 10 %, receipts 10 %, types that nobody knows 5 %; each some
300 bytes on the wire. A revocation names one of eleven subjects, as a request does, and meets an open plan when the
person has one of that subject.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any, Literal

import msgspec

from topics.encode import event_record
from topics.record import NewRecord

# What a service's event weighs on the wire: the events of the comparison in the documentation are as long.
EVENT_BYTES = 300
Spread = Literal["uniform", "zipf"]
Made = tuple[str, dict[str, Any]]


class Kind(msgspec.Struct, frozen=True):
    """One kind of event, and how its data is made for the nth event; `begin` is the time of the first."""

    name: str
    make: Callable[[int, datetime], Made]


def _requested(n: int, begin: datetime) -> Made:
    due_at = begin + timedelta(days=3, seconds=n)
    return "intent.requested", {"agent": "follow_up", "subject": f"matter {n % 11}", "due_at": due_at}


def _message(n: int, _: datetime) -> Made:
    return "message.received", {"text": f"Nothing much today, number {n}.", "conversation_id": "c"}


KINDS = (
    Kind("activity", lambda _n, _t: ("app.opened", {})),
    Kind("message", _message),
    Kind("request", _requested),
    Kind("revocation", lambda n, _t: ("intent.revoked", {"subject_key": f"matter {n % 11}"})),
    Kind("receipt", lambda n, _t: ("nudge.delivered", {"nudge_id": f"nudge-{n}"})),
    Kind("unknown", lambda n, _t: ("weather.changed", {"sky": "grey", "number": n})),
)
MIX = (40, 25, 10, 10, 10, 5)


def mixed(count: int, *, seed: int = 1) -> list[Kind]:
    """So many events of the mix, the same ones each time."""
    return random.Random(seed).choices(KINDS, MIX, k=count)


def people(count: int) -> list[str]:
    """User ids."""
    return [f"person-{n:07}" for n in range(count)]


def spread_over(users: Sequence[str], count: int, spread: Spread, *, seed: int = 7) -> list[str]:
    """Whose each event is; by Zipf's law (exponent 1) the nth person has 1/n as many as the first."""
    weights = [1 / n for n in range(1, len(users) + 1)] if spread == "zipf" else [1.0] * len(users)
    return random.Random(seed).choices(users, cum_weights=list(accumulate(weights)), k=count)


def consents(users: Sequence[str], begin: datetime) -> list[NewRecord]:
    """One event a person, who then may be reached by every agent."""
    consent: Made = ("consent.changed", {"agent": "*", "granted": True})
    return records([consent] * len(users), users, begin)


def events(
    kinds: Sequence[Kind], users: Sequence[str], begin: datetime, *, first: int = 0
) -> list[NewRecord]:
    """An event of each kind for each user, a millisecond apart; `first` numbers the first one."""
    return records([kind.make(n, begin) for n, kind in enumerate(kinds)], users, begin, first=first)


def records(
    made: Sequence[Made], users: Sequence[str], begin: datetime, *, first: int = 0, size: int = EVENT_BYTES
) -> list[NewRecord]:
    """What was made as a service would write it, filled up to its size."""
    start_ms = int(begin.timestamp() * 1000)
    written = []
    for n, ((event_type, data), user) in enumerate(zip(made, users, strict=True), start=first):
        filler = "x" * max(0, size - 132 - len(str(data)))
        written.append(
            event_record(
                user_id=user,
                event_id=f"e{n}",
                source="bench",
                event_type=event_type,
                data={**data, "filler": filler},
                timestamp_ms=start_ms + n,
                time=begin + timedelta(milliseconds=n),
            )
        )
    return written
