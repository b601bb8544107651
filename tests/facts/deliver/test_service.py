"""Against a real HTTP server that fails, hangs, asks to wait, disappears for ten minutes and comes back.

The service's clock runs a hundred times as fast as the real one: ten minutes are six seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from app.deliver.book import Answered
from app.deliver.posting import Hook
from app.deliver.progress import Progress
from app.deliver.service import Delivery
from app.deliver.signing import secret_of
from app.drivers.clock import QuickClock
from tests.facts.deliver.nudging import NOON, SECRET, Came, ListLog, nudge, receiver

SPEED = 100.0


def fine(_: Came) -> web.Response:
    """A receiver that takes everything."""
    return web.Response(status=204)


@asynccontextmanager
async def service(
    log: ListLog, url: str, clock: QuickClock, folder: Path, *, within_s: float = 0.2, at_once: int = 16
) -> AsyncIterator[Delivery]:
    """The service at work; it is cut off in the end, as a kill would."""
    progress = Progress(folder)
    async with aiohttp.ClientSession() as session:
        hook = Hook(session, url, secret_of(SECRET), within_s=within_s)
        one = Delivery(log, progress, hook, clock, jitter=lambda: 0.5, at_once=at_once)
        running = asyncio.create_task(one.run())
        try:
            yield one
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            progress.close()


async def until(so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(15):
        while not so():  # noqa: ASYNC110 - what is waited for lies in another server
            await asyncio.sleep(0.01)


def receipts(log: ListLog) -> list[tuple[str, str, str]]:
    """What the service told the log: type, nudge, reason."""
    told = [json.loads(record.value or b"") for record in log.topics["user-events"]]
    return [(one["type"], one["data"]["nudge_id"], one["data"]["reason"]) for one in told]


def verified(came: Came) -> bool:
    """Whether the specification's library makes the same signature of what came."""
    at = datetime.fromtimestamp(int(came.headers["webhook-timestamp"]), NOON.tzinfo)
    return came.headers["webhook-signature"] == Webhook(SECRET).sign(came.key, at, came.body.decode())


async def test_everything_arrives_whatever_the_receiver_does(tmp_path: Path) -> None:
    """It fails, hangs, answers 429 and then disappears for ten minutes: each arrives, always with the same key."""
    clock, log, asked = QuickClock(NOON, speed=SPEED), ListLog(), Counter[str]()

    def moody(came: Came) -> web.Response | None:
        asked[came.key] += 1
        if asked[came.key] == 1:
            match came.key[-1]:
                case "1":
                    return web.Response(status=503)
                case "2":
                    return None
                case "3":
                    return web.Response(status=429, headers={"Retry-After": "30"})
                case _:
                    return web.Response(status=500)
        return web.Response(status=200)

    names = [f"n{n}" for n in range(1, 5)]
    async with receiver(moody, clock.now) as there, service(log, there.url, clock, tmp_path):
        log.says(*(nudge(name, f"person {name}", lasts=timedelta(hours=3)) for name in names))
        await until(lambda: len(set(there.taken)) == len(names))
        await there.disappear()
        gone = clock.now()
        log.says(*(nudge(f"m{n}", f"person {n}", at=gone, lasts=timedelta(hours=3)) for n in range(3)))
        await until(lambda: clock.now() - gone > timedelta(minutes=10))
        await there.appear()
        await until(lambda: len(receipts(log)) == len(names) + 3)
    assert set(there.taken) == {*names, "m0", "m1", "m2"}
    assert all(verified(came) and came.headers["idempotency-key"] == came.key for came in there.came)
    first, second = (came.at for came in there.came if came.key == "n3")
    assert second - first >= timedelta(seconds=29)
    assert sorted(receipts(log)) == sorted(("nudge.delivered", key, "") for key in set(there.taken))


async def test_none_arrives_after_its_time(tmp_path: Path) -> None:
    """The receiver comes back when it is too late: the log is told that it failed, and why."""
    clock, log = QuickClock(NOON, speed=SPEED), ListLog()
    async with receiver(fine, clock.now) as there:
        await there.disappear()
        async with service(log, there.url, clock, tmp_path):
            short = nudge("short", lasts=timedelta(minutes=2))
            log.says(short, nudge("long", "bo", lasts=timedelta(hours=9)))
            await until(lambda: clock.now() > short.not_after)
            await there.appear()
            await until(lambda: len(receipts(log)) == 2)
    assert there.taken == ["long"]
    assert receipts(log) == [("nudge.failed", "short", "too_late"), ("nudge.delivered", "long", "")]


