"""How a plan begins and how it ends, as values on their way into the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from topics.outcomes import Attempt, Evidence, OutcomeKind
from topics.record import Ref
from topics.user_events import ExitOn

NO_EVIDENCE = Evidence()
WrittenBy = Literal["model", "fallback"]


class Plan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be opened: an agent's proposal, a request, or a subject that a reading raised."""

    agent: str
    subject: str
    due_at: datetime
    subject_key: str = ""
    expires_at: datetime | None = None
    importance: float = 0.5
    exit_on: tuple[ExitOn, ...] = ()
    words: str = ""
    requested: bool = False


class Ending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How an intent ended, for its outcome record."""

    outcome: OutcomeKind
    reason: str
    by: Ref | None = None
    evidence: Evidence = NO_EVIDENCE
    attempts: tuple[Attempt, ...] = ()
    outranked_by: str = ""
    nudge_id: str = ""
    written_by: WrittenBy | Literal[""] = ""
