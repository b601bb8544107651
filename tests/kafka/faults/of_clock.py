"""What happens to a machine's clock: it leaps ahead by hours and is set back by hours."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.kafka.faults.ledger import records
from tests.kafka.faults.lives import SOURCE, Happening
from tests.kafka.faults.scene import Scene, fault

ENTRY = "tests.kafka.faults.wrong_clock"
STEPS_H = (3, -2, 30, -30)
"""Hours; each stands for some seconds, far below the five minutes after which a leap ahead is believed."""
STANDS_S = 5.0
EARLIEST = timedelta(seconds=61)
"""RULES: a leap of at most 60 s is believed at once; nothing may be decided earlier than by that."""
FAILED = 'tactful_commits_total{result="failed"}'
LATER = 40
"""People whose plan is due in an hour, which no leap may bring forward."""


@fault("clock leaps", workers=2)
async def leaping_clock(scene: Scene) -> None:
    """The wall clock of every worker jumps by hours, ahead and back, while events come in."""
    clock = scene.folder / "clock"
    clock.write_text("0")
    for number in scene.workers:
        await scene.fleet.terminate(number)
    began = datetime.now(UTC)
    await asyncio.gather(
        *(scene.fleet.start(number, once={"CLOCK_FILE": str(clock)}, entry=ENTRY) for number in scene.workers)
    )
    await scene.all_ready()
    later = _plans_of_later(scene)
    await scene.load.going(100)
    for hours in STEPS_H:
        clock.write_text(str(hours * 3600))
        scene.hit()
        await asyncio.sleep(STANDS_S)
        clock.write_text("0")
        scene.hit()
        await scene.pause(1, 3)
    await scene.load.going(50)
    failed = [await scene.fleet.metric(number, FAILED) for number in scene.workers]
    scene.expect(not any(failed), f"{failed} commits failed, though only the clock was wrong")
    await _check(scene, began, later)
    scene.notes.append(
        f"by {', '.join(f'{hours:+d} h' for hours in STEPS_H)}, each for {STANDS_S:g} s; none of {LATER} plans that "
        "are due in an hour was brought forward"
    )


def _plans_of_later(scene: Scene) -> set[str]:
    """People who are to hear of nothing before an hour has passed."""
    now = datetime.now(UTC)
    people = {f"later-{n}" for n in range(LATER)}
    for user in people:
        plan = {
            "agent": "follow_up",
            "subject": f"matter of {user}",
            "subject_key": f"key-{user}",
            "due_at": (now + timedelta(hours=1)).isoformat(),
        }
        kinds: dict[str, dict[str, Any]] = {
            "consent.changed": {"agent": "*", "granted": True},
            "intent.requested": plan,
        }
        for kind, data in kinds.items():
            scene.load.also(
                Happening(at=now, user=user, id=f"{user}-{kind}", type=kind, data=data, source=SOURCE)
            )
    return people


async def _check(scene: Scene, began: datetime, later: set[str]) -> None:
    found = await records(scene.cluster.bootstrap, scene.prefix, "nudge-outcome", scene.partitions)
    outcomes = [json.loads(record.value or b"") for record in found]
    now = datetime.now(UTC)
    for outcome in outcomes:
        closed_at = datetime.fromisoformat(outcome["closed_at"])
        what = (
            f"{outcome['intent_id']} of {outcome['user_id']}: {outcome['reason']} at {outcome['closed_at']}"
        )
        scene.expect(closed_at <= now + EARLIEST, f"{what}, which is ahead of the time")
        if outcome["outcome"] == "nudged":
            due_at = datetime.fromisoformat(outcome["due_at"])
            scene.expect(closed_at >= due_at, f"{what}, which is before it was due at {outcome['due_at']}")
        scene.expect(outcome["user_id"] not in later, f"{what}, an hour before it was due")
    lately = [each for each in outcomes if datetime.fromisoformat(each["closed_at"]) > began]
    scene.expect(lately, "nothing was decided by workers with a wrong clock")
