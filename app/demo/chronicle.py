"""From what the topics hold to facts that can be told: the same for every story, whatever it is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from app.demo import wording
from app.demo.facts import RANK, Fact, Place
from app.demo.held_back import HeldBack
from app.demo.people import People, whose
from app.demo.plans import Plans
from app.demo.watched import Seen
from app.scenario.ending import Json, header
from app.scenario.parts import instant
from app.scenario.story import START_SOURCE, Story
from topics.record import Record

_NOT_TOLD = frozenset({"intent.matured"})
"""Ours, and told by what follows from it."""


class Chronicle:
    """Remembers what it has told of one story, so that each look tells only what is new."""

    def __init__(self, story: Story) -> None:
        self.people = People(story)
        self._plans = Plans(self.people)
        self._held_back = HeldBack(self.people, self._plans, story.policy.min_gap)
        self._events: dict[Place, Json] = {}
        self._titles: dict[tuple[str, str], str] = {}
        """What stands in people's calendars, by the appointment's id."""

    @property
    def opened(self) -> frozenset[str]:
        """The ids of all plans that were ever opened."""
        return frozenset(self._plans.known)

    def facts(self, seen: Seen) -> list[Fact]:
        """What is new, in order of time."""
        found = [
            *self._happened(seen),
            *(self.people.fact(seen.now, "", "world", text) for text in seen.done),
            *self._plans.told(seen),
            *self._held_back.told(seen),
            *self._sent(seen),
            *self._closed(seen),
            *self._plans.missed(seen.now),
        ]
        return sorted(found, key=lambda fact: (fact.at, RANK[fact.kind]))

    def _happened(self, seen: Seen) -> Iterator[Fact]:
        refused = {_origin(letter): letter for letter in seen.dead_letters}
        for record in seen.events:
            place = record.partition, record.offset
            event = _plain(record)
            if event is None or place in refused:
                continue
            self._events[place] = event
            if event["type"] in _NOT_TOLD or event["source"] == START_SOURCE:
                continue
            user_id, data = whose(record), self._entitled(whose(record), event["data"])
            if event["type"] == "profile.updated" and "timezone" in data:
                self.people.moves(user_id, data["timezone"])
            at = self.people.local(user_id, _logged(record))
            text = wording.event(event["type"], data, self.people.name(user_id), at)
            yield self.people.fact(at, user_id, "event", text, place=place)
        for letter in seen.dead_letters:
            yield self.people.fact(_logged(letter), whose(letter), "quiet", _refused(letter))

    def _entitled(self, user_id: str, data: Json) -> Json:
        """The data of an appointment with the title that it had, when it is mentioned again."""
        key = user_id, str(data.get("calendar_event_id", ""))
        if not key[1]:
            return data
        known = self._titles.get(key)
        self._titles[key] = str(data.get("title") or known or "")
        return {**data, "title": self._titles[key], wording.KNOWN: known is not None}

    def _sent(self, seen: Seen) -> Iterator[Fact]:
        by_nudge = {outcome["nudge_id"]: outcome for outcome in seen.outcomes if outcome["nudge_id"]}
        for nudge in seen.nudges:
            at = instant(nudge["decided_at"])
            if nudge["kind"] == "recall":
                about = f" about {nudge['subject']}" if nudge["subject"] else ""
                yield self.people.of(nudge, at, "recalled", f"{nudge['agent']} takes its message{about} back")
            else:
                said = wording.sent(nudge, by_nudge.get(nudge["nudge_id"]))
                yield self.people.of(nudge, at, "sent", f"{nudge['agent']} {said}")

    def _closed(self, seen: Seen) -> Iterator[Fact]:
        for outcome in seen.outcomes:
            at, plan = instant(outcome["closed_at"]), self._plans.known[outcome["intent_id"]]
            plan.is_open = False
            if outcome["outcome"] == "revoked":
                plan.is_missed = plan.due_at > at
                ref = outcome["closed_by"]
                place = (ref["partition"], ref["offset"]) if ref else None
                cause = self._events.get(place) if place else None
                text = f"struck out: {wording.struck(outcome, cause)}"
                yield self.people.of(outcome, at, "struck", text, place)
            elif outcome["outcome"] != "nudged":
                text = f"{outcome['agent']} keeps quiet: {wording.silence(outcome)}"
                yield self.people.of(outcome, at, "quiet", text)


def _plain(record: Record) -> Json | None:
    """An event in the plain form; other forms are for the worker to understand, and not told here."""
    try:
        event = json.loads(record.value or b"null")
        data = event.get("data")
        return {
            "type": str(event["type"]),
            "source": event["source"],
            "data": data if isinstance(data, dict) else {},
        }
    except (ValueError, LookupError, AttributeError, TypeError):
        return None


def _logged(record: Record) -> datetime:
    return datetime.fromtimestamp(record.timestamp_ms / 1000, UTC)


def _origin(letter: Record) -> Place:
    return int(header(letter, "tactful_partition")), int(header(letter, "tactful_offset"))


def _refused(letter: Record) -> str:
    reason, error = header(letter, "tactful_reason"), header(letter, "tactful_error")
    return f"a record that cannot be understood is put aside ({reason}): {error}"
