"""Whatever stands in a log, decoding ends in an event or a reason."""

from __future__ import annotations

import json
import random
import time
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.facts.topics.events import AGENTS, COMPLETE, LOGGED_MS, plain, record
from topics.dead_letters import DEAD_REASONS
from topics.decode import Undecodable, decode
from topics.encode import encode
from topics.envelopes import VALUE_LIMIT
from topics.http_events import BadEvent, from_cloudevent_http
from topics.user_events import Event

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
header_names = st.sampled_from(
    ["ce_id", "ce_type", "ce_source", "ce_time", "ce_userid", "content-type", "traceparent", "x"]
)
header_values = st.binary(max_size=12) | st.sampled_from(
    [b"application/cloudevents+json", b"ana", b"app.opened", b"2026-03-02T18:00:00Z"]
)
headers = st.lists(st.tuples(header_names, header_values), max_size=5).map(tuple)
keys = st.none() | st.binary(max_size=12) | st.just(b"ana")


def is_told(result: Event | Undecodable) -> None:
    """Either an event that can be written again, or a reason of the pinned ones with an error to read."""
    if isinstance(result, Undecodable):
        assert result.reason in DEAD_REASONS
        assert result.error.startswith(f"{result.field}: ")
        result.error.encode()
        return
    if result.data is not None:
        encode(result.data)
    assert result.time.utcoffset() is not None
    json.loads(result.raw)


@given(st.binary(max_size=300), keys, headers, st.integers(-(2**63), 2**63 - 1))
def test_any_bytes(value: bytes, key: bytes | None, beside: Any, at: int) -> None:
    """Bytes in, an event or a reason out."""
    is_told(decode(record(value, key=key, headers=beside, at=at), agents=AGENTS))


@given(st.sampled_from(sorted(COMPLETE)), values, values, headers)
def test_any_json_as_data_and_time(event_type: str, data: object, moment: object, beside: Any) -> None:
    """JSON of any shape in the places that matter."""
    is_told(decode(record(plain(event_type, data, time=moment), headers=beside), agents=AGENTS))


@given(st.sampled_from(sorted(COMPLETE)), st.data())
def test_any_value_in_a_known_field(event_type: str, data: st.DataObject) -> None:
    """One field of a good event replaced by something."""
    fields: dict[str, Any] = dict(COMPLETE[event_type])
    name = data.draw(st.sampled_from(sorted(fields) or ["x"]))
    fields[name] = data.draw(values)
    is_told(decode(record(plain(event_type, fields)), agents=AGENTS))


@settings(max_examples=300)
@given(st.sampled_from(sorted(COMPLETE)), st.randoms(use_true_random=False))
def test_any_damage(event_type: str, chance: random.Random) -> None:
    """Bytes of a good event lost, doubled or changed on the way."""
    value = bytearray(plain(event_type, COMPLETE[event_type], time="2026-03-02T18:00:00+01:00"))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(value))
        value[at : at + chance.randint(0, 2)] = bytes(
            chance.choices(b'"{}[]:,\\u\x00\xff0123456789eE.-+nulltrue', k=chance.randint(0, 3))
        )
    is_told(decode(record(bytes(value)), agents=AGENTS))


@given(
    st.dictionaries(
        st.sampled_from(["content-type", "ce-id", "ce-type", "ce-source", "ce-specversion", "ce-userid"]),
        st.text(max_size=10) | st.sampled_from(["application/cloudevents-batch+json", "1.0", "%ff"]),
    ),
    st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()),
)
def test_any_request(given_headers: dict[str, str], body: bytes) -> None:
    """A request is accepted, or refused with a field."""
    field = "none"
    try:
        from_cloudevent_http(given_headers, body, agents=AGENTS, now_ms=LOGGED_MS)
    except BadEvent as bad:
        field = bad.field
    assert field


ODD = [
    b'{"id":"1","id":"2","source":"s","type":"app.opened"}',
    b'{"id":"1","source":"s","type":"message.sent","data":{"text":"\\ud800"}}',
    b'{"id":"1","source":"s","type":"message.sent","data":{"text":"\\udc00\\ud800"}}',
    b'{"id":"1","source":"s","type":"message.sent","data":{"text":"a","x":"\\ud800x"}}',
    b'{"id":"1","source":"s","type":"x.y","data":1e999}',
    b'{"id":"1","source":"s","type":"digest.item","data":{"item_id":"1","title":"t","importance":1e999}}',
    b'{"id":"1","source":"s","type":"digest.item","data":{"item_id":"1","title":"t","importance":%s}}'
    % (b"9" * 9000),
    b'{"id":"1","source":"s","type":"app.opened","user_id":%s}' % (b"9" * 9000),
    b'{"id":"1","source":"s","type":"app.opened","user_id":-Infinity}',
    b'{"id":"\\u0000","source":"s","type":"app.opened"}',
    b'{"id":"1","source":"s","type":"intent.matured","data":{"intents":[{"intent_id":"a","version":%s}]}}'
    % (b"9" * 30),
]


def test_odd_json() -> None:
    """Doubled keys, lone surrogates, numbers beyond every range."""
    for value in ODD:
        is_told(decode(record(value), agents=AGENTS))


def test_what_was_understood_can_be_written_and_read_again() -> None:
    """An event's data goes into rows and records."""
    for event_type, data in COMPLETE.items():
        event = decode(record(plain(event_type, data)), agents=AGENTS)
        assert isinstance(event, Event)
        assert event.data is not None
        again = decode(record(plain(event_type, json.loads(encode(event.data)))), agents=AGENTS)
        assert isinstance(again, Event)
        assert again.data == event.data


def test_no_value_takes_longer_than_its_size() -> None:
    """The worst that fits into 256 KB is refused or read within a second."""
    frame = b'{"id":"1","source":"s","type":"x.y","data":'
    worst = [
        b'\\"' * 131_000,
        b"[" * 262_000,
        b'"' * 262_000,
        b'["' * 131_000,
        b'{"":' * 65_000,
        b'"\\' * 131_000,
    ]
    for filling in worst:
        for value in (
            filling[:VALUE_LIMIT],
            (frame + filling)[:VALUE_LIMIT],
            filling[: VALUE_LIMIT - 400] + b"{" * 400,
        ):
            began = time.process_time()
            is_told(decode(record(value), agents=AGENTS))
            assert time.process_time() - began < 1
    text = msgspec.json.encode("[{" * 60_000)
    is_told(
        decode(
            record(b'{"id":"1","source":"s","type":"message.sent","data":{"text":%s}}' % text), agents=AGENTS
        )
    )
