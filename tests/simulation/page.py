"""One person in one commit: their book before it, their row after it, and all that it says about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.core.policy import Policy
from tests.simulation import ended
from tests.simulation.book import Book, Nudge, Pass, Sent
from tests.simulation.broken import Broken
from tests.simulation.clock import moment
from tests.simulation.committed import Records
from tests.simulation.log import Told
from tests.simulation.model import (
    FORGOTTEN_AFTER,
    NO_LONGER_RECALLED,
    NO_ROW,
    Plan,
    RowSeen,
    closes,
    exits,
    folded,
    opened_key,
    requested_key,
)
from tests.simulation.moves import Bounds
from tests.simulation.nudged import WEEK, Nudged
from tests.simulation.owner import ATTEMPTS, Owner
from tests.simulation.readings import Fact

RECALLABLE_FOR = timedelta(hours=24)


class Page:
    """The page that this commit adds to the person's book."""

    def __init__(
        self, book: Book, row: RowSeen, records: Records, *, owner: Owner, policy: Policy, bounds: Bounds
    ) -> None:
        user = book.user
        self._book, self._row, self._owner = book, row, owner
        self._policy, self._bounds = policy, bounds
        self._begun = book.done
        self._outcomes = [one for one in records.outcomes if one.user_id == user]
        self._nudges = [one for one in records.nudges if one.user_id == user]
        self._recalls = [one for one in records.recalls if one.user_id == user]
        self._passes = {one.pass_id: one for one in records.passes if one.user_id == user}
        self._maturities = [one for one in records.maturities if one.user == user]
        self._by_intent = {one.intent_id: one for one in self._outcomes}

    def turn(self, news: int, facts: Sequence[Fact], at: datetime) -> None:
        """So many more events are done by a time; Broken when that does not fit what was committed."""
        book, row = self._book, self._row
        for one in self._passes.values():
            self._pass(one)
        # A pass that raised leaves no trace, and what it had read counts for nothing.
        traced = {one.now for one in self._passes.values()}
        learnt = sorted((fact for fact in facts if fact.began in traced), key=lambda fact: fact.now)
        for nudge in self._nudges:
            early = [fact for fact in learnt if fact.now <= nudge.decided_at]
            learnt = learnt[len(early) :]
            book.read.learn(early)
            self._nudge(nudge)
        book.read.learn(learnt)
        book.latest = max(book.latest, at)
        book.go_on(self._begun + news, self._policy, self._bounds.seen)
        self._matured()
        self._ledger()
        for outcome in self._outcomes:
            ended.check(outcome, book, self._policy)
        self._effects()
        self._taken_back()
        self._lived()
        for intent_id in row.intents:
            book.first_seen.setdefault(intent_id, book.done)
        book.plans = row.intents

    def broke(self) -> list[int]:
        """The offsets of this page that had to become dead letters, since they break an agent."""
        book = self._book
        return [book.log[i].offset for i in range(self._begun, book.done) if book.fates[i] == "defect"]

    @property
    def offsets(self) -> list[int]:
        """All that this page calls done."""
        return [told.offset for told in self._book.log[self._begun : self._book.done]]

    # The passes

    def _pass(self, one: Pass) -> None:
        """I4 and I6, as the traces show them; I5 for what was considered."""
        book = self._book
        offsets = [ref.offset for ref in one.events]
        if offsets != sorted(set(offsets)) or (offsets and offsets[0] <= book.passed_offset):
            raise Broken("I4", f"{book.user}: a pass with {offsets} after one up to {book.passed_offset}")
        book.passed_offset = max([book.passed_offset, *offsets])
        if sum(ask["task"] == "compose" for ask in one.asks) > ATTEMPTS:
            raise Broken("I6", f"pass {one.pass_id} of {book.user} composed more than twice")
        for considered in one.candidates:
            plan = book.plans.get(considered.intent_id)
            # What was held had come due by an earlier owner's clock.
            if plan is None or plan.status == "due" or plan.version != considered.version:
                continue
            if plan.due_at > one.now:
                raise Broken(
                    "I5", f"{book.user}: {plan.subject} considered at {one.now}, due at {plan.due_at}"
                )

    def _nudge(self, nudge: Nudge) -> None:
        outcome = self._by_intent.get(nudge.intent_id)
        if outcome is None or (outcome.outcome, outcome.nudge_id) != ("nudged", nudge.nudge_id):
            raise Broken("I1", f"nudge {nudge.nudge_id} has no outcome of its own")
        if sum(one.pass_id == outcome.pass_id and one.outcome == "nudged" for one in self._outcomes) > 1:
            raise Broken("one nudge a pass", f"pass {outcome.pass_id} of {nudge.user_id} sent more")
        one = Nudged(
            self._book,
            nudge,
            outcome,
            owner=self._owner,
            passes=self._passes,
            policy=self._policy,
            remembers=self._bounds.seen,
        )
        one.check()
        self._book.sent.append(Sent(nudge=nudge, plan=one.plan, known=one.known))

    # The life of the plans

    def _matured(self) -> None:
        """I5: what matures is due; and what waits for its maturity event has one."""
        book, row = self._book, self._row
        written = [
            (one, moment(maturity.at_ms + 1)) for maturity in self._maturities for one in maturity.named
        ]
        for one, at in written:
            before, after = book.plans.get(one.intent_id), row.intents.get(one.intent_id)
            due_at = at
            if before is not None and before.version == one.version:
                # What was given back may be woken before its time: reading the event says that it is too early.
                due_at = min(before.due_at, before.wake_at)
            elif before is None and after is not None and after.version == one.version:
                due_at = after.due_at
            if due_at > at:
                raise Broken("I5", f"{book.user}: {one.intent_id} matured at {at}, due at {due_at}")
        named = book.named | {(one.intent_id, one.version) for one, _ in written}
        for plan in row.intents.values():
            if plan.status == "maturing" and (plan.intent_id, plan.version) not in named:
                raise Broken(
                    "atomic", f"{book.user}: {plan.subject} waits for a maturity event that is not there"
                )

    def _ledger(self) -> None:
        """I1: what was open is open or has one outcome; what has an outcome never opens again."""
        book, row = self._book, self._row
        if len(self._by_intent) < len(self._outcomes):
            raise Broken("I1", f"{book.user}: two outcomes of one intent")
        for intent_id, plan in book.plans.items():
            if (intent_id in row.intents) + (intent_id in self._by_intent) != 1:
                raise Broken(
                    "I1", f"{book.user}: {plan.agent}'s {plan.subject} is open and closed, or neither"
                )
        for intent_id in (*row.intents, *self._by_intent):
            if not self._may_be(intent_id):
                raise Broken("I1", f"{book.user}: {intent_id} has an outcome, and lives")
        for plan in row.intents.values():
            self._step(plan)
            if plan.intent_id in self._by_intent or plan.opened_by.offset not in book.index:
                raise Broken(
                    "I1", f"{book.user}: {plan.subject} is open, closed, or opened by nobody's event"
                )
        book.closed |= self._by_intent

    def _may_be(self, intent_id: str) -> bool:
        """What is closed stays so, as long as it is remembered: 30 days, if the memory is not made shorter."""
        book = self._book
        closed = book.closed.get(intent_id)
        if closed is None or book.latest - closed.closed_at > FORGOTTEN_AFTER:
            return True
        erased = any(told.type == "user.erased" for told in book.log[: book.done])
        return self._bounds.row < Bounds().row or (self._bounds.seen < Bounds().seen and erased)

    def _step(self, plan: Plan) -> None:
        """The table of an intent's life, as far as two durable rows show it."""
        before = self._book.plans.get(plan.intent_id)
        heard = (plan.intent_id, plan.version) in self._book.named
        how = f"{self._book.user}: {plan.subject} is {plan.status} in version {plan.version}"
        if plan.status == "due" and not heard and (before is None or before.status == "open"):
            raise Broken("life cycle", f"{how}, and never waited for its maturity event")
        if plan.status == "due" and plan.held_since is None:
            raise Broken("life cycle", f"{how}: neither held nor decided by the pass that found it due")
        if before is None:
            return
        back = plan.status == "open" and before.status != "open"
        other = plan.due_at != before.due_at
        if plan.version < before.version + (back or other):
            raise Broken("life cycle", f"{how}, it had {before.version} and was {before.status}")

    # What is done has had its effect

    def _effects(self) -> None:
        """I8: whatever is called done has opened, moved or closed what it had to."""
        book = self._book
        here = [
            (plan.agent, plan.subject_key, plan.opened_by.offset)
            for plan in (*book.plans.values(), *self._row.intents.values())
        ]
        for outcome in self._outcomes:
            key = opened_key(book.log[book.index[outcome.opened_by.offset]])
            agent, subject_key = key or (outcome.agent, folded(outcome.subject))
            here.append((agent, subject_key, outcome.opened_by.offset))
        for i in range(self._begun, book.done):
            if book.fates[i] == "applied":
                self._opened(i, here)
                self._closed(i)

    def _opened(self, i: int, here: Sequence[tuple[str, str, int]]) -> None:
        """A request, or what always opens, has opened something or moved it, if it may and has not done so before."""
        book = self._book
        told = book.log[i]
        key = opened_key(told)
        if key is None or any(earlier.identity == told.identity for earlier in book.log[:i]):
            return
        if told.type != "intent.requested" and not (i + 1 == book.done and book.life.granted(key[0])):
            return
        if told.type != "intent.requested" and self._is_forgotten:
            return
        if not any(
            (agent, subject_key) == key and offset <= told.offset for agent, subject_key, offset in here
        ):
            raise Broken(
                "I8",
                f"{book.user}: {told.type} at {told.offset} is done, and neither plan nor outcome shows it",
            )

    def _closed(self, i: int) -> None:
        book = self._book
        told = book.log[i]
        moved = {
            requested_key(later.data)
            for later in book.log[self._begun : book.done]
            if later.type == "intent.requested"
        }
        for plan in book.plans.values():
            if plan.intent_id not in self._row.intents or book.index[plan.opened_by.offset] >= i:
                continue
            if closes(told, plan) or (exits(told, plan) and plan.subject_key not in moved):
                raise Broken(
                    "I8", f"{book.user}: {told.type} at {told.offset} is done, {plan.subject} still open"
                )

    def _taken_back(self) -> None:
        """Each nudge is recalled at most once, and surely when a later event would have revoked it."""
        book = self._book
        seen = self._seen_at()
        sent = {one.nudge.nudge_id: one for one in book.sent}
        for recall in self._recalls:
            if recall.nudge_id not in sent or recall.nudge_id in book.recalled:
                raise Broken("recall", f"{book.user}: {recall.nudge_id} was never sent, or is recalled twice")
            if seen.get(recall.nudge_id, self._begun) < self._begun:
                raise Broken("recall", f"{book.user}: {recall.nudge_id} is recalled after it was seen")
            book.recalled.add(recall.nudge_id)
        for one in book.sent[-self._bounds.recallable :]:
            until = min(one.nudge.not_after, one.nudge.decided_at + RECALLABLE_FOR)
            forgotten = until <= book.latest or self._bounds.row < Bounds().row
            if one.nudge.nudge_id in book.recalled or forgotten:
                continue
            for i in range(
                max(self._begun, one.known), min(book.done, seen.get(one.nudge.nudge_id, book.done))
            ):
                if book.fates[i] == "applied" and _takes_back(book.log[i], one.plan):
                    raise Broken("recall", f"{book.user}: {book.log[i].type}, and {one.nudge.subject} stays")

    def _seen_at(self) -> dict[str, int]:
        """The place in the log of the first event that says a nudge was seen, or never arrived."""
        seen: dict[str, int] = {}
        for i, told in enumerate(self._book.log[: self._book.done]):
            if self._book.fates[i] == "applied":
                name = "nudge_id" if told.type in NO_LONGER_RECALLED else "in_reply_to"
                seen.setdefault(str(told.data.get(name, "")), i)
        return seen

    # The row

    @property
    def _is_forgotten(self) -> bool:
        """An erasure's 30 days are over: a copy of what was before, of the erasure too, is an event like any other."""
        book = self._book
        erased_at = book.life.erased_at
        return erased_at is not None and book.latest - erased_at > FORGOTTEN_AFTER

    def _lived(self) -> None:
        """I8: the row is what the done part of the person's log says."""
        book, row, life = self._book, self._row, self._book.life
        if book.uncertain or self._is_forgotten or (row is NO_ROW and not life.known):
            return
        if differs := life.differs(row):
            raise Broken("I8", f"{book.user} after offset {book.log[book.done - 1].offset}: {differs}")
        counted = {
            sent.nudge.nudge_id
            for sent in book.counted(book.done, book.fates)
            if book.latest - sent.nudge.decided_at < WEEK
        }
        slots = {slot.nudge_id for slot in row.nudges if book.latest - slot.at < WEEK}
        if counted != slots:
            raise Broken("I8", f"{book.user}: the slots of {slots} are taken, the log says {counted}")
        last = book.log[book.done - 1].offset if book.done else -1
        if row.applied_offset != last:
            raise Broken("I8", f"{book.user}: the row has applied {row.applied_offset}, done is up to {last}")
        self._bounded()

    def _bounded(self) -> None:
        book, plans = self._book, self._row.intents.values()
        if len({(plan.agent, plan.subject_key) for plan in plans}) < len(plans):
            raise Broken("one plan a key", f"{book.user}: {list(plans)}")
        if len(plans) > self._bounds.open:
            raise Broken("bounds", f"{book.user} has {len(plans)} open intents")
        for plan in plans:
            if not book.life.granted(plan.agent):
                raise Broken("consent", f"{book.user}: {plan.agent} plans {plan.subject} without a grant")


def _takes_back(told: Told, plan: Plan) -> bool:
    """Whether an event surely recalls a nudge; what its agent makes of an appointment or of words is its own affair."""
    if told.type in {"message.received", "calendar.changed"}:
        return exits(told, plan)
    return closes(told, plan) or exits(told, plan)
