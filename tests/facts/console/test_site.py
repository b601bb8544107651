"""The console's paths: pages and JSON of the same values, actions as events, and trouble in words."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from app.console.audit import Audit, NotWrittenError
from app.console.finding import Finding
from app.console.operator_values import AgentsView, Audited, LettersView, LetterView, SearchView, TailView
from app.console.overview_values import Overview
from app.console.values import HIDDEN, Note, PersonView
from app.setting_groups import ConsoleSettings
from tests.facts.console.sample import NOW, told
from tests.facts.console.served import Console, served
from topics.controls import Control
from topics.dead_letters import dead_letter
from topics.decode import decode
from topics.record import Record
from topics.user_events import Event, IntentRevoked, UserErased

JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html,application/xhtml+xml"}
BAD = b'{"id": "9", "source": "chat", "type": "message.received", "data": {"txt": "my secret"}}'


def letters() -> list[Record]:
    """Two dead letters: one that lacks a field, one that has no key."""
    came = [Record("user-events", 0, 7, b"ana", BAD, 5_000), Record("user-events", 0, 8, None, b"{", 6_000)]
    made = [
        dead_letter(came[0], "invalid_data", "data.text is missing", 7_000),
        dead_letter(came[1], "no_key", "there is no key", 8_000),
    ]
    return [
        Record(each.topic, 0, n, each.key, each.value, each.timestamp_ms, each.headers)
        for n, each in enumerate(made)
    ]


async def value(console: Console, path: str) -> bytes:
    async with console.client.get(path, headers=JSON) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "application/json"
        return await answer.read()


async def test_every_page_is_also_a_value(tmp_path: Path) -> None:
    """A browser gets HTML, a program the same value as JSON, by its header or by the path."""
    kinds = {
        "/": Overview,
        "/overview.json": Overview,
        "/people/ana": PersonView,
        "/people/ana/story.json": PersonView,
        "/agents": AgentsView,
        "/dead-letters": LettersView,
        "/dead-letters/0/0": LetterView,
        "/tail": TailView,
        "/search?q=an": SearchView,
    }
    async with served(tmp_path, records=letters()) as console:
        for path, kind in kinds.items():
            msgspec.json.decode(await value(console, path), type=kind)
            if not path.endswith(".json"):
                async with console.client.get(path, headers=HTML) as page:
                    assert page.status == 200
                    assert page.content_type == "text/html"
                    assert "<html" in await page.text()


async def test_words_are_shown_when_asked_for_and_that_is_written_down(tmp_path: Path) -> None:
    """Without `show=text` no word is in page or JSON; with it they are, and the audit says who asked."""
    async with served(tmp_path) as console:
        for headers in (JSON, HTML):
            async with console.client.get("/people/ana", headers=headers) as answer:
                assert "surgery" not in (await answer.text()).lower()
        assert console.audit.latest() == []
        view = msgspec.json.decode(await value(console, "/people/ana?show=text"), type=PersonView)
        assert any("surgery" in event.text.lower() for event in view.events)
        assert [each.what for each in console.audit.latest()] == ["show_text"]
        async with console.client.get("/people/ana?show=everything", headers=JSON) as answer:
            assert answer.status == 400


async def test_a_story_is_copied_with_its_words_or_not_at_all(tmp_path: Path) -> None:
    """The scenario file wants `show=text`, and is audited; nobody's story is no file."""
    async with served(tmp_path) as console:
        async with console.client.get("/people/ana/scenario.yaml") as answer:
            assert answer.status == 400
        async with console.client.get("/people/ana/scenario.yaml?show=text") as answer:
            assert answer.status == 200
            assert "Surgery on Thursday" in await answer.text()
        async with console.client.get("/people/bob/scenario.yaml?show=text") as answer:
            assert answer.status == 404
        assert [each.what for each in console.audit.latest()] == ["copy_scenario", "copy_scenario"]


async def test_an_unknown_person_is_404_and_one_who_cannot_be_asked_for_is_503(tmp_path: Path) -> None:
    """Not known is an answer; not to be had now is another, with a note and a time to come again."""
    async with served(tmp_path) as console:
        async with console.client.get("/people/bob", headers=JSON) as answer:
            assert answer.status == 404
        console.knowing.notes = [Note(kind="restoring", says="this console rebuilds its tables")]
        for headers in (JSON, HTML):
            async with console.client.get("/people/bob", headers=headers) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
                assert "rebuilds its tables" in await answer.text()
        async with console.client.get("/readyz") as answer:
            assert answer.status == 503
        async with console.client.get("/people/a%01b", headers=JSON) as answer:
            assert answer.status == 400


