"""AsyncAPI's own parser, which runs on Node."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.tools.keeping import kept, on_path, run

PACKAGE = Path(__file__).with_name("asyncapi_parser")
LOCK = PACKAGE / "package-lock.json"


def validator() -> tuple[Path, Path]:
    """Node, and the script that holds documents against the parser."""
    node, npm = on_path("node", "nodejs"), on_path("npm", "npm")

    def make(folder: Path) -> None:
        shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
        run("AsyncAPI's parser", npm, "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund")

    recipe = "".join(file.read_text() for file in sorted(PACKAGE.iterdir()))
    return node, kept("asyncapi", recipe, make) / "validate.js"
