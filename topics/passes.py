"""The trace: why a pass decided as it did, without the person's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from topics.record import Ref
from topics.topic import PERSON, Topic

NUDGE_PASS = Topic(
    name="nudge-pass",
    cleanup="delete",
    retention=timedelta(days=14),
    key=PERSON,
    holds="The trace of each pass that considered an agent or asked the model.",
)


class PassAsk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request to the model; `answer` is the schema-checked answer, null where `failed` says why."""

    task: Literal["reading", "compose", "judge"]
    question_hash: str
    answer: Any = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    failed: str = ""


class GateAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one gate said of one candidate; `until` stands with `defer`."""

    gate: str
    answer: Literal["pass", "defer", "stand_down"]
    until: datetime | None = None
    reason: str = ""


class PassCandidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A matured intent as the arbiter saw it, with every gate's answer in the order of asking."""

    agent: str
    intent_id: str
    version: int
    priority: int
    importance: float
    gates: tuple[GateAnswer, ...] = ()


class Pass(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One exclusive look at one person."""

    pass_id: str
    user_id: str
    now: datetime
    events: tuple[Ref, ...] = ()
    asks: tuple[PassAsk, ...] = ()
    candidates: tuple[PassCandidate, ...] = ()
    winner: str = ""
    """The `intent_id` that was sent, or would have been in shadow mode; empty when nobody won."""
    text: str = ""
    """What would have been sent, of an agent in shadow mode; empty otherwise."""
    policy_version: str
