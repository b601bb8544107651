"""Times as a person at a terminal writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(text: str, now: datetime) -> datetime:
    """`90s`, `15m`, `4h` or `7d` ago, or a time with an offset; ValueError says what is expected."""
    from app.core.policy import duration

    try:
        return now - duration(text)
    except (ValueError, OverflowError):
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(
            f"{text!r}: write how long ago (15m, 4h, 7d) or a time like 2026-03-02T18:00:00+01:00"
        )
    return at.astimezone(UTC)


def shown(at: datetime) -> str:
    """A time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
