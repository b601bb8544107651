"""The scripted model: a story's rules, the answers where no rule fits, and what was asked of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias, get_args

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from app.core.asks import Task
from app.core.policy import duration
from app.model.request import opaque
from topics.text import fold

Fault = Literal[
    "timeout", "overloaded", "rate_limited", "unreachable", "refusal", "truncated", "garbage", "html"
]
FAULTS: tuple[str, ...] = get_args(Fault)

DEFAULT_TEXT = "I was thinking of {subject}. How is it going?"
DEFAULT_SCORE = 0.9
DEFAULT_CONFIDENCE = 0.9
DEFAULT_AGENT = "follow_up"

Document: TypeAlias = Mapping[str, Any]

_SHOWN = {"compose": "subject", "judge": "text"}
"""The field that `contains` looks at; in a reading it is the messages."""


class Rule(BaseModel):
    """One rule of a story: filters, and what is answered when all of them fit."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    ask: Task
    user: str | None = None
    agent: str | None = None
    attempt: int | None = Field(default=None, ge=1)
    approach: str | None = None
    contains: str | None = None
    times: int | None = Field(default=None, ge=1)
    takes: timedelta = timedelta()
    fault: Fault | None = None
    reply: dict[str, Any] | None = None

    @field_validator("takes", mode="before")
    @classmethod
    def _length(cls, value: object) -> timedelta:
        return duration(value)

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Rule:
        if self.fault is not None and self.reply is not None:
            raise ValueError("a rule has either a reply or a fault, not both")
        return self

    def fits(self, document: Document, *, user: str, attempt: int) -> bool:
        """Whether this question is one that the rule answers; `times` is not looked at."""
        return (
            self.ask == document.get("task")
            and self.user in {None, user}
            and self.attempt in {None, attempt}
            and self.approach in {None, document.get("approach")}
            and (self.agent is None or self.agent in _agents(document))
            and (self.contains is None or self.found_in(document) is not None)
        )

    def found_in(self, document: Document) -> int | None:
        """Where `contains` is found first: the place of the message in a reading, 0 in the others."""
        sought = (self.contains or "").casefold()
        return next((n for n, text in enumerate(_texts(document)) if sought in text.casefold()), None)


class ScriptedAnswer(msgspec.Struct, frozen=True):
    """What the script says to one question: the answer's JSON, or a fault; and how long it takes."""

    body: dict[str, Any] | None = None
    fault: Fault | None = None
    takes_s: float = 0.0


class Script:
    """Answers by the first rule that fits and is not used up; counts what reached it. One a story."""

    def __init__(self, rules: Iterable[Mapping[str, Any] | Rule] = ()) -> None:
        """Rules as they stand in a story file; pydantic's ValidationError names the field that is wrong."""
        self.rules = tuple(rule if isinstance(rule, Rule) else Rule.model_validate(rule) for rule in rules)
        self.down = False
        """`model_down`: everything is unreachable, before any rule is looked at."""
        self.calls: Counter[Task] = Counter()
        """Requests that reached the model, by task; what fails as unreachable has not."""
        self._used: Counter[int] = Counter()

    def answer(self, task: Task, document: Document, *, user: str, attempt: int) -> ScriptedAnswer:
        """What is said to this question; `user` is the person's id, or the opaque name for it."""
        if self.down:
            return ScriptedAnswer(fault="unreachable")
        number = self._first(document, user, attempt)
        if number is None:
            answer = ScriptedAnswer(body=_default(document))
        else:
            self._used[number] += 1
            rule = self.rules[number]
            body = None if rule.fault else _body(rule, document)
            answer = ScriptedAnswer(body=body, fault=rule.fault, takes_s=rule.takes.total_seconds())
        if answer.fault != "unreachable":
            self.calls[task] += 1
        return answer

    def _first(self, document: Document, user: str, attempt: int) -> int | None:
        for number, rule in enumerate(self.rules):
            if rule.times is not None and self._used[number] >= rule.times:
                continue
            # Over the wire a person has only an opaque name, which a rule's own user can be turned into.
            known = rule.user if rule.user is not None and user == opaque(rule.user) else user
            if rule.fits(document, user=known, attempt=attempt):
                return number
        return None


def _agents(document: Document) -> set[str]:
    """The agents that a question is about; for a reading, those whose intents are shown."""
    if document.get("task") == "reading":
        return {intent["agent"] for intent in document["intents"]}
    return {document.get("agent", "")}


def _texts(document: Document) -> Sequence[str]:
    if document.get("task") == "reading":
        return [message["text"] for message in document["messages"]]
    return [str(document.get(_SHOWN.get(document.get("task", ""), ""), ""))]


def _default(document: Document) -> dict[str, Any]:
    """The answer where no rule fits: nothing settled and nothing raised, the default text, a good score."""
    match document.get("task"):
        case "compose":
            return {"text": DEFAULT_TEXT.format(subject=document.get("subject", ""))}
        case "judge":
            return {"score": DEFAULT_SCORE, "problems": []}
        case _:
            return {"verdicts": [], "subjects": [], "mutes": []}


def _body(rule: Rule, document: Document) -> dict[str, Any]:
    reply = rule.reply or {}
    if rule.ask != "reading":
        return {**_default(document), **_plain(reply)}
    return {
        "verdicts": [
            {
                "intent": ref,
                "verdict": said.get("verdict", "resolves"),
                "message": _message(rule, document, said),
                "confidence": said.get("confidence", DEFAULT_CONFIDENCE),
                "until": _plain(said.get("until")),
            }
            for said in reply.get("verdicts", ())
            for ref in _refs(document, str(said.get("intent", "")))
        ],
        "subjects": [
            {
                "subject": said["subject"],
                "agent": said.get("agent", DEFAULT_AGENT),
                "message": _message(rule, document, said),
                "when": _plain(said.get("when")),
                "importance": said.get("importance", 0.5),
            }
            for said in reply.get("subjects", ())
        ],
        "mutes": [
            {"subject": said["subject"], "message": _message(rule, document, said)}
            for said in reply.get("mutes", ())
        ],
    }


def _refs(document: Document, named: str) -> list[str]:
    """The shown intents with this subject, whatever agent they belong to, or the one with this reference."""
    intents = document["intents"]
    fitting = [intent["ref"] for intent in intents if fold(intent["subject"]) == fold(named)]
    return fitting or [intent["ref"] for intent in intents if intent["ref"] == named]


def _message(rule: Rule, document: Document, said: Mapping[str, Any]) -> str:
    """The message that a rule names by reference or words, else the one that fitted, else the last."""
    messages: Sequence[Mapping[str, Any]] = document["messages"]
    named = str(said.get("message") or "")
    for message in messages:
        if named and (message["ref"] == named or named.casefold() in message["text"].casefold()):
            return str(message["ref"])
    place = rule.found_in(document) if rule.contains is not None else None
    return str(messages[-1 if place is None else place]["ref"]) if messages else ""


def _plain(value: Any) -> Any:
    """Times as text: a YAML reader may have made datetimes of them, in UTC where they have no offset."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value
