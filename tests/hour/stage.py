"""Who stands before the deployment: types commands, says events, waits for what comes of them."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.drivers.kafka_append import Appender
from app.drivers.kafka_client import Connection, Kafka
from app.explain.person import row_of
from app.outside.brokers import brokers_log
from tests.hour.page import Page
from tests.hour.pods import Installation, Pod, tactful
from topics.record import NewRecord

WITHIN_S = 60.0


@dataclass
class Hour:
    """A deployment, who stands before it, and the page that is being written."""

    installation: Installation
    kafka: Kafka
    appender: Appender
    page: Page = field(default_factory=Page)
    pods: list[Pod] = field(default_factory=list)
    number: int = 0

    @property
    def env(self) -> dict[str, str]:
        """As in the first worker's pod: `kubectl exec -it POD -- tactful ...`."""
        return self.pods[0].env

    async def tactful(self, *words: str, code: int = 0) -> str:
        return await asyncio.to_thread(tactful, self.env, *words, code=code)

    async def shows(self, command: str, *, code: int = 0, only: Sequence[str] = (), most: int = 14) -> str:
        """Type a command, and put it on the page with what it said."""
        words = [word.strip("'") for word in _words(command)]
        said = await self.tactful(*words, code=code)
        self.page.shows(f"tactful {command}", said, only=only, most=most)
        return said

    async def event(self, user: str, kind: str, **data: Any) -> None:
        """As a service says it."""
        self.number += 1
        now = datetime.now(UTC)
        event = {
            "id": f"hour-{self.number}",
            "source": "hour",
            "type": kind,
            "time": now.isoformat(),
            "user_id": user,
            "data": data,
        }
        await self.raw(user, json.dumps(event).encode())

    async def raw(self, user: str, value: bytes) -> None:
        at = int(datetime.now(UTC).timestamp() * 1000)
        await self.appender.append([NewRecord("user-events", user.encode(), value, at)])

    async def asks(
        self, user: str, subject: str, *, due_s: float = 0.3, expires_s: float | None = None
    ) -> None:
        """A service asks for a word about something."""
        now = datetime.now(UTC)
        data = {
            "agent": "follow_up",
            "subject": subject,
            "due_at": (now + timedelta(seconds=due_s)).isoformat(),
        }
        if expires_s is not None:
            data["expires_at"] = (now + timedelta(seconds=expires_s)).isoformat()
        await self.event(user, "intent.requested", **data)

    async def outcome(self, user: str, reason: str) -> dict[str, Any]:
        """The person's latest outcome, once it has this reason."""

        async def there() -> dict[str, Any] | None:
            found = await self.values("nudge-outcome", user)
            return next((one for one in reversed(found) if one["reason"] == reason), None)

        found: dict[str, Any] = await eventually(there)
        return found

    async def values(self, topic: str, user: str | None = None) -> list[dict[str, Any]]:
        """What is committed there, of one person or of all."""
        async with brokers_log(self.kafka.connection) as log:
            return [json.loads(record.value or b"null") async for record in log.read(topic, user=user)]

    async def plans(self, user: str, subject: str) -> None:
        """Wait until this is planned: a message also opens the plan to ask after a long silence."""

        async def there() -> bool:
            return subject in await self.planned(user)

        await eventually(there)

    async def planned(self, user: str) -> set[str]:
        """The subjects of a person's open plans."""
        async with brokers_log(self.kafka.connection) as log:
            row = await row_of(log, user)
        return set() if row is None else {intent.subject for intent in row.intents.values()}


def _words(command: str) -> list[str]:
    return shlex.split(command.split("#", 1)[0])


async def eventually(so: Callable[[], Awaitable[Any]]) -> Any:
    """What it answers, once that is something."""
    async with asyncio.timeout(WITHIN_S):
        while not (found := await so()):  # noqa: ASYNC110 - a broker gives no event
            await asyncio.sleep(0.2)
    return found


@asynccontextmanager
async def hour(bootstrap: str, prefix: str, folder: Path) -> AsyncIterator[Hour]:
    """A release that is rendered, and not installed yet; all that was started is ended."""
    installation = Installation(bootstrap, prefix, folder)
    container = installation.container(f"StatefulSet {installation.worker}")
    pods = [
        Pod(name, installation.environment(container, name), container["args"], folder / f"{name}.log")
        for name in installation.names()
    ]
    kafka = Kafka(Connection(bootstrap=bootstrap, prefix=prefix))
    one = Hour(installation, kafka, Appender(kafka), pods=pods)
    await one.appender.start()
    try:
        yield one
    finally:
        await one.appender.stop()
        for pod in one.pods:
            if pod.process is not None and pod.process.returncode is None:
                pod.process.kill()
                await pod.process.wait()
