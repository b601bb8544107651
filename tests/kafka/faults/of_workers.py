"""What happens to workers: they are killed, drained, started again."""

from __future__ import annotations

from tests.kafka.faults.scene import Scene, fault


@fault("worker killed at random", workers=2, short=True)
async def killed_at_random(scene: Scene) -> None:
    """SIGKILL for one or the other at random moments, started again at once with its volume."""
    for _ in range(3):
        number = scene.chance.choice(scene.workers)
        await scene.pause(0.2, 2)
        await scene.fleet.kill(number)
        scene.hit()
        await scene.fleet.start(number)
        await scene.all_ready()


@fault("rolling restart", workers=2)
async def rolling_restart(scene: Scene) -> None:
    """SIGTERM to each in turn, as a rollout does: it drains with exit code 0 and comes back."""
    for number in scene.workers:
        await scene.pause(0.5, 2)
        code = await scene.fleet.terminate(number)
        scene.hit()
        scene.expect(code == 0, f"worker {number} drained with exit code {code}")
        await scene.fleet.start(number)
        await scene.all_ready()
