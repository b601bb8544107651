"""A record of a real worker, on a real clock and killed in the middle, decided again."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kafka.real_conversations import POLICY, told_lately
from tests.kafka.test_real_conversations import PEOPLE, _conversations
from tests.worker.process import COMMAND, until, worker

RECORDED = ("user-events", "nudge-pass", "nudge-outcome", "nudges", "nudge-controls")


async def tactful(*words: str, **env: str) -> tuple[int, str]:
    """Exit code and words of a command."""
    given = os.environ | {f"TACTFUL_{name}": value for name, value in env.items()}
    process = await asyncio.create_subprocess_exec(
        str(COMMAND), *words, env=given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@pytest.mark.slow
async def test_conversations_in_the_form_of_memorybank_are_decided_alike(tmp_path: Path) -> None:
    """Passes that began late, a worker that died, answers that took their time: not a microsecond differs."""
    policy = tmp_path / "quick.yaml"
    policy.write_text(POLICY)
    log = {"LOG": f"embedded:{tmp_path / 'log'}", "POLICY": str(policy)}
    events = tmp_path / "events.jsonl"
    events.write_bytes(told_lately(_conversations(tmp_path), "memorybank", datetime.now(UTC)))
    code, said = await tactful("events", "import", str(events), **log, HTTP="127.0.0.1:1")
    assert code == 0, said
    async with worker(tmp_path, **log) as first:
        await asyncio.sleep(0.3)
        await first.end(signal.SIGKILL)
    async with worker(tmp_path, **log) as second:
        await until(lambda: second.heard("ready: "), said=second.said)
        here = second.url.removeprefix("http://")
        for _ in range(30):
            _, closed = await tactful("events", "tail", "nudge-outcome", "--json", **log, HTTP=here)
            if len(closed.splitlines()) == PEOPLE:
                break
            await asyncio.sleep(1)
        await second.ended_well()
    record = tmp_path / "record.jsonl"
    record.write_text((await tactful("events", "tail", *RECORDED, "--json", **log, HTTP="127.0.0.1:1"))[1])
    code, said = await tactful(
        "backtest", "--from", str(record), "--policy", str(policy), "--tolerance", "0s"
    )
    assert code == 0, said
    assert f"nothing differs: {PEOPLE} decisions are the same, in order and time" in said, said
