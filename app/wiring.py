"""The one place where a worker is put together, for commands and tests alike: from settings to what can run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.careful import CarefulPartition
from app.core.tally import Tally
from app.deployment import Deciding, connection, deciding
from app.drivers.clock import Clock, SteadyClock
from app.drivers.death_notes import DeathNotes
from app.drivers.embedded import EmbeddedLog
from app.drivers.embedded_served import EmbeddedServed
from app.drivers.embedded_worker import EmbeddedWorker
from app.drivers.kafka_client import Kafka
from app.drivers.kafka_served import KafkaServed
from app.drivers.kafka_worker import KafkaWorker, local_rows
from app.metrics import Metrics
from app.model.admission import Admission
from app.model.chosen import backend
from app.model.gate import Model
from app.model.minute import Minute
from app.model.room import ModelRoom
from app.settings import EmbeddedAddress, KafkaAddress, MemoryAddress, Settings, SettingsError
from app.tracing import traced
from topics.state import NUDGE_STATE

if TYPE_CHECKING:
    from app.core.head import Head
    from app.core.partition import Partition
    from app.drivers.machine import Spans
    from app.drivers.served import Served

Rows = Callable[[str], bytes | None]
"""Looks up what is durable of a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A worker that is put together and has not begun; `served.run()` begins it."""

    settings: Settings
    deciding: Deciding
    clock: Clock
    admission: Admission
    served: Served
    metrics: Metrics

    def page(self) -> bytes:
        """The metrics as of now."""
        self.metrics.absorb(self.served.standing(), "0")
        self.metrics.absorb(self._admitted())
        return self.metrics.page()

    def _admitted(self) -> Tally:
        """What is let through to the model now, who is paused, and how many partitions there are."""
        tally, admission, paused = Tally(), self.admission, self.served.paused
        tally.gauge("tactful_model_circuit_open", float(admission.circuit.is_open))
        tally.gauge("tactful_model_requests_in_flight", admission.in_flight)
        tally.gauge("tactful_model_slots", admission.slots)
        tally.gauge("tactful_model_budget_requests", admission.minute.limit)
        tally.gauge("tactful_model_budget_left_requests", admission.minute.left(self.clock.now()))
        tally.gauge("tactful_partitions", self.served.spread)
        for name in (*self.deciding.agents, "*"):
            tally.gauge("tactful_agent_paused", float(name in paused), name)
        return tally


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a worker is made of, on whichever log."""

    settings: Settings
    deciding: Deciding
    clock: Clock
    admission: Admission
    model: Model
    metrics: Metrics
    spans: Callable[[int], Spans] | None

    @property
    def room(self) -> ModelRoom:
        return ModelRoom(None if self.settings.model.backend == "none" else self.admission)

    def machine(self, number: int, head: Head, rows: Rows, notes: DeathNotes) -> Partition:
        return CarefulPartition(
            number,
            head=head,
            rows=rows,
            policy=self.deciding.policy,
            agents=self.deciding.agents,
            has_model=self.settings.model.backend != "none",
            note=notes,
            deaths=notes.remembered,
        )

    @contextmanager
    def embedded(self, folder: Path) -> Iterator[EmbeddedServed]:
        """On a folder, which is given back in the end; StoreError when it cannot be had."""
        opened = EmbeddedLog(folder)
        notes = DeathNotes(folder)
        try:
            worker = EmbeddedWorker(
                opened,
                build=lambda head, rows: self.machine(0, head, rows, notes),
                model=self.model,
                clock=self.clock,
                room=self.room.room,
                on_tally=lambda tally: self.metrics.absorb(tally, "0"),
                on_commit=self.metrics.committed,
                spans=self.spans,
            )
            yield EmbeddedServed(worker, self.clock)
        finally:
            notes.close()
            opened.close()

    @contextmanager
    def kafka(self, patience_s: float | None) -> Iterator[KafkaServed]:
        """On brokers, which need not be there yet."""
        notes: dict[int, DeathNotes] = {}

        def build(number: int, head: Head, rows: Rows) -> Partition:
            served.kept(number, head, rows)
            if number not in notes:
                state = kafka.place(NUDGE_STATE.name, number)
                notes[number] = DeathNotes(local_rows(self.settings.state_dir, state))
            return self.machine(number, head, rows, notes[number])

        try:
            kafka = Kafka(connection(self.settings))
        except OSError as error:
            raise SettingsError(
                f"TACTFUL_KAFKA__SSL_*: the certificates cannot be used ({error}): give files in PEM form that this "
                "user may read"
            ) from None
        worker = KafkaWorker(
            kafka,
            group=self.settings.group,
            state_dir=self.settings.state_dir,
            build=build,
            model=self.model,
            clock=self.clock,
            room=self.room.room,
            instance=self.settings.kafka.instance,
            session_timeout_ms=self.settings.kafka.session_timeout // timedelta(milliseconds=1),
            on_tally=self.metrics.absorb,
            on_gone=self.metrics.forget,
            on_commit=self.metrics.committed,
            spans=self.spans,
        )
        served = KafkaServed(kafka, worker, patience_s=patience_s)
        try:
            yield served
        finally:
            for each in notes.values():
                each.close()


@asynccontextmanager
async def wired(
    settings: Settings, *, clock: Clock | None = None, patience_s: float | None = None
) -> AsyncIterator[Wired]:
    """A worker and all that it needs, closed in the end; SettingsError or StoreError before anything began.

    `patience_s` bounds how long it tries to reach its brokers at the start.
    """
    decides, clock = deciding(settings), clock or SteadyClock()
    metrics = Metrics(agents=list(decides.agents), version=version("tactful"), policy=decides.policy.version)
    admission = Admission(minute=Minute(decides.policy.budget.calls_per_minute), slots=settings.model.slots)
    async with AsyncExitStack() as closing:
        asked = await closing.enter_async_context(backend(settings.model))
        limit_s = settings.model.limit.total_seconds()
        parts = _Parts(
            settings=settings,
            deciding=decides,
            clock=clock,
            admission=admission,
            model=Model(asked, clock=clock, admission=admission, limit_s=limit_s),
            metrics=metrics,
            spans=closing.enter_context(traced(settings, version("tactful"))),
        )
        served: Served
        match settings.log:
            case EmbeddedAddress(folder):
                served = closing.enter_context(parts.embedded(folder))
            case KafkaAddress():
                served = closing.enter_context(parts.kafka(patience_s))
            case MemoryAddress():
                raise SettingsError(
                    "TACTFUL_LOG: memory: is for stories: a worker needs embedded:PATH or kafka://host:port"
                )
        yield Wired(
            settings=settings,
            deciding=decides,
            clock=clock,
            admission=admission,
            served=served,
            metrics=metrics,
        )
