"""Reading the topics for the checks, and looking twice where a worker is at work."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app.verify.finding import Broken
from app.verify.seen import ORDER, Seen
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from app.outside.log import Log


async def look(log: Log, since: datetime | None) -> Seen:
    """All that the topics hold, or what they hold since."""
    seen = Seen(await log.partitions(USER_EVENTS.name), since)
    for topic in ORDER:
        async for record in log.read(topic, since=None if topic == NUDGE_STATE.name else since):
            seen.add(record)
    return seen


def still(first: list[Broken], second: list[Broken]) -> list[Broken]:
    """What was found both times: the topics are read one after the other, and a worker may write between them."""
    before = {(each.check, each.id) for each in first}
    return [each for each in second if (each.check, each.id) in before]
