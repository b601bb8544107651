"""The console in a real Chromium, at work beside a real worker, on the log that `tactful demo --keep` tells."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from tests.console.at_work import REFRESH_S, AtWork
from tests.console.browser import Tab

pytestmark = pytest.mark.slow
PAGES = (
    "/",
    "/people/ana?show=text",
    "/people/hana",
    "/agents",
    "/dead-letters",
    "/tail",
    "/audit",
    "/search?q=a",
)
EVERY_PAGE = (*PAGES, "/people/ana/erase", "/people/nobody-by-this-id", "/agents/follow_up/pause")


async def known(page: Tab, console: str) -> None:
    """The console has read the week."""
    async with asyncio.timeout(30):
        while True:
            await page.go(f"{console}/people/ana?show=text")
            if "It went fine" in await page.text():
                return
            await asyncio.sleep(0.2)


async def test_every_page_loads_and_asks_nobody_else(page: Tab, console: str) -> None:
    """Under the strictest policy each page loads, complains of nothing, and fetches from its own address alone."""
    await known(page, console)
    page.complaints.clear()
    for path in PAGES:
        await page.go(console + path)
        assert await page.js("document.querySelectorAll('h1').length") == 1
        assert await page.js("typeof htmx") == "object"
    assert page.complaints == []
    assert [url for url in page.asked if not url.startswith((console, "about:"))] == []


@pytest.mark.parametrize("mode", ["light", "dark"])
async def test_nothing_keeps_anybody_from_using_a_page(
    page: Tab, console: str, axe_core: str, mode: str
) -> None:
    """axe-core finds no violation on any page, in neither of the two modes; and it would find one."""
    await known(page, console)
    await page.looks(dark=mode == "dark")
    # The modes differ in their colours alone: what has nothing to do with them is looked for once.
    rules = {} if mode == "light" else {"runOnly": ["color-contrast"]}
    found: dict[str, list[str]] = {}
    for path in EVERY_PAGE:
        await page.go(console + path)
        assert await page.js("matchMedia('(prefers-color-scheme: dark)').matches") is (mode == "dark")
        await page.js("document.querySelectorAll('details').forEach((each, n) => { each.open = n < 4; })")
        await page.js(axe_core + ";0")
        found[path] = await violations(page, rules)
    assert {path: said for path, said in found.items() if said} == {}
    await page.js("document.querySelector('.bottom').style.color = '#777'")
    await page.js("document.querySelector('.bottom').style.background = '#888'")
    await page.js("document.documentElement.removeAttribute('lang')")
    broken = [said.partition(":")[0] for said in await violations(page, rules)]
    assert broken == (["color-contrast", "html-has-lang"] if mode == "light" else ["color-contrast"])


async def violations(page: Tab, rules: dict[str, Any]) -> list[str]:
    """What axe-core has against the page, with the first place of each; meanwhile the page does not change."""
    await page.js("document.addEventListener('htmx:beforeRequest', asks => asks.preventDefault())")
    found = await page.js(f"axe.run({json.dumps(rules)}).then(found => JSON.stringify(found.violations))")
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:150]} {each['nodes'][0]['failureSummary'][:200]}"
        for each in json.loads(found)
    ]


async def test_the_drawing_joins_the_sentence_with_the_plan_it_struck(page: Tab, console: str) -> None:
    """The line begins at the sign of the sentence and ends above the sign of the plan, as they stand on the screen."""
    await known(page, console)
    line, sentence, plan = await page.js(
        """(() => {
          const middle = e => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; };
          const path = document.querySelector('.d-strike');
          const at = n => {
            const p = path.getPointAtLength(n).matrixTransform(path.getScreenCTM());
            return [p.x, p.y];
          };
          const texts = [...document.querySelectorAll('.drawing text')];
          const said = texts.find(e => e.textContent.includes('It went fine')).closest('a').getAttribute('href');
          const mark = document.querySelector(`.drawing a[href="${said}"] use`);
          const plan = document.querySelector('.drawing use.k-struck');
          return [[at(0), at(path.getTotalLength())], middle(mark), middle(plan)];
        })()"""
    )
    assert abs(line[0][0] - sentence[0]) < 2
    assert abs(line[1][0] - plan[0]) < 2
    assert sentence[1] < line[0][1] < line[1][1] < plan[1]


async def test_a_deep_link_shows_its_entry(page: Tab, console: str) -> None:
    """A link to a message opens its line on the person's page, with the gates a click away."""
    await known(page, console)
    nudge = await page.js("document.querySelector('[id^=\"nudge-\"]').id")
    await page.go("about:blank")
    await page.go(f"{console}/people/ana?show=text#{nudge}")
    await page.until(
        f"(() => {{ const r = document.getElementById('{nudge}').getBoundingClientRect();"
        " return r.top >= 0 && r.top < innerHeight; })()"
    )
    await page.click(f"[data-entry]:has(#{nudge}) summary, #{nudge} summary")
    await page.until("document.querySelector('[data-entry] details[open]').innerText.includes('Gates of')")


