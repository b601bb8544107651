"""Workers that were frozen until others had their partitions, and then go on where they stood."""

from __future__ import annotations

from tests.kafka.faults.scene import Scene, fault

ANOTHER_OWNER_WITHIN_S = 60.0
SHORT_SESSION = {"TACTFUL_KAFKA__SESSION_TIMEOUT": "4s"}
"""Shorter than a broker allows by default: a zombie is made the sooner."""
ONLY_THE_FENCE = {**SHORT_SESSION, "FAULT_PATIENT": "1"}
"""A commit's deadline would stop most zombies, too; here the fence has to."""


async def _frozen_at(scene: Scene, point: str, turn: int) -> None:
    """Worker 0 stops itself at a point, worker 1 takes all its partitions over, and worker 0 wakes up."""
    await scene.fleet.kill(0)
    slot = await scene.fleet.start(0, once={"FAULT_FREEZE": f"{point}:{turn}"})
    await scene.until(lambda: slot.stopped, f"worker 0 came to {point!r}", ANOTHER_OWNER_WITHIN_S)
    await scene.all_ready(1, within_s=ANOTHER_OWNER_WITHIN_S)
    await scene.pause(1, 3)
    scene.fleet.thaw(0)
    scene.hit()
    await scene.all_ready()


@fault("zombie wakes before a nudge's commit", short=True, env=ONLY_THE_FENCE)
async def before_begin(scene: Scene) -> None:
    """A decided nudge is about to be committed by a worker that has long lost its partition."""
    await _frozen_at(scene, "before a nudge's begin", 1)


@fault(
    "control: the same zombie, fencing taken out",
    short=True,
    must_break=True,
    env={**ONLY_THE_FENCE, "FAULT_UNFENCED": "1"},
)
async def unfenced(scene: Scene) -> None:
    """With a transactional id for each producer nobody is fenced: the zombie's nudge must show up twice."""
    await _frozen_at(scene, "before a nudge's begin", 1)


@fault("zombie wakes inside a pass", env=SHORT_SESSION)
async def inside_a_pass(scene: Scene) -> None:
    """Its model has answered a question that somebody else has asked again meanwhile."""
    await _frozen_at(scene, "during a model call", scene.chance.randint(1, 12))


@fault("zombie wakes inside a commit", env=SHORT_SESSION)
async def inside_a_commit(scene: Scene) -> None:
    """All of its transaction stands in the log, and somebody else has ended it meanwhile."""
    await _frozen_at(scene, "between append and commit", scene.chance.randint(2, 20))


@fault("zombie wakes between commit and local copy", env=SHORT_SESSION)
async def behind_a_commit(scene: Scene) -> None:
    """What it committed is durable, its local copy does not have it, and it believes to own the partition."""
    await _frozen_at(scene, "after the commit, before the local copy", scene.chance.randint(2, 20))


@fault("worker frozen at random, longer than its session")
async def frozen_long(scene: Scene) -> None:
    """SIGSTOP at a random moment; SIGCONT when the other worker has all partitions."""
    for _ in range(2):
        number = scene.chance.choice(scene.workers)
        await scene.pause(0.2, 1)
        scene.fleet.freeze(number)
        await scene.all_ready(1 - number, within_s=ANOTHER_OWNER_WITHIN_S)
        scene.fleet.thaw(number)
        scene.hit()
        await scene.all_ready()


@fault("worker frozen at random, shorter than its session")
async def frozen_shortly(scene: Scene) -> None:
    """SIGSTOP for some seconds: nobody takes over, and what was in flight goes on late."""
    for _ in range(4):
        number = scene.chance.choice(scene.workers)
        await scene.pause(0.2, 1)
        scene.fleet.freeze(number)
        await scene.pause(1, 4)
        scene.fleet.thaw(number)
        scene.hit()
    await scene.all_ready()
