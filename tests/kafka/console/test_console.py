"""A console beside a worker on a real broker: it tells a person's story, and says so when it cannot."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from tests.kafka.deployment import PARTITIONS, Deployment, deployment
from tests.worker.process import Service, Worker, asked, console, worker
from topics.encode import encode, event_record
from topics.nudges import NUDGES, Nudge

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WITHIN_S = 40.0
FLOOD = 1_500
"""Events: Faust folds some thousands a second."""


@dataclass
class Live:
    """A deployment with a worker and a console on it."""

    topics: Deployment
    folder: Path
    env: dict[str, str]
    worker: Worker
    console: Worker
    session: aiohttp.ClientSession

    async def page(self, user: str, *, of: Worker | None = None, words: bool = False) -> dict[str, Any]:
        """A person's page as JSON."""
        show = "?show=text" if words else ""
        _, view = await asked(self.session, f"{(of or self.console).url}/people/{user}{show}")
        return view or {}

    async def until_page(
        self, user: str, so: Callable[[dict[str, Any]], object], *, of: Worker | None = None
    ) -> dict[str, Any]:
        """The first page of which it is so."""
        view: dict[str, Any] = {}
        try:
            async with asyncio.timeout(WITHIN_S):
                while not so(view := await self.page(user, of=of)):  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"never on a page: {msgspec.json.encode(view).decode()[:3000]}") from None
        return view

    async def happens(self, user: str, kind: str, data: dict[str, Any]) -> None:
        """An event is appended, past any worker."""
        at = datetime.now(UTC)
        ms = int(at.timestamp() * 1000)
        record = event_record(
            user_id=user,
            event_id=f"{user}-{kind}-{ms}",
            source="tests",
            event_type=kind,
            data=data,
            timestamp_ms=ms,
            time=at,
        )
        await self.topics.appender.append([record])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    """One worker and one console for all of these tests, and somebody with a past."""
    folder = tmp_path_factory.mktemp("console")
    async with AsyncExitStack() as closing:
        topics = await closing.enter_async_context(deployment(kafka))
        env = {
            "LOG": f"kafka://{kafka}",
            "TOPIC_PREFIX": topics.kafka.connection.prefix,
            "GROUP": "g",
            "KAFKA__SESSION_TIMEOUT": "6s",
        }
        working, console_ = await asyncio.gather(
            closing.enter_async_context(worker(folder / "worker", **env)),
            closing.enter_async_context(console(folder / "console", **env)),
        )
        headers = {"Accept": "application/json"}
        session = await closing.enter_async_context(
            aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.CookieJar(unsafe=True))
        )
        await Service(session, lambda: working.url).live(range(8))
        yield Live(topics, folder, env, working, console_, session)
        await console_.ended_well()


def kinds(view: dict[str, Any]) -> set[str]:
    """The kinds of a page's notes."""
    return {note["kind"] for note in view.get("notes", ())}


async def test_a_persons_story_is_on_their_page(live: Live) -> None:
    """What happened, what was planned, what was said: from the topics, with the place of each event."""
    view = await live.until_page("person-3", lambda view: view.get("nudges") and not view["notes"])
    ended = [plan for plan in view["plans"] if plan["outcome"] == "nudged"]
    assert [plan["agent"] for plan in ended] == ["follow_up"]
    assert {plan["agent"] for plan in view["plans"] if plan["status"] == "open"} == {"re_engagement"}
    assert view["partition"] == live.topics.home("person-3")
    assert [event["type"] for event in view["events"] if not event["ours"]] == [
        "consent.changed",
        "message.received",
        "conversation.ended",
        "intent.requested",
    ]
    assert all(event["decided"] for event in view["events"])
    assert "thesis" not in msgspec.json.encode(view).decode()
    words = msgspec.json.encode(await live.page("person-3", words=True)).decode()
    assert "the thesis is going slowly" in words
    audited = await asked(live.session, f"{live.console.url}/audit")
    assert audited[1]["entries"][0] | {"at": ""} == {
        "at": "",
        "who": "this machine",
        "what": "show_text",
        "about": "person-3",
        "detail": "",
    }


async def test_an_aborted_nudge_is_never_shown(live: Live) -> None:
    """A nudge whose transaction was aborted is on the broker, and on no page; the next one is shown."""
    user = live.topics.person_in(1)
    producer = live.topics.kafka.producer("aborts")
    await producer.start()
    try:
        for text, kept in (("never said", False), ("said", True)):
            await producer.begin_transaction()
            topic = live.topics.kafka.place(NUDGES.name, 1).topic
            await producer.send_and_wait(topic, encode(_nudge(user, text)), key=user.encode(), partition=1)
            await (producer.commit_transaction() if kept else producer.abort_transaction())
    finally:
        await producer.stop()
    there = await live.topics.records(NUDGES.name, committed=False)
    assert any(b"never said" in (record.value or b"") for record in there)
    await live.until_page(user, lambda view: view.get("nudges"))
    view = await live.page(user, words=True)
    assert [seen["nudge"]["text"] for seen in view["nudges"]] == ["said"]
    lines = await asked(live.session, f"{live.console.url}/tail.json?user={user}")
    assert [line["kind"] for line in lines[1]["lines"]].count("nudge") <= 1


def _nudge(user: str, text: str) -> Nudge:
    at = datetime.now(UTC)
    return Nudge(
        kind="nudge",
        nudge_id=text.replace(" ", "-"),
        user_id=user,
        agent="follow_up",
        intent_id="f" * 24,
        subject="something",
        text=text,
        locale="en",
        written_by="model",
        decided_at=at,
        not_after=at + timedelta(days=1),
    )


