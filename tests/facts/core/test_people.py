"""The rows of a partition: decided ones are seen at once, durable ones may leave the memory."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import people
from app.core.people import People
from app.core.row import SCHEMA, NewerRow, Row, decode, encode
from tests.facts.core.by_hand import NOON

NOBODY: dict[str, bytes] = {}


def test_a_decided_row_is_seen_before_it_is_durable() -> None:
    """The next pass of a person begins with what the last one decided, commit or no commit."""
    known = People(NOBODY.get)
    known.decided("ana", encode(Row(user_id="ana", name="Ana")))
    assert known.row("ana").name == "Ana"
    assert set(known.take_changed()) == {"ana"}
    assert known.row("ana").name == "Ana"
    assert not known.has_changed


def test_somebody_unknown_is_a_new_person() -> None:
    """With the defaults of everybody, and nothing to write until something is decided."""
    known = People(NOBODY.get)
    assert known.row("ana") == Row(user_id="ana")
    assert known.known("ana") is None
    assert not known.has_changed


def test_nothing_left_of_a_person_is_a_tombstone() -> None:
    """None stands for a row that goes."""
    known = People({"ana": encode(Row(user_id="ana"))}.get)
    known.decided("ana", None)
    assert known.take_changed() == {"ana": None}


def test_the_memory_of_rows_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many a commit touches, however much is known of one: what is durable goes, the longest unseen first."""
    monkeypatch.setattr(people, "CACHED_BYTES", 100 * people.NAME_BYTES)
    durable: dict[str, bytes] = {}
    known = People(durable.get)
    for commit in range(5):
        for n in range(500):
            known.decided(f"{commit}-{n}", encode(Row(user_id=f"{commit}-{n}")))
        durable |= {user: row for user, row in known.take_changed().items() if row is not None}
        known.decided("late", encode(Row(user_id="late", name="not durable yet")))
        known.committed()
        assert len(known._rows) <= 100
        assert known.row("late").name == "not durable yet"
    known.decided("much", encode(Row(user_id="much", last_text="x" * 100 * people.NAME_BYTES)))
    known.take_changed()
    known.committed()
    assert len(known._rows) <= 1
    assert known.row("1-1") == Row(user_id="1-1")


def test_a_row_survives_its_bytes() -> None:
    """What is written is what is read, to the microsecond."""
    row = Row(user_id="ana", name="Ana", consents={"*": True}, last_activity=NOON + timedelta(microseconds=1))
    assert decode(encode(row)) == row


def test_a_newer_row_stops_the_worker() -> None:
    """An old worker would lose what it does not know of: it says what to do instead."""
    data = bytes([SCHEMA + 1]) + encode(Row(user_id="ana"))[1:]
    with pytest.raises(NewerRow, match="run the newer version"):
        decode(data)
