"""kafkajs, a client of Kafka for Node: one of the producers of the docs is written for it."""

from __future__ import annotations

from pathlib import Path

from tests.tools.keeping import npm_folder, on_path

PACKAGE = Path(__file__).with_name("kafkajs_package")


def node_with_kafkajs() -> tuple[Path, Path]:
    """Node, and the folder for its `NODE_PATH`."""
    return on_path("node", "nodejs"), npm_folder("kafkajs", PACKAGE) / "node_modules"
