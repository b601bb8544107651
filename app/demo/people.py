"""The people of a story: what they are called, and what time it is for them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from app.demo.facts import Fact, Kind, Place
from app.scenario.ending import Json
from app.scenario.story import Story
from topics.record import Record


class People:
    """Names and zones, as far as the story has come."""

    def __init__(self, story: Story) -> None:
        self._default = ZoneInfo(story.policy.default_timezone)
        known = {user_id: user for user_id, user in story.users.items() if user}
        self._names = {user_id: user.name for user_id, user in known.items() if user.name}
        self._zones = {user_id: ZoneInfo(user.timezone) for user_id, user in known.items() if user.timezone}

    def name(self, user_id: str) -> str:
        """What they are called in the timeline."""
        return self._names.get(user_id) or user_id.capitalize() or "somebody"

    def local(self, user_id: str, at: datetime) -> datetime:
        """A time in the zone of this person; of everybody, in the policy's."""
        return at.astimezone(self._zones.get(user_id, self._default))

    def city(self, user_id: str) -> str:
        """Where their zone is, as people say it."""
        zone = self._zones.get(user_id, self._default).key
        return zone.rpartition("/")[2].replace("_", " ")

    def moves(self, user_id: str, zone: object) -> None:
        """The person lives by another zone from now on; what is no zone changes nothing."""
        try:
            self._zones[user_id] = ZoneInfo(str(zone))
        except (KeyError, ValueError, OSError):
            return

    def seen_by(self, user_id: str, fact: Fact) -> Fact:
        """What happened to everybody, in this person's time."""
        return fact if fact.user_id else msgspec.structs.replace(fact, at=self.local(user_id, fact.at))

    def fact(
        self,
        at: datetime,
        user_id: str,
        kind: Kind,
        text: str,
        *,
        agent: str = "",
        intent_id: str = "",
        place: Place | None = None,
    ) -> Fact:
        """A fact in the person's own time."""
        at = self.local(user_id, at)
        return Fact(
            at=at, user_id=user_id, kind=kind, text=text, agent=agent, intent_id=intent_id, place=place
        )

    def of(self, record: Json, at: datetime, kind: Kind, text: str, place: Place | None = None) -> Fact:
        """A fact about the plan that a record of ours names."""
        user_id, agent, intent_id = record["user_id"], record["agent"], record["intent_id"]
        return self.fact(at, user_id, kind, text, agent=agent, intent_id=intent_id, place=place)


def whose(record: Record) -> str:
    """The person in whose log a record stands; empty without a key."""
    return (record.key or b"").decode("utf-8", "replace")
