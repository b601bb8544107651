"""What answered readings have said: which messages were shown, and which plans they put in doubt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from app.core.asks import Reading, ReadingAnswer, ShownMessage, Verdict
from tests.simulation.model import CLOSING, Plan, folded
from topics.text import clean

Known = tuple[str, str, datetime]
"""A plan as a question shows it: agent, subject, when it was opened. The simulation's times are all different."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One answered question."""

    user: str
    began: datetime
    """When the pass began that asked: the time of its trace."""
    now: datetime
    shown: frozenset[datetime]
    """The times of the messages: no two of a history have the same."""
    plans: tuple[Known, ...]
    doubted: dict[Known, datetime]
    """Plans with a closing verdict, and the message that it rests on."""
    raised: tuple[Known, ...]
    mutes: tuple[tuple[str, datetime], ...]
    """Subjects, and the message that asks for it: it counts when that is read for the first time."""
    postpones: bool


def fact_of(
    user: str, began: datetime, now: datetime, *, question: Reading, answer: ReadingAnswer, sure: float
) -> Fact:
    """What follows from the answer, by the rules for several verdicts and for the assistant's own words."""
    messages = {shown.ref: shown for shown in question.messages}
    plans = {shown.ref: (shown.agent, shown.subject, shown.opened_at) for shown in question.intents}
    surest = _surest(answer, messages, plans, sure)
    return Fact(
        user=user,
        began=began,
        now=now,
        shown=frozenset(shown.at for shown in question.messages),
        plans=tuple(plans.values()),
        doubted={
            plans[ref]: messages[verdict.message].at
            for ref, verdict in surest.items()
            if verdict.verdict in CLOSING
        },
        raised=tuple(
            (one.agent, clean(one.subject), messages[one.message].at)
            for one in answer.subjects
            if one.message in messages
        ),
        mutes=tuple(
            (folded(clean(mute.subject)), messages[mute.message].at)
            for mute in answer.mutes
            if mute.message in messages and messages[mute.message].speaker == "person" and clean(mute.subject)
        ),
        postpones=any(verdict.verdict == "postpones" for verdict in answer.verdicts),
    )


def _surest(
    answer: ReadingAnswer, messages: dict[str, ShownMessage], plans: dict[str, Known], sure: float
) -> dict[str, Verdict]:
    surest: dict[str, Verdict] = {}
    for given in answer.verdicts:
        if given.message not in messages or given.intent not in plans:
            continue
        if given.verdict in CLOSING and messages[given.message].speaker == "assistant":
            continue
        unsure = given.verdict == "postpones" and given.confidence < sure
        verdict = msgspec.structs.replace(given, verdict="unrelated") if unsure else given
        if given.intent not in surest or verdict.confidence > surest[given.intent].confidence:
            surest[given.intent] = verdict
    return surest


class Read:
    """What is known of one person's words, over all that was committed."""

    def __init__(self) -> None:
        self.shown: set[datetime] = set()
        self.mutes: set[str] = set()
        self.postponed = False
        """Whether any plan was ever put off by a reading: then its times follow from no event alone."""
        self._doubts: dict[Known, set[datetime]] = {}

    def learn(self, facts: Iterable[Fact]) -> None:
        """These became durable, in this order."""
        for fact in facts:
            self.mutes.update(subject for subject, at in fact.mutes if at not in self.shown)
            self.shown |= fact.shown
            self.postponed |= fact.postpones
            for raised in fact.raised:
                self._doubts.pop(raised, None)
            for plan in fact.plans:
                doubts = self._doubts.setdefault(plan, set())
                if plan in fact.doubted:
                    doubts.add(fact.doubted[plan])
                else:
                    doubts -= fact.shown

    def doubts(self, plan: Plan) -> bool:
        """Whether a reading said that the plan may be settled, and none has taken that back."""
        return bool(self._doubts.get((plan.agent, plan.subject, plan.opened_at)))
