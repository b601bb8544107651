"""A real Prometheus that scrapes workers every second and judges the alerts' rules."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.ports import free_port
from tests.tools import have
from tests.tools.prometheus import prometheus as program

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "helm" / "alerts").glob("*.yaml"))
READY_WITHIN_S = 20.0
CONFIG = """
global: {{scrape_interval: {every}, scrape_timeout: {every}, evaluation_interval: {every}}}
rule_files: [{rules}]
scrape_configs:
  - job_name: tactful
    static_configs: [{{targets: [{targets}]}}]
"""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: its labels, and its points as pairs of time and value."""

    labels: dict[str, str]
    points: list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A server that runs."""

    url: str
    session: aiohttp.ClientSession

    async def over_time(self, expr: str, *, since: float, until: float, step_s: float = 1.0) -> list[Series]:
        """What the expression gives from one second to another."""
        given = {"query": expr, "start": str(since), "end": str(until), "step": str(step_s)}
        found = await self._ask("query_range", given)
        return [
            Series(one["metric"], [(at, float(value)) for at, value in one["values"]])
            for one in found["result"]
        ]

    async def now(self, expr: str, *, at: float | None = None) -> list[Series]:
        """What the expression gives now, or at another second."""
        found = await self._ask("query", {"query": expr} | ({} if at is None else {"time": str(at)}))
        return [Series(one["metric"], [(one["value"][0], float(one["value"][1]))]) for one in found["result"]]

    async def firing(self) -> set[str]:
        """The alerts that call."""
        found = await self._ask("alerts", {})
        return {one["labels"]["alertname"] for one in found["alerts"] if one["state"] == "firing"}

    async def _ask(self, what: str, given: dict[str, str]) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/api/v1/{what}", params=given) as answer:
            body: dict[str, Any] = await answer.json()
        if body["status"] != "success":
            raise AssertionError(f"{given}: {body}")
        data: dict[str, Any] = body["data"]
        return data


def impatient(rules: str) -> str:
    """The same rules, which wait a second before they call."""
    return re.sub(r"^(\s+for:) \d+[smh]$", r"\1 1s", rules, flags=re.MULTILINE)


def _configured(folder: Path, workers: Sequence[str], *, patient: bool) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / path.name for path in RULES]
    for path, copy in zip(RULES, copies, strict=True):
        text = path.read_text()
        copy.write_text(text if patient else impatient(text))
    config = folder / "prometheus.yaml"
    every = "2s" if patient else "1s"
    config.write_text(
        CONFIG.format(every=every, rules=", ".join(map(str, copies)), targets=", ".join(workers))
    )
    return config


@asynccontextmanager
async def scraping(folder: Path, *workers: str, patient: bool = False) -> AsyncIterator[Prometheus]:
    """One that scrapes the workers at these addresses, `host:port` each; `patient`: alerts wait as they do outside."""
    config, port = _configured(folder, workers, patient=patient), free_port()
    with (folder / "said").open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            have(program),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            stdout=said,
            stderr=said,
        )
    try:
        async with aiohttp.ClientSession() as session:
            await _ready(session, f"http://127.0.0.1:{port}", process)
            yield Prometheus(f"http://127.0.0.1:{port}", session)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _ready(session: aiohttp.ClientSession, url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        while True:
            assert process.returncode is None, "Prometheus has ended: see what it said"
            with suppress(aiohttp.ClientError):
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
