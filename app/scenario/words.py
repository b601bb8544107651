"""What the teller of a story and the process that holds its worker say to each other, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from app.scenario.expected import OpenIntent
from topics.record import NewRecord, Record


class Hello(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is made of; nothing works before Begin."""

    log: str
    """`embedded:PATH` or `kafka://host:port`; the rest of how to reach a broker is in `environment`."""
    prefix: str
    state: str
    model_url: str
    now: datetime
    policy: dict[str, Any]
    environment: dict[str, str]
    """The teller's `TACTFUL_` variables: the process is a copy of one that may have begun without them."""


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Start the worker."""


class Append(msgspec.Struct, frozen=True, tag=True):
    """These stand in the embedded log as of now."""

    records: list[NewRecord]


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Do all that can be done at this instant."""


class Stand(msgspec.Struct, frozen=True, tag=True):
    """Do all that falls due before `to`, each at its own time; then it is `to`."""

    to: datetime


class Tell(msgspec.Struct, frozen=True, tag=True):
    """Say what stands in a topic of the embedded log."""

    topic: str


class TellOpen(msgspec.Struct, frozen=True, tag=True):
    """Say what is open by the rows of the embedded log."""


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Commit what is decided, and end the process."""


Command = Begin | Append | Settle | Stand | Tell | TellOpen | Drain


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command; `error` is empty when it was done."""

    error: str = ""
    records: list[Record] = []
    open: list[OpenIntent] = []
