"""The whole loop: an event, a nudge, a post that is signed, a receipt on the log, and another decision by it."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from tests.facts.deliver.nudging import SECRET, Came, receiver
from tests.worker.delivering import deliver
from tests.worker.process import STARTED_WITHIN_S, until, worker
from tests.worker.test_backtest import tactful

POLICY = 'quiet_hours: {start: "00:00", end: "00:00"}\nmin_gap: 0s\nactive_within: 1h\n'


@pytest.mark.slow
async def test_receipts_close_the_loop(tmp_path: Path) -> None:
    """A nudge is posted once though the service is killed; opened by the person, it keeps the next one back."""
    policy = tmp_path / "policy-loop.yaml"
    policy.write_text(POLICY)
    log = {"LOG": f"embedded:{tmp_path / 'log'}", "POLICY": str(policy)}

    def taken(_: Came) -> web.Response:
        return web.Response(status=200)

    async with (
        receiver(taken, lambda: datetime.now(UTC)) as hook,
        worker(tmp_path, **log) as one,
        aiohttp.ClientSession() as session,
    ):
        here = {**log, "HTTP": one.url.removeprefix("http://")}

        async def send(number: int, kind: str, **data: Any) -> None:
            event = {"id": str(number), "source": "test", "type": kind, "user_id": "ana", "data": data}
            async with session.post(f"{one.url}/events", json=event) as answer:
                assert answer.status == 202, await answer.text()

        async def on(topic: str) -> list[dict[str, Any]]:
            _, said = await tactful("events", "tail", topic, "--json", **here)
            return [json.loads(line)["value"] for line in said.splitlines()]

        async def there(topic: str, kind: str) -> dict[str, Any]:
            """The first record that says this, once the topic has it."""
            async with asyncio.timeout(STARTED_WITHIN_S):
                while True:
                    for value in await on(topic):
                        if kind in json.dumps(value):
                            return value
                    await asyncio.sleep(0.3)

        soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
        await send(1, "consent.changed", agent="*", granted=True)
        await send(2, "intent.requested", agent="follow_up", subject="the boat", due_at=soon)
        async with deliver(tmp_path, hook.url, **here) as first:
            receipt = await there("user-events", "nudge.delivered")
            first.send_signal(signal.SIGKILL)
        assert [came.key for came in hook.came] == [receipt["data"]["nudge_id"]]
        told = Webhook(SECRET).verify(hook.came[0].body, dict(hook.came[0].headers))
        assert told["data"]["subject"] == "the boat"
        await send(3, "nudge.opened", nudge_id=told["data"]["nudge_id"])
        await send(4, "intent.requested", agent="follow_up", subject="the oars", due_at=soon)
        async with deliver(tmp_path, hook.url, **here) as second:
            waits = await there("nudge-pass", '"reason": "person_active"')
            said = tmp_path / "deliver.log"
            await until(lambda: said.read_text().count("posting to 127.0.0.1") == 2, said=said)
            second.terminate()
            assert await second.wait() == 0
        gates = {gate["gate"]: gate["answer"] for gate in waits["candidates"][0]["gates"]}
        assert gates["person_active"] == "defer"
        assert len(hook.came) == 1
        assert len([1 for value in await on("nudges")]) == 1
