"""Every reason of an outcome, as the end of a sentence."""

from __future__ import annotations

from collections.abc import Mapping

STOOD_DOWN: Mapping[str, str] = {
    "no_consent": "the person has not granted it",
    "quiet_hours": "it would have been past its time when the quiet hours end",
    "frequency_capped": "the person has had as many nudges as the policy allows until past its time",
    "too_many": "the person has as many open plans as a row holds",
    "min_gap": "the last nudge was too recent, and later would have been past its time",
    "person_active": "the person was active until past its time",
    "outranked": "{outranked_by} had the word, and later would have been past its time",
    "merged": "another nudge says it",
    "duplicate_subject": "another agent's nudge was about the same",
    "not_relevant": "its agent no longer found it relevant, or it was put off too often",
    "nothing_to_say": "there was too little to tell",
    "missing_data": "something that it needs was missing",
    "muted": "the person has asked not to be asked about this",
    "ignored_before": "the agent's last nudge went unanswered, or several of this week's did",
    "quality_below_bar": "the drafts were not good enough, and the policy prefers silence to stock words",
    "model_unavailable": "the model did not answer, and the policy prefers silence to stock words",
    "unverified_still_open": "nobody could say whether it was settled already",
    "budget_exhausted": "the model's budget was spent, and the policy prefers silence to stock words",
    "holdout": "the person belongs to the holdout",
    "randomized_out": "it was drawn to be left out",
    "shadow": "the agent only shadows",
    "paused": "it was paused until past its time",
    "too_late": "it came due too long before anybody was there to decide",
}
REVOKED: Mapping[str, str] = {
    "resolved": "a later message settled it",
    "superseded": "a later message put something else in its place",
    "contradicted": "a later message denied it",
    "muted": "the person asked not to be asked about this",
    "exit_event": "an event came that ends it",
    "requested": "it was withdrawn",
    "consent_withdrawn": "the person withdrew the grant",
    "erased": "the person was erased",
}
REASONS: Mapping[str, Mapping[str, str]] = {
    "nudged": {"sent": "all gates were open, and nothing else came before it"},
    "stood_down": STOOD_DOWN,
    "revoked": REVOKED,
    "expired": {"expired": "its time ran out while it waited"},
    "failed": {
        "defect": "a defect in the code closed it: `tactful dead-letter list` has the event",
        "unreadable_state": "its agent is no longer registered",
    },
}
DEFERRED: Mapping[str, str] = {
    "quiet_hours": "quiet hours",
    "frequency_capped": "the caps are used up",
    "min_gap": "the last nudge is too recent",
    "person_active": "the person is active",
    "paused": "paused",
    "outranked": "another one goes first",
    "not_relevant": "its agent wants to wait",
}
"""Why a plan was put off; an agent may have words of its own."""


def because(outcome: str, reason: str, outranked_by: str = "") -> str:
    """Why an intent ended so; a reason of a newer worker stands as it is."""
    return REASONS.get(outcome, {}).get(reason, reason).format(outranked_by=outranked_by or "another agent")
