"""The records as JSON Schemas (draft-07), made from the structs: one for each record and each type of event.

They are open: a reader ignores a field that it does not know, and a writer may send more.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from textwrap import dedent
from typing import Any

import msgspec

from topics.controls import NUDGE_CONTROLS, Control
from topics.dead_letters import DEAD_LETTER, DEAD_REASONS, MARK, dead_letter
from topics.narrower import FIELDS, WHOLE
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, REASONS, Outcome
from topics.passes import NUDGE_PASS, Pass
from topics.record import Record
from topics.user_events import KNOWN_TYPES, USER_EVENTS

Schema = dict[str, Any]

DRAFT = "http://json-schema.org/draft-07/schema#"
WRITTEN_BY = "x-written-by"
"""Who writes the record: `services`, to whom we promise what we take, or `tactful`, who promises what it writes."""
KNOWN = "x-known-values"
"""The words that a text may be today; there may be more tomorrow, and none of them goes."""
OURS = frozenset({"intent.matured"})
"""Types of `user-events` that only the worker writes."""

RECORDS: Mapping[str, type[msgspec.Struct]] = {
    NUDGES.name: Nudge,
    NUDGE_OUTCOME.name: Outcome,
    NUDGE_PASS.name: Pass,
    NUDGE_CONTROLS.name: Control,
}
"""The records that are one struct each."""


def schemas(examples: Mapping[str, Sequence[Any]]) -> dict[str, Schema]:
    """All of them by name: the topic's, and for `user-events` and its types `user-events.TYPE`."""
    made = {
        **{f"{USER_EVENTS.name}.{kind}": event_schema(kind) for kind in KNOWN_TYPES},
        **{name: record_schema(name) for name in RECORDS},
        DEAD_LETTER.name: dead_letter_schema(),
    }
    for name, schema in made.items():
        if name in examples:
            schema["examples"] = list(examples[name])
    plain: dict[str, Schema] = msgspec.json.decode(msgspec.json.encode(made))
    return plain


def event_schema(kind: str) -> Schema:
    """An event of a known type as JSON: plain, or a CloudEvent in structured mode."""
    data = data_schema(kind)
    needed = ["id", "source", "type"]
    if data.get("required"):
        needed.append("data")
    return {
        "$schema": DRAFT,
        "$id": f"{USER_EVENTS.name}.{kind}.json",
        "title": kind,
        "description": f"{data['description']} The key is the person; `source` and `id` are the event's identity.",
        WRITTEN_BY: "tactful" if kind in OURS else "services",
        "type": "object",
        "properties": {
            "id": _text(
                "The event's own; with `source` it is its identity: the same one twice is one event.", 1
            ),
            "source": _text("Who says so.", 1),
            "type": {"const": kind, "type": "string", "description": "What happened."},
            "time": {
                "type": "string",
                "format": "date-time",
                "description": "When, with an offset; without it the log's own time counts.",
            },
            "user_id": _text(
                "The person, as in the key: the plain form repeats it, and over HTTP it is required."
            ),
            "specversion": {
                "const": "1.0",
                "type": "string",
                "description": "Of a CloudEvent; the plain form has none.",
            },
            "userid": _text("The person, as in the key, in a CloudEvent."),
            "traceparent": _text(
                "W3C trace context, carried through to the records that follow from the event."
            ),
            "data": data,
        },
        "required": needed,
        "additionalProperties": True,
    }


def data_schema(kind: str) -> Schema:
    """The data of a known type alone: the value of a CloudEvent in binary mode."""
    return _described(KNOWN_TYPES[kind])


def record_schema(topic: str) -> Schema:
    """The record of a topic that Tactful writes."""
    found = _described(RECORDS[topic])
    if topic == NUDGE_OUTCOME.name:
        found["properties"]["reason"][KNOWN] = sorted(set().union(*REASONS.values()))
    return {"$schema": DRAFT, "$id": f"{topic}.json", WRITTEN_BY: "tactful"} | found


