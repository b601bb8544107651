"""The page of a person: the drawing and the list tell the same, and say no word that nobody asked for."""

from __future__ import annotations

import re
import time
from datetime import timedelta

from msgspec.structs import replace

from app.console.pages import person
from app.console.pages.clock import Clock
from app.console.pages.person_drawing import person_drawing
from app.console.pages.person_window import window_of
from app.console.values import HIDDEN, EventSeen, Note, PersonView
from tests.console import stage
from tests.console.reading_html import Element, parsed

WORDS = re.compile(
    r"surgery|scared|fine, home|insurance|procedure|sister|knee|Good morning|blue folder", re.IGNORECASE
)


def page(view: PersonView, path: str = "") -> Element:
    return parsed(person.render(view, stage.frame(view.now, path or f"/people/{view.user_id}?show=text")))


def ana(*, shown: bool = True) -> PersonView:
    return stage.week().person("ana", shown=shown)


def sentence(document: Element, anchor: str) -> str:
    """The line that a deep link leads to."""
    (entry,) = (
        each
        for each in document.every("li")
        if each.attributes.get("id") == anchor
        or ("entry" in each.classes and any(True for _ in each.every("span", id=anchor)))
    )
    return entry.text


def drawn(view: PersonView) -> Element:
    (drawing,) = (each for each in page(view).every("div") if "drawing" in each.classes)
    return drawing


def test_the_sentence_that_settled_a_plan_is_joined_with_it() -> None:
    """A revocation is a line from the words that settled it down to the plan, at the times of both."""
    view = ana()
    (struck,) = view.struck
    window, clock = window_of(view, ""), Clock(view.zone, view.now)
    drawing = person_drawing(view, window, clock)
    (line,) = (each for each in drawing.lines if each.css == "d-strike")
    settled = next(each for each in drawing.marks if each.href == f"#event-0-{struck.by.offset}")
    plan = next(
        each for each in drawing.marks if each.href == f"#end-{struck.intent_id}" and each.kind == "struck"
    )
    places = [float(each) for each in re.findall(r"-?[\d.]+", line.d)]
    assert line.arrow
    assert abs(places[0] - settled.x) < 0.2
    assert abs(places[-2] - plan.x) < 0.2
    assert settled.y < places[1] < places[-1] < plan.y
    assert "It went fine, home already" in next(
        e.text for e in drawn(view).every("text") if "k-settles" in e.classes
    )


def test_silences_are_as_loud_as_messages() -> None:
    """What was not said has a sign of the same size, and a line of its own with the reason."""
    view = ana()
    drawing = person_drawing(view, window_of(view, ""), Clock(view.zone, view.now))
    sizes = {kind: {mark.size for mark in drawing.marks if mark.kind == kind} for kind in ("sent", "silent")}
    assert sizes["sent"] == sizes["silent"] != set()
    silent = next(plan for plan in view.plans if plan.outcome == "stood_down")
    assert "stayed silent" in sentence(page(view), f"end-{silent.intent_id}")


def test_everything_that_is_drawn_is_told() -> None:
    """Each sign links to a line of the list, and each plan, message and event has one."""
    view = ana()
    document = page(view)
    ids = {each.attributes["id"] for each in document.every() if "id" in each.attributes}
    assert {each.attributes["href"][1:] for each in drawn(view).every("a")} <= ids
    assert {plan.anchor for plan in view.plans} <= ids
    assert {event.anchor for event in view.events} <= ids
    assert {f"nudge-{seen.nudge.nudge_id}" for seen in view.nudges} <= ids
    assert {seen.anchor for seen in view.passes} <= ids


def test_the_future_stands_above_now_and_can_be_revoked() -> None:
    """Open plans come first, the one that is due last on top; each has a link to revoke it."""
    view = ana()
    document = page(view)
    ahead = [each for each in document.every("li") if "ahead" in each.classes]
    assert [each.attributes["id"] for each in ahead] == [
        plan.anchor for plan in sorted(view.open_plans, key=lambda plan: plan.due_at, reverse=True)
    ]
    links = [
        link.attributes["href"]
        for each in ahead
        for link in each.every("a")
        if link.text.startswith("Revoke")
    ]
    assert links == [
        f"/people/ana/plans/{each.attributes['id'].removeprefix('plan-')}/revoke" for each in ahead
    ]


def test_what_is_behind_a_decision_is_there_on_demand() -> None:
    """Gates, the others in the pass, attempts, offsets and the price are in the details of the decision."""
    view = ana()
    sent = next(plan for plan in view.plans if plan.subject == "packing for the hospital")
    told = sentence(page(view), f"nudge-{sent.nudge_id}")
    for words in (
        "Gates of follow_up",
        "min_gap",
        "Attempts",
        "natural",
        "poor",
        "plain",
        "good",
        "matured by",
    ):
        assert words in told
    assert f"user-events-0@{sent.opened_by.offset}" in told


def test_no_word_is_shown_that_nobody_asked_for() -> None:
    """Without being asked the page has no words of the person, for them or about them, in any corner of it."""
    html = person.render(ana(shown=False), stage.frame(stage.week().now, "/people/ana"))
    assert WORDS.search(html) is None
    assert HIDDEN in html
    assert "Show their words" in html
    assert WORDS.search(person.render(ana(), stage.frame(stage.week().now, "/people/ana?show=text")))


