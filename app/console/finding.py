"""Whom a search finds: by a person's id or its beginning, and by the id of what was planned, said or decided for them.

Nobody's words are searched: they would have to be shown to say why somebody was found.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice, takewhile

import msgspec

from app.console.person_row import PersonRow
from app.console.projection import is_person
from app.console.values import Note
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS

MOST = 50
"""People that one search shows."""
DERIVED = re.compile(r"[0-9a-f]{8,24}")
"""An id of ours, or enough of its beginning."""
WITHIN_S = 2.0
"""For looking through everybody; another console waits 5 s for the answer."""
TURN_S = 0.02
"""After so long others on the event loop get their turn."""

Rows = Callable[[bytes], Iterator[tuple[bytes, bytes]]]
"""A part of the table from a key on, in the order of the keys."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """People by id, each with what they were found by."""

    people: Mapping[str, str] = {}
    more: bool = False
    """More ids begin so."""
    whole: bool = True
    """Whether everybody was looked at; by the beginning of an id they always are."""
    notes: tuple[Note, ...] = ()


class _Ids(msgspec.Struct, frozen=True):
    """What a record of ours may be named by."""

    nudge_id: str | None = ""
    intent_id: str = ""
    pass_id: str = ""
    outcome_id: str = ""


_ids = msgspec.json.Decoder(_Ids).decode
_row = msgspec.msgpack.Decoder(PersonRow).decode
_WORDS = {"nudge_id": "a message", "intent_id": "a plan", "pass_id": "a pass", "outcome_id": "an outcome"}


async def find(rows: Rows, asked: str) -> Finding:
    """Whom this part of the table has; ids that begin so are sought in their order, all others by looking through."""
    start = asked.encode(errors="replace")
    near = takewhile(lambda each: each[0].startswith(start), rows(start))
    begin = [key.decode() for key, _ in islice(near, MOST + 1) if is_person(key)]
    people = {user_id: "the id" if user_id == asked else "the id begins so" for user_id in begin[:MOST]}
    whole = True
    if DERIVED.fullmatch(asked):
        named, whole = await _named_so(rows, asked)
        people = named | people
    return Finding(people=people, more=len(begin) > MOST, whole=whole)


def together(findings: list[Finding]) -> Finding:
    """What all consoles found."""
    people = {user_id: why for each in findings for user_id, why in each.people.items()}
    first = dict(sorted(people.items())[:MOST])
    return Finding(
        people=first,
        more=any(each.more for each in findings) or len(people) > MOST,
        whole=all(each.whole for each in findings),
        notes=tuple(note for each in findings for note in each.notes),
    )


async def _named_so(rows: Rows, asked: str) -> tuple[dict[str, str], bool]:
    """Who has something of this id, and whether there was time to look at everybody."""
    clock, needle = asyncio.get_running_loop().time, asked.encode()
    ends, turn_ends = clock() + WITHIN_S, clock() + TURN_S
    found: dict[str, str] = {}
    for key, value in rows(b" "):
        if needle in value and is_person(key) and (why := _what(_row(value), asked)):
            found[key.decode()] = why
        if clock() > turn_ends:
            if clock() > ends:
                return found, False
            await asyncio.sleep(0)
            turn_ends = clock() + TURN_S
    return found, True


def _what(row: PersonRow, asked: str) -> str:
    """Which of their ids begins so; empty when it only stands in somebody's words."""
    for intent_id in row.lives:
        if intent_id.startswith(asked):
            return f"a plan {intent_id}"
    needle = asked.encode()
    for record in row.records:
        if record.topic not in {NUDGES.name, NUDGE_OUTCOME.name, NUDGE_PASS.name}:
            continue
        if record.value is None or needle not in record.value:
            continue
        try:
            ids = _ids(record.value)
        except msgspec.DecodeError:
            continue  # kept as it came; a page shows it as what it is
        for field, words in _WORDS.items():
            if (getattr(ids, field) or "").startswith(asked):
                return f"{words} {getattr(ids, field)}"
    return ""
