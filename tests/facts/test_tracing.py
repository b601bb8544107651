"""Spans: off unless asked for, linked to the events that they go back to, and without a word of a person."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.asks import Ask, Compose, ComposeAnswer, Reply
from app.core.commit import Commit, PendingAsk
from app.core.head import Head
from app.core.mailbox import PASS_LIMIT
from app.settings import Settings, SettingsError
from app.tracing import PartitionSpans, remote, traced
from tests.facts.http.at_home import at_home, event
from topics.encode import encode
from topics.passes import Pass
from topics.record import NewRecord

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
POLICY = 'quiet_hours: {start: "00:00", end: "00:00"}\nactive_within: 0s\nsettle: {quiet: 100ms}\n'
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
WORDS = ("walburga", "harvest", "barley", "thinking of")
"""Who it is about, the subject, what was said, and what is said to them."""


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Takes what is exported over OTLP, on a thread of its own: the address, and every body so far."""
    bodies: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def spans_in(bodies: list[bytes]) -> list[Any]:
    """Every span that was exported."""
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    return [
        span
        for request in requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


async def test_a_trace_is_kept_from_the_event_to_nudge_outcome_and_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records have the event's `traceparent`, pass and request link to it, and no span holds a person's words."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)
    with collector() as (url, bodies):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        async with at_home(tmp_path / "log", model="scripted", policy=policy, tracing="otlp") as house:
            due = (house.worker.clock.now() + timedelta(milliseconds=300)).isoformat()
            request = {"agent": "follow_up", "subject": "the harvest", "due_at": due}
            for one in (
                event("consent.changed", "walburga", id="1", data={"agent": "*", "granted": True}),
                event("message.received", "walburga", id="2", data={"text": "the barley stands well"}),
                event("intent.requested", "walburga", id="3", data=request, traceparent=TRACEPARENT),
            ):
                assert (await house.post(one)).status == 202
            async with asyncio.timeout(20):
                while not house.records("nudge-outcome"):  # noqa: ASYNC110 - read as a service reads
                    await asyncio.sleep(0.02)
            written = house.records("nudges") + house.records("nudge-outcome")
    for record in written:
        assert record.headers == (("traceparent", TRACEPARENT.encode()),)
        assert json.loads(record.value or b"")["traceparent"] == TRACEPARENT
    found = spans_in(bodies)
    by_name = {span.name: span for span in found if any(link.trace_id.hex() == TRACE for link in span.links)}
    assert set(by_name) == {"pass", "model compose"}
    passing, call = by_name["pass"], by_name["model compose"]
    assert call.parent_span_id == passing.span_id
    assert passing.start_time_unix_nano <= call.start_time_unix_nano <= call.end_time_unix_nano
    assert call.end_time_unix_nano <= passing.end_time_unix_nano
    commits = [span for span in found if span.name == "commit"]
    assert any(link.span_id == passing.span_id for span in commits for link in span.links)
    attributes = {one.key: one.value for one in passing.attributes}
    assert attributes["tactful.winner"].string_value == json.loads(written[0].value or b"")["intent_id"]
    text = b"".join(bodies)
    assert b"tactful.pass_id" in text
    assert b"unknown_service" not in text
    assert [word for word in WORDS if word.encode() in text] == []


def test_nobody_is_told_unless_it_is_wanted(tmp_path: Path) -> None:
    """Without the setting there are no spans, and no exporter that looks for a collector."""
    with traced(Settings(state_dir=tmp_path), "1.2.3") as spans:
        assert spans is None


def test_a_missing_extra_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting's error says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with (
        pytest.raises(SettingsError, match="TACTFUL_TRACING: otlp needs the extra `tracing`"),
        traced(Settings(state_dir=tmp_path, tracing="otlp"), "1.2.3"),
    ):
        pass


