"""Dead letters as pages show them, and one of them sent again, as it came or mended."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from app.console.operator_values import LettersView, LetterView
from app.console.values import HIDDEN, Note
from app.outside.letters import REPLAYED, Letter, Mended, letters
from app.outside.log import Log
from app.outside.shown import header
from topics.dead_letters import DEAD_LETTER
from topics.user_events import USER_EVENTS

MOST = 200
"""Listed at once, the latest; the counts are of all."""


async def letters_view(
    log: Log, reason: str, *, agents: frozenset[str], now: datetime, notes: Sequence[Note] = ()
) -> LettersView:
    """All of them counted, the latest listed."""
    every = await letters(log)
    listed = [letter for letter in every if not reason or letter.reason == reason][-MOST:]
    return LettersView(
        now=now,
        reason=reason,
        letters=tuple(letter_view(letter, agents=agents, shown=False) for letter in reversed(listed)),
        by_reason=dict(Counter(letter.reason for letter in every)),
        notes=tuple(notes),
    )


async def letter_at(log: Log, partition: int, offset: int) -> Letter | None:
    """One of them by its place."""
    found = await letters(log, place=f"{DEAD_LETTER.name}-{partition}@{offset}")
    return found[0] if found else None


async def has_gone_back(log: Log, letter: Letter) -> bool:
    """Whether it was sent again already, as far as the log of its person shows."""
    key = letter.record.key
    if key is None:
        return False
    async for record in log.read(
        USER_EVENTS.name, since=letter.at, user=key.decode("utf-8", "surrogateescape")
    ):
        if header(record, REPLAYED) == letter.place:
            return True
    return False


def letter_view(
    letter: Letter, *, agents: frozenset[str], shown: bool, went_back: bool = False
) -> LetterView:
    """What it is and why; what it holds only when that was asked for."""
    record = letter.record
    value = record.value or b""
    text = _text(value)
    before = letter.before()
    return LetterView(
        partition=record.partition,
        offset=record.offset,
        at=letter.at,
        reason=letter.reason,
        error=letter.error,
        came_from=letter.came_from,
        key=None if record.key is None else record.key.decode(errors="replace"),
        size=len(value),
        shown=shown,
        headers=_headers(before.headers) if shown else (),
        value="" if text is None or not value else text if shown else HIDDEN,
        value_base64=b64encode(value).decode() if shown and text is None else "",
        still_wrong=letter.still_wrong(agents),
        went_back=went_back,
    )


def mended(letter: Letter, value: str | None, key: str | None) -> Letter:
    """The letter with another value, or with a key where it had none."""
    theirs = key.encode() if key and not letter.record.key else None
    if value is None and theirs is None:
        return letter
    return Mended(value=None if value is None else value.encode(), key=theirs).of(letter)


def _headers(headers: Sequence[tuple[str, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.decode(errors="replace")) for name, value in headers)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None
