"""What happens to workers: they are killed, drained, multiplied, and their volumes are lost or old."""

from __future__ import annotations

from tests.kafka.faults.launcher import POINTS
from tests.kafka.faults.scene import Scene, fault

STARTING = {"before the fence", "mid-restore"}
"""Points that a worker comes to while it starts; to all others it comes with every commit or pass."""


@fault("worker killed at random")
async def killed_at_random(scene: Scene) -> None:
    """SIGKILL for one or the other at random moments, started again at once with its volume."""
    for _ in range(3):
        number = scene.chance.choice(scene.workers)
        await scene.pause(0.2, 2)
        await scene.fleet.kill(number)
        scene.hit()
        await scene.fleet.start(number)
        await scene.all_ready()


@fault("both workers killed at once, again and again")
async def killed_together(scene: Scene) -> None:
    """SIGKILL for both in one moment, four times, mostly before they were ready again."""
    for _ in range(4):
        for number in scene.workers:
            await scene.fleet.kill(number)
        scene.hit()
        for number in scene.workers:
            await scene.fleet.start(number)
        await scene.pause(2, 6)
    await scene.all_ready()


async def _killed_at(scene: Scene, point: str) -> None:
    turn = scene.chance.randint(1, 2) if point in STARTING else scene.chance.randint(3, 40)
    slot = scene.fleet.slots[0]
    await scene.fleet.kill(0)
    if point == "mid-restore":
        scene.fleet.wipe(0)
    await scene.fleet.start(0, once={"FAULT_KILL": f"{point}:{turn}"})
    await scene.until(lambda: slot.ended, f"worker 0 came to {point!r}")
    scene.expect(slot.ended == [-9], f"worker 0 ended with {slot.ended}, not by its own SIGKILL")
    scene.hit()
    await scene.all_ready()


def _list_points() -> None:
    for point in POINTS:

        async def act(scene: Scene, point: str = point) -> None:
            await _killed_at(scene, point)

        act.__doc__ = f"SIGKILL {point}; what starts in its place finds what was committed."
        fault(f"worker killed {point}")(act)


_list_points()


@fault("rolling restart")
async def rolling_restart(scene: Scene) -> None:
    """SIGTERM to each in turn, as a rollout does: it drains with exit code 0 and comes back."""
    for number in scene.workers:
        await scene.pause(0.5, 2)
        code = await scene.fleet.terminate(number)
        scene.hit()
        scene.expect(code == 0, f"worker {number} drained with exit code {code}")
        await scene.fleet.start(number)
        await scene.all_ready()


@fault("scaled from one to three and back", workers=1)
async def scaled(scene: Scene) -> None:
    """Two more come, then two go: one drained, one killed."""
    await scene.fleet.start(1)
    scene.hit()
    await scene.fleet.start(2)
    scene.hit()
    await scene.all_ready()
    await scene.pause(1, 2)
    await scene.fleet.terminate(0)
    scene.hit()
    await scene.fleet.kill(2)
    scene.hit()
    await scene.all_ready(1)


@fault("local state wiped")
async def wiped(scene: Scene) -> None:
    """A killed worker comes back with an empty volume: the changelog has it all."""
    for number in scene.workers:
        await scene.fleet.kill(number)
        scene.fleet.wipe(number)
        scene.hit()
        await scene.fleet.start(number)
        await scene.all_ready()


@fault("local state older than another owner's work")
async def stale_state(scene: Scene) -> None:
    """A worker comes back with a volume from before another one owned its partitions."""
    await scene.fleet.terminate(0)
    copy = scene.fleet.keep_copy(0)
    await scene.fleet.start(0)
    await scene.all_ready()
    await scene.pause(1, 2)
    await scene.fleet.kill(0)
    await scene.all_ready(1)
    await scene.pause(2, 3)
    scene.fleet.put_back(0, copy)
    await scene.fleet.start(0)
    scene.hit()
    await scene.fleet.kill(1)
    await scene.all_ready(0)
    await scene.fleet.start(1)
    await scene.all_ready()


@fault("every worker gone for twenty seconds")
async def away(scene: Scene) -> None:
    """Nobody is there while events pile up and plans come due; they are judged again, not blasted."""
    for number in scene.workers:
        await scene.fleet.kill(number)
    scene.hit()
    await scene.pause(20)
    for number in scene.workers:
        await scene.fleet.start(number)
    scene.healed()
    await scene.all_ready()
