"""While a worker has an embedded log open, the commands read and write it through that worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.facts.cli.terminal import Said, Terminal
from tests.worker.process import until, worker
from topics.dead_letters import dead_letter
from topics.record import Record


class AtWork:
    """A terminal beside a worker."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    async def tactful(self, *words: object, **more: Any) -> Said:
        """In a thread: a command runs an event loop of its own."""
        return await asyncio.to_thread(self.terminal.tactful, *words, **more)

    async def send(self, kind: str, data: str) -> Said:
        return await self.tactful("events", "send", "--user", "ana", "--type", kind, "--data", data)


@pytest.fixture
async def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AtWork]:
    """The worker wants a token, which the terminal knows."""
    monkeypatch.chdir(tmp_path)
    token = tmp_path / "token"
    token.write_text("open sesame\n")
    log = tmp_path / "log"
    terminal = Terminal(tmp_path, {"TACTFUL_HTTP__TOKEN_FILE": str(token)})
    at_ms = int(datetime.now(UTC).timestamp() * 1000)
    letter = Record("user-events", 0, 0, b"ana", b'{"id": "1", "source": "s", "type": "app.opened"}', at_ms)
    terminal.append(dead_letter(letter, "defect", "ValueError", at_ms))
    async with worker(tmp_path / "worker", LOG=f"embedded:{log}", HTTP__TOKEN_FILE=str(token)) as one:
        terminal.env["TACTFUL_HTTP"] = one.url.removeprefix("http://")
        terminal.env["TACTFUL_POLICY"] = str(tmp_path / "worker" / "policy.yaml")
        await until(lambda: one.heard("ready"), said=one.said)
        yield AtWork(terminal)


@pytest.mark.slow
async def test_commands_speak_to_the_worker(at_work: AtWork) -> None:
    """Events in, people, plans, reasons, a pause, dead letters back, the verifier: nobody waits for the folder."""
    due = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert (await at_work.send("consent.changed", '{"agent": "*", "granted": true}')).code == 0
    wish = f'{{"agent": "follow_up", "subject": "the thesis", "due_at": "{due}"}}'
    assert (await at_work.send("intent.requested", wish)).code == 0
    async with asyncio.timeout(30):  # the consent may be known before the wish is
        while "the thesis" not in (await at_work.tactful("intents", "ana")).out:  # noqa: ASYNC110 - as in process.py
            await asyncio.sleep(0.05)
    assert (await at_work.tactful("person", "ana", "--json")).object["consents"] == {"*": True}
    assert "because of intent.requested" in (await at_work.tactful("explain", "ana")).out
    assert (await at_work.tactful("agents", "pause", "digest")).code == 0
    listed = (await at_work.tactful("agents", "list", "--json")).objects
    assert [one["name"] for one in listed if one["paused"]] == ["digest"]
    assert (await at_work.tactful("dead-letter", "replay", "--json")).object["replayed"] == [
        "dead-letter-0@0"
    ]
    tailed = (await at_work.tactful("events", "tail", "user-events", "--user", "ana", "--json")).objects
    assert [one["value"]["type"] for one in tailed] == ["consent.changed", "intent.requested", "app.opened"]
    assert tailed[-1]["headers"] == [["tactful_replayed", "dead-letter-0@0"]]
    verified = await at_work.tactful("verify", "--json")
    assert (verified.code, verified.object["broken"], verified.object["open"]) == (0, [], 2)
    doctor = await at_work.tactful("doctor", "--json", env={"TACTFUL_MODEL": "none"})
    assert any("is at work on" in one["says"] for one in doctor.objects)


@pytest.mark.slow
async def test_the_worker_refuses_what_the_log_would(at_work: AtWork) -> None:
    """A time ahead, a topic that is the worker's own; and everything to who has not its token."""
    ahead = (
        '{"id": "1", "source": "s", "type": "app.opened", "user_id": "ana", "time": "2999-01-01T00:00:00Z"}'
    )
    file = at_work.terminal.file("ahead.jsonl", ahead)
    said = await at_work.tactful("events", "import", file, "--timestamps", "event")
    assert (said.code, "timestamp_ms: " in said.err) == (2, True)
    other = at_work.terminal.folder / "other"
    other.write_text("guess")
    said = await at_work.tactful("events", "tail", "nudges", env={"TACTFUL_HTTP__TOKEN_FILE": str(other)})
    assert said.code == 3
    assert "wants its token: set TACTFUL_HTTP__TOKEN_FILE" in said.err
