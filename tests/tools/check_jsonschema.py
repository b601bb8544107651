"""check-jsonschema, which holds schemas against their own schema; it lives apart, since it wants another click."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import environment

REQUIREMENTS = Path(__file__).with_suffix(".txt")


def check_jsonschema() -> Path:
    """The program."""
    return environment("check-jsonschema", REQUIREMENTS) / "check-jsonschema"