def dead_letter_schema() -> Schema:
    """The headers of a dead letter; its key and value are what came, whatever that is."""
    said = {
        "reason": "Why it could not be understood.",
        "error": "The field or the position that is wrong, without its value.",
        "topic": "Where it came from.",
        "partition": "The partition it came from, as a number in words.",
        "offset": "The offset it had, as a number in words.",
        "at": "When it was put aside.",
    }
    written = dead_letter(Record("", 0, 0, None, None, 0), "empty", "", 0).headers
    headers: dict[str, Schema] = {name: _text(said[name.removeprefix(MARK)]) for name, _ in written}
    headers.get(f"{MARK}reason", {})[KNOWN] = sorted(DEAD_REASONS)
    headers.get(f"{MARK}at", {})["format"] = "date-time"
    return {
        "$schema": DRAFT,
        "$id": f"{DEAD_LETTER.name}.json",
        "title": "Headers of a dead letter",
        "description": "Beside the headers that the record had; its key and its value are untouched.",
        WRITTEN_BY: "tactful",
        "type": "object",
        "properties": headers,
        "required": sorted(headers),
        "additionalProperties": True,
    }


def _text(description: str, least: int = 0) -> Schema:
    found: Schema = {"type": "string", "description": description}
    return found | ({"minLength": least} if least else {})


def _described(struct: type[msgspec.Struct]) -> Schema:
    """A struct and what lies in it, in one piece: nothing is referred to, so every part says what it is."""
    _, parts = msgspec.json.schema_components([struct], ref_template="{name}")
    known = {each.__name__: each for each in _within(struct)}
    found: Schema = _spelt_out(parts[struct.__name__], parts, known)
    return found


def _spelt_out(node: Any, parts: Mapping[str, Any], known: Mapping[str, type[msgspec.Struct]]) -> Any:
    if isinstance(node, list):
        return [_spelt_out(each, parts, known) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = parts[node["$ref"]] | {name: value for name, value in node.items() if name != "$ref"}
    found = {name: _spelt_out(value, parts, known) for name, value in node.items()}
    if "enum" in found and all(isinstance(value, str) for value in found["enum"]):
        found = {"type": "string"} | found
    if "description" in found:
        found["description"] = " ".join(found["description"].split())
    struct = known.get(str(found.get("title"))) if "properties" in found else None
    return found if struct is None else _of_struct(found, struct)


def _of_struct(found: Schema, struct: type[msgspec.Struct]) -> Schema:
    """The same with what each field means, what it may be beyond its type, and which texts are times."""
    said, times = field_descriptions(struct), _times(struct)
    for name, each in found["properties"].items():
        each.update(FIELDS.get(struct, {}).get(name, {}))
        if name in said:
            each["description"] = said[name]
        for branch in each.get("anyOf", [each]):
            if name in times and branch["type"] == "string":
                branch["format"] = "date-time"
    return found | {"additionalProperties": True, **WHOLE.get(struct, {})}


def _times(struct: type[msgspec.Struct]) -> frozenset[str]:
    """The fields that hold a time: msgspec names the format only where a zone is demanded, and ours have one."""
    info = msgspec.inspect.type_info(struct)
    if not isinstance(info, msgspec.inspect.StructType):
        return frozenset()
    return frozenset(
        field.encode_name
        for field in info.fields
        for each in (field.type.types if isinstance(field.type, msgspec.inspect.UnionType) else (field.type,))
        if isinstance(each, msgspec.inspect.DateTimeType)
    )


def _within(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """A struct and all that its fields are made of."""
    waiting: list[Any] = [msgspec.inspect.type_info(struct)]
    seen: set[type] = set()
    while waiting:
        info = waiting.pop()
        match info:
            case msgspec.inspect.StructType(cls=cls) if cls not in seen:
                seen.add(cls)
                yield cls
                waiting += [field.type for field in info.fields]
            case msgspec.inspect.UnionType(types=types):
                waiting += types
            case msgspec.inspect.VarTupleType(item_type=item) | msgspec.inspect.Metadata(type=item):
                waiting.append(item)
            case _:
                pass


@cache
def field_descriptions(struct: type) -> Mapping[str, str]:
    """The docstring that stands below each field, on one line."""
    (tree,) = ast.parse(dedent(inspect.getsource(struct))).body
    if not isinstance(tree, ast.ClassDef):
        return {}
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        match field, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found
