"""Who may look, and whose click it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr
from yarl import URL

from app.console.answering import HEADERS
from app.console.door import COOKIE, Door
from app.setting_groups import ConsoleSettings
from app.settings import SettingsError
from tests.facts.console.served import Console, served

JSON = {"Accept": "application/json"}
WITH_TOKEN = ConsoleSettings(listen="0.0.0.0:8081", token=SecretStr("open sesame"))
BEHIND_A_PROXY = ConsoleSettings(listen="0.0.0.0:8081", user_header="X-Forwarded-User")
REVOKE = "/people/ana/plans/0123/revoke"


def test_an_address_that_others_reach_wants_a_door() -> None:
    """Off this machine there is a token or a proxy, or it does not start; the error says what to set."""
    with pytest.raises(SettingsError, match=r"TACTFUL_CONSOLE__TOKEN_FILE.*TACTFUL_CONSOLE__USER_HEADER"):
        Door(ConsoleSettings(listen="0.0.0.0:8081"))
    with pytest.raises(SettingsError):
        Door(ConsoleSettings(listen="[::]:8081"))
    for fine in (ConsoleSettings(), ConsoleSettings(listen="[::1]:0"), WITH_TOKEN, BEHIND_A_PROXY):
        Door(fine)


async def test_without_a_token_only_this_machine_by_its_own_name(tmp_path: Path) -> None:
    """A browser that was led here by another site's name for this address is refused."""
    async with served(tmp_path) as console:
        assert (await console.client.get("/", headers=JSON)).status == 200
        led = await console.client.get("/", headers={**JSON, "Host": "evil.example:8081"})
        assert led.status == 403


async def test_with_a_token_nobody_looks_without_it(tmp_path: Path) -> None:
    """Every path about people asks for it: a browser is led to the door, a program is told; health is open."""
    async with served(tmp_path, WITH_TOKEN) as console:
        client = console.client
        for path in (
            "/",
            "/people/ana",
            "/agents",
            "/dead-letters",
            "/tail",
            "/tail/stream",
            "/audit",
            "/share.json",
        ):
            assert (await client.get(path, headers=JSON)).status == 401, path
            wrong = {**JSON, "Authorization": "Bearer open"}
            assert (await client.get(path, headers=wrong)).status == 401, path
        led = await client.get(
            "/people/ana?show=text", headers={"Accept": "text/html"}, allow_redirects=False
        )
        assert led.status == 303
        to = URL(led.headers["Location"])
        assert (to.path, to.query["next"]) == ("/sign-in", "/people/ana?show=text")
        assert (await client.post(REVOKE, headers=JSON)).status == 401
        assert console.log.written == []
        assert [(await client.get(path)).status for path in ("/healthz", "/readyz")] == [200, 200]
        right = {**JSON, "Authorization": "Bearer open sesame"}
        assert (await client.get("/people/ana", headers=right)).status == 200
        assert (await client.post(REVOKE, headers=right)).status == 202


async def test_signing_in_brings_a_cookie_that_no_script_and_no_other_site_has(tmp_path: Path) -> None:
    """The token is asked for once; the cookie is HttpOnly and SameSite=Strict, and leads nowhere else."""
    async with served(tmp_path, WITH_TOKEN) as console:
        client = console.client
        wrong = await client.post("/sign-in", data={"token": "no", "next": "/"}, allow_redirects=False)
        assert wrong.status == 401
        assert COOKIE not in wrong.cookies
        right = await client.post(
            "/sign-in", data={"token": "open sesame\n", "next": "//evil.example/"}, allow_redirects=False
        )
        assert (right.status, right.headers["Location"]) == (303, "/")
        cookie = right.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
        client.session.cookie_jar.clear()
        known = {**JSON, "Cookie": f"{COOKIE}={cookie.value}"}
        page = await client.get("/people/ana", headers=known)
        assert page.status == 200
        client.session.cookie_jar.clear()
        forged = {**JSON, "Cookie": f"{COOKIE}={cookie.value[:-64]}{'0' * 64}"}
        assert (await client.get("/people/ana", headers=forged)).status == 401
        late = {**JSON, "Cookie": f"{COOKIE}=a.1.{'0' * 64}"}
        assert (await client.get("/people/ana", headers=late)).status == 401


