"""What is committed of the contract is what the structs say, and its examples are what a run wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator, FormatChecker

from tests.contract.examples import files
from topics import TOPICS
from topics.committed import ASYNCAPI, EXAMPLES, SCHEMAS, asyncapi, contract
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
DIFFERS_BY_RELEASE = {"question_hash", "policy_version", "input_tokens", "output_tokens", "cost_usd", "gates"}
"""These follow the prompts, the policy's defaults and the order of the gates, which are no part of the contract."""


def test_the_schemas_are_as_committed() -> None:
    """`tactful topics schemas --to topics/schemas` would change nothing."""
    assert {file.name: file.read_bytes() for file in SCHEMAS.glob("*.json")} == contract(TOPICS)


def test_the_asyncapi_document_is_as_committed() -> None:
    """`tactful topics asyncapi --to topics/asyncapi.json` would change nothing."""
    assert ASYNCAPI.read_bytes() == asyncapi(TOPICS)


def test_the_examples_are_what_a_run_writes() -> None:
    """`python -m tests.contract.examples` would write the same, but for what is no part of the contract."""
    committed = {file.name: file.read_bytes() for file in EXAMPLES.glob("*.json")}
    assert {name: shape(text) for name, text in files().items()} == {
        name: shape(text) for name, text in committed.items()
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
    judge = Draft7Validator(COMMITTED[name], format_checker=TIMES)
    examples = COMMITTED[name]["examples"]
    assert examples
    for example in examples:
        assert [str(error.message) for error in judge.iter_errors(example)] == []
        assert judge.is_valid(example | {"a_field_of_tomorrow": {"nested": True}})


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_without_a_required_field_does_not_validate(name: str) -> None:
    """Each field that is required, one at a time."""
    schema = COMMITTED[name]
    judge = Draft7Validator(schema)
    for field in schema["required"]:
        assert not judge.is_valid({k: v for k, v in schema["examples"][0].items() if k != field}), field


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


def shape(text: bytes) -> Any:
    """The values, without those that differ from release to release."""
    return without(msgspec.json.decode(text))


def without(value: Any) -> Any:
    """A value less the fields that follow prompts and defaults."""
    if isinstance(value, list):
        return [without(each) for each in value]
    if isinstance(value, dict):
        return {name: without(each) for name, each in value.items() if name not in DIFFERS_BY_RELEASE}
    return value
