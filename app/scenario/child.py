"""The process that a story's worker lives in, so that a crash can be a real one.

It is told what to do word by word, see `words`; it ends when it is told to, when it is killed, or when nobody
is left to tell it anything.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import assert_never

import msgspec

import agents
from app.core import row
from app.core.head import Head
from app.core.partition import Partition
from app.core.policy import Policy
from app.deployment import connection
from app.drivers.clock import StoryClock
from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_worker import EmbeddedWorker
from app.drivers.kafka_client import Kafka
from app.drivers.kafka_worker import KafkaWorker
from app.model.admission import Admission
from app.model.client import AnthropicModel
from app.model.gate import Model
from app.model.minute import Minute
from app.model.room import ModelRoom
from app.scenario.words import Append, Begin, Command, Done, Drain, Hello, Settle, Stand, Tell, TellOpen
from app.scenario.world import open_in
from app.settings import EmbeddedAddress, load_settings, log_address

log = logging.getLogger("tactful.scenario")

DRAIN_WITHIN_S = 20.0
GROUP = "story"
INSTANCE = "worker"
"""A static member: the next process takes over at once instead of after the session of the killed one."""


class TellersClock(StoryClock):
    """A story's clock that can be moved before anybody is woken."""

    def stand(self, to: datetime) -> None:
        """It is `to`; who waited for that is woken by the next `advance`."""
        self._now = to


class Child:
    """One life of the process: a log, a clock, and a worker once it has begun."""

    def __init__(self, hello: Hello) -> None:
        self._clock = TellersClock(hello.now)
        self._backend = AnthropicModel(
            base_url=hello.model_url, api_key="scripted", clock=self._clock, story=True
        )
        self._log: EmbeddedLog | None = None
        self._worker = self._made(hello)
        self._running: asyncio.Task[None] | None = None

    async def obey(self, command: Command) -> Done:
        """Do one thing; what is wrong with the worker is raised."""
        match command:
            case Begin():
                self._running = asyncio.create_task(self._worker.run())
            case Append(records):
                self._embedded.append(records, now=self._clock.now())
            case Settle():
                self._clock.advance(self._clock.now())
                await self._settled()
            case Stand(to):
                await self._stand(to)
            case Tell(topic):
                return Done(records=list(self._embedded.read_topic(topic)))
            case TellOpen():
                return Done(open=open_in(row.decode(value) for _, value in self._embedded.rows()))
            case Drain():
                await self._end()
            case _:
                assert_never(command)
        return Done()

    async def _stand(self, to: datetime) -> None:
        await self._settled()
        while (following := self._clock.next_sleeper()) is not None and following < to:
            self._clock.advance(following)
            await self._settled()
        self._clock.stand(to)

    async def _settled(self) -> None:
        if self._running is None:
            return
        await self._worker.settled()
        if self._running.done():
            self._running.result()
            message = "the worker has ended although nobody told it to"
            raise RuntimeError(message)

    async def _end(self) -> None:
        if self._running is not None:
            if isinstance(self._worker, EmbeddedWorker):
                await self._worker.drain(DRAIN_WITHIN_S)
            else:
                self._worker.drain(DRAIN_WITHIN_S)
            await self._running
        await self._backend.close()
        if self._log is not None:
            self._log.close()

    @property
    def _embedded(self) -> EmbeddedLog:
        if self._log is None:
            raise RuntimeError("this process has no embedded log: the broker holds the topics")
        return self._log

    def _made(self, hello: Hello) -> EmbeddedWorker | KafkaWorker:
        """The production's parts, put together for a story."""
        settings = load_settings()
        policy = Policy.model_validate(hello.policy)
        registered = agents.load(settings.agents)
        admission = Admission(minute=Minute(policy.budget.calls_per_minute))
        model = Model(self._backend, clock=self._clock, admission=admission)
        room = ModelRoom(admission).room

        def build(number: int, head: Head, rows: Callable[[str], bytes | None]) -> Partition:
            return Partition(number, head=head, rows=rows, policy=policy, agents=registered)

        address = log_address(hello.log)
        if isinstance(address, EmbeddedAddress):
            self._log = EmbeddedLog(address.path)
            return EmbeddedWorker(
                self._log,
                build=lambda head, rows: build(0, head, rows),
                model=model,
                clock=self._clock,
                room=room,
                min_commit_interval_s=0,
            )
        reached = settings.model_copy(update={"log": address, "topic_prefix": hello.prefix})
        return KafkaWorker(
            Kafka(connection(reached)),
            group=hello.prefix + GROUP,
            state_dir=Path(hello.state),
            build=build,
            model=model,
            clock=self._clock,
            room=room,
            instance=INSTANCE,
            min_commit_interval_s=0,
        )


def live(told: Connection, hello: bytes, log: str) -> None:
    """The process's whole life; what anybody prints goes to the log."""
    with open(log, "ab", buffering=0) as words:  # noqa: PTH123 - a descriptor is wanted, not a path
        os.dup2(words.fileno(), sys.stdout.fileno())
        os.dup2(words.fileno(), sys.stderr.fileno())
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(_obey_all(told, msgspec.json.decode(hello, type=Hello)))


async def _obey_all(told: Connection, hello: Hello) -> None:
    """Until told to drain, or until nobody is there any more."""
    os.environ.update(hello.environment)
    child: Child | None = None
    commands = msgspec.json.Decoder(Command)
    while True:
        try:
            command = commands.decode(await asyncio.to_thread(told.recv_bytes))
        except EOFError:
            return
        try:
            child = child or Child(hello)
            done = await child.obey(command)
        except Exception as error:
            log.exception("could not do %s", type(command).__name__)
            done = Done(error=f"{type(error).__name__}: {error}")
        told.send_bytes(msgspec.json.encode(done))
        if isinstance(command, Drain):
            return
