"""The chart's manifests as processes of this machine: the same settings, each pod with a folder as its volume."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from typer.testing import CliRunner

from app.cli.main import app
from tests.deployment.chart import CHART, Rendered, Schemas, named, of_kind, pods, rendered, run
from tests.ports import LOOPBACK, free_port
from tests.tools.kubernetes import NEWEST

HERE = Path(__file__).parent
VALUES = HERE / "values.yaml"
SCRIPT = HERE / "script.yaml"
COMMAND = Path(sys.executable).with_name("tactful")
READY_WITHIN_S = 60.0
TOKEN = "only-for-this-hour"
"""What the Secret of worker.http.tokenSecret would hold."""


class NotReadyError(Exception):
    """A pod did not come up in time; the text is the end of its log."""


@dataclass
class Installation:
    """A release that is rendered, and where what its manifests mount lies here."""

    bootstrap: str
    prefix: str
    folder: Path
    resources: Rendered = field(init=False)

    def __post_init__(self) -> None:
        kafka = {"bootstrap": self.bootstrap, "topicPrefix": self.prefix, "group": f"{self.prefix}tactful"}
        self.resources = rendered(VALUES, kafka=kafka | {"sessionTimeout": "10s"})

    def problems(self) -> list[str]:
        """What the schemas of Kubernetes have against the manifests."""
        schemas = Schemas(NEWEST)
        return [
            f"{one['kind']} {one['metadata']['name']}: {problem}"
            for one in self.resources
            for problem in schemas.problems(one)
        ]

    @property
    def linted(self) -> str:
        """What `helm lint --strict` says."""
        done = run("lint", "--strict", CHART, "--values", VALUES)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.replace(str(CHART), CHART.name)

    def container(self, pod: str) -> dict[str, Any]:
        """The first container of a pod, by its kind and name."""
        spec = dict(pods(self.resources))[pod]
        container: dict[str, Any] = spec["containers"][0]
        return container

    def names(self) -> list[str]:
        """The workers' pods, as a StatefulSet calls them."""
        return [f"{self.worker}-{n}" for n in range(self._workers["spec"]["replicas"])]

    @property
    def worker(self) -> str:
        """The name of the workers' StatefulSet."""
        name: str = self._workers["metadata"]["name"]
        return name

    @property
    def _workers(self) -> dict[str, Any]:
        (one,) = (
            each
            for each in of_kind(self.resources, "StatefulSet")
            if each["metadata"]["name"].endswith("-worker")
        )
        return one

    def environment(self, container: Mapping[str, Any], pod: str) -> dict[str, str]:
        """The container's variables; what its volumes hold lies in files here, and its address is the loopback."""
        given = {one["name"]: one.get("value") or pod for one in container["env"]}
        own = self.folder / pod
        own.mkdir(parents=True, exist_ok=True)
        for name, value in given.items():
            match value:
                case "/var/lib/tactful":
                    given[name] = str(own / "state")
                case "/etc/tactful/policy.yaml":
                    given[name] = str(self._written(own / "policy.yaml", self._policy()))
                case "/run/tactful/http-token/token":
                    given[name] = str(self._written(own / "token", TOKEN))
                case _:
                    pass
        if "TACTFUL_HTTP" in given:
            port = free_port()
            given["TACTFUL_HTTP"] = f"{LOOPBACK}:{port}"
            given["TACTFUL_MODEL__SCRIPT"] = str(SCRIPT)
        return given

    def _policy(self) -> str:
        name = f"{self.worker.removesuffix('-worker')}-policy"
        policy: str = named(self.resources, "ConfigMap", name)["data"]["policy.yaml"]
        return policy

    @staticmethod
    def _written(path: Path, text: str) -> Path:
        path.write_text(text)
        return path


def tactful(env: Mapping[str, str], *words: str, code: int = 0) -> str:
    """What a command says, with these variables and none of this machine's; it ends with this code."""
    others = [name for name in os.environ if name.startswith(("TACTFUL_", "ANTHROPIC_"))]
    done = CliRunner().invoke(app, words, env=dict.fromkeys(others) | dict(env))
    assert done.exit_code == code, (
        f"tactful {' '.join(words)}: {done.exit_code}\n{done.output}{done.exception!r}"
    )
    return done.output


@dataclass
class Pod:
    """One worker, which may be ended and started again on its volume."""

    name: str
    env: dict[str, str]
    args: list[str]
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        """Seconds until /readyz answers 200."""
        mine = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL_")}
        began = time.monotonic()
        with self.log.open("ab") as said:
            self.process = await asyncio.create_subprocess_exec(
                str(COMMAND), *self.args, env=mine | self.env, stderr=said, stdout=said
            )
        async with aiohttp.ClientSession() as session:
            while time.monotonic() - began < READY_WITHIN_S:
                if (await self.ready(session))[0] == 200:
                    return time.monotonic() - began
                await asyncio.sleep(0.05)
        raise NotReadyError(self.log.read_text()[-3000:])

    async def ready(self, session: aiohttp.ClientSession) -> tuple[int, Any]:
        """Status and body of /readyz; 0 when nobody answers."""
        try:
            async with session.get(f"http://{self.env['TACTFUL_HTTP']}/readyz") as answer:
                return answer.status, json.loads(await answer.read())
        except (aiohttp.ClientError, OSError):
            return 0, None

    async def metrics(self) -> bytes:
        """The page that Prometheus reads."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://{self.env['TACTFUL_HTTP']}/metrics") as answer,
        ):
            return await answer.read()

    async def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Its exit code, and the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait(), time.monotonic() - began
