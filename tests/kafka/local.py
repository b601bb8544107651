"""A broker of our own: one KRaft node on the loopback, from the jars that Maven brings."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.ports import LOOPBACK, free_ports

POM = Path(__file__).with_name("pom.xml")
START_LIMIT = 90.0
"""Seconds; 3 to 6 are usual on two idle cores, 9 on two busy ones."""

PROPERTIES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Abandoned transactions are looked for each second, not each ten: a test waits for their timeout alone.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    # Tests of a member's death need not wait for the usual lower bound of 6 s.
    "group.min.session.timeout.ms": "1000",
    # A broker that was killed may register again after its old session has ended: 9 s unless it is cut.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controlled.shutdown.enable": "false",
    # 128 MB by default, a third of the heap.
    "log.cleaner.dedupe.buffer.size": "16777216",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class NoBrokerError(Exception):
    """There is no way to a broker on this machine; the text says what would make one."""


def cache() -> Path:
    """Where the broker's jars are kept between runs."""
    return Path(os.environ.get("TACTFUL_TEST_CACHE") or Path.home() / ".cache" / "tactful-test")


def jars() -> Path:
    """The folder with the broker's jars, brought by Maven the first time (54 MB); each pom has its own."""
    folder = cache() / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if folder.exists():
        return folder
    if not shutil.which("mvn"):
        raise NoBrokerError("Maven (mvn) is needed once to bring the broker's jars: install it")
    cache().mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix="kafka-", dir=cache()))
    copy = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [*copy, f"-DoutputDirectory={unfinished}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise NoBrokerError(
                f"Maven could not bring the broker's jars:\n{(done.stdout + done.stderr)[-2000:]}"
            )
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.exists():  # else another run was quicker
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def wait_until_answering(
    address: str, limit: float = START_LIMIT, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Return when a broker at this address has joined its cluster; TimeoutError when none does in time."""
    asyncio.run(_answering(address, time.monotonic() + limit, process))


async def _answering(address: str, end: float, process: subprocess.Popen[bytes] | None) -> None:
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise NoBrokerError(f"the broker ended with {process.returncode} before it answered")
        if _listens(address):
            admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5000)
            try:
                await admin.start()
                if (await admin.describe_cluster())["brokers"]:
                    return
            except (KafkaError, OSError, TimeoutError):
                pass  # not yet: asked again until `end`
            finally:
                await admin.close()
        await asyncio.sleep(0.1)
    raise TimeoutError(f"no Kafka answers at {address}")


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def new_cluster_id() -> str:
    """Sixteen random bytes as Kafka writes them."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def java(*arguments: str, heap: str = "128m", quick_start: bool = True) -> list[str]:
    """The command that runs one of Kafka's own classes."""
    lean = [f"-Xmx{heap}", "-XX:+UseSerialGC"]
    if quick_start:
        # For a test a start of 3 s matters more than what the second compiler gains later.
        lean.append("-XX:TieredStopAtLevel=1")
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", *lean, quiet, "-cp", f"{jars()}/*", *arguments]


class LocalKafka:
    """One KRaft node on the loopback, in a process group of its own.

    It ends, and its folder goes, with the process that began it, however that ends.
    `kill` and `start` again are a broker's crash: address and data stay.
    `folder` is for who wants to keep the data: it is not removed.
    A node of several is given its number, all their `voters` (`1@host:port,...`) and their cluster's id.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        folder: Path | None = None,
        heap: str = "384m",
        quick_start: bool = True,
        properties: Mapping[str, str] | None = None,
        node: int = 1,
        voters: str | None = None,
        cluster_id: str | None = None,
        listeners: Mapping[str, str] | None = None,
        scram_users: Mapping[str, str] | None = None,
    ) -> None:
        """`listeners`: more of them by name, each with its security protocol; `scram_users` have a password each."""
        jars()
        if not shutil.which("java"):
            raise NoBrokerError("Java 17 or newer is needed to run a broker: install a JRE")
        self._protocols = dict(listeners or {})
        self._scram_users = dict(scram_users or {})
        free = free_ports(2 + len(self._protocols))
        self.listeners = {
            name: f"{LOOPBACK}:{at}" for name, at in zip(self._protocols, free[2:], strict=True)
        }
        """The address of each of the additional listeners."""
        self.address = f"{LOOPBACK}:{port or free[0]}"
        self._heap = heap
        self._quick_start = quick_start
        self._more = dict(properties or {})
        self._kept = folder is not None
        self._folder = folder or Path(tempfile.mkdtemp(prefix="tactful-kafka-"))
        self._node = node
        self._voters = voters or self._voters_so_far() or f"{node}@{LOOPBACK}:{free[1]}"
        self._cluster_id = cluster_id or new_cluster_id()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The running broker's process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Format a new folder, start the broker, wait until it answers; a failed start leaves nothing."""
        with self._leaving_nothing():
            self._launch()
            wait_until_answering(self.address, process=self._process)

    def launch(self) -> None:
        """Start it without waiting for its answer: a node of several answers when most of them are there."""
        with self._leaving_nothing():
            self._launch()

    def kill(self) -> None:
        """End the broker at once, as a crash would; its data stays for the next `start`."""
        if self._process:
            self._process.kill()
        self._ended()

    def terminate(self, within_s: float = 30.0) -> None:
        """Ask the broker to hand its partitions over and to end; killed when it has not ended in time."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(within_s)
        self.kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay open, and nobody answers."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _launch(self) -> None:
        properties = self._written_properties()
        if not (self._folder / "data").exists():
            self._format(properties)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(properties)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watch(self._process.pid)

    @contextmanager
    def _leaving_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException as failure:
            said = self._log_tail()
            self.stop()
            failure.add_note(f"the broker said: {said or 'nothing'}")
            raise

    def _ended(self) -> None:
        if self._watcher:
            self._watcher.kill()  # before the broker's id is free for another process
            self._watcher.communicate()
            self._watcher = None
        if self._process:
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End the broker; nothing of a test's is worth an orderly shutdown, which takes seconds."""
        self.kill()
        if not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _voters_so_far(self) -> str:
        """The quorum that a kept folder was written by: Kafka refuses another one, even on another port."""
        file = self._folder / "server.properties"
        lines = file.read_text().splitlines() if file.exists() else []
        return dict(line.split("=", 1) for line in lines).get("controller.quorum.voters", "")

    def _written_properties(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        more = "".join(f",{name}://{address}" for name, address in self.listeners.items())
        protocols = "".join(f",{name}:{protocol}" for name, protocol in self._protocols.items())
        values = PROPERTIES | {
            "controller.quorum.voters": self._voters,
            "node.id": str(self._node),
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{self._controller}{more}",
            "advertised.listeners": f"PLAINTEXT://{self.address}{more}",
            "listener.security.protocol.map": PROPERTIES["listener.security.protocol.map"] + protocols,
            "log.dirs": str(self._folder / "data"),
        }
        file = self._folder / "server.properties"
        file.write_text("".join(f"{key}={value}\n" for key, value in (values | self._more).items()))
        return file

    @property
    def _controller(self) -> str:
        """Where this node votes."""
        return dict(voter.split("@", 1) for voter in self._voters.split(","))[str(self._node)]

    def _format(self, properties: Path) -> None:
        users = [
            word
            for name, password in self._scram_users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for word in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]
        with (self._folder / "log").open("ab") as log:
            subprocess.run(
                # The `=` form: an id may begin with a dash.
                self._java(
                    "kafka.tools.StorageTool",
                    "format",
                    f"--cluster-id={self._cluster_id}",
                    "-c",
                    str(properties),
                    *users,
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=START_LIMIT,
                check=True,
            )

    def _java(self, *arguments: str) -> list[str]:
        return java(*arguments, heap=self._heap, quick_start=self._quick_start)

    def _watch(self, pid: int) -> None:
        """A shell that waits until we vanish, even by SIGKILL: the pipe closes, broker and folder go."""
        remove = "" if self._kept else '; rm -rf -- "$1"'
        self._watcher = subprocess.Popen(
            ["sh", "-c", f'cat >/dev/null; kill -9 "$0"{remove}', str(pid), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _log_tail(self) -> str:
        log = self._folder / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""
