"""The core's own bounds, made as small as a history wants them: they are reached sooner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.core import bounds as core_bounds
from app.core import doubts, ledger, partition, people, reading, row, unread
from tests.simulation.moves import Bounds


@contextmanager
def held(bounds: Bounds) -> Iterator[None]:
    """Within this they hold, in the modules that look at them; then the core's own do again."""
    wanted = (
        (partition, "MAILBOX_LIMIT", bounds.mailbox),
        (people, "CACHED_BYTES", bounds.cached * people.NAME_BYTES),
        (reading, "MESSAGES_A_CHUNK", bounds.chunk),
        (unread, "UNREAD_BYTES", bounds.unread),
        (ledger, "OPEN_INTENTS", bounds.open),
        (row, "SEEN_EVENTS", bounds.seen),
        (doubts, "DOUBTS", bounds.doubts),
        (ledger, "RECALLABLE", bounds.recallable),
        (core_bounds, "ROW_BYTES", bounds.row),
        (core_bounds, "INTENTS_BYTES", bounds.row // 2),
    )
    own = [(module, name, getattr(module, name)) for module, name, _ in wanted]
    try:
        for module, name, value in wanted:
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in own:
            setattr(module, name, value)
