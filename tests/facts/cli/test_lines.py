"""A record as a line of JSON is the record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.outside.lines import LineError, from_line, to_line
from app.outside.shown import headline
from topics import TOPICS
from topics.record import Record

records = st.builds(
    Record,
    topic=st.sampled_from([topic.name for topic in TOPICS]),
    partition=st.integers(0, 100),
    offset=st.integers(0, 2**40),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=60) | st.sampled_from([b"1", b'{"a": "\xc3\xa4"}', b"null", b'"x"']),
    timestamp_ms=st.integers(-(2**63), 2**63 - 1),
    headers=st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=3).map(tuple),
)


@given(records)
def test_a_line_holds_the_whole_record(record: Record) -> None:
    """Whatever bytes it is made of, on one line, they come back."""
    line = to_line(record)
    assert b"\n" not in line
    assert from_line(line) == record


def test_json_on_several_lines_becomes_one() -> None:
    """White space between JSON's tokens means nothing, and a line is one line."""
    record = Record("user-events", 0, 0, b"ana", b'{\n "a": 1\n}', 0)
    assert from_line(to_line(record)).value == b'{"a":1}'


@given(records)
def test_every_record_has_a_headline(record: Record) -> None:
    """What cannot be understood is shown too, on one line, and nothing raises."""
    assert "\n" not in headline(record)


def test_another_line_is_refused() -> None:
    """It is said what is wrong with it."""
    with pytest.raises(LineError, match="missing required field"):
        from_line(b"{}")