def test_a_collector_that_is_away_keeps_no_worker_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its spans are lost after two seconds of trying; the exporter alone would go on for ten."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    with traced(Settings(state_dir=tmp_path, tracing="otlp"), "1.2.3") as spans:
        assert spans is not None
        spans(0).committing(commit())("committed")
        began = time.monotonic()
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("text", ["", "00-zz-1-01", "00-0-0-01", "hello", f"00-{TRACE}"])
def test_what_is_no_trace_is_no_link(text: str) -> None:
    """Also the ids of nothing but zeros, which the standard calls invalid."""
    assert remote(text) is None


class Drawn:
    """One partition's spans, kept in memory."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.spans = PartitionSpans(provider.get_tracer("tests"), 3)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]


def asked(user: str, began: datetime, traceparent: str | None = None) -> PendingAsk:
    """A request of this person's pass."""
    question = Compose(
        now=began, agent="digest", approach="plain", subject="this week", facts={}, locale="en", problems=()
    )
    return PendingAsk(1, Ask(user, question, 1, None, traceparent), began + PASS_LIMIT)


def commit(*passes: Pass) -> Commit:
    """What makes these durable."""
    at_ms = int(NOW.timestamp() * 1000)
    records = [NewRecord("nudge-pass", one.user_id.encode(), encode(one), at_ms) for one in passes]
    return Commit(number=1, rows={}, head=Head(), records=records)


def passed(user: str, began: datetime) -> Pass:
    """The trace of a pass that began then."""
    return Pass(pass_id=f"{user} {began:%M}", user_id=user, now=began, policy_version="p")


ANSWERED = Reply(answer=ComposeAnswer("..."), model="m", input_tokens=7, output_tokens=3, seconds=1.0)


def test_a_persons_next_pass_is_another_one_though_the_last_is_not_committed() -> None:
    """Which pass a request belongs to is told by when it began, and not by whose it is."""
    drawn, later = Drawn(), NOW + timedelta(minutes=1)
    drawn.spans.asking(asked("ana", NOW, TRACEPARENT))(ANSWERED)
    second = drawn.spans.asking(asked("ana", later))
    drawn.spans.committing(commit(passed("ana", NOW)))("committed")
    second(Reply(failed="timeout"))
    drawn.spans.committing(commit(passed("ana", later)))("failed")
    one, other = drawn.named("pass")
    calls = drawn.named("model compose")
    assert [call.parent and call.parent.span_id for call in calls] == [
        one.context and one.context.span_id,
        other.context and other.context.span_id,
    ]
    assert [len(one.links), len(other.links)] == [1, 0]
    results = [(span.attributes or {})["tactful.result"] for span in (*calls, *drawn.named("commit"))]
    assert results == ["answered", "timeout", "committed", "failed"]
    assert (calls[0].attributes or {})["gen_ai.usage.input_tokens"] == 7


def test_a_pass_that_asked_nothing_has_its_span_from_its_trace() -> None:
    """It stood down at a gate: begun and ended by the times in its record."""
    drawn = Drawn()
    drawn.spans.committing(commit(passed("ana", NOW)))("committed")
    (one,) = drawn.named("pass")
    assert one.start_time == one.end_time == int(NOW.timestamp() * 1e9)
    assert (one.attributes or {})["tactful.asked"] is False


def test_what_is_thrown_away_is_ended() -> None:
    """When the loop ends, and when a pass has left no trace for minutes: it raised."""
    drawn = Drawn()
    drawn.spans.asking(asked("ana", NOW))(None)
    drawn.spans.asking(asked("ben", NOW + timedelta(minutes=10)))
    drawn.spans.committing(commit())("committed")
    assert [(span.attributes or {})["tactful.result"] for span in drawn.named("pass")] == ["no trace"]
    drawn.spans.close()
    assert [(span.attributes or {})["tactful.result"] for span in drawn.named("pass")] == [
        "no trace",
        "thrown away",
    ]
    assert [(span.attributes or {})["tactful.result"] for span in drawn.named("model compose")] == ["dropped"]
