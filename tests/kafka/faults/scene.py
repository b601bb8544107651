"""A fault is an async function that is given a scene: workers at work, a load that goes on, and hits that count."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tests.kafka.faults
from app.drivers.kafka_client import Connection, Kafka
from tests.kafka.faults.cluster import Cluster
from tests.kafka.faults.fleet import READY_WITHIN_S, Fleet
from tests.kafka.faults.lives import POLICY
from tests.kafka.faults.load import Load

PARTITIONS = 4
CALM_S = 4.0
"""What waits no longer than this is work, and no lag: some ten times a pass with its commits on a busy machine."""
LOOK_S = 0.25


class NoHitError(AssertionError):
    """A fault was done while nothing was written, or was never done: such a run shows nothing."""


Act = Callable[["Scene"], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is done, and to how much: brokers, workers, lives a second."""

    name: str
    act: Act
    brokers: int
    workers: int
    rate: float
    short: bool
    policy: str
    env: Mapping[str, str]
    once: Mapping[str, str]
    """Variables of the first life of every worker, such as what a launcher is to do to it."""
    breaks_cluster: bool
    """Whether the next scene needs a new cluster."""
    must_break: bool
    """A control: a promise of ours is taken out, and the verifier has to see that."""
    recovers_within_s: float
    ends_there: bool
    """By design nothing goes on afterwards until an operator acts: the scene itself judges what is left."""


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    *,
    brokers: int = 1,
    workers: int = 2,
    rate: float = 5.0,
    short: bool = False,
    policy: str = POLICY,
    env: Mapping[str, str] | None = None,
    once: Mapping[str, str] | None = None,
    breaks_cluster: bool = False,
    must_break: bool = False,
    recovers_within_s: float = 90.0,
    ends_there: bool = False,
) -> Callable[[Act], Act]:
    """Put an async function on the list of faults; its docstring says what is done and what must hold."""

    def listed(act: Act) -> Act:
        assert name not in FAULTS, f"two faults are called {name}"
        FAULTS[name] = Fault(
            name=name,
            act=act,
            brokers=brokers,
            workers=workers,
            rate=rate,
            short=short,
            policy=policy,
            env=env or {},
            once=once or {},
            breaks_cluster=breaks_cluster,
            must_break=must_break,
            recovers_within_s=recovers_within_s,
            ends_there=ends_there,
        )
        return act

    return listed


def all_faults() -> list[Fault]:
    """Every fault of the modules called `of_...`, those of one broker first."""
    for found in pkgutil.iter_modules(tests.kafka.faults.__path__):
        if found.name.startswith("of_"):
            importlib.import_module(f"{tests.kafka.faults.__name__}.{found.name}")
    return sorted(FAULTS.values(), key=lambda each: (each.brokers, each.breaks_cluster))


@dataclass(slots=True, kw_only=True)
class Scene:
    """What a fault may use: the cluster, the workers (slots 0 to workers - 1 are up), the load, and chance."""

    fault: Fault
    cluster: Cluster
    fleet: Fleet
    load: Load
    folder: Path
    prefix: str
    chance: random.Random
    partitions: int = PARTITIONS
    hits: int = 0
    hit_at: float = 0.0
    notes: list[str] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)
    """Kinds of findings that this fault brings about by itself and that it judges on its own: say why in a note."""
    extra_findings: list[str] = field(default_factory=list)
    """What the fault itself found to be wrong."""
    at_end: list[Callable[[], object]] = field(default_factory=list)
    """Called when the workers have ended: what a fault set up outside of them is put away."""

    @property
    def kafka(self) -> Kafka:
        """The topics of this scene, for a client of its own."""
        return Kafka(Connection(bootstrap=self.cluster.bootstrap, prefix=self.prefix, client_id="fault"))

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return self.prefix + name

    @property
    def workers(self) -> range:
        """The slots that are up at the beginning."""
        return range(self.fault.workers)

    def hit(self, times: int = 1) -> None:
        """The fault was done at this moment, under load; recovery counts from the last one."""
        if not self.load.running:
            raise NoHitError(f"{self.fault.name}: nothing was being written when it was done")
        self.hits += times
        self.hit_at = time.monotonic()

    def healed(self) -> None:
        """What was taken away is back: recovery counts from here."""
        self.hit_at = time.monotonic()

    def expect(self, so: object, what: str) -> None:
        """Note as a finding what should be so and is not."""
        if not so:
            self.extra_findings.append(what)

    async def until(
        self, so: Callable[[], object | Awaitable[object]], what: str, within_s: float = 60.0
    ) -> None:
        """Wait until it is so; AssertionError names what never was."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    now = so()
                    if await now if isinstance(now, Awaitable) else now:
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            told = await self.fleet.told(self.fleet.slots)
            raise AssertionError(f"within {within_s:g} s it never was so: {what}\n{told}") from None

    async def all_ready(self, *numbers: int, within_s: float = READY_WITHIN_S) -> None:
        """Wait until these workers (all that are up, by default) have all partitions between them."""
        up = numbers or [number for number, slot in self.fleet.slots.items() if slot.up]
        await self.fleet.all_ready(self.partitions, of=up, within_s=within_s)

    async def pause(self, least_s: float, most_s: float | None = None) -> None:
        """Let the load go on for a while, by chance somewhere between the two."""
        await asyncio.sleep(self.chance.uniform(least_s, most_s or least_s))
