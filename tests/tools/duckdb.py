"""DuckDB beside the developers' environment: what `tactful outcomes` needs, and what its files are checked by."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.tools.keeping import kept, run

REQUIREMENTS = Path(__file__).with_suffix(".txt")


def duckdb() -> Path:
    """A folder for `PYTHONPATH`."""

    def make(folder: Path) -> None:
        pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
        run("DuckDB", *pip, "install", "--no-deps", "--require-hashes", "-r", REQUIREMENTS, "-t", folder)

    # The wheel is of one Python: it outlives no change of it.
    return kept("duckdb", f"{sys.version}\n{REQUIREMENTS.read_text()}", make)
