"""A person's page as a value: past and future, and no words where nobody asked for them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.console.values import HIDDEN, PersonView
from app.core.head import Head
from tests.facts.console.sample import person, told
from tests.facts.console.told import STORIES, tell, tell_file

SAID = ("surgery", "scared", "flat", "procedure", "dentist", "pottery", "kiln", "marathon", "moving", "Ruiz")


def test_past_and_future_stand_together() -> None:
    """What is planned stands with its due time and expiry beside what was sent, given up and kept silent."""
    view = person()
    planned = {(plan.agent, plan.subject) for plan in view.open_plans}
    assert planned == {
        ("digest", "this week"),
        ("re_engagement", "a quiet while"),
        ("follow_up", "marathon training"),
    }
    assert all(plan.expires_at is not None and plan.due_at < plan.expires_at for plan in view.open_plans)
    ended = {(plan.subject, plan.outcome, plan.reason) for plan in view.plans if not plan.is_open}
    assert ended == {
        ("the new flat", "nudged", "sent"),
        ("upcoming procedure", "revoked", "resolved"),
        ("Dentist", "stood_down", "quiet_hours"),
        ("pottery", "revoked", "exit_event"),
    }


def test_a_revocation_leads_from_the_sentence_to_the_plan() -> None:
    """What settled a plan is named with its place in the log, its words, and how sure the reading was."""
    view = person()
    struck = {one.reason: one for one in view.struck}["resolved"]
    event = next(each for each in view.events if each.ref.offset == struck.by.offset)
    assert event.text == struck.sentence
    assert "went fine" in struck.sentence
    assert (struck.verdict, struck.confidence) == ("resolves", 0.97)
    plan = next(each for each in view.plans if each.intent_id == struck.intent_id)
    assert struck.at < plan.due_at == struck.due_at


def test_a_nudge_stands_with_its_receipts() -> None:
    """What came back from the delivery service stands with the message it was about."""
    (seen,) = person().nudges
    assert [kind for _, kind in seen.receipts] == ["nudge.delivered", "nudge.opened"]


def test_no_words_where_nobody_asked_for_them() -> None:
    """Neither messages nor subjects, titles, drafts, problems, quotes or names are anywhere in a hidden page."""
    shown, kept = (msgspec.json.encode(person(shown=each)).decode() for each in (True, False))
    assert [word for word in SAID if word.lower() not in shown.lower()] == []
    assert [word for word in SAID if word.lower() in kept.lower()] == []
    assert HIDDEN in kept


@pytest.mark.parametrize("story", sorted(STORIES.glob("*.yaml"))[::4], ids=lambda path: Path(path).stem)
def test_no_story_slips_through(story: Path) -> None:
    """In no story of this repository does a hidden page hold a message, a subject or a nudge's text."""
    found = tell_file(story.stem)
    for user in found.story.users:
        if not any(record.key == user.encode() for record in found.records["user-events"]):
            continue
        shown, kept = found.view(user), found.view(user, shown=False)
        words = _words(shown)
        body = msgspec.json.encode(kept).decode()
        assert [word for word in words if word in body] == []


def _words(view: PersonView) -> set[str]:
    words = {event.text for event in view.events} | {seen.nudge.text for seen in view.nudges}
    subjects = {plan.subject for plan in view.plans}
    texts = {msgspec.json.encode(word).decode()[1:-1] for word in words | subjects}
    return {text for text in texts if len(text) > 4}


def test_words_of_a_delivery_service_are_hidden_too() -> None:
    """Why a delivery failed may quote an address; that it failed is no secret."""
    view_of = tell(
        """
name: It bounced
start: 2026-03-02T09:00:00+01:00
users: {ana: {timezone: Europe/Madrid, consents: ["*"]}}
timeline:
  - at: 2026-03-02T10:00:00+01:00
    user: ana
    event: intent.requested
    data: {agent: follow_up, subject: parcel, due_at: 2026-03-02T10:00:00+01:00}
  - at: 2026-03-02T11:00:00+01:00
    user: ana
    event: nudge.failed
    data: {nudge_id: last, reason: no mailbox ana-at-home}
  - {until: 2026-03-02T12:00:00+01:00}
"""
    ).view
    assert "ana-at-home" in msgspec.json.encode(view_of("ana")).decode()
    kept = msgspec.json.encode(view_of("ana", shown=False)).decode()
    assert "ana-at-home" not in kept
    assert "could not be delivered" in kept


def test_what_the_worker_has_not_decided_is_marked_and_said() -> None:
    """An event at or above the partition's `next` is not decided: the page says so, and for how long."""
    story = told()
    last = max(event.ref.offset for event in person().events)
    behind = msgspec.structs.replace(story, head=Head(next=last, high=last - 1)).view("ana")
    assert [event.ref.offset for event in behind.events if not event.decided] == [last]
    (note,) = behind.notes
    assert note.kind == "undecided"
    assert note.seconds is not None
    assert note.seconds > 0
    assert person().notes == ()


def test_a_page_is_the_same_after_a_way_as_json() -> None:
    """Consoles hand pages to each other as JSON: nothing is lost on the way."""
    view = person(shown=False)
    assert msgspec.json.decode(msgspec.json.encode(view), type=PersonView) == view
