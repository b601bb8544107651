"""Which agents are paused: the latest record of each key of `nudge-controls`."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import msgspec

from topics.controls import Control
from topics.record import Record

log = logging.getLogger("tactful.controls")


class Controls:
    """The switches as of the last record that was folded."""

    def __init__(self) -> None:
        self._latest: dict[str, Control] = {}

    @property
    def latest(self) -> dict[str, Control]:
        """By agent name, or `*` for everything."""
        return dict(self._latest)

    @property
    def paused(self) -> frozenset[str]:
        """What the core is told; `*` is all of them."""
        return frozenset(name for name, control in self._latest.items() if control.paused)

    def fold(self, records: Iterable[Record]) -> None:
        """Take these in log order; what cannot be understood changes nothing, so that a pause outlives it."""
        for record in records:
            name = (record.key or b"").decode(errors="replace")
            if not record.value:
                self._latest.pop(name, None)
                continue
            try:
                self._latest[name] = msgspec.json.decode(record.value, type=Control)
            except msgspec.DecodeError as error:
                log.warning(
                    "nudge-controls, offset %d: %s; it changes nothing, write one by `tactful agents pause`",
                    record.offset,
                    error,
                )
