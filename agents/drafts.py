"""What the agents share when words are written: the facts that may be told, and light checks of a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agents.contract import Candidate, Intent, Person

SENTENCES_AT_MOST = 2
"""Beside a greeting."""
GREETING_AT_MOST = 6
"""Words of a first sentence that greets and asks nothing: "Just a small hello from me." """
QUESTIONS_AT_MOST = 1
_END_OF_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)")
# A stop behind these ends a word or a number, and a sentence only by chance: "Dr. Abebe", "p.m.", "am 3. Mai".
_ABBREVIATED = re.compile(
    r"(?:\d|\b(?:\w|dra?|mrs?|ms|sra?|hr|fr|st|prof|mme|nr|etc|usw|bzw))\.(?=\s)", re.IGNORECASE
)
_WORD = re.compile(r"\w+")
_QUESTION = re.compile(r"\?+")
_CLOCK = re.compile(r"(?<![\d:.])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])\s*([ap]\.?m\b)?", re.IGNORECASE)
_NOON = 12


def facts_about(person: Person, intent: Intent) -> dict[str, object]:
    """The facts that every nudge may tell: its subject and, when it is known, the person's name."""
    facts: dict[str, object] = {"subject": intent.subject}
    if person.name:
        facts["name"] = person.name
    return facts


def texts_in(facts: Mapping[str, object]) -> Iterator[str]:
    """Every text among the facts, at any depth."""
    pending: list[object] = list(facts.values())
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            pending.extend(value.values())
        elif isinstance(value, Sequence):
            pending.extend(value)


def without_facts(text: str, facts: Mapping[str, object]) -> str:
    """The draft's own words: what it repeats of the facts, which are others' words, is blotted out."""
    for fact in sorted(set(texts_in(facts)), key=len, reverse=True):
        if fact.strip():
            text = re.sub(rf"(?<!\w){re.escape(fact)}(?!\w)", "·", text, flags=re.IGNORECASE)
    return text


def too_much(text: str, candidate: Candidate) -> list[str]:
    """What makes a short question long: too many questions, or else too many sentences."""
    # Who asks only once has fewer sentences, too: one instruction at a time.
    return too_many_questions(text, candidate) or _too_many_sentences(without_facts(text, candidate.facts))


def _too_many_sentences(own: str) -> list[str]:
    own = _ABBREVIATED.sub("·", own)
    ends = [found.end() for found in _END_OF_SENTENCE.finditer(own)]
    beside_a_greeting = ends[1:] if ends and _greets(own[: ends[0]]) else ends
    return ["use two sentences at most"] if len(beside_a_greeting) > SENTENCES_AT_MOST else []


def _greets(sentence: str) -> bool:
    return "?" not in sentence and len(_WORD.findall(sentence)) <= GREETING_AT_MOST


def too_many_questions(text: str, candidate: Candidate) -> list[str]:
    """A nudge that asks and asks is an interview."""
    questions = _QUESTION.findall(without_facts(text, candidate.facts))
    return ["ask one question at most"] if len(questions) > QUESTIONS_AT_MOST else []


def another_time(text: str, candidate: Candidate, starts_at: str) -> bool:
    """Whether the draft names a clock time and none of those it names is the appointment's."""
    starts = datetime.fromisoformat(starts_at)
    named = list(_clock_times(without_facts(text, candidate.facts)))
    return bool(named) and (starts.hour, starts.minute) not in named


def _clock_times(text: str) -> Iterator[tuple[int, int]]:
    for hour, minute, half in _CLOCK.findall(text):
        on_the_clock = int(hour)
        yield on_the_clock, int(minute)
        # "4:30 pm", and "4:30" alone where the afternoon goes without saying.
        if on_the_clock < _NOON and not half.lower().startswith("a"):
            yield on_the_clock + _NOON, int(minute)
        if on_the_clock == _NOON and half.lower().startswith("a"):
            yield 0, int(minute)


def fitting(titles: Sequence[str], room: int) -> list[str]:
    """The titles as they are if they fit into the room together, else each cut to an equal share."""
    between = 2 * (len(titles) - 1)
    if sum(map(len, titles)) + between <= room:
        return list(titles)
    share = (room - between) // len(titles)
    return [cut(title, share) for title in titles]


def cut(text: str, length: int) -> str:
    """At most so many characters, ended at a word where one ends late enough, with an ellipsis."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    at_a_word = head.rsplit(" ", 1)[0]
    # A single long word would leave nothing: then it is cut inside.
    return (at_a_word if len(at_a_word) * 2 > length else head).rstrip(" ,;:.–-") + "…"
