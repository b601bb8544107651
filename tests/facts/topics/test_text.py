"""People's words are data: one line or bounded lines, with nothing in them that cannot be seen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from topics.text import clean, clean_body, fold


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("upcoming procedure", "upcoming procedure"),
        ("  two\tlines\r\nand\u2028a  half ", "two lines and a half"),
        ("evil\u202eltr\u2066\x00\x1b[31m", "evilltr[31m"),
        ("\u200b\ufeff\u00ad", ""),
        ("\u200d \u200c", ""),
        ("tag\U000e0041\U000e0042", "tag"),
        ("\ud800half", "half"),
        ("👩‍🔧 at work", "👩‍🔧 at work"),
        ("می‌خواهم", "می‌خواهم"),  # Persian is written with the non-joiner
        ("x" * 121, "x" * 120),
        ("é" * 119 + " y", "é" * 119),
    ],
)
def test_a_name_is_one_line_that_can_be_seen(text: str, cleaned: str) -> None:
    """Controls and unseen characters go, white space is one space; joiners of a script stay."""
    assert clean(text) == cleaned


@given(
    st.text(st.characters()) | st.text(st.sampled_from("a \n\t\u200d\u200c\u202e\u00ad\x00\u00a0")),
    st.integers(1, 130),
)
@example("a\u200d ", 3)
def test_cleaning_is_done_once(text: str, limit: int) -> None:
    """What is clean stays as it is, is short enough and can be written."""
    cleaned = clean(text, limit)
    assert clean(cleaned, limit) == cleaned
    assert len(cleaned) <= limit
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in cleaned)
    assert not any(
        unicodedata.bidirectional(c) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        for c in cleaned
    )
    cleaned.encode()


@given(st.text(), st.integers(4, 200))
def test_a_message_keeps_its_lines_within_its_bytes(text: str, limit: int) -> None:
    """Only line feeds are left of the controls; the cut falls between two characters."""
    body = clean_body(text, limit)
    assert len(body.encode()) <= limit
    assert clean_body(body, limit) == body
    assert not any(unicodedata.category(character) == "Cc" for character in body.replace("\n", ""))


def test_a_message_keeps_what_was_written_on_each_line() -> None:
    """Every way to end a line is a line feed, spaces within stay."""
    assert clean_body(" a  b\r\nc\rd\u2029e\tf\u202e\x07 ", 4096) == "a  b\nc\nd\ne f"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The  Surgery", "the surgery"),
        ("STRASSE", "straße"),
        ("ﬁne", "FINE"),
        ("Café", "cafe\u0301"),
        ("a\u00a0b", " A b "),
        ("Ⅷ", "viii"),
    ],
)
def test_subjects_are_compared_without_case_and_spaces(one: str, other: str) -> None:
    """Compatibility forms are one as well."""
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_is_done_once(text: str) -> None:
    """A folded subject folds to itself."""
    assert fold(fold(text)) == fold(text)
