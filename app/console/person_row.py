"""What the console keeps of one person, and how one more record changes it: pure, and the same on every log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from app.core.row import NewerRow, Row, decode, encode
from topics.decode import decode as decode_event
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS, Event, UserErased

FOLLOWED = (USER_EVENTS.name, NUDGE_PASS.name, NUDGE_OUTCOME.name, NUDGES.name, NUDGE_STATE.name)
"""The topics that a person's story is told from."""
MOST: Mapping[str, int] = {
    USER_EVENTS.name: 300,
    NUDGE_PASS.name: 150,
    NUDGE_OUTCOME.name: 150,
    NUDGES.name: 100,
}
"""Records kept of one person: what a reader of a page can take in, and then some."""
RECORD_BYTES = 16 * 1024
"""A record above it is kept without its value: a message counts for 4 KB in a row, too."""
CUT = "tactful_cut"
"""The header of a record that is kept without its value: how many bytes it had."""
BYTES = 256 * 1024
"""All records of a person together: with the row far below the broker's 1 MB for a changelog's record."""
IDS = 400
"""Intents whose end is remembered: more than a row's open ones and the outcomes that are kept."""
_OUR_STATE_BYTES = 64 * 1024


class Life(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the console has seen of one intent, for the ledger."""

    open: bool = False
    """Whether the latest row holds it."""
    closed: bool = False
    """Whether there is an outcome."""
    gone_ms: int = 0
    """When it left the row while no outcome had been seen; 0 when that is not so."""


class PersonRow(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """A row of the console's table. Folding the same record twice changes nothing."""

    user_id: str
    state: bytes = b""
    """The row as of the last commit, without what no page shows; empty: there is none."""
    newer: bool = False
    """A newer worker wrote it."""
    records: tuple[Record, ...] = ()
    """Of all topics but `nudge-state`, in the order in which they were read."""
    upto: Mapping[str, int] = {}
    """By topic: the last offset that was folded."""
    lives: Mapping[str, Life] = {}
    opened: int = 0
    closed: int = 0
    erased_ms: int = 0
    """The log's time of the erasure that was folded last."""
    cut: bool = False
    """Whether something older was dropped."""

    def of(self, topic: str) -> list[Record]:
        """The records of one topic, in log order."""
        return [record for record in self.records if record.topic == topic]

    def row(self) -> Row | None:
        """The person's row, as far as the console keeps it."""
        return decode(self.state) if self.state else None


def fold(known: PersonRow | None, record: Record, *, keep: timedelta) -> PersonRow | None:
    """The person after one more record of theirs; None: nothing is left to keep.

    Whatever is older than `keep` before the record goes. What the log says twice counts once.
    """
    user_id = (record.key or b"").decode()
    before = known or PersonRow(user_id=user_id)
    if record.offset <= before.upto.get(record.topic, -1):
        return known
    after = replace(before, upto={**before.upto, record.topic: record.offset})
    oldest = record.timestamp_ms - keep // timedelta(milliseconds=1)
    if record.topic == NUDGE_STATE.name:
        return aged(_with_state(after, record), oldest)
    if record.timestamp_ms < after.erased_ms:
        return after  # another topic lags behind the erasure: what it tells of before must not come back
    if record.topic == USER_EVENTS.name and _is_erasure(record):
        return PersonRow(
            user_id=user_id,
            state=after.state,
            records=(record,),
            upto=after.upto,
            lives=after.lives,
            opened=after.opened,
            closed=after.closed,
            erased_ms=record.timestamp_ms,
        )
    if record.topic == NUDGE_OUTCOME.name:
        after = _closed(after, record)
    return _bounded(replace(after, records=(*after.records, _trimmed(record))), oldest)


def aged(row: PersonRow, oldest_ms: int) -> PersonRow | None:
    """The same person without what is older; None when nothing is left, the row itself when nothing is too old."""
    kept = _bounded(row, oldest_ms)
    return kept if kept.state or kept.records else None


def _is_erasure(record: Record) -> bool:
    if b"user.erased" not in (record.value or b"") and not record.headers:
        return False
    event = decode_event(record, agents=frozenset())
    return isinstance(event, Event) and isinstance(event.data, UserErased)


def _with_state(before: PersonRow, record: Record) -> PersonRow:
    """The row's next state: plans that left it must have an outcome, or get one soon."""
    state, newer, ids = b"", False, set[str]()
    if record.value:
        try:
            row = decode(record.value)
        except (NewerRow, msgspec.DecodeError):
            newer, state = True, before.state
            ids = {intent_id for intent_id, life in before.lives.items() if life.open}
        else:
            state, ids = encode(_shown_of(row)), set(row.intents)
    lives, opened = dict(before.lives), before.opened
    for intent_id in ids - lives.keys():
        lives[intent_id] = Life(open=True)
        opened += 1
    for intent_id, life in before.lives.items():
        if life.open and intent_id not in ids:
            gone = 0 if life.closed else max(record.timestamp_ms, 1)
            lives[intent_id] = replace(life, open=False, gone_ms=gone)
    return replace(before, state=state, newer=newer, lives=_remembered(lives), opened=opened)


def _closed(before: PersonRow, record: Record) -> PersonRow:
    try:
        intent_id = _outcome_id(record.value or b"").intent_id
    except msgspec.DecodeError:
        return before
    life = before.lives.get(intent_id)
    if life is not None and life.closed:
        return before
    ended = replace(life or Life(), closed=True, gone_ms=0)
    return replace(
        before,
        lives=_remembered({**before.lives, intent_id: ended}),
        opened=before.opened + (life is None),
        closed=before.closed + 1,
    )


def _remembered(lives: Mapping[str, Life]) -> Mapping[str, Life]:
    """The oldest of those that have ended well are forgotten first."""
    over = len(lives) - IDS
    if over <= 0:
        return lives
    ended = [intent_id for intent_id, life in lives.items() if life.closed and not life.open]
    dropped = set(ended[:over])
    return {intent_id: life for intent_id, life in lives.items() if intent_id not in dropped}


def _shown_of(row: Row) -> Row:
    """Without unread words, memories of ids and closed plans: no page shows them, and outcomes tell of the last."""
    shown = row.working_copy()
    unverified = tuple(each for each in row.intents.values() if row.unverified(each))
    shown.unread = tuple(replace(each, text="") for each in row.unread)
    shown.doubts = tuple(
        replace(doubt, message=replace(doubt.message, text="")) for doubt in row.doubts if unverified
    )
    shown.seen, shown.closed, shown.last_text = b"", (), ""
    if len(encode(shown)) > _OUR_STATE_BYTES:
        shown.unread = ()
        shown.items = {}
    return shown


def _trimmed(record: Record) -> Record:
    if len(record.value or b"") <= RECORD_BYTES:
        return record
    return replace(record, value=None, headers=((CUT, str(len(record.value or b"")).encode()),))


def _bounded(row: PersonRow, oldest_ms: int) -> PersonRow:
    """By age, by number and by size; the oldest go first."""
    kept = [record for record in row.records if record.timestamp_ms >= oldest_ms]
    for topic, most in MOST.items():
        over = sum(record.topic == topic for record in kept) - most
        if over > 0:
            kept = _without_first(kept, topic, over)
    size = sum(map(_size, kept))
    first = 0
    while size > BYTES:
        size -= _size(kept[first])
        first += 1
    kept = kept[first:]
    return row if len(kept) == len(row.records) else replace(row, records=tuple(kept), cut=True)


def _without_first(records: Iterable[Record], topic: str, count: int) -> list[Record]:
    kept = []
    for record in records:
        if record.topic == topic and count:
            count -= 1
        else:
            kept.append(record)
    return kept


def _size(record: Record) -> int:
    return len(record.value or b"") + sum(len(value) for _, value in record.headers) + 64


def gone_before(row: PersonRow, at_ms: int) -> list[tuple[str, int]]:
    """Intents that had left the row by then and have no outcome, with the time of leaving."""
    return [(intent_id, life.gone_ms) for intent_id, life in row.lives.items() if 0 < life.gone_ms <= at_ms]


class _OutcomeId(msgspec.Struct):
    intent_id: str


_outcome_id = msgspec.json.Decoder(_OutcomeId).decode
