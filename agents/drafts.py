"""What the agents share when words are written: the facts that may be told, and light checks of a draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from agents.contract import Candidate, Intent, Person

SENTENCES_AT_MOST = 3
"""Two, and a greeting."""
QUESTIONS_AT_MOST = 1
_END_OF_SENTENCE = re.compile(r"[.!?…]+(?=\s|$)")
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
    """What makes a short question long: too many sentences, too many questions."""
    found = too_many_questions(text, candidate)
    if len(_END_OF_SENTENCE.findall(without_facts(text, candidate.facts))) > SENTENCES_AT_MOST:
        found.append("use two sentences at most")
    return found


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
