"""Events over HTTP: what is accepted is understood later, what is not names the field that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from tests.facts.topics.events import AGENTS, COMPLETE, LOGGED_MS, plain, understood
from tests.facts.topics.test_cloudevents import TRACE, written
from topics.http_events import BadEvent, from_cloudevent_http, plain_record
from topics.record import NewRecord
from topics.user_events import Event, Message

STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


def taken(headers: dict[str, str], body: bytes) -> list[NewRecord]:
    """The records of a request that is accepted."""
    return from_cloudevent_http(headers, body, agents=AGENTS, now_ms=LOGGED_MS)


def bad(headers: dict[str, str], body: bytes) -> BadEvent:
    """Why a request is refused."""
    with pytest.raises(BadEvent) as caught:
        taken(headers, body)
    return caught.value


def read(record: NewRecord) -> Event:
    """What the worker understands of a record."""
    assert record.topic == "user-events"
    assert record.timestamp_ms == LOGGED_MS
    assert record.value is not None
    assert record.key is not None
    return understood(record.value, record.headers, record.key)


def one(event: CloudEvent) -> dict[str, Any]:
    """The structured form as a value."""
    body: dict[str, Any] = json.loads(http.to_structured_event(event).body)
    return body


@pytest.mark.parametrize("event_type", sorted(set(COMPLETE) - {"intent.matured"}))
def test_both_modes_mean_what_they_mean_on_kafka(event_type: str) -> None:
    """The person is the extension `userid`, and becomes the record's key."""
    event = written(event_type, COMPLETE[event_type], userid="ana")
    for message in (http.to_structured_event(event), http.to_binary_event(event)):
        [record] = taken(message.headers, message.body)
        assert record.key == b"ana"
        assert read(record).data == understood(plain(event_type, COMPLETE[event_type])).data


def test_a_binary_header_is_percent_decoded() -> None:
    """As the HTTP binding writes what is not ASCII."""
    message = http.to_binary_event(written("app.opened", {}, userid="āña 1"))
    [record] = taken(message.headers, message.body)
    assert record.key == "āña 1".encode()


def test_a_binary_event_may_have_no_body() -> None:
    """Over HTTP the headers alone make an event of it."""
    message = http.to_binary_event(written("app.opened", None, userid="ana"))
    [record] = taken(message.headers, b"")
    assert read(record).type == "app.opened"


def test_a_batch_becomes_one_record_each_in_its_order() -> None:
    """Of one person or of several."""
    events = [
        one(written("message.received", {"text": text}, userid=user))
        for text, user in (("a", "ana"), ("b", "rosa"), ("c", "ana"))
    ]
    records = taken(BATCH, json.dumps(events).encode())
    assert [(record.key, read(record).data) for record in records] == [
        (b"ana", Message("a")),
        (b"rosa", Message("b")),
        (b"ana", Message("c")),
    ]
    assert taken(BATCH, b"[]") == []


def test_one_wrong_event_refuses_its_batch() -> None:
    """The error says which one it was, and nothing is written."""
    events = [one(written("app.opened", {}, userid="ana")), one(written("message.sent", {}, userid="ana"))]
    why = bad(BATCH, json.dumps(events).encode())
    assert (why.field, why.message) == ("[1].data.text", "is missing")


def test_the_plain_form_is_accepted_with_its_user_id() -> None:
    """A service without CloudEvents writes the same JSON as on Kafka."""
    body = plain("interest.noticed", {"topic": "falconry"})
    [record] = taken({"content-type": "application/json"}, body)
    assert (record.key, record.value, record.headers) == (b"ana", body, ())
    assert plain_record(body, agents=AGENTS, now_ms=LOGGED_MS) == record


def test_the_request_s_trace_counts_where_the_event_has_none() -> None:
    """`traceparent` is a header of the request."""
    for own, expected in ((None, TRACE), (TRACE.replace("-01", "-00"), TRACE.replace("-01", "-00"))):
        body = plain("app.opened", traceparent=own)
        [record] = taken({"content-type": "application/json", "traceparent": TRACE}, body)
        assert read(record).traceparent == expected


WRONG: list[tuple[dict[str, str], bytes, str]] = [
    (STRUCTURED, b"{", "body"),
    (STRUCTURED, b"[]", "body"),
    (STRUCTURED, b'"word"', "body"),
    (STRUCTURED, b"", "body"),
    (STRUCTURED, b'{"a":' * 10_000, "body"),
    (STRUCTURED, plain("app.opened", user_id=None, specversion="1.0"), "userid"),
    (STRUCTURED, plain("app.opened", user_id=None, specversion="1.0", userid=7), "userid"),
    (STRUCTURED, plain("app.opened", user_id=None, specversion="1.0", userid="a\nb"), "userid"),
    (STRUCTURED, plain("app.opened", userid="rosa", specversion="1.0"), "user_id"),
    (STRUCTURED, plain("app.opened"), "specversion"),
    (STRUCTURED, plain("app.opened", specversion="0.3"), "specversion"),
    (STRUCTURED, plain("app.opened", specversion="1.0", id=None), "id"),
    (STRUCTURED, plain("app.opened", specversion="1.0", time="2026-03-02T18:00:00"), "time"),
    (STRUCTURED, plain("profile.updated", {"timezone": "Mars/Olympus"}, specversion="1.0"), "data.timezone"),
    (STRUCTURED, plain("intent.matured", COMPLETE["intent.matured"], specversion="1.0"), "type"),
    (STRUCTURED, plain("x.y", "a" * 300_000, specversion="1.0"), "body"),
    (BATCH, b"{}", "body"),
    (BATCH, b"[1]", "[0].body"),
    (BATCH, b"[" * 10_000, "body"),
    ({"content-type": "application/cloudevents+avro"}, b"x", "content-type"),
    ({"content-type": "text/plain"}, plain("app.opened"), "content-type"),
    ({"content-type": "application/json"}, plain("app.opened", user_id=None), "userid"),
    ({"content-type": "application/json"}, plain("intent.matured", COMPLETE["intent.matured"]), "type"),
    ({"ce-id": "1", "ce-userid": "ana"}, b"{}", "specversion"),
    ({"ce-id": "1", "ce-userid": "ana", "ce-specversion": "1.0", "ce-type": "x"}, b"{}", "source"),
    (
        {"ce-id": "1", "ce-userid": "ana", "ce-specversion": "1.0", "content-type": "text/xml"},
        b"",
        "content-type",
    ),
    ({"ce-id": "1", "ce-userid": "ana", "ce-specversion": "1.0"}, b"{", "data"),
]


@pytest.mark.parametrize(("headers", "body", "field"), WRONG)
def test_what_is_refused_names_its_field(headers: dict[str, str], body: bytes, field: str) -> None:
    """The answer is 400 with that field, and the log never sees the event."""
    assert bad(headers, body).field == field
