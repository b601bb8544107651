"""The one place where a plan opens, moves and closes: a copy of the person's row, and the records that follow from it.

Every intent that opens here is either still in the row afterwards or has exactly one outcome record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from agents.contract import Closed, Intent, Ref, Sent
from app.core import life_cycle
from app.core.bounds import has_room
from app.core.ids import derived, share_of
from app.core.origin import Origin, placed
from app.core.plans import NO_EVIDENCE, Ending, Plan, WrittenBy
from app.core.policy import Policy
from app.core.roster import Roster
from app.core.row import (
    CLOSED_FOR,
    CLOSED_INTENTS,
    OPEN_INTENTS,
    RECALLABLE,
    PastNudge,
    Row,
    key_kept,
    remembered,
)
from app.core.tally import Tally
from topics.nudges import Nudge
from topics.outcomes import Evidence, Outcome
from topics.text import fold
from topics.user_events import Event

RECALLABLE_FOR = timedelta(hours=24)


class Ledger:
    """One pass's work on one person."""

    candidates: tuple[str, ...] = ()
    """The agents whose plans are due in this pass."""
    last_model = ""
    """The model that gave the last answer: it stands in the evidence of what that answer closed."""
    measured: tuple[object, int] = ((), 0)
    """The row's unread messages and the bytes of their words, as last measured in this pass."""
    _pass_id = ""

    def __init__(
        self, row: Row, *, now: datetime, policy: Policy, roster: Roster, pass_of: tuple[object, ...]
    ) -> None:
        self.before = row
        """As the pass found it."""
        self.row = row.working_copy()
        self.now = self.started = now
        self.policy = policy
        self.roster = roster
        self._pass_of = pass_of
        self.tally = Tally()
        self.outcomes: list[Outcome] = []
        self.nudges: list[Nudge] = []
        self._opened_by_event: dict[tuple[str, str, str], int] = {}

    @property
    def pass_id(self) -> str:
        """Derived when it is first needed: most passes leave nothing that names them."""
        if not self._pass_id:
            self._pass_id = derived("pass", self.row.user_id, *self._pass_of)
        return self._pass_id

    @property
    def held_out(self) -> bool:
        """Whether the person belongs to the holdout."""
        share = self.policy.holdout.share
        return share > 0 and share_of(self.row.user_id, self.policy.holdout.salt) < share

    def open(self, plan: Plan, origin: Origin) -> Intent | None:
        """Open the plan, or open and close it in one step when it may not be; None when it leads to nothing new."""
        row = self.row
        if plan.agent not in self.roster.names:
            return None
        granted = row.granted(plan.agent)
        if not granted and not plan.requested:
            return None
        intent = self._new_intent(plan, origin)
        if intent is None:
            return None
        self.tally.count("tactful_intents_opened_total", intent.agent)
        refusal = None
        if not granted:
            refusal = "no_consent"
        elif row.mutes and self.is_muted(intent.subject):
            refusal = "muted"
        elif len(row.intents) >= OPEN_INTENTS or not has_room(row, intent):
            refusal = "too_many"
        if refusal is not None:
            life_cycle.after("new", "refused")
            self._record(intent, Ending(outcome="stood_down", reason=refusal, by=origin.ref))
            return None
        row.put_intent(intent)
        return intent

    def _new_intent(self, plan: Plan, origin: Origin) -> Intent | None:
        """The intent with its derived id; None when that id is open or remembered, so that no event opens twice."""
        turn = (plan.agent, origin.source, origin.id)
        n = self._opened_by_event.get(turn, 0)
        intent_id = derived(self.row.user_id, plan.agent, origin.source, origin.id, n)
        # A message opens plans twice: when it is folded, and when it is read, which may be in a later pass.
        while (own := self.row.intents.get(intent_id)) is not None and own.opened_by == origin.ref:
            n += 1
            intent_id = derived(self.row.user_id, plan.agent, origin.source, origin.id, n)
        self._opened_by_event[turn] = n + 1
        if self._is_known(intent_id):
            return None
        return Intent(
            intent_id=intent_id,
            agent=plan.agent,
            subject=plan.subject,
            subject_key=plan.subject_key or fold(plan.subject),
            keyed=bool(plan.subject_key),
            due_at=plan.due_at,
            expires_at=plan.expires_at or self.expiry(plan.agent, plan.due_at),
            opened_at=origin.at,
            opened_by=origin.ref,
            ripe_at=plan.due_at,
            wake_at=plan.due_at,
            importance=plan.importance,
            exit_on=plan.exit_on,
            words=plan.words,
            traceparent=origin.traceparent,
        )

    def has_opened(self, agent: str, origin: Origin) -> bool:
        """Whether this event has opened a plan before, however long it is out of the row's memory of events."""
        return self._is_known(derived(self.row.user_id, agent, origin.source, origin.id, 0))

    def _is_known(self, intent_id: str) -> bool:
        if intent_id in self.row.intents:
            return True
        for one in self.row.closed:  # noqa: SIM110  # a generator costs twice the loop, over up to 256
            if one.intent_id == intent_id:
                return True
        return False

    def expiry(self, agent: str, due_at: datetime) -> datetime:
        """When a plan for `due_at` runs out if nobody says otherwise."""
        return due_at + self.policy.agent(agent).expires_after

    def is_muted(self, subject: str) -> bool:
        """Whether the person asked not to be asked about this."""
        until = self.row.mutes.get(fold(subject))
        return until is not None and until > self.now

    def put(self, intent: Intent) -> None:
        """The intent's next state, after a step of its life cycle."""
        self.row.put_intent(intent)

    def move(
        self,
        intent: Intent,
        due_at: datetime,
        expires_at: datetime | None,
        by: Event | Ref,
        **changes: object,
    ) -> None:
        """Another planned time, and expiry. Onto a mute: revoked; with conditions too long for a row: one too many."""
        expires_at = expires_at or due_at + self.policy.agent(intent.agent).expires_after
        moved = life_cycle.moved(intent, due_at, expires_at, **changes)
        if due_at == intent.due_at:  # it is as late as before
            moved = msgspec.structs.replace(moved, ripe_at=max(due_at, min(intent.ripe_at, self.now)))
        self.put(moved)
        if self.row.mutes and self.is_muted(moved.subject):
            self.revoke(moved, "muted", placed(by))
        elif moved.exit_on is not intent.exit_on and not has_room(self.row, moved):
            life_cycle.after(moved.status, "refused")
            self.close(moved, Ending(outcome="stood_down", reason="too_many", by=placed(by)))

    def revoke(self, intent: Intent, reason: str, by: Ref | None, evidence: Evidence = NO_EVIDENCE) -> None:
        """A later event closes an open intent."""
        life_cycle.after(intent.status, "revoked")
        self.close(intent, Ending(outcome="revoked", reason=reason, by=by, evidence=evidence))

    def close(self, intent: Intent, ending: Ending) -> None:
        """Take the intent out of the row and write its one outcome."""
        self.row.drop_intent(intent.intent_id)
        self.row.forget_doubts(intent.intent_id)
        self._record(intent, ending)

    def _record(self, intent: Intent, ending: Ending) -> None:
        row, now = self.row, self.now
        erased = ending.reason == "erased"
        row.closed = (
            *row.closed,
            Closed(
                intent_id=intent.intent_id,
                agent=intent.agent,
                subject_key="" if erased else key_kept(intent.subject_key),
                outcome=ending.outcome,
                reason=ending.reason,
                closed_at=now,
                due_at=intent.due_at,
                expires_at=intent.expires_at,
            ),
        )
        if len(row.closed) > CLOSED_INTENTS:
            row.closed = row.closed[-CLOSED_INTENTS:]
        if row.closed[0].closed_at < now - CLOSED_FOR:
            row.closed = tuple(closed for closed in row.closed if closed.closed_at >= now - CLOSED_FOR)
        self.tally.count("tactful_intents_closed_total", intent.agent, ending.outcome, ending.reason)
        self.outcomes.append(
            Outcome(
                outcome_id=derived("outcome", intent.intent_id),
                user_id=row.user_id,
                agent=intent.agent,
                intent_id=intent.intent_id,
                subject="" if erased else intent.subject,
                outcome=ending.outcome,
                reason=ending.reason,
                opened_at=intent.opened_at,
                due_at=intent.due_at,
                closed_at=now,
                opened_by=intent.opened_by,
                closed_by=ending.by or intent.matured_by,
                matured_by=intent.matured_by,
                evidence=NO_EVIDENCE if erased else ending.evidence,
                nudge_id=ending.nudge_id,
                attempts=ending.attempts,
                written_by=ending.written_by,
                model_calls=intent.spent.calls,
                input_tokens=intent.spent.input_tokens,
                output_tokens=intent.spent.output_tokens,
                cost_usd=intent.spent.cost_usd,
                candidates=self.candidates,
                outranked_by=ending.outranked_by,
                policy_version=self.policy.version,
                holdout=self.held_out,
                pass_id=self.pass_id,
                traceparent=intent.traceparent,
            )
        )

    def send(self, intent: Intent, text: str, written_by: WrittenBy, ending: Ending) -> None:
        """The winner becomes a nudge; its slot of the caps is taken in the same row."""
        row, now = self.row, self.now
        life_cycle.after(intent.status, "sent")
        nudge_id = derived(intent.intent_id, intent.version)
        row.nudges = remembered((*row.nudges, PastNudge(nudge_id, intent.agent, now)), now)
        row.nudges_sent += 1
        row.last_text = text
        until = min(intent.expires_at, now + RECALLABLE_FOR)
        sent = Sent(
            nudge_id=nudge_id,
            intent=msgspec.structs.replace(intent, words=""),
            decided_at=now,
            recallable_until=until,
            locale=row.locale,
            written_by=written_by,
        )
        recallable = (*(old for old in row.sent_nudges if old.recallable_until > now), sent)
        if len(recallable) > RECALLABLE:
            self.tally.count("tactful_dropped_total", "recallable", by=len(recallable) - RECALLABLE)
        row.sent_nudges = recallable[-RECALLABLE:]
        self.tally.count("tactful_nudges_total", intent.agent, written_by)
        self._tell("nudge", sent, intent.subject, text)
        self.close(intent, msgspec.structs.replace(ending, nudge_id=nudge_id, written_by=written_by))

    def recall(self, sent: Sent, *, erased: bool = False) -> None:
        """Take a nudge back that went out; its outcome and its slot stay."""
        self.keep_as_sent(sent.nudge_id)
        if sent.recallable_until <= self.now:
            return
        self.tally.count("tactful_recalls_total", sent.intent.agent)
        self._tell("recall", sent, "" if erased else sent.intent.subject, "")

    def _tell(self, kind: Literal["nudge", "recall"], sent: Sent, subject: str, text: str) -> None:
        self.nudges.append(
            Nudge(
                kind=kind,
                nudge_id=sent.nudge_id,
                user_id=self.row.user_id,
                agent=sent.intent.agent,
                intent_id=sent.intent.intent_id,
                subject=subject,
                text=text,
                locale=sent.locale,
                written_by=sent.written_by,
                decided_at=self.now,
                not_after=sent.intent.expires_at,
                reply_to=sent.intent.opened_by.event_id,
                traceparent=sent.intent.traceparent,
            )
        )

    def keep_as_sent(self, nudge_id: str) -> None:
        """The person has seen it: it can no longer be taken back."""
        if self.row.sent_nudges:
            self.row.sent_nudges = tuple(sent for sent in self.row.sent_nudges if sent.nudge_id != nudge_id)
