"""What happens to the model: it is overloaded, silent, cut off, or answers what nobody asked."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.kafka.faults.bad_model import ANSWERED_BADLY, ANYTHING, EVIL
from tests.kafka.faults.ledger import records
from tests.kafka.faults.lives import POLICY
from tests.kafka.faults.scene import Scene, fault
from tests.ports import LOOPBACK, free_port

# What is held for want of an answer is held for 5 s here, and not for 12 hours: everything is decided in a run.
MODEL_POLICY = POLICY + "reading: {hold: 5s}\n"
COMPOSED_A_DAY = 3
BUDGET_POLICY = MODEL_POLICY.replace(
    "calls_per_person_per_day: 1000000", f"calls_per_person_per_day: {COMPOSED_A_DAY}"
)
LIMIT_S = 2.0
"""How long a worker waits for an answer here; 25 s in production."""
SLOTS = 16
OPENS_AFTER = 5
PAUSE_S = 30.0
"""As RULES has them: the circuit opens after 5 requests in a row that were not answered, and tries after 30 s."""
CLOSES_WITHIN_S = PAUSE_S + 15.0


@dataclass(slots=True)
class Server:
    """The bad model's process, and what it has counted."""

    url: str
    session: aiohttp.ClientSession

    async def turn(self, mode: str) -> None:
        """Answer so from now on."""
        async with self.session.post(f"{self.url}/mode/{mode}") as answer:
            answer.raise_for_status()

    async def counts(self) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/counts") as answer:
            told: dict[str, Any] = await answer.json()
            return told

    async def asked(self, *modes: str) -> int:
        """How many questions were answered in these ways."""
        by_mode = (await self.counts())["by_mode"]
        return sum(by_mode.get(mode, 0) for mode in modes)


