"""What holds of every page, whatever it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import msgspec
import pytest

from app.console.frame_values import Frame
from app.console.pages.static import FILES
from tests.console.reading_html import parsed
from tests.facts.console import sample

PAGES: dict[str, Callable[[], Any]] = {
    "person": sample.person,
    "overview": sample.overview,
    "agents": sample.agents,
    "letters": sample.letters,
    "letter": sample.letter,
    "tail": sample.tail,
    "search": sample.search,
    "audit": sample.audit,
    "confirm": sample.asked,
    "trouble": sample.trouble,
    "sign_in": sample.sign_in,
}
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}\u202e\x07"
"""Ends attributes and tags, is a template, turns the direction of reading, and rings."""


def html(page: str, value: Any = None, frame: Frame | None = None) -> str:
    """The page as the server sends it."""
    rendered: str = import_module(f"app.console.pages.{page}").render(
        PAGES[page]() if value is None else value, frame or sample.frame(f"/{page}")
    )
    return rendered


def poisoned(value: Any) -> Any:
    """The same value with every free text replaced by a hostile one."""
    if isinstance(value, msgspec.Struct):
        changed = {
            each.name: poisoned_field(each, getattr(value, each.encode_name))
            for each in msgspec.structs.fields(type(value))
        }
        return msgspec.structs.replace(value, **changed)
    if isinstance(value, tuple | list):
        return type(value)(poisoned(each) for each in value)
    if isinstance(value, dict):
        return {key: poisoned(each) for key, each in value.items()}
    return HOSTILE if isinstance(value, str) and value else value


def poisoned_field(field: Any, value: Any) -> Any:
    """What is no free text stays: a zone, a link of ours, the word for a kind."""
    kept = field.name in {"zone", "path", "timezone", "start", "end", "action", "back", "type_this"}
    return (
        value
        if kept or (not isinstance(field.type, type) and "Literal" in str(field.type))
        else poisoned(value)
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_well_formed(page: str) -> None:
    """Elements nest, ids are unique, there is one main heading, a title and a language."""
    document = parsed(html(page))
    ids = Counter(each.attributes["id"] for each in document.every() if "id" in each.attributes)
    assert [each for each, times in ids.items() if times > 1] == []
    assert len(list(document.every("h1"))) == 1
    (title,) = (each for head in document.every("head") for each in head.every("title"))
    assert title.text.endswith("Tactful")
    assert next(document.every("html")).attributes["lang"] == "en"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_nothing_from_elsewhere_and_nothing_inline(page: str) -> None:
    """No inline script, style or handler, and no address of another host: the strictest policy lets it through."""
    document = parsed(html(page))
    for element in document.every():
        assert "style" not in element.attributes
        assert [name for name in element.attributes if name.startswith("on")] == []
        for name in ("href", "src", "action", "hx-get", "data-stream"):
            address = element.attributes.get(name, "/")
            assert address.startswith(("/", "#")), address
            assert not address.startswith("//"), address
    assert list(document.every("style")) == []
    for script in document.every("script"):
        assert script.text == ""
        name = script.attributes["src"].removeprefix("/static/").partition("?")[0]
        assert FILES[name][0] == "text/javascript"


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_is_shown_and_never_understood(page: str) -> None:
    """Whatever a person, a service or a proxy wrote stands there as text: no element, no attribute, no template."""
    rendered = html(page, poisoned(PAGES[page]()))
    document = parsed(rendered)
    assert [each.attributes["src"] for each in document.every("script")] == [
        each.attributes["src"] for each in parsed(html(page)).every("script")
    ]
    assert list(document.every("img")) == []
    assert not [name for each in document.every() for name in each.attributes if name.startswith("on")]
    assert "{{7*7}}" in rendered or "%7B%7B7" in rendered


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_draws_with_is_there(page: str) -> None:
    """Every sign that is used is on the sheet of glyphs, and every file that is named is served."""
    document = parsed(html(page))
    signs = {each.attributes["id"] for each in document.every("symbol")}
    used = {each.attributes["href"].removeprefix("#") for each in document.every("use")}
    assert used <= signs
    named = [each.attributes.get("href") or each.attributes.get("src", "") for each in document.every()]
    files = {name.removeprefix("/static/").partition("?")[0] for name in named if name.startswith("/static/")}
    assert files <= FILES.keys()


@pytest.mark.parametrize("page", [page for page in PAGES if page not in {"confirm", "trouble", "sign_in"}])
def test_links_within_a_page_lead_somewhere(page: str) -> None:
    """Whatever a drawing or a line refers to on its own page stands on it."""
    document = parsed(html(page))
    ids = {each.attributes["id"] for each in document.every() if "id" in each.attributes}
    inside = {
        each.attributes["href"][1:]
        for each in document.every("a")
        if each.attributes.get("href", "").startswith("#")
    }
    assert inside - ids == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_form_that_acts_carries_the_secret(page: str) -> None:
    """A form that changes something posts, and holds the frame's own secret."""
    frame = sample.frame(f"/{page}")
    for form in parsed(html(page, frame=frame)).every("form"):
        if form.attributes["method"] == "post":
            fields = {
                each.attributes.get("name"): each.attributes.get("value") for each in form.every("input")
            }
            assert fields["csrf"] == frame.csrf
        else:
            assert form.attributes["action"] == "/search"


def test_what_everybody_must_know_stands_on_top() -> None:
    """Pausing, a notice after an action, and why a page may not be the whole truth come before the page itself."""
    frame = sample.frame("/", paused=("*",), notice="follow_up is paused.")
    text = parsed(html("overview", frame=frame)).text
    heading = text.index("Overview", text.index("Everything is paused"))
    assert text.index("Everything is paused") < heading
    assert text.index("follow_up is paused.") < heading


def test_a_page_that_cannot_be_had_now_asks_again_by_itself() -> None:
    """Trouble that may pass (503) is looked at again every few seconds, and has a link for who runs no scripts."""
    trouble = msgspec.structs.replace(sample.trouble(), status=503)
    document = parsed(html("trouble", trouble, sample.frame("/people/ana?show=text")))
    (page,) = document.every("div", id="page")
    assert page.attributes["hx-get"] == "/people/ana?show=text"
    assert any(link.text == "Try again" for link in document.every("a", href="/people/ana?show=text"))
