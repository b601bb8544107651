"""The operator's switches: an agent paused, or everything."""

from __future__ import annotations

from datetime import datetime

import msgspec

from topics.topic import Topic

EVERYTHING = "*"
"""The key of the kill switch."""

NUDGE_CONTROLS = Topic(
    name="nudge-controls",
    cleanup="compact",
    key="an agent's name, or `*` for everything",
    holds="Which agents are paused, since when and by whom.",
    single_partition=True,
)


class Control(msgspec.Struct, frozen=True, kw_only=True):
    """The latest record of a key counts; none, or a null value, means that it runs."""

    paused: bool
    """Whether the agent keeps quiet."""
    at: datetime
    """Since when."""
    by: str = ""
    """Who said so."""
