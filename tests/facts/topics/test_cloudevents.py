"""What the official CloudEvents SDK writes is understood, in both modes of its Kafka binding."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.v1.event import CloudEvent

from tests.facts.topics.events import COMPLETE, plain, refused, understood
from topics.record import Headers
from topics.user_events import Event, InterestNoticed

TIME = datetime(2026, 3, 2, 16, 59, 58, 250_000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def written(event_type: str, data: Any, **extensions: str) -> CloudEvent:
    """An event as a service with the SDK makes it."""
    attributes = {
        "id": "ce-1",
        "source": "/services/chat",
        "type": event_type,
        "time": TIME,
        "datacontenttype": "application/json",
        **extensions,
    }
    return CloudEvent(attributes=attributes, data=data)


def headers(message: kafka.KafkaMessage) -> Headers:
    """A message's headers as the log gives them."""
    return tuple(message.headers.items())


def in_both_modes(event: CloudEvent) -> list[Event]:
    """What is understood of the structured and of the binary form."""
    messages = [kafka.to_structured_event(event), kafka.to_binary_event(event)]
    return [understood(message.value, headers(message)) for message in messages]


@pytest.mark.parametrize("event_type", COMPLETE)
def test_every_type_means_the_same_in_all_three_forms(event_type: str) -> None:
    """Structured, binary and plain JSON: one data, one time, one identity."""
    in_plain = understood(plain(event_type, COMPLETE[event_type]))
    for event in in_both_modes(written(event_type, COMPLETE[event_type], userid="ana")):
        assert event.data == in_plain.data
        assert json.loads(event.raw) == json.loads(in_plain.raw)
        assert (event.source, event.id, event.time) == ("/services/chat", "ce-1", TIME)


def test_the_extension_repeats_the_person() -> None:
    """What names another one is refused in both modes, and nothing need be repeated."""
    other = written("app.opened", {}, userid="rosa")
    for message in (kafka.to_structured_event(other), kafka.to_binary_event(other)):
        assert refused(message.value, headers(message)).reason == "key_mismatch"
    assert len(in_both_modes(written("app.opened", {}))) == 2


def test_the_tracing_extension_is_carried_through() -> None:
    """`traceparent` is an attribute of the event, or a header beside it; the event's own comes first."""
    assert {event.traceparent for event in in_both_modes(written("app.opened", {}, traceparent=TRACE))} == {
        TRACE
    }
    message = kafka.to_binary_event(written("app.opened", {}, traceparent=TRACE))
    other = TRACE.replace("-01", "-00")
    assert (
        understood(message.value, (*headers(message), ("traceparent", other.encode()))).traceparent == TRACE
    )


def test_bytes_are_decoded_when_they_hold_json() -> None:
    """The structured mode may carry its data as base64."""
    event = written("interest.noticed", b'{"topic": "falconry"}')
    assert b"data_base64" in kafka.to_structured_event(event).value
    assert [one.data for one in in_both_modes(event)] == [InterestNoticed("falconry")] * 2


@pytest.mark.parametrize("data", ["!", "aGVsbG8=", 7, "/v8=", "e30"])
def test_bytes_that_hold_no_json_are_invalid(data: object) -> None:
    """The field that is wrong is `data_base64`."""
    why = refused(plain("x.y", None, data_base64=data))
    assert (why.reason, why.field) == ("invalid_data", "data_base64")


def test_a_body_with_specversion_is_structured_without_its_header() -> None:
    """A producer that lost the content type is understood all the same."""
    value = kafka.to_structured_event(written("interest.noticed", {"topic": "falconry"})).value
    assert understood(value).data == InterestNoticed("falconry")


def test_header_names_may_be_in_any_case() -> None:
    """The binding writes them in lower case, some proxies do not."""
    message = kafka.to_binary_event(written("interest.noticed", {"topic": "falconry"}))
    loud = tuple((name.upper(), value) for name, value in headers(message))
    assert understood(message.value, loud).data == InterestNoticed("falconry")


def test_headers_of_others_do_not_make_an_event_binary() -> None:
    """A plain event may carry headers; structured wins over binary ones beside it."""
    value = plain("app.opened")
    assert understood(value, (("ce_note", b"x"), ("tactful_from", b"user-events-1@7"))).id == "e-1"
    message = kafka.to_structured_event(written("app.opened", {}))
    both = (*headers(message), ("ce_id", b"another"), ("ce_type", b"x"), ("ce_source", b"y"))
    assert understood(message.value, both).id == "ce-1"


@pytest.mark.parametrize("missing", ["ce_id", "ce_source", "ce_type"])
def test_a_binary_event_without_a_name_is_none(missing: str) -> None:
    """Id, source and type are required in the headers too."""
    message = kafka.to_binary_event(written("app.opened", {}))
    rest = tuple(pair for pair in headers(message) if pair[0] != missing)
    why = refused(message.value, rest)
    assert (why.reason, why.field) == ("not_an_event", missing)


def test_the_time_of_a_binary_event_has_an_offset() -> None:
    """As everywhere."""
    message = kafka.to_binary_event(written("app.opened", {}))
    rest = (*(pair for pair in headers(message) if pair[0] != "ce_time"), ("ce_time", b"2026-03-02T18:00:00"))
    why = refused(message.value, rest)
    assert (why.reason, why.field) == ("invalid_data", "ce_time")


def test_the_data_of_a_binary_event_is_json() -> None:
    """Of an unknown type as well; nothing at all is `empty`."""
    message = kafka.to_binary_event(written("weather.changed", {}))
    assert refused(b"grey", headers(message)).reason == "not_json"
    assert refused(b"", headers(message)).reason == "empty"


def test_a_headers_name_that_is_no_utf8_is_put_aside() -> None:
    """The reader hands such bytes on as lone surrogates; a name in another alphabet is nothing special."""
    why = refused(plain("app.opened"), headers=(("n\udcff", b"1"),))
    assert (why.reason, why.error) == ("not_an_event", "headers: hold a name that is no UTF-8")
    assert understood(plain("app.opened"), headers=(("имя", b"1"),)).type == "app.opened"


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type", "ce_time", "ce_userid", "ce_traceparent"])
def test_an_attribute_that_is_no_utf8_is_put_aside(name: str) -> None:
    """Ids that cannot be read are not taken for one another: an event would pass for a repetition."""
    headers = {"ce_id": b"1", "ce_source": b"s", "ce_type": b"app.opened", name: b"\xff\xfe"}
    why = refused(b"{}", headers=tuple(headers.items()))
    assert (why.reason, why.error) == ("not_an_event", f"{name}: is no UTF-8")


def test_headers_that_are_no_attributes_may_hold_anything() -> None:
    """A content type and a trace that cannot be read are as good as none."""
    odd = (("content-type", b"\xff"), ("traceparent", b"\xff" * 55))
    event = understood(plain("app.opened"), headers=odd)
    assert (event.type, event.traceparent) == ("app.opened", None)
