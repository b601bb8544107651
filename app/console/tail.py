"""What comes by, as it is committed: one line a record, with nobody's words in it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import msgspec

from app.console.knowing import Opened, now
from app.console.operator_values import TailLine
from app.core.written import CANARY
from app.drivers.rocks import StoreError
from app.explain.reasons import because
from app.outside.log import OutOfReachError, moment
from app.outside.shown import header
from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER, MARK
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.record import Record
from topics.user_events import USER_EVENTS

log = logging.getLogger("tactful.console")

TOPICS = (
    USER_EVENTS.name,
    NUDGE_PASS.name,
    NUDGE_OUTCOME.name,
    NUDGES.name,
    NUDGE_CONTROLS.name,
    DEAD_LETTER.name,
)
KEPT = 500
BACK = timedelta(minutes=15)
"""How far back the first who asks is told of."""
UNWATCHED_S = 60.0
"""When nobody has asked for so long, the topics are let go of."""
AGAIN_S = 2.0
QUEUE = 1_000
"""Lines that one who watches may be behind; who reads more slowly than that misses some."""


def line(record: Record) -> TailLine | None:
    """What a record is about; None for our own heartbeat."""
    user_id = (record.key or b"").decode(errors="replace")
    if user_id.startswith(CANARY):
        return None
    try:
        kind, agent, sentence = _SAID[record.topic](record)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        kind, agent, sentence = "unreadable", "", "a record that cannot be read"
    return TailLine(
        at=moment(record.timestamp_ms),
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        user_id="" if record.topic == NUDGE_CONTROLS.name else user_id,
        kind=kind,
        sentence=sentence,
        agent=agent,
    )


class Tail:
    """Follows the topics while somebody watches, and hands each line to all who do."""

    def __init__(self, opened: Opened) -> None:
        self.trouble = ""
        self._opened = opened
        self._lines: deque[TailLine] = deque(maxlen=KEPT)
        self._watching: set[asyncio.Queue[TailLine]] = set()
        self._following: list[asyncio.Task[None]] = []
        self._asked_at = 0.0

    def latest(self, *, topic: str = "", user_id: str = "") -> list[TailLine]:
        """What came by, latest first; the first to ask starts it."""
        self._wanted()
        fitting = [each for each in self._lines if fits(each, topic=topic, user_id=user_id)]
        return sorted(fitting, key=lambda each: each.at, reverse=True)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[asyncio.Queue[TailLine]]:
        """A queue of what comes by from now on."""
        queue: asyncio.Queue[TailLine] = asyncio.Queue(maxsize=QUEUE)
        self._watching.add(queue)
        self._wanted()
        try:
            yield queue
        finally:
            self._watching.discard(queue)
            self._asked_at = asyncio.get_running_loop().time()

    async def stop(self) -> None:
        """Let go of the topics."""
        following, self._following = self._following, []
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)

    def _wanted(self) -> None:
        self._asked_at = asyncio.get_running_loop().time()
        if not self._following:
            self._lines.clear()
            self._following = [
                asyncio.create_task(self._follow(topic), name=f"tail of {topic}") for topic in TOPICS
            ]
            self._following.append(asyncio.create_task(self._until_unwatched(), name="tail"))

    async def _until_unwatched(self) -> None:
        clock = asyncio.get_running_loop().time
        while self._watching or clock() - self._asked_at < UNWATCHED_S:  # noqa: ASYNC110 - it is about time
            await asyncio.sleep(UNWATCHED_S / 10)
        following, self._following = self._following[:-1], []
        for task in following:
            task.cancel()

    async def _follow(self, topic: str) -> None:
        since = now() - BACK
        while True:
            try:
                async with self._opened() as opened:
                    self.trouble = ""
                    async for record in opened.read(topic, since=since, follow=True):
                        self._came(line(record))
            except (OutOfReachError, StoreError) as error:
                self.trouble = str(error)
            since = now()
            await asyncio.sleep(AGAIN_S)

    def _came(self, said: TailLine | None) -> None:
        if said is None:
            return
        self._lines.append(said)
        for queue in self._watching:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(said)


def fits(said: TailLine, *, topic: str, user_id: str) -> bool:
    """Whether somebody who asked for this topic and this person wants it."""
    return (not topic or said.topic == topic) and (not user_id or said.user_id == user_id)


def _event(record: Record) -> tuple[str, str, str]:
    kind = header(record, "ce_type") or str(msgspec.json.decode(record.value or b"")["type"])
    # A type is a service's own word; nobody's words are that short and that plain.
    kind = "".join(each if each.isalnum() or each in "._-" else "?" for each in kind[:60])
    return kind, "", kind


def _pass(record: Record) -> tuple[str, str, str]:
    value = _value(record)
    plans, asks = len(value["candidates"]), len(value["asks"])
    won = ", one won" if value["winner"] else ""
    return "pass", "", f"looked at {plans} plan(s), asked the model {asks} time(s){won}"


def _outcome(record: Record) -> tuple[str, str, str]:
    value = _value(record)
    why = because(value["outcome"], value["reason"], value["outranked_by"])
    verb = {
        "nudged": "spoke",
        "stood_down": "stayed silent",
        "revoked": "gave a plan up",
        "expired": "let a plan go",
    }
    return value["outcome"], value["agent"], f"{value['agent']} {verb.get(value['outcome'], 'failed')}: {why}"


def _nudge(record: Record) -> tuple[str, str, str]:
    value = _value(record)
    if value["kind"] == "recall":
        return "recall", value["agent"], f"{value['agent']} took its words back"
    whose = "the model's words" if value["written_by"] == "model" else "its own words"
    return "nudge", value["agent"], f"{value['agent']} hands a message over, in {whose}"


def _control(record: Record) -> tuple[str, str, str]:
    name = (record.key or b"").decode(errors="replace")
    value = _value(record) if record.value else {"paused": False}
    kind = "paused" if value["paused"] else "resumed"
    by = f" by {value['by']}" if value.get("by") else ""
    return kind, name, f"{'everything' if name == '*' else name} {kind}{by}"


def _letter(record: Record) -> tuple[str, str, str]:
    return "dead_letter", "", f"put aside: {header(record, MARK + 'reason')}"


def _value(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.json.decode(record.value or b"")
    return value


_SAID: Mapping[str, Callable[[Record], tuple[str, str, str]]] = {
    USER_EVENTS.name: _event,
    NUDGE_PASS.name: _pass,
    NUDGE_OUTCOME.name: _outcome,
    NUDGES.name: _nudge,
    NUDGE_CONTROLS.name: _control,
    DEAD_LETTER.name: _letter,
}
