"""A commit's records by what they are, read as any reader of the topics would."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tests.simulation.book import Nudge, Outcome, Pass
from tests.simulation.brittle import BrokeError
from tests.simulation.broken import Broken
from tests.simulation.log import EVENTS, FORWARDED_FROM
from topics.record import NewRecord


class Named(msgspec.Struct, frozen=True):
    """An intent and its version, as a maturity event names them."""

    intent_id: str
    version: int


class Maturity(msgspec.Struct, frozen=True):
    """A maturity event that the worker wrote."""

    user: str
    at_ms: int
    named: tuple[Named, ...]


class Records:
    """What one transaction wrote besides its rows."""

    def __init__(self, records: Iterable[NewRecord]) -> None:
        self.outcomes: list[Outcome] = []
        self.nudges: list[Nudge] = []
        self.recalls: list[Nudge] = []
        self.passes: list[Pass] = []
        self.maturities: list[Maturity] = []
        self.letters: dict[int, str] = {}
        """The reason of each dead letter, by the offset of what it was."""
        self.errors: dict[int, str] = {}
        self.excused: set[int] = set()
        """Dead letters that nothing in the log foretells: of maturity events that woke what breaks its agent."""
        self.forwarded: dict[str, NewRecord] = {}
        """Records on their way home, by the place they stood at."""
        for record in records:
            _SORT.get(record.topic, _unknown)(self, record)

    @property
    def users(self) -> list[str]:
        """Everybody about whom something was written; some more than once."""
        nudged = [one.user_id for one in (*self.nudges, *self.recalls)]
        closed = [one.user_id for one in self.outcomes]
        return [
            *nudged,
            *closed,
            *(one.user_id for one in self.passes),
            *(one.user for one in self.maturities),
        ]

    def outcome(self, record: NewRecord) -> None:
        self.outcomes.append(_outcomes.decode(record.value or b""))

    def nudge(self, record: NewRecord) -> None:
        nudge = _nudges.decode(record.value or b"")
        (self.nudges if nudge.kind == "nudge" else self.recalls).append(nudge)

    def trace(self, record: NewRecord) -> None:
        self.passes.append(_passes.decode(record.value or b""))

    def letter(self, record: NewRecord) -> None:
        marks = dict(record.headers)
        offset = int(marks["tactful_offset"])
        if offset in self.letters:
            raise Broken("I8", f"two dead letters of offset {offset}")
        self.letters[offset] = marks["tactful_reason"].decode()
        self.errors[offset] = marks["tactful_error"].decode()
        broke = (self.letters[offset], self.errors[offset]) == ("defect", BrokeError.__name__)
        if broke and _events.decode(record.value or b"").type == "intent.matured":
            self.excused.add(offset)

    def event(self, record: NewRecord) -> None:
        place = dict(record.headers).get(FORWARDED_FROM)
        if place is None:
            self.maturities.append(maturity_of(record))
        else:
            self.forwarded[place.decode()] = record


def maturity_of(record: NewRecord) -> Maturity:
    """The only event that a worker writes itself."""
    event = _events.decode(record.value or b"")
    if event.type != "intent.matured":
        raise Broken("topics", f"the worker wrote {event.type}")
    return Maturity(event.user_id, record.timestamp_ms, _data.decode(event.data).intents)


def _unknown(_: Records, record: NewRecord) -> None:
    raise Broken("topics", f"a record for {record.topic}")


class _Event(msgspec.Struct, frozen=True):
    type: str
    user_id: str
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Data(msgspec.Struct, frozen=True):
    intents: tuple[Named, ...]


_events = msgspec.json.Decoder(_Event)
_data = msgspec.json.Decoder(_Data)
_outcomes = msgspec.json.Decoder(Outcome)
_nudges = msgspec.json.Decoder(Nudge)
_passes = msgspec.json.Decoder(Pass)
_SORT = {
    "nudge-outcome": Records.outcome,
    "nudges": Records.nudge,
    "nudge-pass": Records.trace,
    "dead-letter": Records.letter,
    EVENTS: Records.event,
}
