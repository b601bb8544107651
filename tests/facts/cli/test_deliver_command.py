"""`tactful deliver` as somebody types it: what it refuses, and how it ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from tests.facts.cli.terminal import Terminal
from tests.facts.deliver.nudging import SECRET, Receiver, nudge
from topics.encode import encode
from topics.record import NewRecord

HOOK = "http://127.0.0.1:1/hook"
ENV = {"TACTFUL_WEBHOOK_SECRET": SECRET}


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """A receiver in a thread of its own: the command has the event loop of this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def answer(came: object) -> web.Response:
        return web.Response(status=400 if b"bad" in getattr(came, "body", b"") else 200)

    one = Receiver(lambda: datetime.now(UTC), answer)
    asyncio.run_coroutine_threadsafe(one.appear(), loop).result(10)
    yield one
    asyncio.run_coroutine_threadsafe(one.disappear(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def committed(terminal: Terminal, *names: str) -> None:
    """The worker has written nudges of these names, each to a person of its own."""
    now = datetime.now(UTC)
    made = [nudge(name, f"person {name}", at=now, lasts=timedelta(hours=1)) for name in names]
    terminal.append(*(NewRecord("nudges", one.user_id.encode(), encode(one), 0) for one in made))


def test_until_idle_delivers_what_is_there_and_tells_it(terminal: Terminal, hook: Receiver) -> None:
    """One line an end, without the text; the receipts stand in the log, and a second run has nothing to do."""
    committed(terminal, "a", "b")
    words = ("deliver", "--webhook", hook.url, "--state", terminal.folder / "state", "--until-idle", "--json")
    said = terminal.tactful(*words, env=ENV)
    assert said.code == 0, said.err
    assert {one["nudge_id"]: one["end"] for one in said.objects[:-1]} == {"a": "delivered", "b": "delivered"}
    assert "How did" not in said.out + said.err
    assert len(terminal.records("user-events")) == 2
    again = terminal.tactful(*words, env=ENV)
    assert again.objects == [{"ended": {}, "waiting": 0}]
    assert sorted(hook.taken) == ["a", "b"]


def test_what_was_refused_for_good_is_exit_1(terminal: Terminal, hook: Receiver) -> None:
    """With its status as the reason."""
    committed(terminal, "bad")
    said = terminal.tactful(
        "deliver",
        "--webhook",
        hook.url,
        "--state",
        terminal.folder / "state",
        "--until-idle",
        "--json",
        env=ENV,
    )
    assert said.code == 1
    assert (said.objects[0]["end"], said.objects[0]["reason"]) == ("rejected", "status 400")


@pytest.mark.parametrize(
    ("words", "env", "says"),
    [
        (("--webhook", HOOK), {}, "the secret does not begin with whsec_"),
        (("--webhook", HOOK, "--secret-file", "nowhere"), {}, "cannot be read"),
        (("--webhook", "http://example.com/hook"), ENV, "--allow-http"),
        (("--webhook", "example.com"), ENV, "it is no address"),
        (("--webhook", HOOK, "--timeout", "soon"), ENV, "--timeout"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_posted(
    terminal: Terminal, words: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    """Exit 2, with what to do."""
    said = terminal.tactful("deliver", *words, env=env)
    assert (said.code, says in said.err) == (2, True), said.err


def test_without_a_worker_there_is_nothing_to_follow(terminal: Terminal) -> None:
    """A folder that nobody writes to is not held open: exit 3."""
    committed(terminal, "a")
    said = terminal.tactful("deliver", "--webhook", HOOK, env=ENV)
    assert said.code == 3
    assert "start `tactful worker` first" in said.err
