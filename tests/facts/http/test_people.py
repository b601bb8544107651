"""`GET /people/...`: what the worker knows of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facts.http.at_home import House, at_home, event

DUE = "2099-01-01T10:00:00Z"


async def told(house: House, *events: dict[str, object]) -> None:
    """These are in the log and decided."""
    for n, each in enumerate(events):
        answer = await house.post(each | {"id": str(n)})
        assert answer.status == 202, answer.body
    await house.decided()


def grant(user: str = "ana") -> dict[str, object]:
    return event("consent.changed", user, data={"agent": "*", "granted": True})


def request(subject: str, user: str = "ana") -> dict[str, object]:
    data = {"agent": "follow_up", "subject": subject, "due_at": DUE}
    return event("intent.requested", user, data=data)


async def test_a_person_is_shown_as_of_the_last_commit(tmp_path: Path) -> None:
    """Profile, consents and how things stand."""
    profile = event(
        "profile.updated", data={"name": "Ana", "timezone": "Europe/Madrid", "quiet_hours": _NIGHT}
    )
    async with at_home(tmp_path) as house:
        await told(house, profile, grant(), request("the thesis"))
        answer = await house.get("/people/ana")
    assert answer.status == 200
    shown = {
        name: answer.body[name] for name in ("name", "timezone", "quiet_hours", "consents", "open_intents")
    }
    assert shown == {
        "name": "Ana",
        "timezone": "Europe/Madrid",
        "quiet_hours": _NIGHT,
        "consents": {"*": True},
        "open_intents": 1,
    }


_NIGHT = {"start": "22:00", "end": "07:00"}


async def test_plans_are_shown_with_their_origin(tmp_path: Path) -> None:
    """What is planned, when it is due, and which event it follows from."""
    async with at_home(tmp_path) as house:
        await told(house, grant(), request("the thesis"))
        [intent] = (await house.get("/people/ana/intents")).body["intents"]
    assert (intent["agent"], intent["subject"], intent["status"]) == ("follow_up", "the thesis", "open")
    assert (intent["due_at"], intent["opened_by"]["event_id"]) == (DUE, "tests/1")


async def test_a_persons_words_are_not_shown(tmp_path: Path) -> None:
    """How many messages are unread is, what they say is not."""
    said = event("message.received", data={"text": "my knee surgery"})
    async with at_home(tmp_path) as house:
        await told(house, grant(), said)
        answer = await house.get("/people/ana")
    assert answer.body["unread_messages"] == 1
    assert "knee" not in str(answer.body)


async def test_any_user_id_can_be_asked_for(tmp_path: Path) -> None:
    """Percent-encoded, with a slash in it too."""
    async with at_home(tmp_path) as house:
        await told(house, grant("a/ü b"))
        assert (await house.get("/people/a%2F%C3%BC%20b")).body["user_id"] == "a/ü b"
        assert (await house.get("/people/a%2F%C3%BC%20b/intents")).body["intents"] == []


@pytest.mark.parametrize("path", ["/people/ben", "/people/ben/intents", "/people/erased"])
async def test_who_is_unknown_or_erased_is_not_there(tmp_path: Path, path: str) -> None:
    """404, and nothing says that somebody was erased."""
    async with at_home(tmp_path) as house:
        await told(house, grant("erased"), event("user.erased", "erased"))
        answer = await house.get(path)
    assert (answer.status, answer.body["field"]) == (404, "user_id")


async def test_the_workers_own_rows_are_nobody(tmp_path: Path) -> None:
    """An id with control characters is no person's."""
    async with at_home(tmp_path) as house:
        await told(house, grant())
        assert (await house.get("/people/%00partition")).status == 400


async def test_errors_are_json_whatever_was_asked(tmp_path: Path) -> None:
    """An unknown path, and a method that there is not."""
    async with at_home(tmp_path) as house:
        assert (await house.get("/nowhere")).body == {"error": "not found"}
        wrong = await house.ask("DELETE", "/events", None, {})
        assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")