async def test_an_action_here_is_an_event_there(live: Live) -> None:
    """A plan is revoked and a person erased by forms of this session; the worker does it, and the page shows it."""
    user = "person-5"
    view = await live.until_page(user, lambda view: any(p["status"] == "open" for p in view.get("plans", ())))
    plan = next(plan for plan in view["plans"] if plan["status"] == "open")
    url = f"{live.console.url}/people/{user}"
    async with live.session.get(url) as answer:
        csrf = answer.headers["Tactful-Csrf"]
    async with live.session.post(f"{url}/plans/{plan['intent_id']}/revoke", data={"csrf": csrf}) as answer:
        assert answer.status == 202
    view = await live.until_page(user, lambda view: view.get("struck"))
    assert (view["struck"][0]["reason"], view["struck"][0]["event_type"]) == ("requested", "intent.revoked")
    async with live.session.post(f"{url}/erase", data={"csrf": csrf, "confirm": "person-6"}) as answer:
        assert answer.status == 400
    async with live.session.post(f"{url}/erase", data={"csrf": csrf, "confirm": user}) as answer:
        assert answer.status == 202
    view = await live.until_page(user, lambda view: view.get("erased_at") and not view.get("profile"))
    assert "message.received" not in [event["type"] for event in view["events"]]
    async with live.session.post(f"{live.console.url}/agents/digest/pause", data={"csrf": csrf}) as answer:
        assert answer.status == 202
    _, agents = await asked(live.session, f"{live.console.url}/agents")
    assert [each["name"] for each in agents["agents"] if each["paused"]] == ["digest"]


async def test_a_page_says_that_its_console_has_not_read_so_far(live: Live) -> None:
    """A flood stands on the person's partition: how much is left to read is on the page until it is read."""
    user, at = live.topics.person_in(2), datetime.now(UTC)
    others = [name for name in (f"other-{n}" for n in range(600)) if live.topics.home(name) == 2]
    flood = [
        event_record(
            user_id=others[n % len(others)],
            event_id=f"flood-{n}",
            source="tests",
            event_type="something.else",
            data={},
            timestamp_ms=int(at.timestamp() * 1000),
            time=at,
        )
        for n in range(FLOOD)
    ]
    await live.topics.appender.append(flood)
    view = await live.until_page(user, lambda view: "behind" in kinds(view))
    (note,) = [note for note in view["notes"] if note["kind"] == "behind"]
    assert "of the person's partition still to read" in note["says"]
    async with live.session.get(f"{live.console.url}/people/{user}", headers={"Accept": "text/html"}) as page:
        assert "still to read" in await page.text()
    await live.until_page(user, lambda view: not kinds(view) & {"behind", "undecided"})


async def test_a_page_says_that_its_worker_is_gone_until_another_takes_over(live: Live) -> None:
    """A killed worker leaves events undecided: the page says for how long, until somebody has taken over."""
    user = "person-1"
    await live.until_page(user, lambda view: view.get("nudges") and not view["notes"])
    await live.worker.end(signal.SIGKILL)
    await live.happens(user, "app.opened", {})
    view = await live.until_page(user, lambda view: "undecided" in kinds(view))
    (note,) = [note for note in view["notes"] if note["kind"] == "undecided"]
    assert "has not decided one event of this person" in note["says"]
    assert [event["type"] for event in view["events"] if not event["decided"]] == ["app.opened"]
    _, overview = await asked(live.session, f"{live.console.url}/overview.json")
    home = live.topics.home(user)
    assert [one["undecided"] > 0 for one in overview["partitions"] if one["partition"] == home] == [True]
    async with worker(live.folder / "worker", **live.env) as successor:
        live.worker = successor
        view = await live.until_page(user, lambda view: view.get("events") and not view["notes"])
        assert all(event["decided"] for event in view["events"])


async def test_consoles_share_the_people_and_ask_each_other(live: Live) -> None:
    """Either console shows anybody's page; when one is killed the other says so, until it has taken over."""
    people = [live.topics.person_in(number) for number in range(PARTITIONS)]
    for user in people:
        await live.happens(user, "app.opened", {})
    plan_id = (await live.until_page("person-3", lambda view: view.get("plans")))["plans"][0]["intent_id"]
    async with console(live.folder / "second", **live.env) as second:
        both = (live.console, second)
        for one in both:
            for user in people:
                view = await live.until_page(
                    user, lambda view: view.get("events") and kinds(view) <= {"undecided"}, of=one
                )
                assert view["user_id"] == user
        _, overview = await asked(live.session, f"{second.url}/overview.json")
        homes = {one["partition"]: one["console"] for one in overview["partitions"]}
        assert set(homes) == set(range(PARTITIONS))
        assert set(homes.values()) == {live.console.url, second.url}
        for one in both:
            _, found = await asked(live.session, f"{one.url}/search?q=user-")
            assert {each["user_id"] for each in found["found"]} >= set(people)
            _, found = await asked(live.session, f"{one.url}/search?q={plan_id}")
            assert [each["user_id"] for each in found["found"]] == ["person-3"]
        theirs = next(user for user in people if homes[live.topics.home(user)] == second.url)
        await second.end(signal.SIGKILL)
        view = await live.page(theirs)
        assert kinds(view) & {"unreachable", "restoring"}
        assert view["events"] == []
        view = await live.until_page(theirs, lambda view: view.get("events"))
        assert view["user_id"] == theirs
