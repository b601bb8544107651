"""A Kafka of one node or of three on the loopback, whose nodes can be killed, frozen and brought back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient

from tests.kafka.local import LocalKafka, java, new_cluster_id, wait_until_answering
from tests.ports import LOOPBACK, free_ports

HEAP_OF_THREE = "384m"
TOOL_WITHIN_S = 60.0


class Cluster:
    """All nodes are broker and controller; with three everything is on all of them, and two must have a record."""

    def __init__(self, brokers: int) -> None:
        self.brokers = brokers
        ports = free_ports(2 * brokers)
        voters = ",".join(f"{n + 1}@{LOOPBACK}:{ports[brokers + n]}" for n in range(brokers))
        cluster_id = new_cluster_id()
        self.nodes = [
            LocalKafka(
                port=ports[n],
                heap=HEAP_OF_THREE,
                properties=_properties(brokers),
                node=n + 1,
                voters=voters,
                cluster_id=cluster_id,
            )
            for n in range(brokers)
        ]

    @property
    def bootstrap(self) -> str:
        """All of them: whichever is there answers."""
        return ",".join(node.address for node in self.nodes)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._start_all)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._stop_all)

    def _start_all(self) -> None:
        try:
            for node in self.nodes:
                node.launch()
            for node in self.nodes:
                wait_until_answering(node.address)
        except BaseException:
            self._stop_all()
            raise

    def _stop_all(self) -> None:
        for node in self.nodes:
            node.stop()

    # What can be done to a node; they are counted from 0.

    async def kill(self, *which: int) -> None:
        """SIGKILL; address and data stay."""
        await self._each(which, lambda node: node.kill())

    async def terminate(self, *which: int) -> None:
        """SIGTERM: its partitions are handed over first."""
        await self._each(which, lambda node: node.terminate())

    async def start(self, *which: int) -> None:
        """On the same address and data; returns when each answers."""
        await self._each(which, lambda node: node.launch())
        await self._each(which, lambda node: wait_until_answering(node.address))

    def freeze(self, *which: int) -> None:
        """SIGSTOP: connections stay open, and nobody answers."""
        self._signal(which, signal.SIGSTOP)

    def thaw(self, *which: int) -> None:
        """SIGCONT."""
        self._signal(which, signal.SIGCONT)

    def _signal(self, which: Sequence[int], number: signal.Signals) -> None:
        for n in which:
            pid = self.nodes[n].pid
            assert pid is not None, f"broker {n} does not run"
            os.kill(pid, number)

    async def _each(self, which: Sequence[int], do: Callable[[LocalKafka], None]) -> None:
        await asyncio.gather(*(asyncio.to_thread(do, self.nodes[n]) for n in which))

    # Who leads what.

    async def leader(self, topic: str, partition: int) -> int:
        """The node that leads a partition, counted from 0; -1 when none does."""
        return (await self.leaders(topic))[partition]

    async def leaders(self, topic: str) -> dict[int, int]:
        """Of each partition the node that leads it, counted from 0."""
        (found,) = [each for each in await self._described() if each["topic"] == topic]
        return {
            each["partition"]: each["leader"] - 1 if each["leader"] > 0 else -1
            for each in found["partitions"]
        }

    async def in_sync(self, prefix: str) -> bool:
        """Whether every replica of these topics, and of the broker's own, has caught up."""
        return all(
            len(each["isr"]) == len(each["replicas"])
            for found in await self._described()
            if found["topic"].startswith((prefix, "__"))
            for each in found["partitions"]
        )

    async def _described(self) -> list[Any]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        await admin.start()
        try:
            return list(await admin.describe_topics())
        finally:
            await admin.close()

    async def move_leaders(self, moves: Sequence[tuple[str, int, int]]) -> None:
        """Give each (topic, partition) this node as its leader: first of its replicas, then elected.

        By Kafka's own tools, as an operator does.
        """
        plan = {
            "version": 1,
            "partitions": [
                {
                    "topic": topic,
                    "partition": number,
                    "replicas": [to + 1, *(n + 1 for n in range(self.brokers) if n != to)],
                }
                for topic, number, to in moves
            ],
        }
        named = {"partitions": [{"topic": topic, "partition": number} for topic, number, _ in moves]}
        with tempfile.TemporaryDirectory(prefix="tactful-moves-") as folder:
            reassignment, elections = Path(folder) / "reassignment.json", Path(folder) / "elections.json"
            reassignment.write_text(json.dumps(plan))
            elections.write_text(json.dumps(named))
            at = ("--bootstrap-server", self.bootstrap)
            await self._tool(
                "reassign.ReassignPartitionsCommand",
                *at,
                "--execute",
                "--reassignment-json-file",
                str(reassignment),
            )
            await self._tool(
                "LeaderElectionCommand",
                *at,
                "--election-type",
                "preferred",
                "--path-to-json-file",
                str(elections),
            )

    async def _tool(self, name: str, *arguments: str) -> str:
        done = await asyncio.to_thread(
            subprocess.run,
            java(f"org.apache.kafka.tools.{name}", *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TOOL_WITHIN_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout


def _properties(brokers: int) -> dict[str, str]:
    """What several nodes need beyond a single one."""
    if brokers == 1:
        return {}
    count, least = str(brokers), str(brokers // 2 + 1)
    return {
        "default.replication.factor": count,
        "min.insync.replicas": least,
        "offsets.topic.replication.factor": count,
        "transaction.state.log.replication.factor": count,
        "transaction.state.log.min.isr": least,
        "share.coordinator.state.topic.replication.factor": count,
        "share.coordinator.state.topic.min.isr": least,
        "controlled.shutdown.enable": "true",
        # Three on two cores: a node that is slow for a moment is not dead.
        "broker.session.timeout.ms": "6000",
        "replica.lag.time.max.ms": "6000",
    }