async def test_a_recall_while_it_is_unsent(tmp_path: Path) -> None:
    """Nothing of it is posted; one that was sent before is recalled at the receiver."""
    clock, log = QuickClock(NOON, speed=SPEED), ListLog()
    async with receiver(fine, clock.now) as there, service(log, there.url, clock, tmp_path):
        log.says(nudge("sent", "bo"))
        await until(lambda: there.taken == ["sent"])
        await there.disappear()
        log.says(nudge("a"), nudge("a", recall=True), nudge("sent", "bo", recall=True))
        await until(lambda: ("nudge.failed", "a", "recalled") in receipts(log))
        await there.appear()
        await until(lambda: len(there.taken) == 2)
    assert there.taken == ["sent", "sent.recall"]
    assert json.loads(there.came[-1].body)["type"] == "nudge.recall"


async def test_a_kill_costs_at_most_a_repetition(tmp_path: Path) -> None:
    """What was told to the log is not posted again; what was not is posted with the same key."""
    clock, log = QuickClock(NOON, speed=SPEED), ListLog()
    async with receiver(fine, clock.now) as there:
        async with service(log, there.url, clock, tmp_path):
            log.says(nudge("a"))
            await until(lambda: len(receipts(log)) == 1)
            log.away = True
            log.goes_on()
            log.says(nudge("b"))
        log.away = False
        async with service(log, there.url, clock, tmp_path):
            await until(lambda: len(receipts(log)) == 2)
            await asyncio.sleep(0.1)
    assert there.taken.count("a") == 1
    assert set(there.taken) == {"a", "b"}


async def test_the_log_may_be_away_for_a_while(tmp_path: Path) -> None:
    """The receipt waits for it; it is read on from where it was."""
    clock, log = QuickClock(NOON, speed=SPEED), ListLog()
    async with receiver(fine, clock.now) as there, service(log, there.url, clock, tmp_path):
        log.says(nudge("a"))
        await until(lambda: there.taken == ["a"])
        log.away = True
        log.goes_on()
        await asyncio.sleep(0.05)
        log.away = False
        log.says(nudge("b"))
        await until(lambda: len(receipts(log)) == 2)
    assert there.taken == ["a", "b"]


async def test_no_more_people_at_a_time_than_said(tmp_path: Path) -> None:
    """Bounded, and each person's in order."""
    clock, log = QuickClock(NOON, speed=SPEED), ListLog()
    at_once: list[int] = []
    async with aiohttp.ClientSession():
        inside = 0

        class Slow:
            """A receiver that takes its time."""

            async def post(self, one: object, at: datetime, *, within_s: float) -> object:
                """Counts how many are inside."""
                nonlocal inside
                del one, at, within_s
                inside += 1
                at_once.append(inside)
                await asyncio.sleep(0.005)
                inside -= 1
                return Answered("accepted")

        progress = Progress(tmp_path)
        delivery = Delivery(log, progress, Slow(), clock, jitter=lambda: 0.5, at_once=3)  # type: ignore[arg-type]  # its Poster
        log.says(*(nudge(f"{n}", f"person {n % 7}") for n in range(30)))
        await delivery.run(until_idle=True)
        progress.close()
    assert max(at_once) == 3
    order = [name for _, name, _ in receipts(log)]
    assert all([n for n in order if int(n) % 7 == k] == [str(n) for n in range(k, 30, 7)] for k in range(7))


async def test_a_drain_lets_what_is_under_way_end(tmp_path: Path) -> None:
    """Its answer is told; what had not begun stays for the next life."""
    clock, log = QuickClock(NOON, speed=1.0), ListLog()
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        await release.wait()
        return web.Response(status=200)

    app = web.Application()
    app.router.add_post("/hook", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    progress = Progress(tmp_path)
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        hook = Hook(session, url, secret_of(SECRET), within_s=5)
        delivery = Delivery(log, progress, hook, clock, jitter=lambda: 0.5)
        running = asyncio.create_task(delivery.run())
        log.says(nudge("a"), nudge("b"))
        await asyncio.sleep(0.1)
        delivery.drain()
        await asyncio.sleep(0.05)
        assert not running.done()
        release.set()
        await asyncio.wait_for(running, 5)
    progress.close()
    await runner.cleanup()
    assert receipts(log) == [("nudge.delivered", "a", "")]
    assert delivery.waiting == 1
