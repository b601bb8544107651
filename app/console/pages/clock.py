"""Times as people read them: on the clocks of one zone, seen from one moment."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from markupsafe import Markup

from app.core.row import zone_of

_IN_A_SENTENCE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")
"""How `app.explain` writes a time, for a terminal that knows no zone."""
_TWO_PARTS: Final = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


class Clock:
    """Writes times for one page."""

    def __init__(self, zone: str, now: datetime) -> None:
        self.zone = zone
        self._zone = zone_of(zone)
        self.now = now

    def local(self, at: datetime) -> datetime:
        """The same instant in the page's zone."""
        return at.astimezone(self._zone)

    def hour(self, at: datetime) -> str:
        """`20:01`."""
        return f"{self.local(at):%H:%M}"

    def day(self, at: datetime) -> str:
        """`Thu 5 Mar`, with the year where it is not this one."""
        local = self.local(at)
        year = "" if local.year == self.local(self.now).year else f" {local.year}"
        return f"{local:%a} {local.day} {local:%b}{year}"

    def said(self, at: datetime) -> str:
        """`today 20:01`, `Thu 5 Mar 20:01`."""
        days = (self.local(at).date() - self.local(self.now).date()).days
        name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)
        return f"{name or self.day(at)} {self.hour(at)}"

    def far(self, at: datetime) -> str:
        """`in 2 d 4 h`, `3 min ago`."""
        apart = at - self.now
        length = span(abs(apart))
        if not length:
            return "now"
        return f"in {length}" if apart > timedelta() else f"{length} ago"

    def time(self, at: datetime, form: str = "said") -> Markup:
        """A `time` element; `form` is said, hour, day or far."""
        words = {"said": self.said, "hour": self.hour, "day": self.day, "far": self.far}[form](at)
        exact = self.local(at)
        title = f"{exact:%Y-%m-%d %H:%M:%S} {self.zone}, {at.astimezone(UTC):%H:%M:%S} UTC"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(utc(at), title, words)

    def sentence(self, text: str) -> Markup:
        """A sentence of `app.explain` whose times are shown by this clock."""
        parts: list[Markup] = []
        end = 0
        for found in _IN_A_SENTENCE.finditer(text):
            parts.append(Markup("{}").format(text[end : found.start()]))  # what is between is escaped
            parts.append(self.time(datetime.fromisoformat(found.group())))
            end = found.end()
        parts.append(Markup("{}").format(text[end:]))
        return Markup("").join(parts)


def utc(at: datetime) -> str:
    """RFC 3339, for machines."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def span(length: timedelta) -> str:
    """`2 d 4 h`, `12 min`, `40 s`; empty for less than a second."""
    if length < timedelta(minutes=1):
        seconds = int(length.total_seconds())
        return f"{seconds} s" if seconds else ""
    parts: list[str] = []
    for unit, name in _TWO_PARTS:
        count, length = divmod(length, unit)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
    return " ".join(parts[:2])
