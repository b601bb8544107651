"""The committed contract before AsyncAPI's own parser and JSON Schema's own schema; each is seen to refuse, too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from tests.tools import have
from tests.tools.asyncapi import validator
from tests.tools.check_jsonschema import check_jsonschema
from topics.committed import ASYNCAPI, EXAMPLES, SCHEMAS, TOPICS_FILE

FILES = sorted(file for file in SCHEMAS.glob("*.json") if file.name != TOPICS_FILE)


def parsed(document: Path) -> tuple[int, list[str]]:
    """The parser's exit code, and a line for each thing that it says."""
    node, script = have(validator)
    done = subprocess.run([node, script, document], capture_output=True, text=True, check=False, timeout=120)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def checked(*arguments: object) -> tuple[int, str]:
    """What check-jsonschema says."""
    program = have(check_jsonschema)
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_the_parser_finds_nothing_to_say() -> None:
    """No error, and no hint either."""
    assert parsed(ASYNCAPI) == (0, [])


@pytest.mark.slow
def test_the_parser_refuses_what_is_wrong(tmp_path: Path) -> None:
    """A channel that leads nowhere, and a payload that is no schema, in a copy."""
    document = msgspec.json.decode(ASYNCAPI.read_bytes())
    document["operations"]["send-nudges"]["channel"]["$ref"] = "#/channels/nowhere"
    document["components"]["schemas"]["nudges"]["properties"]["text"]["type"] = "words"
    copy = tmp_path / "asyncapi.json"
    copy.write_bytes(msgspec.json.encode(document))
    code, said = parsed(copy)
    assert code == 1
    assert any(line.startswith("error") for line in said)


@pytest.mark.slow
def test_every_schema_is_a_schema() -> None:
    """All of them by draft-07's own schema."""
    assert len(FILES) > 20
    code, said = checked("--check-metaschema", *FILES)
    assert code == 0, said


@pytest.mark.slow
def test_what_is_no_schema_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """A type that there is not; an example without its id."""
    schema = msgspec.json.decode((SCHEMAS / "nudges.json").read_bytes())
    broken = tmp_path / "broken.json"
    broken.write_bytes(msgspec.json.encode(schema | {"type": "thing"}))
    assert checked("--check-metaschema", broken)[0] == 1
    example = msgspec.json.decode((EXAMPLES / "nudges.json").read_bytes())[0]
    fits, lacks = tmp_path / "fits.json", tmp_path / "lacks.json"
    fits.write_bytes(msgspec.json.encode(example))
    del example["nudge_id"]
    lacks.write_bytes(msgspec.json.encode(example))
    assert checked("--schemafile", SCHEMAS / "nudges.json", fits)[0] == 0
    code, said = checked("--schemafile", SCHEMAS / "nudges.json", lacks)
    assert code == 1
    assert "nudge_id" in said
