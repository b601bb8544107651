"""The agents' own words, template by template: short, plain, and right whatever stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from agents import FIVE, words

SENTENCES_AT_MOST = 2
"""The rubric's bound for every nudge."""
END_OF_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)")
NOT_FOR_AGENTS = {"weekdays", "clock"}
# Behind a colon nothing asks for a case, a gender or a number.
APART = re.compile(r": „\{subject\}“(?:[.?]| – )")
# A title in a calendar is a name: it may be what something is said of, never what somebody does something to.
SUBJECT_OF = re.compile(
    r"steht „\{subject\}“ (?:an|in deinem Kalender)\b|„\{subject\}“ (?:ist|kommt näher)\b"
)
LIKE_A_FORM = re.compile(
    r"(?:^|[,;(]\s*)(?:hora|uhrzeit|time|fecha|datum|date|aviso|hinweis|notice)\s*:", re.IGNORECASE
)


# "Could be something for you. What do you like about it?" contradicts itself: who offers it knows of no liking yet.
OFFERS = re.compile(
    r"könnte|vielleicht|etwas für dich|quizás?\b|tal vez|para ti|\bmight\b|\bcould\b|\bmay (?:like|enjoy|interest)",
    re.IGNORECASE,
)


class Template(NamedTuple):
    """One form of one variant of an agent's words."""

    language: str
    agent: str
    kind: str
    form: str
    text: str


def templates() -> Iterator[Template]:
    for language, of_language in words.WORDS.items():
        for agent, kinds in of_language.items():
            if agent in NOT_FOR_AGENTS:
                continue
            for kind, variants in kinds.items():
                for number, variant in enumerate(variants):
                    for form, text in variant.items():
                        yield Template(language, agent, kind, f"{form}{number}", text)


ALL = tuple(templates())
every_template = pytest.mark.parametrize("one", ALL, ids=lambda one: "-".join(one[:4]))


def sentences(text: str) -> int:
    return len(END_OF_SENTENCE.findall(text))


def test_every_language_says_the_same_kinds() -> None:
    """No agent is short of words in one of the languages, and none of the words below are overlooked."""
    said = {language: {one[1:4] for one in ALL if one.language == language} for language in words.WORDS}
    assert set(said) == {"de", "en", "es"}
    assert said["de"] == said["en"] == said["es"]
    assert {one.agent for one in ALL} == {agent.name for agent in FIVE}


@every_template
def test_two_sentences_at_most(one: Template) -> None:
    """Our own words keep the limit that a model's draft is held to, and end every sentence."""
    assert 1 <= sentences(one.text) <= SENTENCES_AT_MOST
    assert one.text[-1] in ".?"


@every_template
def test_it_asks_once_and_does_not_cheer(one: Template) -> None:
    """One question, and no exclamation mark: the appointment may be a funeral."""
    assert one.text.count("?") <= 1
    assert "!" not in one.text
    assert "¡" not in one.text


@every_template
def test_it_does_not_read_like_a_form(one: Template) -> None:
    """A time is said as people say it, not as a field with its label."""
    assert LIKE_A_FORM.search(one.text) is None
    assert "(" not in one.text


@pytest.mark.parametrize(
    "one", [one for one in ALL if one.agent == "curiosity"], ids=lambda one: "-".join(one[:4])
)
def test_what_somebody_likes_is_not_offered_to_them(one: Template) -> None:
    """The agent asks about an interest that was noticed; it does not call it new to the person in the same breath."""
    assert OFFERS.search(one.text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Ich dachte mir, das könnte etwas für dich sein: „{subject}“. Was gefällt dir daran?",
        "He pensado que quizá te interese lo de “{subject}”. ¿Qué es lo que te gusta de ello?",
    ],
)
def test_an_offer_would_be_seen(text: str) -> None:
    """The wordings that were mended are such offers."""
    assert OFFERS.search(text)


@pytest.mark.parametrize(
    "one", [one for one in ALL if one.language == "de"], ids=lambda one: "-".join(one[1:4])
)
def test_german_words_need_no_case(one: Template) -> None:
    """`an „der Roman“ gedacht` is wrong: somebody else's words stand apart, or are what the sentence is about."""
    standing_apart = len(APART.findall(one.text))
    if one.agent == "calendar":
        standing_apart += len(SUBJECT_OF.findall(one.text))
    assert one.text.count("{subject}") == standing_apart
    assert standing_apart == (0 if one.agent in {"digest", "re_engagement"} else 1)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Ich habe gerade an „{subject}“ gedacht.", False),
        ("Wie steht es, was „{subject}“ angeht?", False),
        ("Für heute hast du „{subject}“ im Kalender.", False),
        ("Darf ich nach etwas fragen: „{subject}“?", True),
    ],
)
def test_a_wrong_case_would_be_seen(text: str, *, right: bool) -> None:
    """The wordings that were mended do not count as standing apart."""
    assert bool(APART.search(text) or SUBJECT_OF.search(text)) == right


@pytest.mark.parametrize(
    ("hour", "locale", "said"),
    [
        (1, "es", "a la 01:15"),
        (13, "es", "a las 13:15"),
        (1, "en", "at 01:15"),
        (16, "de-AT", "um 16:15 Uhr"),
        (16, "pt", "at 16:15"),
    ],
)
def test_the_time_of_day_is_said_as_the_language_says_it(hour: int, locale: str, said: str) -> None:
    """Spanish has another article at one o'clock; a language without words is spoken to in English."""
    assert words.clock(datetime(2026, 3, 4, hour, 15, tzinfo=UTC), locale) == said
