"""Requests as they would be sent, and answers brought back: files of JSON lines, for whoever answers.

A request is a line of the message batches API, `{"custom_id", "params"}`.
An answer is a line with that id (`custom_id` or `id`) and one of: `answer` (the object, or its text; `text`, `output`
and `response` mean the same), `message` (what `/v1/messages` returned), `result` (a line of a batch's results),
`failed` (a kind of failure).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from app.core.asks import Ask, Failed, Question, Reply, task_of
from app.evaluation.cases import CasesError, decoded, lines
from app.model.failures import by_stop_reason
from app.model.prompts import SYSTEM
from app.model.request import DEFAULT_EFFORT, DEFAULT_MODEL, document_text, request
from app.model.schemas import MalformedError, parse

_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)


class Brought(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer as it stands in a file, before it went through any check."""

    id: str
    text: str | None = None
    failed: Failed | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0

    def reply(self, question: Question) -> Reply:
        """What the worker's client would have made of it."""
        told: dict[str, Any] = {
            "model": self.model,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
        }
        if self.text is None:
            return Reply(failed=self.failed or "malformed", **told)
        try:
            return Reply(answer=parse(question, self.text), **told)
        except MalformedError:
            return Reply(failed="malformed", **told)


class _Block(msgspec.Struct, frozen=True):
    type: str
    text: str = ""


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int | None = 0
    cache_read_input_tokens: int | None = 0


class _Message(msgspec.Struct, frozen=True):
    content: list[_Block]
    stop_reason: str | None = "end_turn"
    model: str = ""
    usage: _Usage = _Usage()


class _Result(msgspec.Struct, frozen=True):
    type: str
    message: _Message | None = None


class _Line(msgspec.Struct, kw_only=True):
    id: str = ""
    custom_id: str = ""
    answer: Any = None
    text: Any = None
    output: Any = None
    response: Any = None
    message: _Message | None = None
    result: _Result | None = None
    failed: Failed | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0


def request_id(name: str, question: Question) -> str:
    """The id of a request: the same for the same case and document, and it tells nothing of the case."""
    return "q-" + blake2b(f"{name}\0{document_text(question)}".encode(), digest_size=8).hexdigest()


def instructions(question: Question) -> str:
    """The version of the instructions: another word in them is another version."""
    return blake2b(SYSTEM[task_of(question)].encode(), digest_size=4).hexdigest()


def exported(
    asks: Iterable[tuple[str, Ask]], *, model: str = DEFAULT_MODEL, effort: str | None = DEFAULT_EFFORT
) -> Iterator[bytes]:
    """Each request on a line of its own, without its label."""
    for name, ask in asks:
        params = request(ask, model=model, effort=effort)
        yield msgspec.json.encode({"custom_id": request_id(name, ask.question), "params": params}) + b"\n"


def read_answers(path: Path) -> dict[str, Brought]:
    """The answers in a file by their request's id; of several to one request the last counts."""
    return {
        one.id: one for number, line in enumerate(lines(path), 1) for one in [_brought(path, number, line)]
    }


def _brought(path: Path, number: int, line: bytes) -> Brought:
    one = decoded(path, number, line, _Line)
    name = one.custom_id or one.id
    if not name:
        raise CasesError(f"{path}:{number}: an answer without the custom_id of its request")
    message = one.result.message if one.result is not None else one.message
    if message is not None:
        return _from_message(name, message)
    if one.result is not None:
        return Brought(id=name, failed="unreachable")  # errored, canceled or expired: nothing was answered
    told: dict[str, Any] = {
        "id": name,
        "model": one.model,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
    }
    said = [each for each in (one.answer, one.text, one.output, one.response) if each is not None]
    match said[0] if said else None:
        case None if one.failed is not None:
            return Brought(failed=one.failed, **told)
        case None:
            raise CasesError(f"{path}:{number}: neither `answer` nor `message`, `result` or `failed`")
        case str(text):
            return Brought(text=_bare(text), **told)
        case Mapping() | list() as value:
            return Brought(text=msgspec.json.encode(value).decode(), **told)
        case other:
            raise CasesError(
                f"{path}:{number}: the answer is {type(other).__name__}, not an object or a text"
            )


def _bare(text: str) -> str:
    """A text without the fence that models like to put around JSON; the API's structured output has none."""
    fenced = _FENCED.fullmatch(text.strip())
    return fenced[1] if fenced else text


def _from_message(name: str, message: _Message) -> Brought:
    usage = message.usage
    cached = (usage.cache_creation_input_tokens or 0) + (usage.cache_read_input_tokens or 0)
    text = "".join(block.text for block in message.content if block.type == "text")
    stopped = by_stop_reason(message.stop_reason)
    return Brought(
        id=name,
        text=None if stopped else text,
        failed=stopped,
        model=message.model,
        input_tokens=usage.input_tokens + cached,
        output_tokens=usage.output_tokens,
    )


def written(name: str, reply: Reply) -> bytes:
    """A live answer as a line that `read_answers` reads back."""
    line = {
        "id": name,
        "answer": None if reply.answer is None else msgspec.to_builtins(reply.answer),
        "failed": reply.failed,
        "model": reply.model,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "seconds": round(reply.seconds, 3),
    }
    return msgspec.json.encode({key: value for key, value in line.items() if value is not None}) + b"\n"
