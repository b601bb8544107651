"""Public data sets as cases: what somebody else has written down, to be read for what is worth coming back to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import msgspec

from app.core.reading import MESSAGES_A_CHUNK
from app.evaluation.cases import SAID_AT, Case, CasesError, Label, Said, decoded, lines

# MemoryBank knows the day and not the hour: an evening's talk, with an answer every half a minute.
EVENING = time(19, tzinfo=UTC)
PAUSE = timedelta(seconds=30)


class _Exchange(msgspec.Struct, frozen=True):
    query: str
    response: str


class _Person(msgspec.Struct, frozen=True):
    history: Mapping[str, tuple[_Exchange, ...]]


class _Happening(msgspec.Struct, frozen=True):
    time: str
    event: str


class _Watched(msgspec.Struct, frozen=True):
    obs: tuple[_Happening, ...]
    help_needed: bool


def memorybank(path: Path) -> tuple[list[Case], dict[str, Label]]:
    """Each day of each person as a case; nobody has labelled them."""
    try:
        people = msgspec.json.decode(path.read_bytes(), type=dict[str, _Person])
        cases = [
            Case(id=f"{name}/{day}", language="en", messages=_evening(day, exchanges)[-MESSAGES_A_CHUNK:])
            for name, person in people.items()
            for day, exchanges in sorted(person.history.items())
        ]
    except OSError as error:
        raise CasesError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise CasesError(f"{path}: is no MemoryBank history: {error}") from None
    return [case for case in cases if case.messages], {}


def _evening(day: str, exchanges: tuple[_Exchange, ...]) -> tuple[Said, ...]:
    begins = datetime.combine(datetime.fromisoformat(day), EVENING)
    said = [
        (speaker, text)
        for exchange in exchanges
        for speaker, text in (("person", exchange.query), ("assistant", exchange.response))
        if text.strip()
    ]
    return tuple(
        Said(speaker="person" if speaker == "person" else "assistant", text=text, at=begins + n * PAUSE)
        for n, (speaker, text) in enumerate(said)
    )


def proactivebench(path: Path) -> tuple[list[Case], dict[str, Label]]:
    """Each watched stretch of work as a case, and whether help was wanted at its end.

    Nothing is said there: what the person did stands in place of their words.
    """
    cases, labels = [], {}
    for number, line in enumerate(lines(path), 1):
        one = decoded(path, number, line, _Watched)
        said = [Said(text=each.event, at=_at(each.time, n)) for n, each in enumerate(one.obs)]
        if said:
            name = f"p{number:03}"
            cases.append(Case(id=name, language="en", messages=tuple(said[-MESSAGES_A_CHUNK:])))
            labels[name] = Label(id=name, kind="work", worth=one.help_needed)
    return cases, labels


def _at(told: str, number: int) -> datetime:
    """A time in seconds, or ("Day 1, 8:00 PM") none that can be placed: then things happen a minute apart."""
    try:
        return datetime.fromtimestamp(float(told), UTC)
    except (ValueError, OverflowError, OSError):
        return SAID_AT + number * timedelta(minutes=1)


FORMATS = {"memorybank": memorybank, "proactivebench": proactivebench}
