"""Chromium, for the console's pages; Debian brings it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.tools.keeping import on_path


def chromium() -> Path:
    """Debian's, or the browser of that family that the machine has."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if shutil.which(name):
            return on_path(name, "chromium")
    return on_path("chromium", "chromium")
