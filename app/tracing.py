"""Traces for who wants them: a span for each pass that is kept, each request to the model and each commit.

The one door to OpenTelemetry, and off unless `TACTFUL_TRACING=otlp` asks for it. The SDK and its exporter are the
extra `tracing`; where they send, and what they leave out, their own `OTEL_*` variables say. A span holds names,
counts and ids that are derived: no words of a person, no subject, no user id.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from app.core.asks import task_of
from app.core.mailbox import PASS_LIMIT
from app.settings import SettingsError
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS, Pass

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from app.core.asks import Reply
    from app.core.commit import Commit, PendingAsk
    from app.settings import Settings
    from topics.record import NewRecord

FORGOTTEN_AFTER = timedelta(minutes=5)
"""A pass ends within a minute; one without a trace by then has raised, and was taken again without a model."""
FLUSHED_WITHIN_S = 2.0
"""What the end of the process waits for a collector: a drained worker has 5 s besides."""

Key = tuple[str, datetime]
"""A pass among those of its partition: whose it is, and its deadline."""


@contextmanager
def traced(settings: Settings, version: str) -> Iterator[Callable[[int], PartitionSpans] | None]:
    """Makes each partition's spans; None when nobody wants any. SettingsError when the extra is not installed."""
    if settings.tracing == "none":
        yield None
        return
    provider = _provider(version)
    try:
        tracer = provider.get_tracer("tactful", version)
        yield lambda number: PartitionSpans(tracer, number)
    finally:
        # It sends what is left, and tries again for many seconds while the collector is away.
        closing = threading.Thread(target=provider.shutdown, name="spans", daemon=True)
        closing.start()
        closing.join(FLUSHED_WITHIN_S)


