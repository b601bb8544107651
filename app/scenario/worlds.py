"""Where a story can be told, by the words of the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.scenario.errors import StoryError
from app.scenario.world import Setting, World
from app.settings import KafkaAddress, log_address

if TYPE_CHECKING:
    from app.scenario.world_kafka import KafkaWorld
    from app.scenario.world_process import EmbeddedWorld


def world_on(on: str, *, keep: bool = False) -> Callable[[Setting], World]:
    """What makes a world there: `memory`, `embedded` or `kafka://host:port`; StoryError for other words."""
    # Each world is imported where it is wanted: what a broker needs takes seconds that memory can do without.
    if on in {"memory", "memory:"}:
        from app.scenario.world_memory import MemoryWorld  # noqa: PLC0415 - see above

        return MemoryWorld
    if on in {"embedded", "embedded:"}:
        from app.scenario.world_process import EmbeddedWorld  # noqa: PLC0415 - see above

        return lambda setting: _said(EmbeddedWorld(setting, keep=keep), keep=keep)
    try:
        address = log_address(on)
    except ValueError:
        address = None
    if not isinstance(address, KafkaAddress):
        raise StoryError(f"--on {on}: write memory, embedded or kafka://host:port")
    from app.scenario.world_kafka import KafkaWorld  # noqa: PLC0415 - see above

    return lambda setting: _said(KafkaWorld(setting, address, keep=keep), keep=keep)


def _said(world: EmbeddedWorld | KafkaWorld, *, keep: bool) -> World:
    if keep:
        print(f"kept: {world.where}", file=sys.stderr)  # noqa: T201 - who asked to keep it wants to know where
    return world
