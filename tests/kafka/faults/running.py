"""Running faults one after the other: topics of its own for each, load, workers, the fault, recovery, judgement."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
import traceback
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.drivers import kafka_topics
from app.drivers.kafka_client import KafkaError
from tests.kafka.faults.cluster import Cluster
from tests.kafka.faults.fleet import Fleet
from tests.kafka.faults.ledger import Judgement, Standing, Told, judge
from tests.kafka.faults.lives import MIN_GAP, SCRIPT
from tests.kafka.faults.load import Load
from tests.kafka.faults.scene import CALM_S, LOOK_S, PARTITIONS, Fault, NoHitError, Scene

IDLE_WITHIN_S = 60.0
WARM_EVENTS = 60
"""Events acknowledged before a fault is done: plans are open, some have matured."""
LOOK_WITHIN_S = 600.0
"""A bound for one look from outside: it ends with its scene long before."""
IDLE_S = 0.5
"""What waits no longer than this after the last event is being worked on."""
GOES_ON_S = 2.0
"""The load goes on after the last hit: recovery is recovery under load."""

Verdict = Literal["kept", "BROKEN", "caught", "NOT CAUGHT"]


@dataclass(slots=True, kw_only=True)
class Result:
    """One row of the report."""

    fault: str
    brokers: int
    workers: int
    verdict: Verdict
    hits: int = 0
    written: int = 0
    """Events that the broker acknowledged to the load."""
    judgement: Judgement = field(default_factory=Judgement)
    recovery_s: float | None = None
    seconds: float = 0.0
    ended: dict[int, list[int]] = field(default_factory=dict)
    """By slot the exit codes of workers that ended by themselves and were started again."""
    says: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        return self.verdict in {"kept", "caught"}


async def run_all(
    faults: Iterable[Fault],
    *,
    seed: int,
    told: Callable[[str], None] = lambda _: None,
    logs: Path | None = None,
    done: Callable[[Result], None] = lambda _: None,
) -> list[Result]:
    """Each in turn; scenes of as many brokers share a cluster until one breaks it.

    `logs` is where the workers' logs of a scene that went wrong are kept.
    """
    results: list[Result] = []
    async with AsyncExitStack() as closing:
        cluster: Cluster | None = None
        for fault in faults:
            if cluster is None or cluster.brokers != fault.brokers:
                await closing.aclose()
                cluster = await closing.enter_async_context(Cluster(fault.brokers))
            told(f"... {fault.name} ({fault.brokers} brokers, {fault.workers} workers)")
            result = await run_one(fault, cluster, seed=seed, logs=logs)
            results.append(result)
            done(result)
            told(line_of(result))
            for said in (*result.says, *(f"({note})" for note in result.notes)):
                told(f"      {said}")
            if fault.breaks_cluster or not result.fine:
                cluster = None
    return results


def line_of(result: Result) -> str:
    """A result in one line."""
    found, recovery = result.judgement, result.recovery_s
    return (
        f"{result.verdict}: {result.fault}: hits {result.hits}, events {found.events}, nudges {found.nudges}, "
        f"outcomes {found.outcomes}, open {found.open}, missing {len(found.missing)}, twice {len(found.twice)}, "
        f"stale {len(found.stale)}, recovered in {'-' if recovery is None else f'{recovery:.1f} s'}, "
        f"{result.seconds:.0f} s in all{f', ended {result.ended}' if result.ended else ''}"
    )


async def run_one(fault: Fault, cluster: Cluster, *, seed: int, logs: Path | None = None) -> Result:
    """One fault, from new topics to the verdict; whatever goes wrong is a finding."""
    began = time.monotonic()
    result = Result(fault=fault.name, brokers=fault.brokers, workers=fault.workers, verdict="BROKEN")
    prefix = f"f{uuid.uuid4().hex[:8]}-"
    with tempfile.TemporaryDirectory(prefix="tactful-fault-") as folder:
        scene = _scene(fault, cluster, Path(folder), prefix, seed)
        try:
            report = await kafka_topics.apply(scene.kafka, partitions=PARTITIONS)
            assert report.fine, report
            await _play(scene, result)
        except Exception as error:  # noqa: BLE001 - one fault's trouble is its finding, and the next one goes on
            said = "".join(traceback.format_exception_only(error)).strip()
            result.says.append(f"{said[:3000]}")
        finally:
            await scene.fleet.close()
            for put_away in scene.at_end:
                put_away()
            scene.load._stop.set()
        result.hits, result.written = scene.hits, len(scene.load.acknowledged)
        result.ended = scene.fleet.ended
        result.notes = scene.notes
        _judge(scene, result)
        if logs is not None and not result.fine:
            _keep_logs(scene, logs)
    result.seconds = time.monotonic() - began
    return result


def _keep_logs(scene: Scene, logs: Path) -> None:
    logs.mkdir(parents=True, exist_ok=True)
    for slot in scene.fleet.slots.values():
        shutil.copy(
            slot.log, logs / f"{scene.fault.name.replace(' ', '-').replace(':', '')}-{slot.number}.log"
        )


def _scene(fault: Fault, cluster: Cluster, folder: Path, prefix: str, seed: int) -> Scene:
    policy, script = folder / "policy.yaml", folder / "script.yaml"
    policy.write_text(fault.policy)
    script.write_text(SCRIPT)
    env = {
        "TACTFUL_LOG": f"kafka://{cluster.bootstrap}",
        "TACTFUL_TOPIC_PREFIX": prefix,
        "TACTFUL_GROUP": f"{prefix}workers",
        "TACTFUL_POLICY": str(policy),
        "TACTFUL_MODEL": "scripted",
        "TACTFUL_MODEL__SCRIPT": str(script),
        "TACTFUL_KAFKA__SESSION_TIMEOUT": "6s",
    }
    return Scene(
        fault=fault,
        cluster=cluster,
        fleet=Fleet(folder, env | dict(fault.env)),
        load=Load(cluster.bootstrap, prefix, PARTITIONS, seed, rate=fault.rate),
        folder=folder,
        prefix=prefix,
        # Each fault has a seed of its own, so that `--only` does what the whole run does.
        chance=random.Random(f"{seed} {fault.name}"),
    )


async def _play(scene: Scene, result: Result) -> None:
    fault = scene.fault
    scene.load.start()
    await asyncio.gather(*(scene.fleet.start(number, once=fault.once) for number in scene.workers))
    await scene.all_ready()
    await scene.load.going(WARM_EVENTS)
    watch = _Watch(Standing(scene.cluster.bootstrap, scene.prefix, scene.partitions))
    watching = asyncio.create_task(watch.run())
    try:
        await fault.act(scene)
        if not scene.hits:
            raise NoHitError(f"{fault.name}: it was never done")
        if fault.ends_there:
            return
        with _forgiven(scene):
            result.recovery_s = await watch.recovered(scene, fault.recovers_within_s)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    await asyncio.sleep(GOES_ON_S)
    await scene.load.stop()
    with _forgiven(scene):
        await _until_idle(Standing(scene.cluster.bootstrap, scene.prefix, scene.partitions))
    up = [number for number, slot in scene.fleet.slots.items() if slot.up]
    codes = await asyncio.gather(*(scene.fleet.terminate(number) for number in up))
    scene.expect(not any(codes), f"drained workers ended with {codes}, not with 0")
    told = [
        Told(
            event_id=each.happening.event_id,
            user=each.happening.user,
            type=each.happening.type,
            key=each.happening.data.get("subject_key"),
            partition=each.partition,
            offset=each.offset,
        )
        for each in scene.load.acknowledged
    ]
    result.judgement = await judge(
        scene.cluster.bootstrap, scene.prefix, scene.partitions, told, min_gap=MIN_GAP
    )
    await kafka_topics.delete(scene.kafka)


@contextmanager
def _forgiven(scene: Scene) -> Iterator[None]:
    """A control's harm may be a plan that waits for ever, since its row was overwritten: the ledger is judged."""
    try:
        yield
    except AssertionError as error:
        if not scene.fault.must_break:
            raise
        scene.notes.append(str(error))