@asynccontextmanager
async def bad_model(scene: Scene) -> AsyncIterator[Server]:
    """A model server that still answers well, and every worker started again with the real SDK pointed at it."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.kafka.faults.bad_model",
        "--script",
        str(scene.folder / "script.yaml"),
        "--port",
        str(port),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    scene.at_end.append(process.kill)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"up\n"
    for number in scene.workers:
        await scene.fleet.terminate(number)
        slot = scene.fleet.slots[number]
        slot.env = {
            **slot.env,
            "TACTFUL_MODEL": "anthropic",
            "TACTFUL_MODEL__LIMIT": f"{LIMIT_S:g}s",
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "dummy",
        }
    await asyncio.gather(*(scene.fleet.start(number) for number in scene.workers))
    await scene.all_ready()
    async with aiohttp.ClientSession() as session:
        server = Server(url, session)
        await scene.until(lambda: _asked(server), "the model was asked")
        yield server
        await scene.until(lambda: _nothing_held(scene), "everything that was held is decided", 90)


async def _asked(server: Server) -> bool:
    return await server.asked("good") > 0


async def _nothing_held(scene: Scene) -> bool:
    return not any([await scene.fleet.metric(number, "tactful_held_intents") for number in scene.workers])


async def _open_circuits(scene: Scene) -> int:
    return int(
        sum([await scene.fleet.metric(number, "tactful_model_circuit_open") for number in scene.workers])
    )


async def _unanswered(scene: Scene, mode: str, *, for_s: float) -> None:
    """Nothing is answered for a while: circuits open, few questions are sent, everything is decided without."""
    async with bad_model(scene) as server:
        began = time.monotonic()
        await server.turn(mode)
        await scene.until(lambda: _all_open(scene), "every worker's circuit is open", LIMIT_S * 2 + 20)
        opened = await server.asked(mode)
        scene.hit(opened)
        left = for_s - (time.monotonic() - began)
        await asyncio.sleep(max(left, 5.0))
        since = await server.asked(mode) - opened
        if since:
            scene.hit(since)
        seconds = time.monotonic() - began
        workers = len(scene.workers)
        scene.expect(
            opened <= workers * (OPENS_AFTER + SLOTS - 1),
            f"{opened} questions were sent before {workers} circuits had opened",
        )
        scene.expect(
            since <= workers * (1 + seconds // PAUSE_S) + workers * SLOTS,
            f"{since} questions were sent through {workers} open circuits within {seconds:.0f} s",
        )
        await server.turn("good")
        scene.healed()
        await scene.until(lambda: _none_open(scene), "every circuit has closed", CLOSES_WITHIN_S)
        closed = time.monotonic() - scene.hit_at
        scene.notes.append(
            f"{seconds:.0f} s of it with a limit of {LIMIT_S:g} s a request (25 s in production): {opened} questions "
            f"until both circuits were open, {since} after that; closed {closed:.0f} s after the model was back"
        )


async def _all_open(scene: Scene) -> bool:
    return await _open_circuits(scene) == len(scene.workers)


async def _none_open(scene: Scene) -> bool:
    return await _open_circuits(scene) == 0


@fault("model overloaded", rate=12, policy=MODEL_POLICY)
async def overloaded_throughout(scene: Scene) -> None:
    """Every question is answered with 529."""
    await _unanswered(scene, "overloaded", for_s=8)


@fault("model rate-limited for an hour", rate=12, policy=MODEL_POLICY)
async def rate_limited_throughout(scene: Scene) -> None:
    """Every question is answered with 429 and a Retry-After of an hour, which nobody obeys."""
    await _unanswered(scene, "rate_limited", for_s=8)


@fault("model connections reset", rate=12, policy=MODEL_POLICY)
async def reset_throughout(scene: Scene) -> None:
    """Every connection is reset, half of them in the middle of the answer."""
    await _unanswered(scene, "reset", for_s=8)


@fault("model trickles", rate=12, policy=MODEL_POLICY)
async def trickling(scene: Scene) -> None:
    """The right answer comes byte by byte: always on its way, and never there within the limit."""
    await _unanswered(scene, "trickle", for_s=8)


@fault("model silent for long", rate=12, policy=MODEL_POLICY)
async def silent(scene: Scene) -> None:
    """Ten minutes of nothing, told in 48 s: a limit of 2 s for 25 s; the circuit tries again within it."""
    await _unanswered(scene, "silence", for_s=48)


@fault("model answers badly", rate=16, policy=BUDGET_POLICY)
async def answering_badly(scene: Scene) -> None:
    """Pages of a proxy, refusals, halves, malformed and hostile answers: none of it reaches a person."""
    async with bad_model(scene) as server:
        for mode in ANSWERED_BADLY:
            await server.turn(mode)
            await asyncio.sleep(3)
            scene.hit(await server.asked(mode))
            scene.expect(await _none_open(scene), f"a circuit opened over answers of the kind {mode}")
        await server.turn("good")
        scene.healed()
        counts = await server.counts()
        scene.notes.append(f"answered badly: {json.dumps(counts['by_mode'])}")
        most = counts["most_composed_for_one"]
        scene.expect(
            most <= COMPOSED_A_DAY,
            f"one person had {most} drafts answered, and {COMPOSED_A_DAY} a day are allowed",
        )
        scene.expect(most, "nobody's draft was answered at all")
    await _no_evil(scene)


@fault("model answers anyhow", rate=16, policy=MODEL_POLICY)
async def answering_anyhow(scene: Scene) -> None:
    """Each answer goes well or wrong in a way of its own: 529, 429, resets, trickles, silence, lies."""
    async with bad_model(scene) as server:
        await server.turn(ANYTHING)
        before = await server.asked("good")
        await asyncio.sleep(20)
        by_mode = (await server.counts())["by_mode"]
        scene.hit(sum(by_mode.values()) - by_mode.get("good", 0))
        await server.turn("good")
        scene.healed()
        scene.notes.append(f"answers, {before} good ones before it began: {json.dumps(by_mode)}")
        await scene.until(lambda: _none_open(scene), "every circuit has closed", CLOSES_WITHIN_S)
    await _no_evil(scene)


async def _no_evil(scene: Scene) -> None:
    """No nudge holds a word of the hostile answers."""
    sent = await records(scene.cluster.bootstrap, scene.prefix, "nudges", scene.partitions)
    evil = [record for record in sent if EVIL.encode() in (record.value or b"").lower()]
    for record in evil[:5]:
        said = json.loads(record.value or b"")
        scene.expect(False, f"a hostile text was sent to {said['user_id']}: {said['text'][:100]!r}")
