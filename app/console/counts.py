"""What the overview is summed up from: counts in buckets of an hour or a day, changed record by record, and pure.

A partition has its own buckets. One remembers how far it was folded, so that a record that comes twice counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from app.console.person_row import PersonRow
from app.outside.log import milliseconds, moment
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import Record

TOTAL = "total"
HOURS_KEPT = timedelta(days=8)
"""A week and the day that is going on."""
NAMED = 40
"""Plans a day, and plans unaccounted for, that are kept by name; the counts are of all."""


class Named(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One plan that a bucket names."""

    user_id: str
    agent: str
    at_ms: int


class Bucket(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """Counts of one hour, one day or all time, of one partition."""

    upto: Mapping[str, int] = {}
    """By topic: the last offset that was counted."""
    counts: Mapping[str, float] = {}
    named: Mapping[str, Named] = {}
    """By intent."""


class Change(msgspec.Struct, kw_only=True):
    """What one record changes in one bucket."""

    counts: dict[str, float]
    put: dict[str, Named]
    drop: set[str]


def changes(before: PersonRow | None, after: PersonRow | None, record: Record) -> dict[str, Change]:
    """By bucket: what the person's step from `before` to `after` changes in the counts."""
    found: dict[str, Change] = {}

    def bucket(name: str) -> Change:
        return found.setdefault(name, Change(counts={}, put={}, drop=set()))

    stood, stands = _standing(before), _standing(after)
    for (name, key), count in (stands - stood).items():
        bucket(name).counts[key] = count
    for (name, key), count in (stood - stands).items():
        bucket(name).counts[key] = -count
    for place, named in _named(after).items():
        if _named(before).get(place) != named:
            bucket(place[0]).put[place[1]] = named
    for name, intent_id in _named(before).keys() - _named(after).keys():
        bucket(name).drop.add(intent_id)
    for name, key, amount in _happened(record):
        counts = bucket(name).counts
        counts[key] = _together(key, counts.get(key, 0), amount)
    return {name: change for name, change in found.items() if _any(change)}


def changed(known: Bucket | None, change: Change, record: Record) -> Bucket | None:
    """The bucket with a record's change in it, unless that was in it already; None when it has become empty."""
    bucket = known or Bucket()
    if record.offset <= bucket.upto.get(record.topic, -1):
        return known
    counts = dict(bucket.counts)
    for key, amount in change.counts.items():
        counts[key] = _together(key, counts.get(key, 0), amount)
    named = {name: each for name, each in bucket.named.items() if name not in change.drop} | change.put
    if len(named) > NAMED:
        named = dict(sorted(named.items(), key=lambda one: one[1].at_ms)[:NAMED])
    counts = {key: amount for key, amount in counts.items() if amount}
    if not counts and not named:
        return None
    return Bucket(upto={**bucket.upto, record.topic: record.offset}, counts=counts, named=named)


def expired(names: Iterable[str], at_ms: int) -> list[str]:
    """The hours among these buckets that nobody asks about any more."""
    oldest = _hour(moment(at_ms) - HOURS_KEPT)
    return [name for name in names if name.startswith("hour/") and name < oldest]


def merged(these: Iterable[Bucket]) -> Bucket:
    """The same bucket of several partitions as one."""
    counts: dict[str, float] = {}
    named: dict[str, Named] = {}
    for bucket in these:
        for key, amount in bucket.counts.items():
            counts[key] = _together(key, counts.get(key, 0), amount)
        named |= bucket.named
    return Bucket(counts=counts, named=named)


def day_name(at: datetime) -> str:
    """The bucket of what comes due on a day."""
    return f"due/{at.astimezone(UTC):%Y-%m-%d}"


def _hour(at: datetime) -> str:
    return f"hour/{at.astimezone(UTC):%Y-%m-%dT%H}"


def _together(key: str, one: float, other: float) -> float:
    return max(one, other) if key.startswith("most|") else one + other


def _any(change: Change) -> bool:
    return bool(change.put or change.drop or any(change.counts.values()))


def _standing(row: PersonRow | None) -> Counter[tuple[str, str]]:
    """What a person counts as it stands: in the ledger, and in the days to come."""
    counts: Counter[tuple[str, str]] = Counter()
    if row is None:
        return counts
    counts[TOTAL, "people"] = 1
    counts[TOTAL, "opened"] = row.opened
    counts[TOTAL, "closed"] = row.closed
    counts[TOTAL, "open"] = sum(life.open and not life.closed for life in row.lives.values())
    stands = row.row()
    for intent in stands.intents.values() if stands is not None else ():
        if not _has_ended(row, intent.intent_id):
            counts[day_name(intent.wake_at), f"{intent.wake_at.astimezone(UTC):%H}|{intent.agent}"] += 1
            counts[TOTAL, f"agent|{intent.agent}"] += 1
            counts[TOTAL, "held"] += intent.held_since is not None
    return counts


def _has_ended(row: PersonRow, intent_id: str) -> bool:
    life = row.lives.get(intent_id)
    return life is not None and life.closed


def _named(row: PersonRow | None) -> dict[tuple[str, str], Named]:
    """Plans by bucket and intent: when they are looked at, or since when they are unaccounted for."""
    if row is None:
        return {}
    found = {
        (TOTAL, intent_id): Named(row.user_id, "", life.gone_ms)
        for intent_id, life in row.lives.items()
        if life.gone_ms
    }
    stands = row.row()
    for intent in stands.intents.values() if stands is not None else ():
        if not _has_ended(row, intent.intent_id):
            place = day_name(intent.wake_at), intent.intent_id
            found[place] = Named(row.user_id, intent.agent, milliseconds(intent.wake_at))
    return found


def _happened(record: Record) -> Iterable[tuple[str, str, float]]:
    """What a record adds to the hour it tells of."""
    reader = _READERS.get(record.topic)
    if reader is None:
        return ()
    try:
        value = reader.decode(record.value or b"")
    except msgspec.DecodeError:
        return ()
    match value:
        case Outcome():
            return _of_outcome(value)
        case Pass():
            return _of_pass(value)
        case Nudge():
            return [(_hour(value.decided_at), value.kind, 1)]


def _of_outcome(outcome: Outcome) -> list[tuple[str, str, float]]:
    hour = _hour(outcome.closed_at)
    counted: list[tuple[str, float]] = [
        (f"decided|{outcome.agent}|{outcome.outcome}|{outcome.reason}", 1),
        ("calls", outcome.model_calls),
        ("input_tokens", outcome.input_tokens),
        ("output_tokens", outcome.output_tokens),
        ("fallback", outcome.written_by == "fallback"),
    ]
    if outcome.cost_usd is not None:
        counted += [("priced", 1), ("usd", outcome.cost_usd)]
    return [(hour, key, amount) for key, amount in counted if amount]


def _of_pass(looked: Pass) -> list[tuple[str, str, float]]:
    hour = _hour(looked.now)
    counted: list[tuple[str, float]] = []
    for ask in looked.asks:
        counted += [
            (f"asked|{ask.task}", 1),
            (f"failed|{ask.task}|{ask.failed}" if ask.failed else f"answered|{ask.task}", 1),
            (f"seconds|{ask.task}", ask.seconds),
            (f"tokens_in|{ask.task}", ask.input_tokens),
            (f"tokens_out|{ask.task}", ask.output_tokens),
        ]
        if not ask.failed:
            # Of these the largest counts, not the sum.
            counted.append((f"most|{ask.task}|seconds", ask.seconds))
            counted.append((f"most|{ask.task}|answered_ms", milliseconds(looked.now)))
    return [(hour, key, amount) for key, amount in counted if amount]


_READERS: Mapping[str, msgspec.json.Decoder[Outcome | Pass | Nudge]] = {
    NUDGE_OUTCOME.name: msgspec.json.Decoder(Outcome),
    NUDGE_PASS.name: msgspec.json.Decoder(Pass),
    NUDGES.name: msgspec.json.Decoder(Nudge),
}
