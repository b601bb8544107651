"""What of a row is looked at when a partition is taken over: a third of the work of decoding all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from agents.contract import type_of_status
from app.core.row import Debt, known_schema


class PlanGlance(msgspec.Struct, frozen=True, gc=False):
    """Of a plan: whose it is, how it stands, and its times."""

    agent: str
    wake_at: datetime
    expires_at: datetime
    status: type_of_status = "open"
    held_since: datetime | None = None


class Glance(msgspec.Struct, frozen=True, gc=False):
    """Of a row: what it waits for, and what the gauges count. The names are the row's own."""

    intents: Mapping[str, PlanGlance] = {}
    unread: tuple[msgspec.Raw, ...] = ()
    debt: Debt = Debt()
    erased_until: datetime | None = None


_decoder = msgspec.msgpack.Decoder(Glance)


def glance(data: bytes) -> Glance:
    """At a row as it was written; NewerRow when a newer worker did."""
    return _decoder.decode(known_schema(data))