async def test_the_keyboard_is_enough(page: Tab, console: str) -> None:
    """Tab reaches a way past the head, `j` goes to an entry, `o` opens its details, `/` and Enter find a person."""
    await known(page, console)
    await page.press("Tab")
    assert await page.js("document.activeElement.className") == "skip"
    await page.press("j")
    assert await page.js("document.activeElement.matches('[data-entry]')")
    await page.press("j")
    await page.press("o")
    assert await page.js("document.activeElement.querySelector('details').open")
    await page.press("/")
    assert await page.js("document.activeElement.id") == "q"
    await page.write("ben")
    await page.press("Enter")
    await page.until(
        "['/search', '/people/ben'].includes(location.pathname) && document.readyState === 'complete'"
    )
    assert "ben" in await page.text()


async def test_without_scripts_everything_is_there(page: Tab, console: str) -> None:
    """A browser that runs no script shows the same facts, and an action goes through its two pages."""
    await known(page, console)
    await page.without_scripts()
    await page.go(f"{console}/people/ana?show=text")
    tree = json.dumps(await page.do("Accessibility.getFullAXTree"), ensure_ascii=False)
    for words in (
        "upcoming procedure",
        "It went fine, home already",
        "stayed silent",
        "plans to speak about",
    ):
        assert words in tree


async def test_words_are_shown_when_asked_for_and_that_is_noted(page: Tab, console: str) -> None:
    """The page comes without a word of the person; showing them is one click, and stands in the audit."""
    await known(page, console)
    await page.go(f"{console}/people/farida")
    assert not re.search("القيادة", await page.text())
    await page.clicked_through("a.button.main")
    assert "القيادة" in await page.text()
    await page.go(f"{console}/audit")
    assert "looked at the words of farida" in await page.text()


async def test_an_agent_is_paused_and_resumed(page: Tab, console: str) -> None:
    """Pausing is asked once more, then said on every page, until it is resumed the same way."""
    await page.go(f"{console}/agents")
    await page.clicked_through("a[href='/agents/curiosity/pause']")
    await page.clicked_through("main form button")
    await page.until("document.querySelector('main').innerText.includes('Paused: curiosity')")
    await page.go(f"{console}/")
    assert "Paused: curiosity" in await page.text()
    await page.go(f"{console}/agents")
    await page.clicked_through("a[href='/agents/curiosity/resume']")
    await page.clicked_through("main form button")
    await page.until("!document.querySelector('main').innerText.includes('Paused: curiosity')")


async def test_a_plan_is_revoked(page: Tab, console: str) -> None:
    """What was planned is struck out by the worker a moment after somebody has confirmed it."""
    await known(page, console)
    await page.go(f"{console}/people/lea?show=text")
    open_before = await page.js("document.querySelectorAll('.entry.ahead').length")
    await page.clicked_through(".entry.ahead a.act")
    await page.clicked_through("main form button")
    await page.until("location.pathname === '/people/lea' && document.readyState === 'complete'")
    # The page itself looks again every few seconds; nobody has to.
    await page.until(f"document.querySelectorAll('.entry.ahead').length === {open_before - 1}", within=30)
    await page.go(f"{console}/people/lea?show=text")
    assert "it was withdrawn" in await page.text()


