"""The scripted model without a wire: the same answers as the scripted server's, as replies."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from app.core.asks import Ask, Failed, Reply, task_of
from app.model.gate import Clock
from app.model.prompts import SYSTEM
from app.model.request import document, document_text
from app.model.schemas import MalformedError, parse
from app.model.script import Fault, Script

SCRIPTED = "scripted"
"""The model's name in outcomes of a scripted run."""

FAILED: dict[Fault, Failed] = {
    "timeout": "timeout",
    "overloaded": "overloaded",
    "rate_limited": "rate_limited",
    "unreachable": "unreachable",
    "refusal": "refused",
    "truncated": "truncated",
    "garbage": "malformed",
    "html": "malformed",
}
"""What each fault of a story is sorted as; the real client sorts the server's answers to the same."""

WITH_USAGE: frozenset[Fault] = frozenset({"refusal", "truncated", "garbage"})
"""Faults that come as a message, which says what it has cost."""


def tokens(text: str) -> int:
    """About what a text costs: four characters a token."""
    return len(text) // 4 + 1


def scripted_reply(script: Script, ask: Ask, *, limit_s: float) -> Reply:
    """What comes of this request; `seconds` says when it comes, at most `limit_s` from now."""
    task = task_of(ask.question)
    said = script.answer(task, document(ask.question), user=ask.user_id, attempt=ask.attempt)
    if said.fault == "unreachable":
        return Reply(failed="unreachable")  # nobody is there to take any time
    if said.fault == "timeout" or said.takes_s >= limit_s:
        return Reply(failed="timeout", seconds=limit_s)
    asked = tokens(SYSTEM[task] + document_text(ask.question))
    if said.fault is not None:
        if said.fault not in WITH_USAGE:
            return Reply(failed=FAILED[said.fault], seconds=said.takes_s)
        return Reply(
            failed=FAILED[said.fault],
            model=SCRIPTED,
            input_tokens=asked,
            output_tokens=1,
            seconds=said.takes_s,
        )
    text = msgspec.json.encode(said.body).decode()
    reply = Reply(
        model=SCRIPTED,
        input_tokens=asked,
        output_tokens=tokens(text),
        seconds=said.takes_s,
        failed="malformed",
    )
    try:
        return msgspec.structs.replace(reply, answer=parse(ask.question, text), failed=None)
    except MalformedError:
        return reply


class ScriptedModel:
    """A backend that answers from a script and lets the clock pass, with no server between."""

    on_wire = 0

    def __init__(self, script: Script, clock: Clock) -> None:
        """The script may be shared with others: `times` counts over the whole story."""
        self._script = script
        self._clock = clock

    async def ask(self, ask: Ask, *, limit_s: float) -> Reply:
        """The script's answer, as long after the question as it takes."""
        reply = scripted_reply(self._script, ask, limit_s=limit_s)
        if reply.seconds:
            await self._clock.sleep_until(self._clock.now() + timedelta(seconds=reply.seconds))
        return reply
