"""What a worker says of its partitions while they work: lag, input that is blocked, and a loop that is stuck."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.core.tally import Tally
from app.drivers.kafka_client import KafkaError
from app.drivers.served import UNSERVED, OutputEnds
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

if TYPE_CHECKING:
    from app.drivers.kafka_owned import Owned
    from app.drivers.kafka_takeover import Takeovers

log = logging.getLogger("tactful.worker")

LOOK_EVERY_S = 5.0
STUCK_AFTER_S = 60.0
"""Four times the limit of a commit: by then its doubt should have started the partition again."""

OUTPUTS = (NUDGES.name, NUDGE_OUTCOME.name, NUDGE_PASS.name, NUDGE_STATE.name)
"""What a commit writes to the partition of its own number."""


class Stuck(Exception):
    """A partition has had work for a minute, and nothing became durable.

    Operator action: none, the process ends and its successor starts from the last commit; if it repeats, look
    at the brokers.
    """


class Watch:
    """Looks at all partitions every few seconds."""

    def __init__(
        self, takeovers: Takeovers, owned: Mapping[int, Owned], on_tally: Callable[[Tally, str], None]
    ) -> None:
        self._takeovers = takeovers
        self._owned = owned
        self._on_tally = on_tally
        self._stable_since: dict[int, tuple[int, float]] = {}
        """The last stable offset of a partition's input, and when it was first seen to stand there."""
        self._answered_at = time.monotonic()

    @property
    def silent_s(self) -> float:
        """For how long the brokers have said nothing of the input's ends, which are asked for every few seconds."""
        return time.monotonic() - self._answered_at

    async def run(self) -> None:
        """For ever; raises Stuck."""
        while True:
            for owned in self._owned.values():
                _check(owned)
            try:
                await self._look()
                self._answered_at = time.monotonic()
            except (KafkaError, OSError) as error:
                log.warning("the ends of the input cannot be read, lag is as it was: %s", error)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        owned = dict(self._owned)
        tally = Tally()
        states: Counter[str] = Counter(one.state for one in owned.values())
        tally.gauge("tactful_partitions_owned", states["running"])
        for state in UNSERVED:
            tally.gauge("tactful_partitions_unserved", states[state], state)
        self._on_tally(tally, "")
        stable, latest = await self._takeovers.ends(USER_EVENTS.name, owned)
        for number, one in owned.items():
            if self._owned.get(number) is not one:
                continue  # let go meanwhile: its gauges are gone
            machine = one.loop.partition if one.loop is not None else None
            undecided, fullness = (machine.undecided, machine.fullness) if machine is not None else (0, 0.0)
            blocked = self._blocked(number, stable[number], latest[number])
            tally, label = Tally(), str(number)
            tally.gauge("tactful_undecided_events", undecided, label)
            tally.gauge("tactful_backlog_fullness_ratio", fullness, label)
            tally.gauge("tactful_lag_events", max(0, latest[number] - one.position) + undecided, label)
            tally.gauge("tactful_input_blocked_seconds", blocked, label)
            self._on_tally(tally, label)
        self._stable_since = {
            number: since for number, since in self._stable_since.items() if number in owned
        }

    def _blocked(self, number: int, stable: int, latest: int) -> float:
        """For how long an open transaction of a service has kept what stands behind it from being read."""
        now = time.monotonic()
        if stable >= latest:
            self._stable_since.pop(number, None)
            return 0.0
        at, since = self._stable_since.get(number, (-1, now))
        if at != stable:
            since = now
        self._stable_since[number] = (stable, since)
        return now - since


def _check(owned: Owned) -> None:
    loop = owned.loop
    if loop is not None and (seconds := loop.seconds_without_commit_while_work) > STUCK_AFTER_S:
        message = (
            f"partition {owned.number} has had work for {seconds:.0f} s and committed nothing: this process ends, "
            "the next one starts from the last commit"
        )
        raise Stuck(message)


async def output_ends(takeovers: Takeovers, numbers: Sequence[int]) -> dict[int, OutputEnds]:
    """Where what is written in these partitions ends; an open transaction, whoever's, ends what can be read."""
    ends = [await takeovers.ends(topic, numbers) for topic in OUTPUTS]
    return {
        number: OutputEnds(
            readable=tuple(stable[number] for stable, _ in ends),
            written=tuple(latest[number] for _, latest in ends),
        )
        for number in numbers
    }