def test_times_are_on_the_persons_own_clock() -> None:
    """A plan of somebody in Tokyo is due at their hour; the exact instant stands with it."""
    view = stage.week().person("daichi")
    times = {(each.attributes["datetime"], each.text) for each in page(view).every("time")}
    assert ("2026-03-05T23:00:00Z", "08:00") in times


def test_a_missing_time_zone_is_said() -> None:
    """Where a person told no time zone, the page says whose clock it shows instead."""
    assert "no time zone known: UTC" in page(stage.week().person("nadia")).text


def test_text_that_runs_from_right_to_left_stays_in_its_place() -> None:
    """Names and words of any direction are isolated, so that what stands around them keeps its order."""
    document = page(stage.week().person("farida"))
    (heading,) = document.every("h1")
    assert next(heading.every("bdi")).text == "فريدة"
    subjects = [
        each.text for each in drawn(stage.week().person("farida")).every("text") if "القيادة" in each.text
    ]
    assert subjects
    assert all("\u2068" in each and "\u2069" in each for each in subjects)


def test_five_hundred_events_are_a_page_like_any_other() -> None:
    """Signs that would hide each other are counted together, the list shows the latest, and it takes no second."""
    view = ana()
    first = view.events[0]
    many = tuple(
        replace(
            first,
            ref=replace(first.ref, offset=10_000 + n),
            at=view.now - timedelta(minutes=7 * n),
            type="app.opened",
        )
        for n in range(500)
    )
    crowded = replace(view, events=(*view.events, *many))
    began = time.perf_counter()
    html = person.render(crowded, stage.frame(view.now, "/people/ana"))
    assert time.perf_counter() - began < 2  # about 0.2 s where nothing else runs
    document = parsed(html)
    entries = [each for each in document.every("li") if "entry" in each.classes]
    assert len(entries) < 250
    assert any(each.attributes["href"] == "/people/ana?all=1" for each in document.every("a"))
    settled = person_drawing(crowded, window_of(crowded, ""), Clock(view.zone, view.now))
    assert any(mark.href == view_struck(crowded) and not mark.count for mark in settled.marks)
    (drawing,) = (each for each in document.every("div") if "drawing" in each.classes)
    assert len(list(drawing.every("a"))) < 400
    told = parsed(person.render(crowded, stage.frame(view.now, "/people/ana?all=1")))
    assert sum("entry" in each.classes for each in told.every("li")) > 500


def view_struck(view: PersonView) -> str:
    """The link of the sentence that settled a plan: the last thing that may be hidden by others."""
    return f"#event-0-{view.struck[0].by.offset}"


def test_thirty_plans_due_at_once_are_all_there() -> None:
    """Each has its row and its line; the soonest are shown, the others one click away."""
    view = ana()
    plan = view.open_plans[0]
    plans = tuple(
        replace(plan, intent_id=f"{n:024x}", subject=f"errand {n} " + "with a long subject " * 5)
        for n in range(30)
    )
    document = page(replace(view, plans=plans, struck=(), said=()))
    ids = {each.attributes["id"] for each in document.every("li") if "id" in each.attributes}
    assert {each.anchor for each in plans} <= ids
    drawing = person_drawing(
        replace(view, plans=plans, struck=()), window_of(view, ""), Clock(view.zone, view.now)
    )
    rows = {mark.y for mark in drawing.marks if mark.kind == "due"}
    assert len(rows) == 30
    assert drawing.height < 1_200


def test_another_part_of_the_time_can_be_asked_for() -> None:
    """`from` and `to` choose what is drawn; what makes no sense is as if it had not been written."""
    view = ana()
    asked = window_of(view, "/people/ana?from=2026-03-04T00:00:00Z&to=2026-03-05T00:00:00Z")
    assert asked.end - asked.start == timedelta(days=1)
    usual = window_of(view, "/people/ana")
    for nonsense in (
        "from=x",
        "from=2026-03-04&to=2026-03-05",
        "from=2026-03-05T00:00:00Z&to=2026-03-04T00:00:00Z",
    ):
        assert window_of(view, f"/people/ana?{nonsense}") == usual


def test_somebody_who_is_not_known_and_somebody_who_cannot_be_asked_about_are_told_apart() -> None:
    """Nobody by this id is an answer; a console that is away is a banner with what to do."""
    nobody = stage.week().person("zoe")
    assert "Nobody by this id" in page(nobody).text
    note = Note(
        kind="restoring",
        says="the console at b:1 rebuilds its tables",
        do="ask again in a moment",
        seconds=12,
    )
    text = page(replace(nobody, notes=(note,))).text
    assert "Nobody by this id" not in text
    assert "The console at b:1 rebuilds its tables. (12 s) Ask again in a moment. Try again" in text


def test_an_event_that_is_not_decided_yet_says_so() -> None:
    """What the worker has not been through with is no silence of an agent."""
    view = ana()
    waits: EventSeen = replace(view.events[-1], decided=False)
    told = sentence(page(replace(view, events=(*view.events[:-1], waits))), waits.anchor)
    assert "the worker has not decided on it yet" in told
