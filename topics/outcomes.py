"""The data team's topic: one record for every intent that was ever opened, written when it closes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

import msgspec

from topics.record import Ref
from topics.topic import PERSON, Topic

NUDGE_OUTCOME = Topic(
    name="nudge-outcome",
    cleanup="delete",
    retention=timedelta(days=90),
    key=PERSON,
    holds="One record per closed intent: what became of it, why, and from which events that follows.",
)

SCHEMA_VERSION = 1
"""Rises when the meaning of a field changes; fields are only added."""

OutcomeKind = Literal["nudged", "stood_down", "revoked", "expired", "failed"]

REASONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "nudged": frozenset({"sent"}),
        "stood_down": frozenset(
            {
                "no_consent",
                "quiet_hours",
                "frequency_capped",
                "too_many",
                "min_gap",
                "person_active",
                "outranked",
                "merged",
                "duplicate_subject",
                "not_relevant",
                "nothing_to_say",
                "missing_data",
                "muted",
                "ignored_before",
                "quality_below_bar",
                "model_unavailable",
                "unverified_still_open",
                "budget_exhausted",
                "holdout",
                "randomized_out",
                "shadow",
                "paused",
                "too_late",
            }
        ),
        "revoked": frozenset(
            {
                "resolved",
                "superseded",
                "contradicted",
                "muted",
                "exit_event",
                "requested",
                "consent_withdrawn",
                "erased",
            }
        ),
        "expired": frozenset({"expired"}),
        "failed": frozenset({"defect", "unreadable_state"}),
    }
)
"""The reasons that each outcome may have; readers outside build on these words."""

OUTCOMES: tuple[str, ...] = tuple(REASONS)

AttemptResult = Literal[
    "good",
    "poor",
    "timeout",
    "unreachable",
    "overloaded",
    "rate_limited",
    "refused",
    "truncated",
    "malformed",
]

ANSWERED: frozenset[str] = frozenset({"good", "poor", "refused", "truncated", "malformed"})
"""The results of an attempt that the model answered: these count for the budget and close the circuit."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What in the person's life closed the intent, as the model read it; all empty when no message did.

    `quote` is empty unless the policy allows it; `message_id` finds the words where they are allowed to be.
    """

    verdict: str = ""
    """`resolves`, `supersedes` or `contradicts`; empty when a mute closed it."""
    confidence: float = 0.0
    """How sure the reading was, from 0 to 1."""
    quote: str = ""
    """The words, where the policy allows it."""
    message_id: str = ""
    """The message in which they stand."""
    model: str = ""
    """Who read it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request for a draft, and what came of it."""

    approach: str
    """By which way; the second attempt takes another."""
    result: AttemptResult
    """What came of it."""
    problems: tuple[str, ...] = ()
    """What was wrong with the draft."""
    model: str = ""
    """Who wrote it."""
    input_tokens: int = 0
    """Read by the model."""
    output_tokens: int = 0
    """Written by the model."""
    seconds: float = 0.0
    """How long it took."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The one record that closes an intent.

    `attempts` are those of the closing pass; `model_calls`, tokens and cost count all passes of the intent.
    Empty texts are `""`; `matured_by` is null when it never matured, `closed_by` when no event closed it.
    """

    schema_version: int = SCHEMA_VERSION
    """Rises when the meaning of a field changes."""
    outcome_id: str
    """The record's name; one for each intent."""
    user_id: str
    """Whom it was for; also the record's key."""
    agent: str
    """Whose plan it was."""
    intent_id: str
    """The plan."""
    subject: str
    """What it was about; empty when the person was erased."""
    outcome: OutcomeKind
    """How it ended."""
    reason: str
    """Why; never empty."""
    opened_at: datetime
    """When it was planned."""
    due_at: datetime
    """The time planned by opening or a move, never by a deferral."""
    closed_at: datetime
    """When it was decided."""
    opened_by: Ref
    """The event that opened it."""
    closed_by: Ref | None = None
    """The event that closed it; null when none did."""
    matured_by: Ref | None = None
    """The record by which its time came; null when it never did."""
    evidence: Evidence | None = None
    """What in the person's life closed it, as far as a reading said so."""
    nudge_id: str = ""
    """What was sent; empty when nothing was."""
    attempts: tuple[Attempt, ...] = ()
    """The drafts of the closing pass."""
    written_by: Literal["", "model", "fallback"] = ""
    """Who wrote what was sent; empty when nothing was."""
    model_calls: int = 0
    """Requests of all its passes."""
    input_tokens: int = 0
    """Read by the model, in all its passes."""
    output_tokens: int = 0
    """Written by the model, in all its passes."""
    cost_usd: float | None = None
    """Null when the policy has no price for the model."""
    candidates: tuple[str, ...] = ()
    """The names of the agents that stood in the closing pass."""
    outranked_by: str = ""
    """The agent that won, when this one lost."""
    policy_version: str
    """The hash of the policy that it was decided by."""
    holdout: bool = False
    """Whether the person belongs to the group that gets no nudges."""
    propensity: float | None = None
    """How likely this person was to be treated as they were."""
    pass_id: str = ""
    """The trace of the closing pass; empty when there was none."""
    traceparent: str | None = None
    """The W3C trace of the event that opened it, which stands in the record's header of that name too."""
