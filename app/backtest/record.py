"""What was recorded: the lines of `events tail --json`, as each person's events and what was decided about them."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from app.core.written import CANARY
from app.outside.lines import LineError, from_line
from app.outside.log import moment
from topics.controls import NUDGE_CONTROLS, Control
from topics.decode import Undecodable, decode
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import Record
from topics.user_events import USER_EVENTS, IntentMatured

SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
FORWARDED_FROM = "tactful_from"
OURS = "tactful"


class RecordError(ValueError):
    """The files are no record that could be decided again.

    Operator action: make one with `tactful events tail user-events nudge-pass nudge-outcome nudges --json`.
    """


class Ripened(msgspec.Struct, frozen=True, gc=False):
    """One maturity event of the record: the worker woke these plans at `at`."""

    partition: int
    offset: int
    at: datetime
    event_id: str
    named: IntentMatured


class Person(msgspec.Struct):
    """What the record holds of one person, each list in the order of the log."""

    user_id: str
    events: list[Record] = []
    ripened: list[Ripened] = []
    passes: list[tuple[datetime, Pass]] = []
    """With the time at which the trace was written."""
    outcomes: list[Outcome] = []
    nudges: list[Nudge] = []
    moments: dict[str, list[datetime]] = {}
    """Of each pass by id, the moments at which it decided something, in order."""


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """A whole record."""

    people: dict[str, Person]
    controls: Sequence[tuple[datetime, str, bool]]
    """When which agent was paused (True) or resumed."""
    topics: frozenset[str]
    begins_late: Sequence[str]
    """Partitions whose first events are not in the record: `user-events-3 at 1200`."""
    policies: Sequence[str]
    """The versions of the policies under which it was decided."""
    ends: datetime
    """The last moment of which the record knows anything."""
    last: dict[int, int]
    """Of each partition of `user-events` the last offset that the record has."""
    events: int

    @property
    def has_outcomes(self) -> bool:
        """Whether every decision is known, and not only what the traces show."""
        return NUDGE_OUTCOME.name in self.topics


_passes = msgspec.json.Decoder(Pass)
_outcomes = msgspec.json.Decoder(Outcome)
_nudges = msgspec.json.Decoder(Nudge)
_controls = msgspec.json.Decoder(Control)


def read(paths: Iterable[Path]) -> Recorded:
    """The record in these files and folders; RecordError names the file and the line that is none."""
    return _Reading(paths).record()


class _Reading:
    """Lines sorted to the people whom they are about."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._people: defaultdict[str, Person] = defaultdict(lambda: Person(""))
        self._seen: set[tuple[str, int, int]] = set()
        self._logs: defaultdict[int, list[Record]] = defaultdict(list)
        self._traced: list[tuple[int, datetime, Pass]] = []
        self._closed: list[tuple[int, Outcome]] = []
        self._said: list[tuple[int, Nudge]] = []
        self._controls: list[tuple[int, datetime, str, bool]] = []
        self._topics: set[str] = set()
        self._ends_ms = 0
        for path in paths:
            for file in _files(path):
                self._read(file)

    def _read(self, file: Path) -> None:
        number = 0
        try:
            for number, line in enumerate(_lines(file), start=1):  # noqa: B007 - named in the complaint
                if line.strip():
                    self._add(from_line(line))
        except (LineError, msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecordError(f"{file}, line {number}: {error}; write it with `events tail --json`") from None
        except (OSError, EOFError) as error:
            raise RecordError(f"{file} cannot be read: {error}") from None

    def _add(self, record: Record) -> None:
        place = (record.topic, record.partition, record.offset)
        if place in self._seen:
            return  # the same record in two files, whose ranges overlap
        self._seen.add(place)
        self._topics.add(record.topic)
        self._ends_ms = max(self._ends_ms, record.timestamp_ms)
        match record.topic:
            case USER_EVENTS.name:
                self._logs[record.partition].append(record)
            case NUDGE_PASS.name if record.value:
                at = moment(record.timestamp_ms)
                self._traced.append((record.offset, at, _passes.decode(record.value)))
            case NUDGE_OUTCOME.name if record.value:
                self._closed.append((record.offset, _outcomes.decode(record.value)))
            case NUDGES.name if record.value:
                self._said.append((record.offset, _nudges.decode(record.value)))
            case NUDGE_CONTROLS.name:
                self._add_control(record)
            case _:
                pass  # rows and dead letters follow from the events

    def _add_control(self, record: Record) -> None:
        paused = bool(record.value) and _controls.decode(record.value or b"").paused
        agent = (record.key or b"").decode(errors="replace")
        self._controls.append((record.offset, moment(record.timestamp_ms), agent, paused))

    def record(self) -> Recorded:
        if not self._logs:
            raise RecordError("there is no event of `user-events` in these files: tail that topic, too")
        if NUDGE_PASS.name not in self._topics and NUDGE_OUTCOME.name not in self._topics:
            raise RecordError(
                "there is nothing of `nudge-pass` in these files: without the traces there is nothing to compare "
                "with, and no recorded answer"
            )
        late, last, count = [], {}, 0
        for partition, log in sorted(self._logs.items()):
            log.sort(key=lambda record: record.offset)
            if log[0].offset > 0:
                late.append(f"{USER_EVENTS.name}-{partition} at offset {log[0].offset:,}")
            last[partition] = log[-1].offset
            count += self._sort_events(log)
        self._sort_decisions()
        policies = {one.policy_version for _, _, one in self._traced}
        policies |= {one.policy_version for _, one in self._closed}
        return Recorded(
            people=dict(self._people),
            controls=[one[1:] for one in sorted(self._controls)],
            topics=frozenset(self._topics),
            begins_late=late,
            policies=sorted(policies),
            # The log's times are cut to the millisecond: what happened in its last one belongs to the record.
            ends=moment(self._ends_ms + 1),
            last=last,
            events=count,
        )

    def _person(self, user_id: str) -> Person:
        person = self._people[user_id]
        person.user_id = user_id
        return person

    def _sort_events(self, log: Sequence[Record]) -> int:
        """Each event to its person; how many were not ours. One that was sent home counts where it came to."""
        strays = {value for record in log for name, value in record.headers if name == FORWARDED_FROM}
        count = 0
        for record in log:
            if not record.key or (
                strays and f"{record.topic}-{record.partition}@{record.offset}".encode() in strays
            ):
                continue
            try:
                user_id = record.key.decode()
            except UnicodeDecodeError:
                continue
            if user_id.startswith(CANARY):
                continue  # its passes leave nothing to compare with
            person = self._person(user_id)
            ripened = _ripened(record)
            if ripened is None:
                person.events.append(record)
                count += 1
            else:
                person.ripened.append(ripened)
        return count

    def _sort_decisions(self) -> None:
        self._traced.sort(key=lambda one: one[0])
        self._closed.sort(key=lambda one: one[0])
        self._said.sort(key=lambda one: one[0])
        for _, at, traced in self._traced:
            self._person(traced.user_id).passes.append((at, traced))
        for _, outcome in self._closed:
            person = self._person(outcome.user_id)
            person.outcomes.append(outcome)
            person.moments.setdefault(outcome.pass_id, []).append(outcome.closed_at)
        for _, nudge in self._said:
            self._person(nudge.user_id).nudges.append(nudge)
        for person in self._people.values():
            _note_winners(person)


def _note_winners(person: Person) -> None:
    """Without the outcomes, a nudge says to the microsecond when the pass that sent it had its text."""
    sent = {nudge.intent_id: nudge.decided_at for nudge in person.nudges if nudge.kind == "nudge"}
    for _, traced in person.passes:
        if traced.winner in sent:
            person.moments.setdefault(traced.pass_id, []).append(sent[traced.winner])
    for moments in person.moments.values():
        moments.sort()


def _ripened(record: Record) -> Ripened | None:
    """The worker's own maturity event; None for everybody else's."""
    if b'"intent.matured"' not in (record.value or b""):
        return None
    event = decode(record, agents=frozenset())
    if isinstance(event, Undecodable) or event.source != OURS or not isinstance(event.data, IntentMatured):
        return None
    return Ripened(record.partition, record.offset, event.time, event.id, event.data)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    inside = sorted(one for one in path.iterdir() if one.name.endswith(SUFFIXES))
    if not inside:
        raise RecordError(f"{path}: there is no record in this folder (*.jsonl or *.jsonl.gz)")
    yield from inside


def _lines(file: Path) -> Iterator[bytes]:
    if file.suffix == ".gz":
        with gzip.open(file, "rb") as packed:
            yield from packed
    else:
        with file.open("rb") as plain:
            yield from plain
