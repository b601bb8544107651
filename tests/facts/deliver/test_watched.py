"""What those who look after the delivery service see: how much waits, since when, and whether it has its log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from app.deliver import watched
from app.deliver.posting import Hook
from app.deliver.progress import Progress
from app.deliver.service import Delivery
from app.deliver.signing import secret_of
from app.deliver.watched import Watched
from app.drivers.clock import QuickClock
from app.http.listening import CannotListen
from app.metric_list import DELIVERY
from app.metrics import Metrics
from tests.facts.deliver.nudging import NOON, SECRET, Came, ListLog, nudge, receiver


@asynccontextmanager
async def looked_after(
    folder: Path, log: ListLog, url: str, clock: QuickClock
) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """A service at work, and where it is looked after."""
    progress, metrics = Progress(folder), Metrics(listed=DELIVERY)
    async with aiohttp.ClientSession() as session:
        hook = Hook(session, url, secret_of(SECRET), within_s=5)
        one = Delivery(log, progress, hook, clock, jitter=lambda: 0.5, count=metrics.absorb)
        running, there = asyncio.create_task(one.run()), Watched(one, metrics)
        try:
            yield await there.start("127.0.0.1:0"), session
        finally:
            await there.stop()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            progress.close()


async def page(session: aiohttp.ClientSession, url: str) -> dict[str, float]:
    """The values on the page of metrics, by series."""
    async with session.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        lines = (await answer.text()).splitlines()
    return {name: float(value) for name, _, value in (x.rpartition(" ") for x in lines if x[0] != "#")}


async def shown(session: aiohttp.ClientSession, url: str, **expected: float) -> dict[str, float]:
    """The page, once it shows these."""
    async with asyncio.timeout(15):
        while True:
            found = await page(session, url)
            if all(found[f"tactful_delivery_{name}"] == value for name, value in expected.items()):
                return found
            await asyncio.sleep(0.02)


async def test_attempts_ends_and_what_waits_are_counted(tmp_path: Path) -> None:
    """One is refused at first, one is never wanted, and of one nobody knows; no series names a person."""
    clock, log, well = QuickClock(NOON, speed=1.0), ListLog(), asyncio.Event()

    def answer(came: Came) -> web.Response:
        status = {"b": 400}.get(came.key, 200 if well.is_set() else 503)
        return web.Response(status=status)

    async with receiver(answer, clock.now) as hook, looked_after(tmp_path, log, hook.url, clock) as seen:
        url, session = seen
        at_first = await page(session, url)
        assert at_first['tactful_delivery_ended_total{end="too_late"}'] == 0
        assert not [name for name in at_first if not name.startswith(("tactful_delivery_", "process_"))]
        log.says(nudge("a"), nudge("b", "bo"), nudge("c", "cy", at=NOON - timedelta(minutes=5)))
        found = await shown(session, url, **{'ended_total{end="rejected"}': 1}, waiting_nudges=2)
        assert found["tactful_delivery_oldest_waiting_timestamp_seconds"] == NOON.timestamp() - 300
        assert found['tactful_delivery_attempts_total{answer="refused"}'] == 2
        well.set()
        found = await shown(session, url, **{'ended_total{end="delivered"}': 2}, waiting_nudges=0)
        assert found["tactful_delivery_oldest_waiting_timestamp_seconds"] == 0
        assert found["tactful_delivery_delay_seconds_count"] == 2
        assert found['tactful_delivery_delay_seconds_bucket{le="60.0"}'] == 1
        async with session.get(f"{url}/metrics") as raw:
            text = await raw.text()
    assert not [word for word in ("ana", "bo", "cy", "exam") if f'"{word}"' in text or "exam" in text]


async def test_a_log_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive and not ready, with the reason; ready again when it is back, though nobody writes."""
    monkeypatch.setattr(watched, "EVERY_S", 0.02)
    clock, log = QuickClock(NOON, speed=1.0), ListLog()
    async with (
        receiver(lambda _: web.Response(status=200), clock.now) as hook,
        looked_after(tmp_path, log, hook.url, clock) as (url, session),
    ):
        await shown(session, url, log_away=0)
        log.away = True
        await shown(session, url, log_away=1)
        async with session.get(f"{url}/readyz") as answer:
            assert (answer.status, (await answer.json())["reasons"]) == (503, ["the list is away: wait"])
        async with session.get(f"{url}/healthz") as answer:
            assert answer.status == 200
        log.away = False
        await shown(session, url, log_away=0)
        async with session.get(f"{url}/readyz") as answer:
            assert answer.status == 200


async def test_what_was_not_read_yet_is_counted(tmp_path: Path) -> None:
    """A bounded count of what stands on the topic beyond the last record that was read."""
    log = ListLog()
    async with aiohttp.ClientSession() as session:
        progress = Progress(tmp_path)
        hook = Hook(session, "http://127.0.0.1:1/", secret_of(SECRET), within_s=5)
        one = Delivery(log, progress, hook, QuickClock(NOON, speed=1.0), jitter=lambda: 0.5)
        assert await one.unread() == 0
        log.says(*(nudge(str(n), str(n)) for n in range(1_010)))
        assert await one.unread() == 1_000
        progress.close()


async def test_an_address_that_is_taken_is_refused(tmp_path: Path) -> None:
    """With what to do."""
    clock, log = QuickClock(NOON, speed=1.0), ListLog()
    async with looked_after(tmp_path, log, "http://127.0.0.1:1/", clock) as (url, _):
        progress = Progress(tmp_path / "other")
        async with aiohttp.ClientSession() as session:
            hook = Hook(session, url, secret_of(SECRET), within_s=5)
            other = Watched(
                Delivery(log, progress, hook, clock, jitter=lambda: 0.5), Metrics(listed=DELIVERY)
            )
            with pytest.raises(CannotListen, match="choose another address"):
                await other.start(url.removeprefix("http://"))
        progress.close()
