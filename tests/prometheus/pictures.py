"""Draws the dashboards from real queries, for the documentation.

    python -m tests.prometheus.pictures [--kafka HOST:PORT] [--minutes 7] [--only delivery]

Two workers on a broker live through some minutes of load, watched by a Prometheus: people come and go, one burst of
them, a model that is away for nearly three minutes, and a receiver that is away for one. Then every query of every
dashboard is asked, and drawn by `drawing.py` into `app/docs/pictures/`.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.kafka.broker import broker
from tests.kafka.deployment import deployment
from tests.prometheus.asked import FILES, ROOT, document, filled_in, legend
from tests.prometheus.drawing import Line, drawn
from tests.prometheus.lives import utc
from tests.prometheus.scene import Scene, scene
from tests.prometheus.server import Prometheus

PICTURES = ROOT / "app" / "docs" / "pictures"
TURN_S = 2.0
PARTITIONS = 4
RATE = "20s"
STEP_S = 4.0
AWAY_S = 160.0
"""Longer than the two minutes after which the alert calls."""

CLOSED_S = 60.0


async def load(playing: Scene, minutes: float) -> None:
    """People come, some more at the middle of the first half; the model is away later on."""
    turns = int(minutes * 60 / TURN_S)
    by_chance, number = random.Random(7), 0
    going_on: list[range] = []
    away = range(int(turns * 0.5), int(turns * 0.5 + AWAY_S / TURN_S))
    closed = range(int(turns * 0.3), int(turns * 0.3 + CLOSED_S / TURN_S))
    for turn in range(turns):
        playing.model.script.down = turn in away
        status = 503 if turn in closed else 200
        playing.hook.answer = lambda _, status=status: web.Response(status=status)  # type: ignore[misc]  # bound at once
        await playing.react(by_chance.random)
        wave = 12 + 8 * math.sin(turn / turns * 4 * math.pi) + by_chance.uniform(-2, 2)
        count = int(wave * (5 if turn in range(turns // 5, turns // 5 + 4) else 1))
        await playing.people(number, number + count)
        going_on.append(range(number, number + count))
        number += count
        if turn >= 3:
            await playing.go_on(going_on[turn - 3].start, going_on[turn - 3].stop)
        if turn % 20 == 7:
            await playing.odd()
        await asyncio.sleep(TURN_S)


async def answers(prometheus: Prometheus, panel: dict[str, Any], since: float, until: float) -> list[Line]:
    """What the panel's queries give: over time, or at the end."""
    lines = []
    for target in panel["targets"]:
        expr = filled_in(target["expr"], rate=RATE, over=f"{int(until - since)}s")
        if target["range"]:
            found = await prometheus.over_time(expr, since=since, until=until, step_s=STEP_S)
        else:
            found = await prometheus.now(expr, at=until)
        lines += [Line(legend(target["legendFormat"], _shortened(one.labels)), one.points) for one in found]
    return lines


def _shortened(labels: dict[str, str]) -> dict[str, str]:
    """A worker by its port: its address is the same for all here."""
    return (
        labels | {"instance": f"worker {labels['instance'].rpartition(':')[2]}"}
        if "instance" in labels
        else labels
    )


async def play(address: str, folder: Path, minutes: float, only: Sequence[str]) -> None:
    """The whole piece, and the pictures of it."""
    async with (
        deployment(address, PARTITIONS) as topics,
        scene(topics, folder, workers=2, patient=True) as playing,
    ):
        await load(playing, minutes)
        until = utc().timestamp()
        for path in (path for path in FILES if not only or path.stem in only):
            one = document(path)
            found = {
                panel["id"]: await answers(playing.prometheus, panel, playing.began, until)
                for panel in one["panels"]
                if panel["type"] != "row"
            }
            picture = drawn(one, found, since=playing.began, until=until)
            (PICTURES / f"dashboard-{path.stem}.svg").write_text(picture)


def main() -> None:
    """Play, and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.prometheus.pictures", description=__doc__)
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a broker; without it one is started")
    parser.add_argument("--minutes", type=float, default=7.0, help="how long the load goes on (%(default)s)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="draw this dashboard alone"
    )
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ending:
        address = ending.enter_context(broker(f"external:{given.kafka}" if given.kafka else "auto"))
        folder = ending.enter_context(tempfile.TemporaryDirectory())
        asyncio.run(play(address, Path(folder), given.minutes, given.only))


if __name__ == "__main__":
    main()
