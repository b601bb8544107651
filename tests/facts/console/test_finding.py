"""Whom a search finds, and what it says when it could not look at everybody."""

from __future__ import annotations

import msgspec
import pytest

from app.console import finding
from app.console.embedded_knowing import Held
from app.console.finding import MOST, Finding, find, together
from app.console.person_row import PersonRow
from topics.nudges import NUDGES
from topics.record import Record

PEOPLE = 300
NUDGE = "0123456789abcdef01234567"


def shelf() -> Held:
    """People of whom the 7th has a nudge, and the 8th wrote its id in a message."""
    held = Held()
    for n in range(PEOPLE):
        topic = {7: NUDGES.name, 8: "user-events"}.get(n)
        value = msgspec.json.encode({"nudge_id": NUDGE, "data": {"text": NUDGE}})
        records = () if topic is None else (Record(topic, 0, 0, b"", value, 0),)
        row = PersonRow(user_id=f"person-{n:03}", records=records)
        held.put(f"person-{n:03}".encode(), msgspec.msgpack.encode(row))
    held.put(b"\x00head", NUDGE.encode())
    return held


async def test_an_id_leads_to_its_person_and_words_do_not() -> None:
    """Who wrote such an id in a message is not who was sent it."""
    found = await find(shelf().rows, NUDGE)
    assert dict(found.people) == {"person-007": f"a message {NUDGE}"}
    assert found.whole


async def test_beginnings_are_bounded() -> None:
    """So many are shown, in order, and that there are more is said."""
    found = await find(shelf().rows, "person-")
    assert list(found.people) == [f"person-{n:03}" for n in range(MOST)]
    assert found.more
    few = await find(shelf().rows, "person-29")
    assert (len(few.people), few.more) == (10, False)


async def test_who_could_not_be_looked_at_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of time it says so, and finds by the beginning of an id all the same."""
    monkeypatch.setattr(finding, "WITHIN_S", 0.0)
    monkeypatch.setattr(finding, "TURN_S", 0.0)
    found = await find(shelf().rows, NUDGE)
    assert (dict(found.people), found.whole) == ({}, False)
    assert (await find(shelf().rows, "person-007")).whole


def test_what_several_consoles_found_is_one_answer() -> None:
    """Their people together, and whole only if all of them are."""
    parts = [Finding(people={"b": "the id"}), Finding(people={"a": "the id"}, whole=False)]
    found = together(parts)
    assert list(found.people) == ["a", "b"]
    assert not found.whole
