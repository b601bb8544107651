"""AsyncAPI's own parser, which runs on Node."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import npm_folder, on_path

PACKAGE = Path(__file__).with_name("asyncapi_parser")


def validator() -> tuple[Path, Path]:
    """Node, and the script that holds documents against the parser."""
    return on_path("node", "nodejs"), npm_folder("asyncapi", PACKAGE) / "validate.js"
