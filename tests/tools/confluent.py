"""Confluent's client on librdkafka, in an environment apart: one of the producers of the docs is written for it."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import environment

REQUIREMENTS = Path(__file__).with_suffix(".txt")


def confluent_python() -> Path:
    """The interpreter that has it."""
    return environment("confluent", REQUIREMENTS) / "python"
