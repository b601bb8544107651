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
    confidence: float = 0.0
    quote: str = ""
    message_id: str = ""
    model: str = ""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request for a draft, and what came of it."""

    approach: str
    result: AttemptResult
    problems: tuple[str, ...] = ()
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The one record that closes an intent.

    `attempts` are those of the closing pass; `model_calls`, tokens and cost count all passes of the intent.
    Empty texts are `""`; `matured_by` is null when it never matured, `closed_by` when no event closed it.
    """

    schema_version: int = SCHEMA_VERSION
    outcome_id: str
    user_id: str
    agent: str
    intent_id: str
    subject: str
    outcome: OutcomeKind
    reason: str
    opened_at: datetime
    due_at: datetime
    """The time planned by opening or a move, never by a deferral."""
    closed_at: datetime
    opened_by: Ref
    closed_by: Ref | None = None
    matured_by: Ref | None = None
    evidence: Evidence | None = None
    nudge_id: str = ""
    attempts: tuple[Attempt, ...] = ()
    written_by: Literal["", "model", "fallback"] = ""
    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    """Null when the policy has no price for the model."""
    candidates: tuple[str, ...] = ()
    """The names of the agents that stood in the closing pass."""
    outranked_by: str = ""
    policy_version: str
    holdout: bool = False
    propensity: float | None = None
    """How likely this person was to be treated as they were."""
    pass_id: str = ""
