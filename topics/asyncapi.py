"""The contract as an AsyncAPI 3 document: which topics there are, what stands on them, who reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER
from topics.json_schema import OURS, Schema, data_schema, schemas
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.state import NUDGE_STATE
from topics.topic import Topic
from topics.user_events import KNOWN_TYPES, USER_EVENTS

Part = dict[str, Any]

VERSION = "3.1.0"
DRAFT_07 = "application/schema+json;version=draft-07"
KAFKA = "0.5.0"
"""The version of the Kafka bindings."""
BINARY = ".binary"
"""Ends the name of an event's message in the binary mode of CloudEvents."""
SHOWN = 1
"""Examples of each message; the schema files have all."""
NUMBERS = frozenset({"retention.ms", "delete.retention.ms", "max.message.bytes"})
"""The broker's settings that the bindings have as numbers."""

ABOUT = """\
Services write what happens in people's lives to `user-events`; Tactful answers on `nudges` with at most one message, \
and says on `nudge-outcome` what became of every plan.

Each topic's name may have a deployment's prefix. Keys are UTF-8 and go to the partition that murmur2 says. \
What Tactful writes is written in transactions: readers set `isolation.level=read_committed`. \
Records are open: a reader ignores a field that it does not know. Fields are only added.
"""

DOES: Mapping[str, tuple[str, str]] = {
    USER_EVENTS.name: ("receive", "Take what happened, in the order of each person's log."),
    NUDGES.name: ("send", "Hand a message for a person to the delivery services, or take one back."),
    NUDGE_OUTCOME.name: ("send", "Close a plan."),
    NUDGE_PASS.name: ("send", "Leave the trace of a pass."),
    NUDGE_STATE.name: ("send", "Keep a person's row."),
    NUDGE_CONTROLS.name: ("receive", "Learn which agents are paused."),
    DEAD_LETTER.name: ("send", "Put aside what cannot be understood."),
}


def document(topics: Sequence[Topic], examples: Mapping[str, Sequence[Any]], version: str) -> Part:
    """The whole of it."""
    known = schemas(examples)
    bare = {name: _bare(schema) for name, schema in known.items()}
    bare |= {f"{USER_EVENTS.name}.{kind}{BINARY}": data_schema(kind) for kind in KNOWN_TYPES}
    messages = {topic.name: _messages(topic, examples) for topic in topics}
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Tactful",
            "version": version,
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic, messages[topic.name]) for topic in topics},
        "operations": dict(_operations(topics)),
        "components": {
            "messages": {name: each for made in messages.values() for name, each in made.items()},
            "schemas": bare,
        },
    }


def _operations(topics: Sequence[Topic]) -> list[tuple[str, Part]]:
    """What Tactful does with each topic; one that writes there does the other half."""
    made = [(f"{DOES[topic.name][0]}-{topic.name}", _operation(topic, *DOES[topic.name])) for topic in topics]
    matured = _operation(USER_EVENTS, "send", "Say on a person's own log that the time of a plan has come.")
    only = [{"$ref": f"#/channels/{USER_EVENTS.name}/messages/{USER_EVENTS.name}.{kind}"} for kind in OURS]
    return [*made, (f"send-{USER_EVENTS.name}", matured | {"messages": only})]


def _operation(topic: Topic, action: str, summary: str) -> Part:
    return {"action": action, "summary": summary, "channel": {"$ref": f"#/channels/{topic.name}"}}


def _channel(topic: Topic, messages: Mapping[str, Part]) -> Part:
    config = {
        name: int(value) if name in NUMBERS else value.split(",") if name == "cleanup.policy" else value
        for name, value in topic.config.items()
    }
    kafka: Part = {"topicConfiguration": config, "bindingVersion": KAFKA}
    if topic.single_partition:
        kafka["partitions"] = 1
    return {
        "address": topic.name,
        "description": topic.holds,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {"kafka": kafka},
    }


def _messages(topic: Topic, examples: Mapping[str, Sequence[Any]]) -> dict[str, Part]:
    """The messages of a topic by name; each event in two forms."""
    if topic.name == USER_EVENTS.name:
        made: dict[str, Part] = {}
        for kind in KNOWN_TYPES:
            name = f"{USER_EVENTS.name}.{kind}"
            shown = list(examples.get(name, ()))[:SHOWN]
            made[name] = _message(topic, name, kind, [{"payload": each} for each in shown])
            if kind not in OURS:
                made[name + BINARY] = _binary(topic, name, kind, shown)
        return made
    if topic.name == NUDGE_STATE.name:
        internal = {
            "name": topic.name,
            "title": topic.name,
            "summary": topic.holds,
            "bindings": _keyed(topic),
        }
        return {topic.name: internal | {"contentType": "application/msgpack"}}
    shown = list(examples.get(topic.name, ()))[:SHOWN]
    if topic.name == DEAD_LETTER.name:
        message = _message(topic, topic.name, "dead letter", [{"headers": each} for each in shown])
        message["headers"] = message.pop("payload")
        return {topic.name: message | {"contentType": "application/octet-stream"}}
    return {topic.name: _message(topic, topic.name, topic.name, [{"payload": each} for each in shown])}


def _message(topic: Topic, name: str, title: str, examples: list[Part]) -> Part:
    made: Part = {
        "name": name,
        "title": title,
        "contentType": "application/json",
        "payload": {"schemaFormat": DRAFT_07, "schema": {"$ref": f"#/components/schemas/{name}"}},
        "bindings": _keyed(topic),
    }
    return made | ({"examples": examples} if examples else {})


def _binary(topic: Topic, name: str, kind: str, shown: Sequence[Part]) -> Part:
    """The event as a CloudEvent in binary mode: its attributes are headers, its data is the value."""
    headers = {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "minLength": 1},
        "ce_source": {"type": "string", "minLength": 1},
        "ce_type": {"type": "string", "const": kind},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_userid": {"type": "string", "description": "The person, as in the key."},
        "traceparent": {"type": "string"},
    }
    needed = ["ce_specversion", "ce_id", "ce_source", "ce_type"]
    schema = {"type": "object", "properties": headers, "required": needed, "additionalProperties": True}
    examples = [
        {
            "headers": {"ce_specversion": "1.0"}
            | {f"ce_{each}": event[each] for each in ("id", "source", "type", "time") if each in event},
            "payload": event.get("data", {}),
        }
        for event in shown
    ]
    made = _message(topic, name + BINARY, f"{kind} (binary mode)", examples)
    return made | {"headers": {"schemaFormat": DRAFT_07, "schema": schema}}


def _keyed(topic: Topic) -> Part:
    return {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": KAFKA}}


def _bare(schema: Schema) -> Schema:
    """A schema as a part of a document: it has no name of its own, and its examples stand with the message."""
    return {name: value for name, value in schema.items() if name not in {"$schema", "$id", "examples"}}
