"""What the agents make of an event: their proposals, carried out inside what an agent may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from agents.contract import Agent, Intent, Move, Open, Proposal, Revoke
from app.core.ledger import Ledger
from app.core.origin import origin_of, ref_of
from app.core.plans import Plan
from topics.outcomes import Outcome
from topics.text import clean
from topics.text import fold as folded
from topics.user_events import Event

_REFUSED = frozenset({"muted", "too_many", "no_consent"})


def consider(ledger: Ledger, event: Event) -> None:
    """Ask each agent that subscribes and has the person's grant what this event changes about its plans."""
    row = ledger.row
    for agent in ledger.roster.subscribed(event.type):
        if row.granted(agent.name):
            for proposal in agent.consider(row, event, ledger.now, ledger.policy):
                apply(ledger, agent, proposal, event)


def replan(ledger: Ledger, event: Event, closed: Sequence[Outcome]) -> None:
    """Ask an agent that plans its next on the end of its last one, with the event that brought that end.

    A plan that closed in the very step that opened it (muted, too many) asks for no other: it would go on for ever.
    """
    ended = {outcome.agent for outcome in closed if outcome.agent in ledger.roster.replanning}
    ended -= {outcome.agent for outcome in closed if outcome.reason in _REFUSED}
    for name in sorted(ended):
        if ledger.row.granted(name):
            agent = ledger.roster.by_name[name]
            for proposal in agent.consider(ledger.row, event, ledger.now, ledger.policy):
                apply(ledger, agent, proposal, event)


def apply(ledger: Ledger, agent: Agent, proposal: Proposal, event: Event) -> None:
    """Carry one proposal out, inside what an agent may do: its own plans, and one for each subject."""
    if isinstance(proposal, Open):
        plan = Plan(
            agent=agent.name,
            subject=proposal.subject,
            due_at=proposal.due_at.astimezone(UTC),
            subject_key=proposal.subject_key,
            expires_at=_in_utc(proposal.expires_at),
            importance=proposal.importance,
            exit_on=proposal.exit_on,
            words=clean(event.type),
        )
        if ledger.row.find(agent.name, proposal.subject_key or folded(proposal.subject)) is None:
            ledger.open(plan, origin_of(event))
        return
    intent = ledger.row.intents.get(proposal.intent_id)
    if intent is not None and intent.agent != agent.name:
        return
    if isinstance(proposal, Move):
        if intent is not None:
            due_at, expires_at = proposal.due_at.astimezone(UTC), _in_utc(proposal.expires_at)
            ledger.move(intent, due_at, expires_at, event, subject=proposal.subject or intent.subject)
        return
    _take_back(ledger, agent, proposal, intent, event)


def _in_utc(at: datetime | None) -> datetime | None:
    """Two times of one zone are compared by their wall clocks, which is wrong in the night the clocks change."""
    return None if at is None else at.astimezone(UTC)


def _take_back(ledger: Ledger, agent: Agent, proposal: Revoke, intent: Intent | None, event: Event) -> None:
    if intent is not None:
        ledger.revoke(intent, proposal.reason, ref_of(event))
        return
    for sent in list(ledger.row.sent_nudges):
        if sent.intent.intent_id == proposal.intent_id and sent.intent.agent == agent.name:
            ledger.recall(sent)
