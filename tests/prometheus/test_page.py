"""A worker's page of metrics as Prometheus' own tool judges it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.facts.http.at_home import at_home, event
from tests.tools import have
from tests.tools.prometheus import promtool


def judged(page: str) -> subprocess.CompletedProcess[str]:
    """What `promtool check metrics` says."""
    return subprocess.run(
        [have(promtool), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )


async def test_the_page_follows_prometheus_conventions(tmp_path: Path) -> None:
    """Names, units and help texts; and the tool that says so finds what is wrong with another page."""
    async with at_home(tmp_path) as house:
        await house.post(event())
        await house.decided()
        page = (await house.get("/metrics")).body
    found = judged(page)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")
    assert judged(page.replace("tactful_events_total", "tactful_events")).returncode == 3
