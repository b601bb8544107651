"""Dead letters: what they were before, which are understood by now, and which went back already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from app.outside.log import Log, moment
from app.outside.shown import header
from topics.dead_letters import DEAD_LETTER, MARK, as_it_came
from topics.decode import Undecodable, decode
from topics.record import NewRecord, Record
from topics.user_events import USER_EVENTS

REPLAYED = f"{MARK}replayed"
"""The header of an event that went back: which letter it was."""


class Mended(msgspec.Struct, frozen=True):
    """What an operator says instead of what came; None leaves it as it came."""

    value: bytes | None
    key: bytes | None

    def of(self, letter: Letter) -> Letter:
        return msgspec.structs.replace(letter, mended=self)


class Letter(msgspec.Struct, frozen=True):
    """A dead letter and what its marks say; `mended` is what it should have said."""

    record: Record
    mended: Mended | None = None

    @property
    def place(self) -> str:
        """Where it stands: its name."""
        return f"{DEAD_LETTER.name}-{self.record.partition}@{self.record.offset}"

    @property
    def reason(self) -> str:
        return header(self.record, f"{MARK}reason")

    @property
    def error(self) -> str:
        return header(self.record, f"{MARK}error")

    @property
    def came_from(self) -> str:
        """Where it stood before."""
        topic, partition, offset = (
            header(self.record, MARK + name) for name in ("topic", "partition", "offset")
        )
        return f"{topic}-{partition}@{offset}"

    @property
    def at(self) -> datetime:
        """When it was put aside."""
        return moment(self.record.timestamp_ms)

    def before(self) -> Record:
        """The record as it came, dated when it was put aside: that is nearest to when the log first had it."""
        return msgspec.structs.replace(
            self.record, topic=USER_EVENTS.name, headers=as_it_came(self.record.headers)
        )

    def meant(self) -> Record:
        """The record as it goes back: as it came, but for what was mended."""
        record, mended = self.before(), self.mended
        if mended is None:
            return record
        value = record.value if mended.value is None else mended.value
        key = record.key if mended.key is None else mended.key
        return msgspec.structs.replace(record, value=value, key=key)

    def still_wrong(self, agents: frozenset[str]) -> str:
        """Why it would be put aside again; empty when it is understood now."""
        event = decode(self.meant(), agents=agents)
        return f"{event.reason}: {event.error}" if isinstance(event, Undecodable) else ""

    def again(self) -> NewRecord:
        """The event for its person's home, with the letter's name beside it."""
        record = self.meant()
        headers = (*record.headers, (REPLAYED, self.place.encode()))
        return NewRecord(record.topic, record.key, record.value, record.timestamp_ms, headers)


async def letters(
    log: Log, *, reason: str = "", place: str = "", since: datetime | None = None
) -> list[Letter]:
    """The dead letters in their order; of one reason, or the one at this place, if one is named."""
    every = [Letter(record) async for record in log.read(DEAD_LETTER.name, since=since)]
    return [
        letter
        for letter in every
        if (not reason or letter.reason == reason) and (not place or letter.place == place)
    ]


async def gone_back(log: Log, among: Iterable[Letter]) -> set[str]:
    """The names of those letters that were replayed before, as the log of events shows."""
    oldest = min((letter.at for letter in among), default=None)
    if oldest is None:
        return set()
    return {
        name
        async for record in log.read(USER_EVENTS.name, since=oldest)
        if (name := header(record, REPLAYED))
    }


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay does with each letter."""

    back: Sequence[Letter]
    wrong: Sequence[tuple[Letter, str]]
    """Those that would be put aside again, and why."""
    before: Sequence[Letter]
    """Those that went back already."""


async def planned(log: Log, found: Sequence[Letter], agents: frozenset[str]) -> Replay:
    """Sort letters into those that go back, those that are still not understood, and those that went before."""
    wrong = [(letter, why) for letter in found if (why := letter.still_wrong(agents))]
    refused = {letter.place for letter, _ in wrong}
    understood = [letter for letter in found if letter.place not in refused]
    known = await gone_back(log, understood)
    return Replay(
        back=[letter for letter in understood if letter.place not in known],
        wrong=wrong,
        before=[letter for letter in understood if letter.place in known],
    )