def _provider(version: str) -> TracerProvider:
    """A provider of our own: the process-wide one would make other libraries tell what they carry."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    except ImportError:
        raise SettingsError(
            "TACTFUL_TRACING: otlp needs the extra `tracing` (opentelemetry-sdk and its OTLP exporter): install it, "
            "or leave this at none"
        ) from None
    resource = Resource.create({"service.version": version})
    if str(resource.attributes.get("service.name", "")).startswith(
        "unknown_service"
    ):  # no OTEL_* variable names it
        resource = resource.merge(Resource({"service.name": "tactful"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


@dataclass(slots=True)
class _Pass:
    """A pass that has asked, and has not been committed."""

    span: Span
    deadline: datetime
    ended_ns: int | None = None
    """When its last answer came: it goes on in the same call, so that is its end."""
    linked: set[str] = field(default_factory=set)


class PartitionSpans:
    """The spans of one partition, from its take-over to its end."""

    def __init__(self, tracer: Tracer, number: int) -> None:
        self._tracer = tracer
        self._number = number
        self._open: dict[Key, _Pass] = {}

    def asking(self, pending: PendingAsk) -> Callable[[Reply | None], None]:
        """A request, below its pass; the pass begins with its first."""
        ask, key = pending.ask, (pending.ask.user_id, pending.deadline)
        one = self._open.get(key)
        if one is None:
            span = self._tracer.start_span("pass", attributes={"tactful.partition": self._number})
            one = self._open[key] = _Pass(span, pending.deadline)
        links = _link(one, ask.traceparent)
        task = task_of(ask.question)
        call = self._tracer.start_span(
            f"model {task}",
            context=set_span_in_context(one.span),
            kind=SpanKind.CLIENT,
            links=links,
            attributes={"tactful.task": task, "tactful.attempt": ask.attempt},
        )

        def ended(reply: Reply | None) -> None:
            if reply is None:
                call.set_attribute("tactful.result", "dropped")
            else:
                _tell(call, reply)
            call.end()
            one.ended_ns = _ended_ns(call)

        return ended

    def committing(self, commit: Commit) -> Callable[[str], None]:
        """A commit, with links to the passes that it makes durable; these end here."""
        traces = _traceparents(commit)
        passes = [
            self._end(msgspec.json.decode(record.value, type=Pass), record, traces)
            for record in commit.records
            if record.topic == NUDGE_PASS.name and record.value is not None
        ]
        self._forget()
        span = self._tracer.start_span(
            "commit",
            kind=SpanKind.PRODUCER,
            links=[Link(one) for one in passes],
            attributes={
                "tactful.partition": self._number,
                "tactful.rows": len(commit.rows),
                "tactful.records": len(commit.records),
            },
        )

        def ended(result: str) -> None:
            span.set_attribute("tactful.result", result)
            if result != "committed":
                span.set_status(Status(StatusCode.ERROR))
            span.end()

        return ended

    def close(self) -> None:
        """What was not committed will be decided again by whoever comes next."""
        for one in self._open.values():
            one.span.set_attribute("tactful.result", "thrown away")
            one.span.end()
        self._open.clear()

    def _end(self, decided: Pass, record: NewRecord, traces: dict[bytes, set[str]]) -> SpanContext:
        """The span of a pass that left a trace; one that asked nothing has none so far."""
        one = self._open.pop((decided.user_id, decided.now + PASS_LIMIT), None)
        asked = one is not None
        if one is None:
            began = int(decided.now.timestamp() * 1e9)
            span = self._tracer.start_span(
                "pass", start_time=began, attributes={"tactful.partition": self._number}
            )
            one = _Pass(span, decided.now, max(began, record.timestamp_ms * 1_000_000))
        for traceparent in sorted(traces.get(record.key or b"", ())):
            _link(one, traceparent)
        agents = sorted({each.agent for each in decided.candidates})
        one.span.set_attributes(
            {
                "tactful.pass_id": decided.pass_id,
                "tactful.events": len(decided.events),
                "tactful.asked": asked,
                "tactful.agents": agents,
                "tactful.winner": decided.winner,
                "tactful.policy_version": decided.policy_version,
            }
        )
        one.span.end(one.ended_ns)
        return one.span.get_span_context()

    def _forget(self) -> None:
        """End what has left no trace: it raised, or it was the canary's."""
        newest = max((one.deadline for one in self._open.values()), default=None)
        if newest is None:
            return
        for key, one in list(self._open.items()):
            if one.deadline < newest - FORGOTTEN_AFTER:
                one.span.set_attribute("tactful.result", "no trace")
                one.span.end(one.ended_ns)
                del self._open[key]


def _tell(call: Span, reply: Reply) -> None:
    call.set_attribute("tactful.result", reply.failed or "answered")
    if reply.model:
        call.set_attribute("gen_ai.response.model", reply.model)
        call.set_attribute("gen_ai.usage.input_tokens", reply.input_tokens)
        call.set_attribute("gen_ai.usage.output_tokens", reply.output_tokens)
    if reply.failed:
        call.set_attribute("error.type", reply.failed)
        call.set_status(Status(StatusCode.ERROR))


def _ended_ns(span: Span) -> int | None:
    return getattr(span, "end_time", None)


def _traceparents(commit: Commit) -> dict[bytes, set[str]]:
    """The traces that the nudges and outcomes of each person go back to."""
    found: dict[bytes, set[str]] = {}
    for record in commit.records:
        if record.topic in {NUDGES.name, NUDGE_OUTCOME.name}:
            for name, value in record.headers:
                if name == "traceparent":
                    found.setdefault(record.key or b"", set()).add(value.decode())
    return found


def _link(one: _Pass, traceparent: str | None) -> list[Link]:
    """The pass goes back to the event with this trace, and so does a request that is made because of it."""
    context = None if traceparent is None else remote(traceparent)
    if traceparent is None or context is None:
        return []
    if traceparent not in one.linked:
        one.linked.add(traceparent)
        one.span.add_link(context)
    return [Link(context)]


def remote(traceparent: str) -> SpanContext | None:
    """The span of somebody else that a W3C `traceparent` names; None for what is none."""
    parts = traceparent.split("-")
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:4])
    except ValueError:
        return None
    context = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
    return context if context.is_valid else None
