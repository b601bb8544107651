"""All that the topics show, decoded with nothing but JSON and MessagePack, and kept as small as the checks allow."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from app.verify.event import Event, event_of, logged_at
from app.verify.kept import Json, Place, Planned, Raised, Traced, Written
from topics.dead_letters import DEAD_LETTER, MARK
from topics.murmur2 import partition_of
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.text import fold
from topics.user_events import USER_EVENTS

ORDER = (
    NUDGE_PASS.name,
    NUDGES.name,
    NUDGE_OUTCOME.name,
    NUDGE_STATE.name,
    DEAD_LETTER.name,
    USER_EVENTS.name,
)
"""In which order to read the topics of a worker at work: what is claimed before what it is claimed of."""
CANARY = "tactful-canary-"
HEAD = b"\x00partition"
TELLING = frozenset(
    {
        "consent.changed",
        "user.erased",
        "intent.requested",
        "intent.revoked",
        "intent.matured",
        "calendar.changed",
        "message.received",
        "message.sent",
        "nudge.failed",
        "interest.noticed",
    }
)
"""Types that a check asks about; of all others only those are kept that an `exit_on` names."""


class Seen:
    """Filled record by record, topic by topic in ORDER; then the checks look at it."""

    def __init__(self, partitions: int, since: datetime | None = None) -> None:
        """Before `since` nothing was read, so nothing is missed."""
        self.partitions = partitions
        self.since = since
        self.nudges: list[Written] = []
        self.recalls: list[Written] = []
        self.outcomes: list[Written] = []
        self.considered: dict[str, str] = {}
        """The people of all intents that a pass looked at."""
        self.passes: dict[str, Traced] = {}
        self.overlapping: list[tuple[str, str, int, int]] = []
        """Passes that folded an event not after those of an earlier pass of the person: pass, person, both offsets."""
        self.strayed: list[tuple[str, str]] = []
        """Records of ours in another partition than their key's: where, and whose."""
        self.went_back: list[tuple[int, int, int]] = []
        """Partitions' own rows that follow one which was further: partition, what was done, and what is."""
        self.raised: defaultdict[str, list[Raised]] = defaultdict(list)
        self.rows: dict[tuple[int, str], tuple[Planned, ...]] = {}
        self.heads: dict[int, Json] = {}
        self.refused: set[Place] = set()
        self.events: defaultdict[str, list[Event]] = defaultdict(list)
        """By person, those that count and that a check may ask about, in the order of the log."""
        self.by_place: dict[Place, Event] = {}
        """Events that an outcome or a row names."""
        self.unreadable: list[str] = []
        self.counted = {"user-events": 0, "duplicates": 0, "dead-letter": 0}
        self.first: dict[tuple[str, int], tuple[int, datetime]] = {}
        """Of each topic's partition the first offset that is still there, and when it was written."""
        self.last: dict[int, int] = {}
        """Of each partition of `user-events` the last offset."""
        self.newest: datetime | None = None
        self._named: set[Place] = set()
        """Places that outcomes and rows name: what opened and matured them is wanted."""
        self._identities: set[int] = set()
        self._erased: dict[str, datetime] = {}
        self._folded: dict[str, int] = {}
        self._exit_types: set[str] = set()
        self._adders: Mapping[str, Callable[[Record], None]] = {
            NUDGE_PASS.name: self._add_pass,
            NUDGES.name: self._add_nudge,
            NUDGE_OUTCOME.name: self._add_outcome,
            NUDGE_STATE.name: self._add_row,
            DEAD_LETTER.name: self._add_dead_letter,
            USER_EVENTS.name: self._add_event,
        }

    def add(self, record: Record) -> None:
        """Take one more record; what is ours and cannot be read is a finding."""
        logged = logged_at(record)
        self.first.setdefault((record.topic, record.partition), (record.offset, logged))
        if record.topic != NUDGE_STATE.name:
            self.newest = logged if self.newest is None else max(self.newest, logged)
        try:
            self._adders[record.topic](record)
        except (ValueError, KeyError, TypeError, AttributeError, msgspec.DecodeError) as error:
            self.unreadable.append(
                f"{record.topic}-{record.partition}@{record.offset}: {type(error).__name__}: {error}"
            )

    @property
    def planned(self) -> Iterator[Planned]:
        """All open intents."""
        return (one for row in self.rows.values() for one in row)

    def is_done(self, place: Place) -> bool:
        """Whether the partition's own row calls an event done."""
        head = self.heads.get(place[0])
        if head is None:
            return False
        return place[1] < head["next"] or (place[1] <= head["high"] and place[1] not in head["unfinished"])

    def reaches(self, topic: str, partition: int, at: datetime, retention: timedelta | None) -> bool:
        """Whether a record of this time would still be there: the topic was not cut, or the cut lies before it."""
        if self.since is not None and at < self.since:
            return False
        first = self.first.get((topic, partition))
        if first is not None and at >= first[1]:
            return True
        return self.newest is not None and (retention is None or at > self.newest - retention)

    def _add_pass(self, record: Record) -> None:
        value = _json(record)
        user: str = value["user_id"]
        self._at_home(record)
        for candidate in value["candidates"]:
            self.considered[candidate["intent_id"]] = user
        self.passes[value["pass_id"]] = Traced(value["winner"], _refused(value["candidates"]))
        for event in value["events"]:
            before = self._folded.get(user, -1)
            if event["offset"] <= before:
                self.overlapping.append((value["pass_id"], user, event["offset"], before))
            self._folded[user] = max(before, event["offset"])
        subjects = {
            fold(each["subject"])
            for ask in value["asks"]
            if ask["task"] == "reading" and isinstance(ask["answer"], dict)
            for each in ask["answer"].get("subjects") or ()
        }
        if subjects:
            last = max((event["offset"] for event in value["events"]), default=-1)
            self.raised[user].append(Raised(instant(value["now"]), last, frozenset(subjects)))

    def _add_nudge(self, record: Record) -> None:
        written = _written(record)
        {"nudge": self.nudges, "recall": self.recalls}[written.value["kind"]].append(written)

    def _add_outcome(self, record: Record) -> None:
        written = _written(record)
        self.outcomes.append(written)
        self._named |= {place for _, place in refs(written.value)}

    def _add_row(self, record: Record) -> None:
        if record.key == HEAD:
            head = msgspec.msgpack.decode(record.value or b"")
            known = self.heads.get(record.partition, head)
            if head["next"] < known["next"]:
                self.went_back.append((record.partition, known["next"], head["next"]))
            self.heads[record.partition] = head
            return
        self._at_home(record)
        user = (record.key or b"").decode()
        where = record.partition, user
        if not record.value:
            self.rows.pop(where, None)
            return
        row = msgspec.msgpack.decode(memoryview(record.value)[1:])  # the first byte is the row's schema
        planned = row.get("intents", {}).values()
        self._named |= {(one["opened_by"]["partition"], one["opened_by"]["offset"]) for one in planned}
        self.rows[where] = tuple(
            Planned(
                user,
                record.partition,
                one["intent_id"],
                one["agent"],
                one["subject"],
                one["opened_by"],
                one["wake_at"],
                one.get("status", "open"),
            )
            for one in planned
        )
        if not planned:
            del self.rows[where]

    def _at_home(self, record: Record) -> None:
        if partition_of(record.key or b"", self.partitions) != record.partition:
            where = f"{record.topic}-{record.partition}@{record.offset}"
            self.strayed.append((where, (record.key or b"").decode()))

    def _add_dead_letter(self, record: Record) -> None:
        self.counted["dead-letter"] += 1
        marks = {name: value.decode() for name, value in record.headers if name.startswith(MARK)}
        self.refused.add((int(marks[MARK + "partition"]), int(marks[MARK + "offset"])))

    def _add_event(self, record: Record) -> None:
        self.counted["user-events"] += 1
        self.last[record.partition] = record.offset
        event = event_of(record)
        place = record.partition, record.offset
        # Put aside, not at home (it was forwarded and counts from there), or not decided yet: nothing follows from it.
        if event is None or place in self.refused or not self.is_done(place):
            return
        if partition_of(event.user.encode(), self.partitions) != record.partition:
            return
        if event.type != "intent.matured" and self._is_passed_over(event):
            return
        if event.type == "intent.requested":
            self._exit_types |= {each["type"] for each in event.data.get("exit_on") or ()}
        if place in self._named:
            self.by_place[place] = event
        if event.type in self._exit_types:
            self.events[event.user].append(event)
        elif event.type in TELLING:
            data = {} if event.type.startswith("message.") else event.data  # nobody asks for their words
            self.events[event.user].append(msgspec.structs.replace(event, data=data))

    def _is_passed_over(self, event: Event) -> bool:
        """A copy, or covered by an erasure."""
        identity = hash((event.user, event.source, event.id))
        if identity in self._identities:
            self.counted["duplicates"] += 1
            return True
        erased = self._erased.get(event.user)
        if erased is not None and event.time <= erased:
            return True
        self._identities.add(identity)
        if event.type == "user.erased":
            self._erased[event.user] = event.time
        return False


def _refused(candidates: list[Json]) -> dict[str, frozenset[str]]:
    said = {
        each["intent_id"]: frozenset(
            gate["reason"] for gate in each["gates"] if gate["answer"] == "stand_down"
        )
        for each in candidates
    }
    return {intent_id: reasons for intent_id, reasons in said.items() if reasons}


def refs(outcome: Json) -> Iterator[tuple[str, Place]]:
    """The events of `user-events` that an outcome says it follows from."""
    for name in ("opened_by", "matured_by", "closed_by"):
        ref = outcome[name]
        if ref is not None and ref["topic"] == USER_EVENTS.name:
            yield name, (ref["partition"], ref["offset"])


def _json(record: Record) -> Json:
    value = json.loads(record.value or b"")
    if not isinstance(value, dict):
        raise TypeError("it is no JSON object")
    return value


def _written(record: Record) -> Written:
    return Written(
        record.partition, record.offset, (record.key or b"").decode(), logged_at(record), _json(record)
    )


def instant(text: str) -> datetime:
    """A time as our records write it."""
    return datetime.fromisoformat(text)
