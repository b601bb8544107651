"""Cases of reading: what is planned, what was said, and (apart, or in the same line) what a careful reader found."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from app.core.reading import MESSAGES_A_CHUNK

Line = TypeVar("Line")

# A case that tells no times: the message comes on a Wednesday, the plan is due a day later, and was made long enough
# before for any "on Tuesday" or "next week" in it to be over.
SAID_AT = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
PLANNED_BEFORE = timedelta(days=10)
DUE_AFTER = timedelta(days=1)
UNNAMED = "-"
"""The kind or language of a case that names none."""


class CasesError(ValueError):
    """A file of cases, labels or answers cannot be used. Operator action: mend the line that it names."""


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that is open when the reading begins; its `id` is what labels speak of."""

    id: str
    subject: str
    agent: str = "follow_up"
    opened_by: str = ""
    opened_at: datetime = SAID_AT - PLANNED_BEFORE
    due_at: datetime = SAID_AT + DUE_AFTER


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message; labels speak of it by its number, from 1."""

    text: str
    at: datetime = SAID_AT
    speaker: Literal["person", "assistant"] = "person"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One reading: the person's zone, the open intents, the messages that no reading has covered."""

    id: str
    language: str = UNNAMED
    timezone: str = "UTC"
    intents: tuple[Planned, ...] = ()
    messages: tuple[Said, ...]


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """A subject that is to be raised: by one of these messages, due on this local day (None: no day can be told)."""

    messages: tuple[int, ...]
    about: str = ""
    """For people who read the report."""
    when: date | None = None
    optional: bool = False
    """A careful reader may raise it or not."""


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """What a careful reader found; what it does not name stays open and untouched, and raises nothing."""

    id: str
    kind: str = UNNAMED
    settled: tuple[str, ...] = ()
    """The intents that are over, by whichever closing verdict."""
    either: tuple[str, ...] = ()
    """The intents of which two careful readers may disagree: neither closing nor keeping them is an error."""
    postponed: Mapping[str, date | None] = {}
    """The intents that are put off, and the local day on which to ask (None: no day can be told)."""
    muted: tuple[str, ...] = ()
    raised: tuple[Raised, ...] | None = None
    """None: nobody has looked for subjects here."""
    worth: bool | None = None
    """Whether there is anything at all to come back to, where that is all that is known."""


class _OpenSubject(msgspec.Struct, frozen=True):
    id: str | int
    subject: str
    created_text: str | None = None


class _OneMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A case as one list of open subjects and one message, with its label in the same line.

    Whoever else has such cases numbers them, or leaves a field null.
    """

    id: str | int
    open_subjects: tuple[_OpenSubject, ...]
    message: str
    resolved: tuple[str | int, ...] | None = None
    kind: str | None = None
    language: str | None = None


def read_cases(path: Path) -> tuple[list[Case], dict[str, Label]]:
    """The cases of a file in either form, and the labels that stand in it."""
    cases: list[Case] = []
    labels: dict[str, Label] = {}
    seen: set[str] = set()
    for number, line in enumerate(lines(path), 1):
        one = decoded(path, number, line, dict[str, object])
        if "open_subjects" in one:
            plain = decoded(path, number, line, _OneMessage)
            case = _case(plain)
            if plain.resolved is not None:
                settled = tuple(map(str, plain.resolved))
                labels[case.id] = Label(id=case.id, kind=plain.kind or UNNAMED, settled=settled)
        else:
            case = decoded(path, number, line, Case)
        complaint = _complaint(case, seen)
        if complaint:
            raise CasesError(f"{path}:{number}: {complaint}")
        seen.add(case.id)
        cases.append(case)
    if not cases:
        raise CasesError(f"{path}: holds no case")
    _check_labels(path, cases, labels.values())
    return cases, labels


def read_labels(path: Path, cases: Sequence[Case]) -> dict[str, Label]:
    """Labels that are kept apart from their cases, by the case's id."""
    labels = [decoded(path, number, line, Label) for number, line in enumerate(lines(path), 1)]
    _check_labels(path, cases, labels)
    return {label.id: label for label in labels}


def _case(plain: _OneMessage) -> Case:
    planned = [
        Planned(id=str(one.id), subject=one.subject, opened_by=one.created_text or "")
        for one in plain.open_subjects
    ]
    said = (Said(text=plain.message),)
    language = plain.language or UNNAMED
    return Case(id=str(plain.id), language=language, intents=tuple(planned), messages=said)


def _complaint(case: Case, seen: set[str]) -> str:
    """Why a case cannot be asked about; empty when it can."""
    ids = [planned.id for planned in case.intents]
    times = [said.at for said in case.messages] + [
        at for one in case.intents for at in (one.opened_at, one.due_at)
    ]
    many = len(case.messages)
    complaints = {
        f"a second case with the id {case.id!r}": case.id in seen,
        "a case without a message": not case.messages,
        f"{many} messages: one reading shows {MESSAGES_A_CHUNK}, make two cases of it": many
        > MESSAGES_A_CHUNK,
        "two intents with one id": len(set(ids)) < len(ids),
        "a time without an offset": any(at.tzinfo is None for at in times),
        f"{case.timezone!r} is no IANA time zone": not _is_zone(case.timezone),
    }
    return next((complaint for complaint, holds in complaints.items() if holds), "")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _check_labels(path: Path, cases: Sequence[Case], labels: Iterable[Label]) -> None:
    by_id = {case.id: case for case in cases}
    for label in labels:
        case = by_id.get(label.id)
        if case is None:
            raise CasesError(f"{path}: a label for {label.id!r}, of which there is no case")
        known = {planned.id for planned in case.intents}
        named = {*label.settled, *label.either, *label.postponed, *label.muted}
        if named - known:
            raise CasesError(f"{path}: {label.id}: no intent has the id {min(named - known)!r}")
        numbers = {number for one in label.raised or () for number in one.messages}
        if numbers - set(range(1, len(case.messages) + 1)):
            raise CasesError(f"{path}: {label.id}: a subject raised by a message that is not there")


def lines(path: Path) -> list[bytes]:
    """The lines of a file that hold something; CasesError when it cannot be read."""
    try:
        # A byte order mark is what some editors put before a text; it is no part of it.
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise CasesError(f"{path}: cannot be read: {error.strerror}") from None
    return [line for line in text.splitlines() if line.strip()]


def decoded(path: Path, number: int, line: bytes, form: type[Line]) -> Line:
    """One line as what it should be; CasesError names the line and the field."""
    try:
        return msgspec.json.decode(line, type=form)
    except msgspec.DecodeError as error:
        raise CasesError(f"{path}:{number}: {error}") from None
