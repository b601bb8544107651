"""The closed space of answers to one question, and the way from the model's text into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core import asks
from topics.text import clean

MAX_ANSWER = 64 * 1024
"""Characters; the longest honest answer (50 intents, 40 messages) has some 12,000."""
MAX_LISTED = 200
"""Entries of a list that are looked at: more than 40 messages about 60 intents honestly give."""
MAX_DRAFT = 1_000
"""Above the 400 that a draft may have, so that its check sees that it is too long."""
MAX_PROBLEMS = 10
FARTHEST = timedelta(days=3650)
"""The core clamps times to 90 days; this only keeps the arithmetic inside the calendar."""


class MalformedError(ValueError):
    """The model's answer is outside the space of answers. Operator action: none; it was an attempt."""


class _Part(BaseModel):
    # Strict: "0.9" is no number. Fields that nobody asked for are left out, as everywhere on the wire.
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, allow_inf_nan=False)


class _Verdict(_Part):
    intent: str
    verdict: Literal["resolves", "supersedes", "contradicts", "postpones", "unrelated"]
    message: str
    confidence: float = Field(ge=0, le=1)
    until: datetime | None = None


class _Subject(_Part):
    subject: str
    agent: str
    message: str
    when: datetime | None = None
    importance: float = Field(default=0.5, ge=0, le=1)


class _Mute(_Part):
    subject: str
    message: str


class _Reading(_Part):
    verdicts: tuple[_Verdict, ...] = ()
    subjects: tuple[_Subject, ...] = ()
    mutes: tuple[_Mute, ...] = ()


class _Compose(_Part):
    text: str


class _Judge(_Part):
    score: float = Field(ge=0, le=1)
    problems: tuple[str, ...] = ()


def schema(question: asks.Question) -> dict[str, Any]:
    """The JSON schema of the answer to this very question.

    It holds references and agents' names, no word of the person: providers keep schemas longer than prompts.
    Only keywords that structured output knows are used; ranges and lengths are checked in `parse`.
    """
    match question:
        case asks.Reading():
            return _reading_schema(question)
        case asks.Compose():
            return _object(text={"type": "string"})
        case asks.Judge():
            return _object(score={"type": "number"}, problems=_list({"type": "string"}))
        case _:
            assert_never(question)


def _reading_schema(question: asks.Reading) -> dict[str, Any]:
    message = _enum([shown.ref for shown in question.messages])
    time = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
    text, number = {"type": "string"}, {"type": "number"}
    lists: dict[str, Any] = {}
    # An enum of nothing is no schema: a list that could only be empty is left out of the answer.
    if question.intents and question.messages:
        intent = _enum([shown.ref for shown in question.intents])
        lists["verdicts"] = _list(
            _object(
                intent=intent, verdict=_enum(asks.VERDICTS), message=message, confidence=number, until=time
            )
        )
    if question.agents and question.messages:
        agent = _enum(question.agents)
        lists["subjects"] = _list(
            _object(subject=text, agent=agent, message=message, when=time, importance=number)
        )
    if question.messages:
        lists["mutes"] = _list(_object(subject=text, message=message))
    return _object(**lists)


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _enum(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def parse(question: asks.Question, text: str) -> asks.Answer:
    """The answer that this text is; MalformedError, without its words, when it is none to this question."""
    if len(text) > MAX_ANSWER:
        raise MalformedError(f"an answer of {len(text)} characters")
    try:
        match question:
            case asks.Reading():
                return _reading(question, _Reading.model_validate_json(text))
            case asks.Compose():
                return asks.ComposeAnswer(clean(_Compose.model_validate_json(text).text, limit=MAX_DRAFT))
            case asks.Judge():
                return _judged(_Judge.model_validate_json(text))
            case _:
                assert_never(question)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the answer"
        raise MalformedError(f"{where}: {first['type']}") from None


def _reading(question: asks.Reading, answer: _Reading) -> asks.ReadingAnswer:
    """A reference that was not shown makes the answer malformed: who mixes up one may have mixed up all.

    An agent that is not registered is dropped, and so is a subject without a name.
    """
    intents = {shown.ref for shown in question.intents}
    messages = {shown.ref for shown in question.messages}
    for name, entries in (
        ("verdicts", answer.verdicts),
        ("subjects", answer.subjects),
        ("mutes", answer.mutes),
    ):
        if len(entries) > MAX_LISTED:
            raise MalformedError(f"{name}: {len(entries)} entries")
        if any(entry.message not in messages for entry in entries):
            raise MalformedError(f"{name}: a message that was not shown")
    if any(verdict.intent not in intents for verdict in answer.verdicts):
        raise MalformedError("verdicts: an intent that was not shown")
    now = question.now
    verdicts = tuple(
        asks.Verdict(v.intent, v.verdict, v.message, v.confidence, _instant(v.until, now))
        for v in answer.verdicts
    )
    subjects = tuple(
        asks.RaisedSubject(name, s.agent, s.message, _instant(s.when, now), s.importance)
        for s in answer.subjects
        if s.agent in question.agents and (name := clean(s.subject))
    )
    mutes = tuple(asks.Mute(name, m.message) for m in answer.mutes if (name := clean(m.subject)))
    return asks.ReadingAnswer(verdicts, subjects, mutes)


def _judged(answer: _Judge) -> asks.JudgeAnswer:
    problems = (clean(problem) for problem in answer.problems[:MAX_PROBLEMS])
    return asks.JudgeAnswer(answer.score, tuple(problem for problem in problems if problem))


def _instant(when: datetime | None, now: datetime) -> datetime | None:
    """In UTC; a time without an offset is meant in the offset of the question's own `now`."""
    if when is None:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=now.tzinfo)
    return min(max(aware, now - FARTHEST), now + FARTHEST).astimezone(UTC)
