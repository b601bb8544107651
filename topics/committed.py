"""The contract as it stands in files: what others fetch from the repository, and what was released before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from topics.asyncapi import document
from topics.json_schema import Schema, schemas
from topics.topic import Topic

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
"""One file for each record and each type of event."""
EXAMPLES = HERE / "examples"
"""A list of records for each of them, taken from a run."""
ASYNCAPI = HERE / "asyncapi.json"
RELEASED = HERE / "released"
"""A folder for each released version, with its schemas and its topics."""
TOPICS_FILE = "topics.json"
"""Beside the schemas of a version: how its topics are kept."""


Version = tuple[dict[str, Schema], dict[str, Any]]


def examples(folder: Path = EXAMPLES) -> dict[str, Sequence[Any]]:
    """The examples by the names of their schemas."""
    return {file.stem: msgspec.json.decode(file.read_bytes()) for file in sorted(folder.glob("*.json"))}


def contract(topics: Sequence[Topic]) -> dict[str, bytes]:
    """The files of this version's schemas by their names, with how the topics are kept."""
    files = {f"{name}.json": pretty(schema) for name, schema in schemas(examples()).items()}
    return files | {TOPICS_FILE: pretty(kept(topics))}


def asyncapi(topics: Sequence[Topic]) -> bytes:
    """The AsyncAPI document of this version."""
    return pretty(document(topics, examples(), version("tactful")))


def kept(topics: Sequence[Topic]) -> dict[str, Any]:
    """How each topic is kept, as far as those who read and write depend on it."""
    return {
        topic.name: {"key": topic.key, "config": topic.config, "single_partition": topic.single_partition}
        for topic in topics
    }


def every_release(folder: Path = RELEASED) -> dict[str, Version]:
    """The schemas and the topics of every version that was released, the oldest first."""
    versions = sorted((file.parent for file in folder.glob(f"*/{TOPICS_FILE}")), key=_in_order)
    return {each.name: read(each) for each in versions}


def read(folder: Path) -> Version:
    """The schemas of one version, by name, and its topics."""
    return parsed({file.name: file.read_bytes() for file in sorted(folder.glob("*.json"))})


def parsed(files: Mapping[str, bytes]) -> Version:
    """The same from its files."""
    values = {name.removesuffix(".json"): msgspec.json.decode(text) for name, text in files.items()}
    topics = values.pop(TOPICS_FILE.removesuffix(".json"))
    return values, topics


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """These files, and no other of their kind, in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {file.name for file in folder.glob("*.json")} - set(files):
        (folder / stale).unlink()
    for name, text in files.items():
        (folder / name).write_bytes(text)


def pretty(value: object) -> bytes:
    """JSON as it is committed."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _in_order(folder: Path) -> tuple[int, ...]:
    """Versions as numbers, so that 0.10.0 comes after 0.9.0."""
    return tuple(int(part) for part in folder.name.split("."))