async def test_the_word_of_the_proxy_is_taken_and_stands_in_the_audit(tmp_path: Path) -> None:
    """Who comes without the proxy's word is refused; with it, what they do is written down under their name."""
    async with served(tmp_path, BEHIND_A_PROXY) as console:
        assert (await console.client.get("/people/ana", headers=JSON)).status == 401
        mira = {**JSON, "X-Forwarded-User": "mira"}
        assert (await console.client.get("/people/ana?show=text", headers=mira)).status == 200
        assert [(each.who, each.what, each.about) for each in console.audit.latest()] == [
            ("mira", "show_text", "ana")
        ]


@pytest.mark.parametrize("together", [True, False])
async def test_consoles_behind_one_proxy_know_each_others_forms_by_a_secret(
    tmp_path: Path, *, together: bool
) -> None:
    """With one secret a form of one console is taken by another; without, it has to be loaded again."""
    settings = BEHIND_A_PROXY.model_copy(
        update={"session_secret": SecretStr("sixteen letters!")} if together else {}
    )
    mira = {**JSON, "X-Forwarded-User": "mira"}
    async with served(tmp_path / "a", settings) as one, served(tmp_path / "b", settings) as other:
        looked = await one.client.get("/people/ana", headers=mira)
        cookie, csrf = looked.cookies[COOKIE].value, looked.headers["Tactful-Csrf"]
        sent = await other.client.post(
            REVOKE, data={"csrf": csrf}, headers={**mira, "Cookie": f"{COOKIE}={cookie}"}
        )
        assert sent.status == (202 if together else 403)


def test_a_secret_that_can_be_guessed_is_refused() -> None:
    """With how to make one."""
    with pytest.raises(ValueError, match="openssl rand"):
        ConsoleSettings(session_secret=SecretStr("secret"))


async def _refused(console: Console, **headers: str) -> None:
    for form in ({}, {"csrf": ""}, {"csrf": "0" * 64}):
        answer = await console.client.post(REVOKE, data=form, headers={**JSON, **headers})
        assert answer.status == 403
    assert console.log.written == []
    assert console.audit.latest() == []


async def test_a_click_from_another_site_does_nothing(tmp_path: Path) -> None:
    """No form without this session's secret, none from another origin, and none with another session's."""
    async with served(tmp_path) as console:
        await _refused(console)
        csrf = await console.csrf()
        elsewhere = {**JSON, "Origin": "https://evil.example"}
        answer = await console.client.post(REVOKE, data={"csrf": csrf}, headers=elsewhere)
        assert answer.status == 403
        console.client.session.cookie_jar.clear()
        await _refused(console)
        answer = await console.client.post(REVOKE, data={"csrf": csrf}, headers=JSON)
        assert answer.status == 403
        own = f"http://{console.client.host}:{console.client.port}"
        csrf = await console.csrf()
        answer = await console.client.post(REVOKE, data={"csrf": csrf}, headers={**JSON, "Origin": own})
        assert answer.status == 202
        assert len(console.log.written) == 1


async def test_every_answer_says_that_it_is_for_nobody_else(tmp_path: Path) -> None:
    """No cache, no frame, no script but ours: on pages, on JSON, on errors, on redirects, on the stream."""
    async with served(tmp_path) as console:
        for path in ("/", "/people/ana", "/people/nobody", "/nothing", "/people?user=ana", "/audit.json"):
            answer = await console.client.get(path, allow_redirects=False)
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        async with console.client.get("/tail/stream") as stream:
            assert {name: stream.headers.get(name) for name in HEADERS} == HEADERS
        assert "script-src 'self'" in HEADERS["Content-Security-Policy"]
        assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_no_person_and_no_word_is_in_a_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The audit's file names whom an action was about; the log says only what was done, and by whom."""
    caplog.set_level("DEBUG")
    async with served(tmp_path) as console:
        csrf = await console.csrf()
        await console.client.get("/people/ana?show=text", headers=JSON)
        await console.client.post("/people/ana/erase", data={"csrf": csrf, "confirm": "ana"}, headers=JSON)
        lines = [each.getMessage() for each in caplog.records if each.name.startswith("tactful")]
        assert lines == ["show_text by this machine", "erase by this machine"]
    written = (tmp_path / "audit.jsonl").read_bytes().splitlines()
    assert [msgspec.json.decode(each)["about"] for each in written] == ["ana", "ana"]
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600
