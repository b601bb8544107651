"""Finding the words: two attempts by two approaches, each assessed, then the agent's own words or silence."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import msgspec

from agents.contract import Agent, Candidate, Intent
from app.core.asks import (
    Ask,
    Compose,
    ComposeAnswer,
    Flood,
    Heard,
    Judge,
    JudgeAnswer,
    Question,
    Reply,
    task_of,
)
from app.core.assessment import problems
from app.core.ledger import Ledger
from app.core.plans import WrittenBy
from app.core.reading import PAUSE_AFTER
from app.core.spending import charge, day_is_spent
from app.core.trace import Trace
from topics.outcomes import Attempt, AttemptResult


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What composing came to: a text, or (text None) the reason for silence; `flooded` when the pass has to end."""

    text: str | None = None
    written_by: WrittenBy = "model"
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()
    flooded: bool = False


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt came to: a good text, or why there is none."""

    text: str | None = None
    problems: tuple[str, ...] = ()
    reason: str = ""
    pause: timedelta = timedelta()


class _FloodedError(Exception):
    """So much has come in that the pass has to end."""


class Composer:
    """Writes for one winner."""

    def __init__(
        self, ledger: Ledger, trace: Trace, agent: Agent, *, intent: Intent, candidate: Candidate
    ) -> None:
        self._ledger = ledger
        self._trace = trace
        self._agent = agent
        self._intent = intent
        self._candidate = candidate
        self._attempts: list[Attempt] = []

    def compose(self) -> Generator[Ask, Heard, Draft]:
        """Attempt 1; if that is not good enough, attempt 2 by the other approach; then the fallback, or silence."""
        tried = _Tried()
        for number, approach in enumerate(self._agent.approaches, start=1):
            # What a refused draft lacked is told to the next attempt; a failure has nothing to tell.
            try:
                tried = yield from self._attempt(number, approach, tried)
            except _FloodedError:
                return Draft(attempts=tuple(self._attempts), flooded=True)
            if tried.text is not None:
                return Draft(text=tried.text, attempts=tuple(self._attempts))
        text = None
        if self._ledger.policy.agent(self._agent.name).fallback == "text":
            text = self._agent.fallback(self._candidate, self._ledger.row.locale)
        if text is None:
            return Draft(reason=tried.reason, attempts=tuple(self._attempts))
        return Draft(text=text, written_by="fallback", attempts=tuple(self._attempts))

    def _attempt(self, number: int, approach: str, last: _Tried) -> Generator[Ask, Heard, _Tried]:
        ledger = self._ledger
        question = Compose(
            now=ledger.now,
            agent=self._agent.name,
            approach=approach,
            subject=self._intent.subject,
            facts=dict(self._candidate.facts),
            locale=ledger.row.locale,
            problems=last.problems,
        )
        reply = yield from self._request(question, number, last.pause)
        if reply is None:
            return _Tried(reason="budget_exhausted")
        if not isinstance(reply.answer, ComposeAnswer):
            kind = reply.failed if reply.failed and reply.failed != "budget" else "malformed"
            if reply.sent:
                self._note(approach, kind, (), reply)
            return _Tried(reason="model_unavailable", pause=PAUSE_AFTER.get(kind, timedelta()))
        text = reply.answer.text.strip()
        facts, locale = self._candidate.facts, ledger.row.locale
        wrong = problems(text, facts=facts, locale=locale, last_text=ledger.row.last_text)
        wrong += self._agent.check(text, self._candidate)
        if not wrong and ledger.policy.quality.judge == "model":
            wrong = yield from self._judge(text, number)
        if wrong:
            self._note(approach, "poor", tuple(wrong), reply)
            return _Tried(problems=tuple(wrong), reason="quality_below_bar")
        self._note(approach, "good", (), reply)
        return _Tried(text=text)

    def _judge(self, text: str, number: int) -> Generator[Ask, Heard, list[str]]:
        """What the judge finds wrong; without an answer the checks have decided."""
        question = Judge(
            agent=self._agent.name, subject=self._intent.subject, facts=dict(self._candidate.facts), text=text
        )
        reply = yield from self._request(question, number, timedelta())
        if reply is None or not isinstance(reply.answer, JudgeAnswer):
            return []
        if reply.answer.score >= self._ledger.policy.quality.bar:
            return []
        return list(reply.answer.problems) or ["a person would not want to receive this"]

    def _request(
        self, question: Question, number: int, pause: timedelta
    ) -> Generator[Ask, Heard, Reply | None]:
        """One request, noted and paid for if it was sent; None when the day's or the minute's budget allows none."""
        ledger = self._ledger
        if day_is_spent(ledger):
            ledger.tally.count("tactful_day_budget_spent_total", task_of(question))
            return None
        after = ledger.now + pause if pause else None
        ledger.now, heard = yield Ask(ledger.row.user_id, question, number, after, self._intent.traceparent)
        if isinstance(heard, Flood):
            raise _FloodedError
        if not isinstance(heard, Reply):
            raise TypeError(f"a question was answered by {type(heard).__name__}")
        if heard.failed == "budget":
            return None
        if not heard.sent:
            return heard
        self._trace.asked(question, heard)
        charge(ledger, (self._intent.intent_id,), heard)
        return heard

    def _note(self, approach: str, result: AttemptResult, wrong: tuple[str, ...], reply: Reply) -> None:
        self._attempts.append(
            Attempt(
                approach=approach,
                result=result,
                problems=wrong,
                model=reply.model,
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                seconds=reply.seconds,
            )
        )
