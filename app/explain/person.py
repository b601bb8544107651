"""All that the topics hold of one person, decoded."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.core.row import Row, decode
from app.outside.log import Log
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """What a person's time with us has left, each kind in the order of the log."""

    row: Row | None = None
    events: Sequence[Record] = ()
    outcomes: Sequence[Outcome] = ()
    nudges: Sequence[Nudge] = ()
    passes: Sequence[Pass] = ()

    @property
    def nothing(self) -> bool:
        """Whether nobody by this id was ever heard of."""
        return self.row is None and not (self.events or self.outcomes)


async def row_of(log: Log, user: str) -> Row | None:
    """The person's row as of the last commit; NewerRow when a newer worker wrote it."""
    latest: bytes | None = None
    async for record in log.read(NUDGE_STATE.name, user=user):
        latest = record.value
    return None if latest is None else decode(latest)


async def has_events(log: Log, user: str) -> bool:
    """Whether the log still holds any event of a person."""
    return bool([record.offset async for record in log.read(USER_EVENTS.name, user=user)])


async def traces_of(log: Log, user: str) -> Traces:
    """Read the person's one partition of each topic."""
    return Traces(
        row=await row_of(log, user),
        events=[record async for record in log.read(USER_EVENTS.name, user=user)],
        outcomes=[_outcome(record.value or b"") async for record in log.read(NUDGE_OUTCOME.name, user=user)],
        nudges=[_nudge(record.value or b"") async for record in log.read(NUDGES.name, user=user)],
        passes=[_pass(record.value or b"") async for record in log.read(NUDGE_PASS.name, user=user)],
    )


_outcome = msgspec.json.Decoder(Outcome).decode
_nudge = msgspec.json.Decoder(Nudge).decode
_pass = msgspec.json.Decoder(Pass).decode
