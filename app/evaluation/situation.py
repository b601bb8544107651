"""A case as the person's row that the worker would hold, and one reading of it by the worker's own code."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from agents.contract import Intent
from app.core.asks import Ask, Reading, Reply
from app.core.ledger import Ledger
from app.core.origin import Origin
from app.core.policy import Policy
from app.core.reading import read
from app.core.roster import Roster
from app.core.row import Row, Unread
from app.core.trace import Trace
from app.core.verdicts import WORDS
from app.evaluation.cases import Case, Planned
from topics.data import MESSAGE_BYTES
from topics.record import Ref
from topics.text import clean, clean_body, fold

SOURCE = "evaluation"
TOPIC = "user-events"


class Opened(msgspec.Struct, frozen=True):
    """A subject that the reading opened: for whom, by which message (from 1), due when, how important."""

    agent: str
    subject: str
    message: int
    due_at: datetime
    importance: float


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a case's intents, by their ids, once an answer went through all the worker's checks."""

    usable: bool
    """Whether the answer was one: otherwise nothing is read, and what is due is held."""
    closed: dict[str, str]
    """Intents that were revoked, and the reason."""
    closed_by: dict[str, int]
    """The same, and the number of the message that did it."""
    held: frozenset[str]
    """Intents that are unverified: looked at again at maturity, never sent stale."""
    moved: dict[str, datetime]
    opened: tuple[Opened, ...]


class Situation(msgspec.Struct, frozen=True):
    """What holds for every case."""

    policy: Policy
    roster: Roster

    def sure(self, least: float) -> Situation:
        """The same with another confidence from which a verdict counts."""
        reading = self.policy.reading.model_copy(update={"sure": least})
        return Situation(self.policy.model_copy(update={"reading": reading}), self.roster)

    def ask(self, case: Case) -> Ask:
        """The request that the worker would send when the conversation has settled."""
        return next(read(self._ledger(case), Trace(), ()))

    def question(self, case: Case) -> Reading:
        """What that request asks."""
        question = self.ask(case).question
        assert isinstance(question, Reading)  # noqa: S101 - a reading asks nothing else
        return question

    def came(self, case: Case, answer: Callable[[Reading], Reply]) -> Came:
        """The reading with this answer, asked again as the worker asks when there is none."""
        ledger = self._ledger(case)
        reading = read(ledger, Trace(), ())
        ask = next(reading)
        while True:
            assert isinstance(ask.question, Reading)  # noqa: S101 - a reading asks nothing else
            try:
                ask = reading.send((ledger.now, answer(ask.question)))
            except StopIteration as ended:
                return _came(case, ledger, usable=ended.value == "read")

    def _ledger(self, case: Case) -> Ledger:
        last = max(said.at for said in case.messages)
        now = last + self.policy.settle.quiet
        return Ledger(
            _row(case, self.policy), now=now, policy=self.policy, roster=self.roster, pass_of=(case.id,)
        )


def _row(case: Case, policy: Policy) -> Row:
    """Everybody may write to this person, who has said all this and has been read so far."""
    first = len(case.intents)
    unread = [
        Unread(
            _origin(first + n, said.at),
            f"m{n}",
            "default",
            said.speaker,
            clean_body(said.text, MESSAGE_BYTES),
        )
        for n, said in enumerate(case.messages, 1)
    ]
    intents = [_intent(planned, n, policy) for n, planned in enumerate(case.intents, 1)]
    return Row(
        user_id=f"{SOURCE}-{case.id}",
        timezone=case.timezone,
        consents={"*": True},
        intents={intent.intent_id: intent for intent in intents},
        unread=tuple(unread),
    )


def _origin(offset: int, at: datetime) -> Origin:
    event_id = str(offset)
    return Origin(SOURCE, event_id, Ref(TOPIC, 0, offset, f"{SOURCE}/{event_id}"), at)


def _intent(planned: Planned, offset: int, policy: Policy) -> Intent:
    subject = clean(planned.subject)
    return Intent(
        intent_id=planned.id,
        agent=planned.agent,
        subject=subject,
        subject_key=fold(subject),
        due_at=planned.due_at,
        expires_at=planned.due_at + policy.agent(planned.agent).expires_after,
        opened_at=planned.opened_at,
        opened_by=_origin(offset, planned.opened_at).ref,
        ripe_at=planned.due_at,
        wake_at=planned.due_at,
        words=clean(planned.opened_by, WORDS),
    )


def _came(case: Case, ledger: Ledger, *, usable: bool) -> Came:
    before = {planned.id: planned.due_at for planned in case.intents}
    left = ledger.row.intents
    first = len(case.intents)
    return Came(
        usable=usable,
        closed={one.intent_id: one.reason for one in ledger.outcomes if one.intent_id in before},
        closed_by={
            one.intent_id: one.closed_by.offset - first
            for one in ledger.outcomes
            if one.intent_id in before and one.closed_by is not None
        },
        held=frozenset(left) & frozenset(before)
        if not usable
        else frozenset(name for name in before if name in left and ledger.row.unverified(left[name])),
        moved={
            name: left[name].due_at
            for name, due_at in before.items()
            if name in left and left[name].due_at != due_at
        },
        opened=tuple(
            Opened(one.agent, one.subject, one.opened_by.offset - first, one.due_at, one.importance)
            for one in left.values()
            if one.intent_id not in before
        ),
    )
