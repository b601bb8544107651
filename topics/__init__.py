"""The contract with everybody else: every topic, how the broker keeps it, and what its records mean."""

from __future__ import annotations

from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.state import NUDGE_STATE
from topics.topic import Topic
from topics.user_events import USER_EVENTS

TOPICS: tuple[Topic, ...] = (
    USER_EVENTS,
    NUDGES,
    NUDGE_OUTCOME,
    NUDGE_PASS,
    NUDGE_STATE,
    NUDGE_CONTROLS,
    DEAD_LETTER,
)
"""All of them, in the order in which a person's life passes through."""

__all__ = ["TOPICS", "Topic"]
