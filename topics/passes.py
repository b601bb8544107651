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
    """Which of the three questions it was."""
    question_hash: str
    """What was asked, as a hash: the words are the person's."""
    answer: Any = None
    """The schema-checked answer, without the person's words; null when there was none."""
    model: str = ""
    """Who answered."""
    input_tokens: int = 0
    """Read by the model."""
    output_tokens: int = 0
    """Written by the model."""
    seconds: float = 0.0
    """How long it took."""
    failed: str = ""
    """Why there is no answer; empty when there is one."""
    stands_for: dict[str, str] = {}
    """What the references in a reading's answer mean: `i1` an `intent_id`, `m1` an event as `source/id`."""


class GateAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one gate said of one candidate; `until` stands with `defer`."""

    gate: str
    """The gate's name."""
    answer: Literal["pass", "defer", "stand_down"]
    """Pass, not before a time, or not at all."""
    until: datetime | None = None
    """The time, with `defer`."""
    reason: str = ""
    """The outcome's reason, if it closes by this."""


class PassCandidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A matured intent as the arbiter saw it, with every gate's answer in the order of asking."""

    agent: str
    """Whose plan it is."""
    intent_id: str
    """The plan."""
    version: int
    """The plan's version: it rises with each move."""
    priority: int
    """The agent's priority in the policy; the highest wins."""
    importance: float
    """What decides between equal priorities."""
    gates: tuple[GateAnswer, ...] = ()
    """What was asked of it, in the order of asking."""


class Pass(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One exclusive look at one person."""

    pass_id: str
    """The name by which outcomes refer to this pass."""
    user_id: str
    """Whom it looked at; also the record's key."""
    now: datetime
    """The time by which it decided."""
    events: tuple[Ref, ...] = ()
    """What it folded."""
    asks: tuple[PassAsk, ...] = ()
    """What it asked the model."""
    candidates: tuple[PassCandidate, ...] = ()
    """The plans that had come due."""
    winner: str = ""
    """The `intent_id` that was sent, or would have been in shadow mode; empty when nobody won."""
    text: str = ""
    """What would have been sent, of an agent in shadow mode; empty otherwise."""
    policy_version: str
    """The hash of the policy that it decided by."""
