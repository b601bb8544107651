"""axe-core, which looks for what keeps people from using a page; it comes inside a small wheel."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.tools.keeping import kept, wheel

REQUIREMENTS = Path(__file__).with_suffix(".txt")


def axe() -> Path:
    """The script, to be evaluated in a page."""
    return kept("axe", REQUIREMENTS.read_text(), _unpack) / "axe.min.js"


def _unpack(folder: Path) -> None:
    brought = wheel(REQUIREMENTS, folder)
    with zipfile.ZipFile(brought) as archive:
        (folder / "axe.min.js").write_bytes(archive.read("axe_playwright_python/axe.min.js"))
    brought.unlink()