async def test_a_dead_letter_is_mended_and_sent_again(page: Tab, console: str) -> None:
    """What was wrong is put right in its text, goes back to its person, and is decided like any event."""
    await known(page, console)
    await page.go(f"{console}/dead-letters?reason=invalid_data")
    await page.clicked_through("main tbody th a")
    assert "tomorrow" not in await page.text()
    await page.clicked_through("a.button.main")
    mended = "2027-05-01T10:00:00+00:00"
    await page.js(
        f"(value => {{ value.value = value.value.replace('tomorrow', '{mended}') }})(document.getElementById('value'))"
    )
    await page.clicked_through("form[action$='/send'] button")
    await page.go(f"{console}/people/kofi?show=text")
    await page.until(
        "[...document.querySelectorAll('.entry.ahead')].filter(e => e.innerText.includes('tram tour')).length === 2",
        within=30,
    )


async def test_a_person_is_erased_only_by_their_id(page: Tab, console: str) -> None:
    """Another name typed does nothing; the right one does, and nothing of them is shown any more."""
    await known(page, console)
    await page.go(f"{console}/people/mateo?show=text")
    await page.clicked_through("a[href='/people/mateo/erase']")
    await page.click("#confirm")
    await page.write("ana")
    await page.clicked_through("main form button")
    await page.go(f"{console}/people/mateo?show=text")
    assert "thesis" in await page.text()
    await page.go(f"{console}/people/mateo/erase")
    await page.click("#confirm")
    await page.write("mateo")
    await page.clicked_through("main form button")
    await page.go(f"{console}/people/mateo?show=text")
    await page.until("document.querySelector('main').innerText.includes('This person was erased')", within=30)
    # The event shows before the worker has decided on it: what stood there goes with its outcome.
    await page.until("!document.documentElement.outerHTML.includes('thesis')", within=30)


async def test_a_page_does_not_change_under_a_pressed_button(page: Tab, console: str) -> None:
    """It is brought up to date by itself, but what somebody is about to click on stays where it is."""
    await known(page, console)
    unchanged = "document.getElementById('content').dataset.unchanged"
    async with page.pressed("#content h1"):
        await page.js(f"{unchanged} = 'so far'")
        asked = len(page.asked)
        await asyncio.sleep(2.5 * REFRESH_S)
        assert await page.js(unchanged) == "so far"
        assert len(page.asked) == asked
    await page.until(f"{unchanged} === undefined")


async def test_the_live_page_gets_lines_as_they_are_written(page: Tab, console: str) -> None:
    """What happens while somebody watches comes in on top, without their doing."""
    await page.go(f"{console}/tail?topic=user-events&user=jonas")
    before = await page.js("document.querySelectorAll('[data-stream] tr').length")
    other = f"{console}/people/jonas"
    await page.until("document.getElementById('streaming').innerText.includes('as they are written')")
    plan = await page.js(
        f"fetch('{other}').then(r => r.text()).then(t => new DOMParser().parseFromString(t, 'text/html')"
        ".querySelector('a.act').getAttribute('href'))"
    )
    await page.js(
        f"fetch('{plan}').then(r => r.text()).then(t => {{ const f = new DOMParser().parseFromString(t, 'text/html')"
        ".querySelector('main form'); return fetch(f.getAttribute('action'), {method: 'POST', "
        "body: new URLSearchParams(new FormData(f))}); }).then(r => r.status)"
    )
    await page.until(f"document.querySelectorAll('[data-stream] tr').length > {before}", within=30)
    assert "intent.revoked" in await page.text("[data-stream] tr")


async def test_a_page_says_when_its_worker_has_gone(page: Tab, working: AtWork) -> None:
    """Without its worker a page shows what was known last, and says so on top; it notices by itself."""
    await known(page, working.url)
    assert await page.js("document.querySelectorAll('main .note').length") == 0
    working.worker.terminate()
    await page.until("document.querySelector('main .note')?.innerText.includes('Try again')", within=40)
    text = await page.text()
    assert "no worker" in text.lower()
    assert text.index("Try again") < text.index("It went fine, home already")
