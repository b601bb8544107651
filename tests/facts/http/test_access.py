"""Who may do what over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.http.access import Access, is_loopback
from app.setting_groups import HttpSettings
from app.settings import SettingsError
from tests.facts.http.at_home import JSON, at_home, event

TOKEN = "s3cret-ä"
PATHS = ["/people/ana", "/people/ana/intents", "/topics/user-events"]
WITH_TOKEN = {"listen": "127.0.0.1:0", "token": TOKEN}


@pytest.mark.parametrize(
    "given",
    [{}, {"Authorization": TOKEN}, {"Authorization": "Bearer s3cret"}, {"Authorization": f"Basic {TOKEN}"}],
    ids=["none", "no scheme", "wrong", "other scheme"],
)
async def test_without_the_token_nothing_about_people_is_said_or_taken(
    tmp_path: Path, given: dict[str, str]
) -> None:
    """401, and how to ask."""
    async with at_home(tmp_path, http=WITH_TOKEN) as house:
        answers = [
            await house.post(event(), JSON | given),
            *[await house.get(path, **given) for path in PATHS],
        ]
        assert {answer.status for answer in answers} == {401}
        assert "WWW-Authenticate" in answers[0].headers
        assert house.records() == []


async def test_with_the_token_everything_is_open_under_any_name(tmp_path: Path) -> None:
    """Whoever has it may come from anywhere: a proxy's or a pod's name is no reason to refuse."""
    given = {"Authorization": f"bearer {TOKEN}", "Host": "tactful.internal"}
    async with at_home(tmp_path, http=WITH_TOKEN) as house:
        assert (await house.post(event(), JSON | given)).status == 202
        await house.decided()
        assert (await house.get("/people/ana", **given)).status == 200


async def test_health_and_metrics_need_no_token(tmp_path: Path) -> None:
    """Probes and Prometheus have none, and nobody is named there."""
    async with at_home(tmp_path, http=WITH_TOKEN) as house:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await house.get(path)).status == 200


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Host": "evil.example"}, "host"),
        ({"Host": "localhost.evil.example:8080"}, "host"),
        ({"Host": "["}, "host"),
        ({"Origin": "https://evil.example"}, "origin"),
        ({"Origin": "null"}, "origin"),
    ],
)
async def test_without_a_token_no_site_reaches_it_through_a_browser(
    tmp_path: Path, headers: dict[str, str], field: str
) -> None:
    """A name that was bound to 127.0.0.1, or a page that posts to it, is refused."""
    async with at_home(tmp_path) as house:
        answer = await house.post(event(), JSON | headers)
        if answer.status != 400 or field != "host":  # what is no name at all the server itself refuses
            assert (answer.status, answer.body["field"]) == (403, field)
        assert house.records() == []


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:80", "LOCALHOST"])
async def test_this_machines_own_names_are_fine(tmp_path: Path, host: str) -> None:
    """Whichever way it is called from here."""
    async with at_home(tmp_path) as house:
        assert (await house.post(event(), JSON | {"Host": host})).status == 202


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "192.0.2.7:8080", "[::]:8080", "tactful.internal:8080"])
def test_other_machines_need_a_token(listen: str) -> None:
    """Who may write events speaks for every person, so a worker without a token refuses to be reached."""
    with pytest.raises(SettingsError, match="TACTFUL_HTTP__TOKEN_FILE"):
        Access(HttpSettings(listen=listen))
    Access(HttpSettings.model_validate({"listen": listen, "token": TOKEN}))
    Access(HttpSettings(listen=listen, health_only=True))


def test_only_this_machines_addresses_are_loopback() -> None:
    """Whatever is no address and not localhost may be anybody."""
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost")] == [True] * 4
    assert [is_loopback(host) for host in ("", "::", "10.0.0.1", "localhost.example")] == [False] * 4


async def test_health_only_serves_health_only(tmp_path: Path) -> None:
    """There is no path for events or people then."""
    async with at_home(tmp_path, http={"listen": "127.0.0.1:0", "health_only": True}) as house:
        assert (await house.get("/readyz")).status == 200
        assert (await house.post(event())).status == 404
        assert {(await house.get(path)).status for path in PATHS} == {404}
