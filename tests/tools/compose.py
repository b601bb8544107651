"""What reads compose files as an engine's own tool does, without an engine."""

from __future__ import annotations

import shutil
import subprocess

from tests.tools.keeping import LackingError


def compose() -> list[str]:
    """The command: docker-compose, or docker with its plugin."""
    if (found := shutil.which("docker-compose")) is not None:
        return [found]
    plugin = ["docker", "compose"]
    if (
        shutil.which("docker")
        and not subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode
    ):
        return plugin
    raise LackingError(
        "there is no docker-compose and no `docker compose`: on Debian, apt install docker-compose"
    )
