"""The recorded answers of one person, by question, each with the moment at which it had come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import get_args

import msgspec

from app.backtest.record import Person
from app.core.asks import (
    ComposeAnswer,
    Failed,
    JudgeAnswer,
    Question,
    Reading,
    ReadingAnswer,
    Reply,
    Task,
    task_of,
)
from app.core.trace import question_hash
from topics.passes import Pass, PassAsk

NEAR = timedelta(seconds=2)
"""What lies between a request's own duration and the next thing known of its pass: the wait for a slot."""
_KINDS: Mapping[str, type[ReadingAnswer | ComposeAnswer | JudgeAnswer]] = MappingProxyType(
    {"reading": ReadingAnswer, "compose": ComposeAnswer, "judge": JudgeAnswer}
)
_FAILURES: Mapping[str, Failed] = MappingProxyType({one: one for one in get_args(Failed)})


class Answer(msgspec.Struct, frozen=True):
    """What came of one request of the record."""

    reply: Reply
    asked_in: datetime
    """The start of its pass."""
    came_at: datetime

    def comes_at(self, now: datetime, began: datetime) -> datetime:
        """When it comes to a pass that began at `began`: as recorded in the same pass, and else as long after."""
        if began == self.asked_in and self.came_at >= now:
            return self.came_at
        return now + timedelta(seconds=self.reply.seconds)


class Found(msgspec.Struct, frozen=True):
    """An answer to a question: the recorded one, or pieced together from what was recorded of each message."""

    answer: Answer
    pieced: bool = False
    not_asked: frozenset[str] = frozenset()
    """Plans that are shown now and were not shown with these messages then: what would be said of them is not known."""


class Missing(msgspec.Struct, frozen=True):
    """A question to which the record has no answer."""

    user_id: str
    task: Task
    question_hash: str
    at: datetime


class Answers:
    """Handed out in the order of the record; what was answered once is the answer whenever it is asked again."""

    def __init__(self, person: Person) -> None:
        self._by_question: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._by_message: dict[str, tuple[PassAsk, Answer]] = {}
        self._asks_of: dict[datetime, int] = {}
        for ended, traced in person.passes:
            if not traced.asks:
                continue
            self._asks_of[traced.now] = len(traced.asks)
            for ask, came_at in zip(traced.asks, _came_at(person, traced, ended), strict=True):
                answer = Answer(_reply(ask), traced.now, came_at)
                self._by_question[ask.task, ask.question_hash].append(answer)
                if ask.task == "reading" and answer.reply.answer is not None:
                    for ref, event_id in ask.stands_for.items():
                        if ref.startswith("m"):
                            self._by_message.setdefault(event_id, (ask, answer))
        for known in self._by_question.values():
            known.reverse()

    def to(self, question: Question) -> tuple[str, Found | None]:
        """The question's hash, and the next recorded answer to it."""
        digest = question_hash(question)
        known = self._by_question.get((task_of(question), digest))
        if known and (len(known) > 1 or known[0].reply.answer is None):
            return digest, Found(known.pop())
        if known:
            return digest, Found(known[0])
        return digest, self._pieced(question) if isinstance(question, Reading) else None

    def _pieced(self, question: Reading) -> Found | None:
        """What was said of the same messages when other plans stood beside them; None when one was never read."""
        ids = [question.stands_for.get(message.ref, "") for message in question.messages]
        if not ids or not all(each in self._by_message for each in ids):
            return None
        parts = {id(part[0]): part for part in map(self._by_message.__getitem__, ids)}.values()
        refs = {known: ref for ref, known in question.stands_for.items()}
        taken = [_translated(ask, answer, refs) for ask, answer in parts]
        shown = {question.stands_for[one.ref] for one in question.intents if one.ref in question.stands_for}
        asked = set.intersection(*(set(ask.stands_for.values()) for ask, _ in parts))
        latest = max((answer for _, answer in parts), key=lambda one: one.came_at)
        merged = ReadingAnswer(
            verdicts=tuple(verdict for one in taken for verdict in one.verdicts),
            subjects=tuple(subject for one in taken for subject in one.subjects),
            mutes=tuple(mute for one in taken for mute in one.mutes),
        )
        reply = msgspec.structs.replace(latest.reply, answer=merged)
        # It was asked in no pass of the record: it takes as long as it took then.
        answer = Answer(reply, datetime.min.replace(tzinfo=latest.asked_in.tzinfo), latest.came_at)
        return Found(answer, pieced=True, not_asked=frozenset(shown - asked))

    def asked_all(self, began: datetime, asked: int) -> bool:
        """Whether the recorded pass that began then sent no more requests than these: the next was not allowed."""
        return self._asks_of.get(began) == asked


def _translated(ask: PassAsk, answer: Answer, refs: Mapping[str, str]) -> ReadingAnswer:
    """The answer in the references of another question; what it says of others is left out."""
    said = answer.reply.answer
    if not isinstance(said, ReadingAnswer):
        return ReadingAnswer()

    def now(ref: str) -> str | None:
        return refs.get(ask.stands_for.get(ref, ""))

    return ReadingAnswer(
        verdicts=tuple(
            msgspec.structs.replace(one, intent=intent, message=message)
            for one in said.verdicts
            if (intent := now(one.intent)) is not None and (message := now(one.message)) is not None
        ),
        subjects=tuple(
            msgspec.structs.replace(one, message=message)
            for one in said.subjects
            if (message := now(one.message)) is not None
        ),
        mutes=tuple(
            msgspec.structs.replace(one, message=message)
            for one in said.mutes
            if (message := now(one.message)) is not None
        ),
    )


def _reply(ask: PassAsk) -> Reply:
    failed = _FAILURES.get(ask.failed)
    return Reply(
        answer=None if failed is not None else msgspec.convert(ask.answer, _KINDS[ask.task]),
        failed=failed,
        model=ask.model,
        input_tokens=ask.input_tokens,
        output_tokens=ask.output_tokens,
        seconds=ask.seconds,
    )


def _came_at(person: Person, traced: Pass, ended: datetime) -> list[datetime]:
    """When each answer of a pass had come: from what the pass decided then, or from how long each request took."""
    sure = person.moments.get(traced.pass_id, [])
    end = max(ended, traced.now)
    if sure and sure[-1] >= end:
        end = sure[-1]  # the same moment, to the microsecond
    times, now = [], traced.now
    for ask in traced.asks[:-1]:
        now += timedelta(seconds=ask.seconds)
        near = (at for at in sure if now <= at <= now + NEAR and at < end)
        now = min(next(near, now), end)
        times.append(now)
    return [*times, end]
