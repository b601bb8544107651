"""The checks that hold for every draft, whoever wrote it and for whichever agent."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from agents.drafts import texts_in, without_facts
from app.core import language
from topics.text import fold

LENGTH_AT_LEAST: Final = 20
LENGTH_AT_MOST: Final = 400
# The shortest numbers that ring somewhere abroad have 7 digits; dates, times and sums are taken out before.
PHONE_DIGITS: Final = 7

_REST = r"[^\s\"“”„«»<>]"
_ENDINGS = (
    r"(?:com|net|org|info|biz|io|app|dev|eu|edu|gov|online|site|shop|store|link|click|top|xyz|page|cloud|"
    r"de|es|fr|nl|pt|uk|ch|ly|gl|ai|tv|ru|cn|br|mx|pl|se|fi|dk|cz)"
)
# Endings that are words too ("done.It", "tell.me") count only with a path behind them.
_LINK = re.compile(
    rf"(?:[a-z][a-z0-9+.\-]{{1,15}}://|www\.){_REST}+"
    rf"|\b(?:[\w\-]{{2,63}}\.)+(?:{_ENDINGS}\b(?:/{_REST}*)?|[a-z]{{2,10}}/{_REST}+)",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+\-]+\s?(?:@|\(at\)|\[at\])\s?[\w\-]+(?:\.[\w\-]+)+", re.IGNORECASE)
_NO_PHONE = re.compile(
    r"""
    # 2026-05-21, 2026-05-21T17:00:00+02:00
      \d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+\-]\d{2}:\d{2})?)?
    # 21.05.2026, 5/21/26
    | (?<![\d./\-])[0-3]?\d[./\-]\s?[0-3]?\d[./\-]\s?\d{2,4}(?![./\-]?\d)
    # 17:00, 17.30, 17h30
    | (?<![\d.])[0-2]?\d[:.h][0-5]\d(?::\d{2})?(?![.:]?\d)
    # 2025-2026
    | \b(?:19|20)\d{2}\s?[\-–/]\s?(?:19|20)?\d{2}\b
    # 1,000,000
    | (?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:\.\d{3})+)(?![.,]?\d)
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"(?<!\w)[+(]{0,2}\d[\d\s().\-/]*\d")
_PLACEHOLDER = re.compile(
    r"""
      [{}] | \[[^\]]{1,60}\] | <[^\W\d_][^<>]{0,60}>
    | %\(\w+\)s | %s\b | \$[A-Z_]{2,} | _{3,}
    | \b(?:TODO|FIXME|TBD|INSERT|PLACEHOLDER)\b
    | (?i: \blorem\ ipsum\b | \byour\ name\ here\b
         | \binsert\ (?:the\ |your\ |a\ )?(?:name|subject|text|topic)\b )
    """,
    re.VERBOSE,
)
_FIELDS = "task|facts|approach|locale|subject|problems|text"
_ECHO = re.compile(
    rf"""
    # What a model says of itself and of what it was told.
      \bas\ an?\ (?:ai|a\.i\.|artificial\ intelligence|(?:large\ )?language\ model)\b
    | \bi(?:\ am|['’]m)\ an?\ (?:ai|language\ model)\b
    | \bcomo\ (?:un\ )?modelo\ de\ lenguaje\b | \bals\ (?:ki|sprachmodell)\b
    | \bsystem[\ -]?prompt | \bsystem\ message\b | \buser\ turn\b | \bjson\ document\b
    | \b(?:my|these|previous|prior|system)\ instructions\b
    | \bi\ (?:was|am|have\ been)\ (?:instructed|prompted|told\ to\ write)\b
    # The document it was given, or an answer in that form.
    | ```
    | ["'“](?:{_FIELDS})["'”]\s*:
    | ^\W{{0,3}}(?:{_FIELDS}|draft|message|nudge|output|attempt\ \d)\W{{0,3}}:
    # Words around the message instead of the message.
    | ^(?:sure|certainly|of\ course|okay|ok)?\W{{0,3}}here(?:['’]s|\ is)\ (?:the|an?|your|my|another)
      \ (?:\w+\ )?(?:message|draft|nudge|text|rewrite|version)\b
    | ^\W{{0,3}}(?:i['’]m\ sorry,?\ but\ )?i\ (?:cannot|can['’]t)
      \ (?:help\ (?:you\ )?with|assist|comply|fulfil)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def problems(text: str, *, facts: Mapping[str, object], locale: str, last_text: str) -> list[str]:
    """What is wrong with a draft, as short instructions for the next attempt; empty when nothing is.

    No instruction repeats a word of the draft, of the facts or of the person. What the facts hold may be
    told: a link, a number or a bracket that stands in them is nobody's slip.
    """
    text = text.strip()
    own = without_facts(text, facts)
    told = [fact.casefold() for fact in texts_in(facts)]
    found = list(_length(text))
    if _unprintable(text):
        found.append("write one line of plain text, without control characters")
    if not _all_told(_LINK.findall(text), told):
        found.append("leave out the link: the facts have none like it")
    if not _all_told(_MAIL.findall(text), told):
        found.append("leave out the mail address: the facts have none like it")
    if not _all_told(_phone_numbers(text), [_digits(fact) for fact in told]):
        found.append("leave out the phone number: the facts have none like it")
    if _PLACEHOLDER.search(own):
        found.append("write the finished text: no placeholder, no brackets to fill in")
    if _ECHO.search(own):
        found.append("write only the message to the person: nothing about instructions, forms or models")
    if last_text and _bare(text) == _bare(last_text):
        found.append("say it in other words: the last message to this person was the same")
    if language.is_another(own, locale):
        found.append("write in the language of the locale")
    return found


def has_address(text: str) -> bool:
    """Whether a text holds a link, a mail address or a phone number: what a name of a matter never needs."""
    return bool(_LINK.search(text) or _MAIL.search(text) or any(_phone_numbers(text)))


def _all_told(found: Iterable[str], told: Sequence[str]) -> bool:
    """Whether each of these stands in a fact; what ends a sentence behind it is not part of it."""
    return all(any(one.casefold().rstrip(".,;:!?)") in fact for fact in told) for one in found)


def _length(text: str) -> Iterator[str]:
    if len(text) < LENGTH_AT_LEAST:
        yield f"too short: write at least {LENGTH_AT_LEAST} characters"
    if len(text) > LENGTH_AT_MOST:
        yield f"too long: write at most {LENGTH_AT_MOST} characters"


def _unprintable(text: str) -> bool:
    """Control, bidirectional and other invisible characters; the joiners of emoji and Persian are none."""
    return any(
        unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        and character not in "\u200c\u200d"
        for character in text
    )


def _phone_numbers(text: str) -> Iterator[str]:
    """The digits of everything that could be dialled."""
    for number in _NUMBER.findall(_NO_PHONE.sub(" ∎ ", text)):
        digits = _digits(number)
        if len(digits) >= PHONE_DIGITS:
            yield digits


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def _bare(text: str) -> str:
    """The text as it sounds: case, spaces and punctuation make no other message of it."""
    return "".join(character for character in fold(text) if character.isalnum())
