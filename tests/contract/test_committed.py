"""What is committed of the contract is what the structs say, and its examples are what a run wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, FormatChecker

from tests.contract.examples import header, taken, told, value
from topics import TOPICS
from topics.committed import ASYNCAPI, EXAMPLES, SCHEMAS, asyncapi, contract
from topics.dead_letters import DEAD_LETTER
from topics.decode import decode
from topics.record import Record
from topics.state import NUDGE_STATE
from topics.user_events import KNOWN_TYPES, USER_EVENTS, Event

COMMITTED = {file.stem: msgspec.json.decode(file.read_bytes()) for file in sorted(SCHEMAS.glob("*.json"))}
RECORDS = sorted(set(COMMITTED) - {"topics"})
TIMES = FormatChecker()
TIMES.checks("date-time", ValueError)(
    lambda value: not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None
)


def test_the_schemas_are_as_committed() -> None:
    """`tactful topics schemas --to topics/schemas` would change nothing."""
    assert {file.name: file.read_bytes() for file in SCHEMAS.glob("*.json")} == contract(TOPICS)


def test_the_asyncapi_document_is_as_committed() -> None:
    """`tactful topics asyncapi --to topics/asyncapi.json` would change nothing."""
    assert ASYNCAPI.read_bytes() == asyncapi(TOPICS)


@pytest.fixture(scope="module")
def week() -> dict[str, Sequence[Record]]:
    """The topics of the week from which the examples were taken, told again."""
    return told()


def test_what_a_run_writes_validates(week: dict[str, Sequence[Record]]) -> None:
    """Not only the examples: each record of the week on each topic."""
    count = 0
    for topic, records in week.items():
        for record in records:
            found = value(record)
            name = f"{topic}.{found['type']}" if topic == USER_EVENTS.name else topic
            dead = topic == USER_EVENTS.name and str(record.offset) in refused(week)
            if topic == DEAD_LETTER.name or dead:
                continue
            assert [error.message for error in judge(name).iter_errors(found)] == []
            count += 1
    assert count > 40


def test_a_run_gives_examples_of_the_same_kinds(week: dict[str, Sequence[Record]]) -> None:
    """`python -m tests.contract.examples` writes as many of each, with the same fields; what they say may change."""
    committed = {file.stem: msgspec.json.decode(file.read_bytes()) for file in EXAMPLES.glob("*.json")}
    assert {name: [sorted(each) for each in found] for name, found in taken(week).items()} == {
        name: [sorted(each) for each in found] for name, found in committed.items()
    }


def test_every_record_has_an_example() -> None:
    """Each topic that others read or write, and each type of event."""
    assert sorted(file.stem for file in EXAMPLES.glob("*.json")) == RECORDS
    assert {name.removeprefix("user-events.") for name in RECORDS if name.startswith("user-events.")} == set(
        KNOWN_TYPES
    )
    others = {topic.name for topic in TOPICS} - {USER_EVENTS.name, NUDGE_STATE.name}
    assert others <= set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_examples_validate(name: str) -> None:
    """Against the record's own schema, times included; with fields that nobody knows they still do."""
    examples = COMMITTED[name]["examples"]
    assert examples
    for example in examples:
        assert [str(error.message) for error in judge(name).iter_errors(example)] == []
        assert judge(name).is_valid(example | {"a_field_of_tomorrow": {"nested": True}})


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_without_a_required_field_does_not_validate(name: str) -> None:
    """Each field that is required, one at a time."""
    schema = COMMITTED[name]
    for field in schema["required"]:
        assert not judge(name).is_valid({k: v for k, v in schema["examples"][0].items() if k != field}), field


@pytest.mark.parametrize("name", RECORDS)
def test_every_field_says_what_it_means(name: str) -> None:
    """No field without a description, however deep it lies."""
    assert [where for where, node in fields(COMMITTED[name], name) if not node.get("description")] == []


def test_times_are_times() -> None:
    """Whatever is called `..._at`, `not_after`, `until` or `now` has the format of a time."""
    timely = [
        (where, [each.get("format") for each in node.get("anyOf", [node]) if each.get("type") == "string"])
        for name in RECORDS
        for where, node in fields(COMMITTED[name], name)
        if where.endswith(("_at", ".not_after", ".until", ".now", ".time"))
    ]
    assert len(timely) > 15
    assert [where for where, formats in timely if formats != ["date-time"]] == []


@pytest.mark.parametrize("kind", sorted(set(KNOWN_TYPES) - {"intent.matured"}))
def test_the_binary_example_is_the_same_event(kind: str) -> None:
    """What the document shows as a CloudEvent in binary mode is understood like the plain one."""
    messages = msgspec.json.decode(ASYNCAPI.read_bytes())["components"]["messages"]
    (plain,) = messages[f"user-events.{kind}"]["examples"]
    (binary,) = messages[f"user-events.{kind}.binary"]["examples"]
    user_id = plain["payload"]["user_id"]
    headers = tuple((name, text.encode()) for name, text in binary["headers"].items())
    one = event(user_id, plain["payload"], ())
    assert one == event(user_id, binary["payload"], headers)
    assert one.type == kind


def test_every_example_of_the_document_validates() -> None:
    """The parser does not look at them: payload and headers of each, against what the document says of both."""
    parts = msgspec.json.decode(ASYNCAPI.read_bytes())["components"]
    shown = 0
    for name, message in parts["messages"].items():
        for example in message.get("examples", ()):
            for what in example.keys() & {"payload", "headers"}:
                schema = message[what]["schema"]
                if "$ref" in schema:
                    schema = parts["schemas"][schema["$ref"].rpartition("/")[2]]
                said = Draft7Validator(schema, format_checker=TIMES).iter_errors(example[what])
                assert [error.message for error in said] == [], name
                shown += 1
    assert shown > 50


def event(user_id: str, value: Any, headers: tuple[tuple[str, bytes], ...]) -> Event:
    """What the worker makes of a record, without the text that the data came as."""
    record = Record(
        USER_EVENTS.name, 0, 7, user_id.encode(), msgspec.json.encode(value), 1772700000000, headers
    )
    found = decode(record, agents=frozenset({"follow_up"}))
    assert isinstance(found, Event), found
    return msgspec.structs.replace(found, raw=b"")


def fields(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Each field of a schema with the way to it."""
    for name, node in schema.get("properties", {}).items():
        yield f"{where}.{name}", node
        yield from fields(node, f"{where}.{name}")
    for below in (schema.get("items"), *schema.get("anyOf", ())):
        if below and "type" in below:
            yield from fields(below, where)


def judge(name: str) -> Draft7Validator:
    """What holds a value against the committed schema of this name, times included."""
    return Draft7Validator(COMMITTED[name], format_checker=TIMES)


def refused(week: dict[str, Sequence[Record]]) -> set[str]:
    """The offsets of the events that became dead letters."""
    return {header(each, "offset") for each in week[DEAD_LETTER.name]}