class _Watch:
    """Looks from outside all the time, so that recovery is measured while the fault still goes on."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self.late: list[str] = ["nothing was seen yet"]
        self.late_at = time.monotonic()
        """When something was last seen to wait longer than work takes."""
        self.looks = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                async with asyncio.timeout(LOOK_WITHIN_S), self._standing.following():
                    while True:
                        await self._look()
                        await asyncio.sleep(LOOK_S)
            except (KafkaError, OSError, TimeoutError) as error:
                self._note([f"the log cannot be read: {type(error).__name__}"])
                await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        await self._standing.look()
        self._note(self._standing.late(CALM_S) if self._standing.knows else ["no partition's row was seen"])
        self.looks += 1

    def _note(self, late: list[str]) -> None:
        self.late = late
        if late:
            self.late_at = time.monotonic()

    async def recovered(self, scene: Scene, within_s: float) -> float:
        """Seconds from the last hit until nothing waited longer than work takes, under load."""
        after = self.looks + 2
        try:
            async with asyncio.timeout(within_s):
                while self.late or self.looks < after:  # noqa: ASYNC110  # the log is polled, it tells nobody
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"after {within_s:g} s there still wait: {'; '.join(self.late)}") from None
        return max(0.0, self.late_at - scene.hit_at)


async def _until_idle(standing: Standing) -> None:
    late: list[str] = []
    try:
        async with asyncio.timeout(IDLE_WITHIN_S), standing.following():
            while True:
                await standing.look()
                late = standing.late(IDLE_S)
                if standing.knows and not late:
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(
            f"{IDLE_WITHIN_S:g} s after the last event there still wait: {'; '.join(late)}"
        ) from None


def _judge(scene: Scene, result: Result) -> None:
    found = result.judgement
    for kind in scene.excused:
        setattr(found, kind, [])
    wrong = [*result.says, *scene.extra_findings]
    if scene.fault.must_break:
        # What was taken out shows only in the ledger: a scene that failed in another way has shown nothing.
        result.verdict = "caught" if not found.kept and not result.says else "NOT CAUGHT"
    else:
        result.verdict = "BROKEN" if wrong or not found.kept else "kept"
    result.says = [*wrong, *found.lines()]