def understood(record: Record) -> Event:
    event = decode(record, agents=frozenset())
    assert isinstance(event, Event)
    return event


async def test_actions_on_a_person_are_events_of_their_log(tmp_path: Path) -> None:
    """A revocation names the plan, an erasure needs the id typed; both say who asked, and are written down first."""
    async with served(tmp_path) as console:
        csrf, client = await console.csrf(), console.client
        for path in ("/people/ana/plans/ab12/revoke", "/people/ana/erase"):
            async with client.get(path, headers=HTML) as asked:
                assert csrf in await asked.text()
        assert console.log.written == []
        await client.post("/people/ana/plans/ab12/revoke", data={"csrf": csrf}, headers=JSON)
        async with client.post("/people/ana/erase", data={"csrf": csrf, "confirm": "bob"}) as answer:
            assert answer.status == 400
        async with client.post(
            "/people/ana/erase", data={"csrf": csrf, "confirm": "ana"}, allow_redirects=False
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/people/ana?done=erased")
        revoked, erased = (understood(record) for record in console.log.records)
        assert revoked.data == IntentRevoked(intent_id="ab12")
        assert isinstance(erased.data, UserErased)
        assert {(event.user_id, event.source) for event in (revoked, erased)} == {("ana", "tactful-console")}
        assert b'"by":"this machine"' in erased.raw
        assert [(each.what, each.about, each.detail) for each in console.audit.latest()] == [
            ("erase", "ana", ""),
            ("revoke", "ana", "ab12"),
        ]


async def test_agents_are_paused_and_resumed_and_so_is_everything(tmp_path: Path) -> None:
    """The switch is the one that every worker follows; the page shows who threw it."""
    async with served(tmp_path) as console:
        csrf, client = await console.csrf(), console.client
        for path in ("/agents/digest/pause", "/agents/%2A/pause", "/agents/%2A/resume"):
            async with client.post(path, data={"csrf": csrf}, headers=JSON) as answer:
                assert answer.status == 202
        said = [
            (each.key, msgspec.json.decode(each.value or b"", type=Control)) for each in console.log.written
        ]
        assert [(key, control.paused, control.by) for key, control in said] == [
            (b"digest", True, "this machine"),
            (b"*", True, "this machine"),
            (b"*", False, "this machine"),
        ]
        view = msgspec.json.decode(await value(console, "/agents"), type=AgentsView)
        assert [agent.name for agent in view.agents if agent.paused] == ["digest"]
        assert not view.everything_paused
        week = {agent.name: (agent.open, dict(agent.last_week)) for agent in view.agents}
        assert week["follow_up"][0] == 1
        async with client.post("/agents/nobody/pause", data={"csrf": csrf}, headers=JSON) as answer:
            assert answer.status == 404
        async with client.post("/agents/digest/stop", data={"csrf": csrf}, headers=JSON) as answer:
            assert answer.status == 404


async def test_a_dead_letter_is_looked_at_mended_and_sent_again(tmp_path: Path) -> None:
    """Its value is hidden until asked for; as it came it would come back, mended it goes home with its name."""
    async with served(tmp_path, records=letters()) as console:
        csrf, client = await console.csrf(), console.client
        listed = msgspec.json.decode(await value(console, "/dead-letters?reason=no_key"), type=LettersView)
        assert [letter.offset for letter in listed.letters] == [1]
        assert listed.by_reason == {"invalid_data": 1, "no_key": 1}
        letter = msgspec.json.decode(await value(console, "/dead-letters/0/0"), type=LetterView)
        assert (letter.value, letter.headers, letter.key) == (HIDDEN, (), "ana")
        assert letter.still_wrong.startswith("invalid_data")
        letter = msgspec.json.decode(await value(console, "/dead-letters/0/0?show=text"), type=LetterView)
        assert letter.value == BAD.decode()
        async with client.post("/dead-letters/0/0/send", data={"csrf": csrf}, headers=JSON) as answer:
            assert answer.status == 409
        mended = letter.value.replace("txt", "text")
        form = {"csrf": csrf, "value": mended}
        async with client.post("/dead-letters/0/0/send", data=form, headers=JSON) as answer:
            assert answer.status == 202
        (record,) = console.log.written
        assert (record.key, record.value) == (b"ana", mended.encode())
        assert dict(record.headers) == {"tactful_replayed": b"dead-letter-0@0"}
        letter = msgspec.json.decode(await value(console, "/dead-letters/0/0"), type=LetterView)
        assert letter.went_back
        async with client.get("/dead-letters/0/9", headers=JSON) as answer:
            assert answer.status == 404
        assert [each.what for each in console.audit.latest()] == ["send_letter", "look_at_letter"]
        assert "secret" not in (tmp_path / "audit.jsonl").read_text()


async def test_nothing_is_done_that_cannot_be_written_down(tmp_path: Path) -> None:
    """When the audit's disk is full, neither words are shown nor anybody erased."""
    async with served(tmp_path) as console:
        csrf = await console.csrf()
        os.close(console.audit._file)
        console.audit._file = os.open("/dev/full", os.O_RDWR)
        async with console.client.get("/people/ana?show=text", headers=JSON) as answer:
            assert answer.status == 503
            assert "TACTFUL_CONSOLE__AUDIT" in await answer.text()
        form = {"csrf": csrf, "confirm": "ana"}
        async with console.client.post("/people/ana/erase", data=form, headers=JSON) as answer:
            assert answer.status == 503
        assert console.log.written == []


def test_the_audit_is_read_back_latest_first_and_only_added_to(tmp_path: Path) -> None:
    """Another console process goes on in the same file; a folder that cannot be had is said at the start."""
    seen: list[Audited] = []
    for n in range(2):
        audit = Audit(tmp_path / "below" / "audit.jsonl")
        audit.write(Audited(at=NOW, who="mira", what="pause", about=f"agent-{n}"))
        seen = audit.latest()
        audit.close()
    assert [each.about for each in seen] == ["agent-1", "agent-0"]
    with pytest.raises(NotWrittenError):
        Audit(tmp_path / "below" / "audit.jsonl" / "no")


async def test_the_tail_has_no_words_and_comes_as_it_happens(tmp_path: Path) -> None:
    """Lines say what came by and about whom; a stream hands them on, for one person if one is asked for."""
    records = [record for topic in told().records.values() for record in topic] + letters()
    async with served(tmp_path, records=records) as console:
        await value(console, "/tail")
        await asyncio.sleep(0.05)
        view = msgspec.json.decode(await value(console, "/tail?topic=nudges"), type=TailView)
        assert [line.sentence for line in view.lines] == [
            "follow_up hands a message over, in the model's words"
        ]
        everything = (await value(console, "/tail")).decode().lower()
        assert "message.received" in everything
        assert "put aside: invalid_data" in everything
        assert [word for word in ("surgery", "flat", "pottery", "kiln", "secret") if word in everything] == []


async def test_a_search_finds_by_id_and_by_what_is_theirs(tmp_path: Path) -> None:
    """An id or its beginning; the id of a plan, a message, a pass or an outcome, or 8 characters of it."""
    async with served(tmp_path) as console:
        view = told().view("ana")
        nudge, outcome = view.nudges[0].nudge, view.plans[0]
        cases = [
            ("ana", ["ana"]),
            ("a", ["ana"]),
            (view.open_plans[0].intent_id, ["ana"]),
            (outcome.intent_id[:8], ["ana"]),
            (nudge.nudge_id, ["ana"]),
            (nudge.nudge_id[:7], []),
            (view.passes[0].looked.pass_id, ["ana"]),
            ("0" * 24, []),
            ("bob", []),
            ("na", []),
        ]
        for asked, found in cases:
            view_ = msgspec.json.decode(await value(console, f"/search?q={asked}"), type=SearchView)
            assert [each.user_id for each in view_.found] == found, asked
            assert view_.whole
        async with console.client.get("/found.json?q=an", headers=JSON) as part:
            assert msgspec.json.decode(await part.read(), type=Finding).people == {"ana": "the id begins so"}
        async with console.client.get("/people?user=an%20a", allow_redirects=False) as led:
            assert led.headers["Location"] == "/people/an%20a"


async def test_an_open_page_asks_as_often_as_it_is_told_to(tmp_path: Path) -> None:
    """`TACTFUL_CONSOLE__REFRESH`; what would leave a console no time for anything else is refused."""
    settings = ConsoleSettings(refresh=timedelta(seconds=30))
    async with served(tmp_path, settings) as console, console.client.get("/", headers=HTML) as answer:
        assert 'hx-trigger="every 30000ms"' in await answer.text()
    with pytest.raises(ValueError, match="at least 100ms"):
        ConsoleSettings(refresh=timedelta(milliseconds=99))
