"""What may happen to people: seeded, few keys and few subjects, so that events meet each other often."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.simulation.moves import Happening

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

PEOPLE = ("ana", "bo", "cy", "dee", "eli", "fay", "gus", "hal", "ida")
AGENTS = ("follow_up", "re_engagement", "digest", "calendar", "curiosity", "brittle")
ZONES = ("UTC", "Europe/Madrid", "America/New_York", "Asia/Kolkata")
KEYS = ("", "k1", "k2")
SUBJECTS = ("The Dentist", "the  dentist", "a new job", "moving house")
TOPICS = ("chess", "Chess", "sailing")
APPOINTMENTS = ("c1", "c2")
ITEMS = ("n1", "n2", "n3")
PARCELS = (1, 2)
BROKEN = (
    "not_json",
    "not_an_event",
    "invalid_data",
    "empty",
    "key_mismatch",
    "bad_key",
    "no_key",
    "too_large",
)
# Where the brittle agent breaks: see brittle.py.
PLACES = ("candidate", "check", "fallback", "nowhere")

# How often each kind happens, before a seed makes some of them frequent and leaves others out.
KINDS: dict[str, int] = {
    "message.received": 12,
    "message.sent": 3,
    "conversation.ended": 3,
    "app.opened": 6,
    "profile.updated": 3,
    "grant": 4,
    "withdrawal": 2,
    "interest.noticed": 4,
    "calendar.changed": 6,
    "digest.item": 5,
    "intent.requested": 16,
    "intent.revoked": 6,
    "receipt": 6,
    "user.erased": 1,
    "parcel": 4,
    "intent.matured": 1,
    "unknown": 1,
    "brittle.plan": 2,
    "brittle.broke": 1,
    "broken": 2,
}


class Lives:
    """Makes one event after another for a few people."""

    def __init__(self, rng: random.Random, people: int, partitions: int) -> None:
        self._rng = rng
        self.people = PEOPLE[:people]
        self._astray = 0.06 if partitions > 1 else 0.0
        self._late = rng.choice((0.0, 0.1, 0.4))
        self._count = 0
        chosen = {kind: weight * rng.choice((0, 0.5, 1, 1, 3)) for kind, weight in KINDS.items()}
        chosen["intent.requested"] = max(chosen["intent.requested"], 4)
        self._kinds = list(chosen)
        self._weights = list(chosen.values())
        self._erase_rarely = rng.random() < 0.7

    def beginning(self) -> list[Happening]:
        """Most people let everybody reach out before anything else happens."""
        rng, told = self._rng, []
        for user in self.people:
            if rng.random() < 0.7:
                told.append(
                    self._event(user, "profile.updated", {"timezone": rng.choice(ZONES), "name": user})
                )
            if rng.random() < 0.92:
                told.append(self._event(user, "consent.changed", {"agent": "*", "granted": True}))
        return told

    def any(self) -> Happening:
        """Something happens to somebody."""
        rng = self._rng
        kind = rng.choices(self._kinds, self._weights)[0]
        if kind == "user.erased" and self._erase_rarely and rng.random() < 0.7:
            kind = "app.opened"
        return self.of_kind(kind, rng.choice(self.people))

    def of_kind(self, kind: str, user: str) -> Happening:
        """One event of this kind."""
        rng = self._rng
        if kind == "broken":
            return self._event(user, "app.opened", {}, broken=rng.choice(BROKEN))
        event_type, data = _MAKERS[kind](rng)
        if event_type.startswith("message."):
            data["text"] = f"words number {self._count}"
            if rng.random() < 0.05:
                data["text"] += " and on" * 40
        return self._event(user, event_type, data)

    def flood(self, user: str, size: int) -> list[Happening]:
        """A client of one person that went mad."""
        kinds = ("app.opened", "message.received", "unknown", "intent.revoked")
        kind = self._rng.choice(kinds)
        return [self.of_kind(kind, user) for _ in range(size)]

    def revocation(self, user: str) -> Happening:
        """Something that may well close what is planned."""
        kinds = (
            "intent.revoked",
            "intent.revoked",
            "withdrawal",
            "parcel",
            "message.received",
            "intent.requested",
        )
        return self.of_kind(self._rng.choice((*kinds, "app.opened", "calendar.changed", "user.erased")), user)

    def _event(self, user: str, event_type: str, data: dict[str, Any], broken: str = "") -> Happening:
        rng = self._rng
        self._count += 1
        age = 0
        if self._late and rng.random() < self._late:
            age = rng.choice((-10 * MINUTE, -2 * MINUTE, SECOND, MINUTE, 20 * MINUTE, 5 * HOUR, 2 * DAY))
        astray = rng.random() < self._astray
        return Happening(
            user=user,
            type=event_type,
            id=f"e{self._count}",
            data=data,
            age=age,
            astray=astray,
            forwarded=astray and rng.random() < 0.15,
            broken=broken,
        )


Made = tuple[str, dict[str, Any]]


def _profile(rng: random.Random) -> Made:
    data: dict[str, Any] = {}
    if rng.random() < 0.6:
        data["timezone"] = rng.choice(ZONES)
    if rng.random() < 0.3:
        data["locale"] = rng.choice(("en", "es", "de"))
    if rng.random() < 0.4:
        data["quiet_hours"] = rng.choice(
            (
                {"start": "22:00", "end": "07:00"},
                {"start": "12:00", "end": "12:00"},
                {"start": "06:30", "end": "20:00"},
            )
        )
    return "profile.updated", data


def _grant(rng: random.Random) -> Made:
    return "consent.changed", {"agent": rng.choice(("*", "*", *AGENTS)), "granted": True}


def _withdrawal(rng: random.Random) -> Made:
    return "consent.changed", {"agent": rng.choice(("*", *AGENTS)), "granted": False}


def _received(rng: random.Random) -> Made:
    data: dict[str, Any] = {}
    if rng.random() < 0.3:
        data["conversation_id"] = rng.choice(("x", "y"))
    if rng.random() < 0.1:
        data["in_reply_to"] = {"nudge": 0}
    return "message.received", data


def _ended(rng: random.Random) -> Made:
    return "conversation.ended", rng.choice(({}, {"conversation_id": "x"}, {"conversation_id": "default"}))


def _calendar(rng: random.Random) -> Made:
    data: dict[str, Any] = {"calendar_event_id": rng.choice(APPOINTMENTS)}
    if rng.random() < 0.25:
        return "calendar.changed", data | {"status": "cancelled"}
    starts = rng.choice((-HOUR, 20 * MINUTE, 90 * MINUTE, 3 * HOUR, DAY, 4 * DAY))
    return "calendar.changed", data | {"title": rng.choice(("Checkup", "Review")), "starts_in": starts}


def _item(rng: random.Random) -> Made:
    data = {
        "item_id": rng.choice(ITEMS),
        "title": rng.choice(("A film", "A book")),
        "importance": rng.random(),
    }
    return "digest.item", data


def _requested(rng: random.Random) -> Made:
    due = rng.choice((-HOUR, 0, 5 * SECOND, MINUTE, 10 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY))
    data: dict[str, Any] = {
        "agent": rng.choices(AGENTS[:5], (12, 1, 1, 2, 2))[0],
        "subject": rng.choice(SUBJECTS),
        "due_in": due,
    }
    if key := rng.choice(KEYS):
        data["subject_key"] = key
    if rng.random() < 0.4:
        data["expires_in"] = due + rng.choice((0, MINUTE, 30 * MINUTE, 5 * HOUR, 2 * DAY))
    if rng.random() < 0.3:
        data["exit_on"] = [{"type": "parcel.delivered", "where": {"order": rng.choice(PARCELS)}}]
        if rng.random() < 0.2:
            data["exit_on"] = [{"type": "app.opened"}]
    return "intent.requested", data


def _revoked(rng: random.Random) -> Made:
    chance = rng.random()
    if chance < 0.3:
        return "intent.revoked", {"intent_id": {"intent": rng.choice((0, 0, 1, 2))}}
    if chance < 0.6:
        return "intent.revoked", {"subject_key": rng.choice(KEYS[1:])}
    return "intent.revoked", {
        "subject_key": rng.choice((*SUBJECTS, *TOPICS, *ITEMS, *APPOINTMENTS, "a quiet while"))
    }


def _receipt(rng: random.Random) -> Made:
    kind = rng.choice(("delivered", "failed", "failed", "opened", "replied", "dismissed"))
    return f"nudge.{kind}", {"nudge_id": {"nudge": rng.choice((0, 0, 1))}}


def _matured(rng: random.Random) -> Made:
    named = [
        {"intent_id": {"intent": n}, "version": rng.choice((1, 1, 2, 3))} for n in range(rng.choice((1, 2)))
    ]
    return "intent.matured", {"intents": named}


def _plan(rng: random.Random) -> Made:
    due = rng.choice((0, MINUTE, HOUR, DAY))
    return "brittle.plan", {"subject": f"breaks at {rng.choice(PLACES)}", "due_in": due}


_MAKERS: dict[str, Callable[[random.Random], Made]] = {
    "message.received": _received,
    "message.sent": lambda _: ("message.sent", {}),
    "conversation.ended": _ended,
    "app.opened": lambda _: ("app.opened", {}),
    "profile.updated": _profile,
    "grant": _grant,
    "withdrawal": _withdrawal,
    "interest.noticed": lambda rng: ("interest.noticed", {"topic": rng.choice(TOPICS)}),
    "calendar.changed": _calendar,
    "digest.item": _item,
    "intent.requested": _requested,
    "intent.revoked": _revoked,
    "receipt": _receipt,
    "user.erased": lambda _: ("user.erased", {}),
    "parcel": lambda rng: ("parcel.delivered", {"order": rng.choice(PARCELS)}),
    "intent.matured": _matured,
    "unknown": lambda _: ("weather.changed", {"sky": "grey"}),
    "brittle.plan": _plan,
    "brittle.broke": lambda _: ("brittle.broke", {}),
}
