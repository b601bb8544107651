"""Milliseconds since 1970 and the times that they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A Friday before the clocks change in Europe (29 March 2026), and in North America already have.
START_MS = (datetime(2026, 3, 27, 15, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def moment(ms: int) -> datetime:
    """The time."""
    return _EPOCH + timedelta(milliseconds=ms)


def millis(at: datetime) -> int:
    """The first millisecond that is not before it."""
    return -((_EPOCH - at) // timedelta(milliseconds=1))
