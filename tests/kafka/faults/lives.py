"""People as a seed makes them: what happens to each, and when; all of it due within seconds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

SOURCE = "faults"
SURGERY = "The surgery is on Thursday, I am scared"
WENT_FINE = "It went fine, I am home already"
PROCEDURE = "upcoming procedure"

# Everything comes due within seconds, at whatever hour the run takes place; nothing is silent for a reason that
# has to do with the hour, the day or a budget.
POLICY = """
quiet_hours: {start: "00:00", end: "00:00"}
caps: {per_day: 1000, per_week: 1000}
min_gap: 2s
active_within: 0s
settle: {quiet: 300ms, at_most: 2s}
budget: {calls_per_person_per_day: 1000000, calls_per_minute: 1000000}
agents:
  follow_up: {delay: 4s}
  curiosity: {delay: 4s}
  calendar: {lead: 3s}
  re_engagement: {silent_for: 6s}
"""
MIN_GAP = timedelta(seconds=2)
# The later words first: where both are read together, nothing is raised.
SCRIPT = f"""
name: what the model says while faults happen
model:
  - ask: reading
    contains: "went fine"
    reply: {{verdicts: [{{intent: {PROCEDURE}, verdict: resolves, confidence: 0.97}}]}}
  - ask: reading
    contains: "surgery is on"
    reply: {{subjects: [{{subject: {PROCEDURE}, agent: follow_up}}]}}
"""

Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event, and when it is to be sent."""

    at: datetime
    user: str
    id: str
    type: str
    data: Data
    source: str = SOURCE
    partition: int | None = None
    """Where it is written, whatever its key says; None: at home."""

    @property
    def event_id(self) -> str:
        """As outcomes name it."""
        return f"{self.source}/{self.id}"


@dataclass(slots=True)
class Life:
    """What happens to one person, in order of writing, not of time."""

    user: str
    begins: datetime
    chance: random.Random
    happenings: list[Happening] = field(default_factory=list)

    def then(self, after_s: float, kind: str, data: Data, *, copy_of: str | None = None) -> str:
        """Something happens so long after the beginning; the id of the event, or of the one that it repeats."""
        name = copy_of or f"{self.user}-{len(self.happenings)}"
        at = self.begins + timedelta(seconds=after_s)
        self.happenings.append(Happening(at=at, user=self.user, id=name, type=kind, data=data))
        return name

    def due(self, after_s: float) -> str:
        """An instant in this life, as events write it."""
        return (self.begins + timedelta(seconds=after_s)).isoformat()


def _asked(life: Life) -> None:
    """A service asks for a plan, and may move it, take it back, end it by an event, or say it twice."""
    chance, key = life.chance, f"key-{life.user}"
    due_s = chance.uniform(0.5, 6)
    data = {
        "agent": "follow_up",
        "subject": f"matter of {life.user}",
        "subject_key": key,
        "due_at": life.due(due_s),
        "exit_on": [{"type": "bill.paid", "where": {"key": key}}],
    }
    asked = life.then(0.05, "intent.requested", data)
    if chance.random() < 0.15:
        life.then(chance.uniform(0.1, due_s), "intent.requested", data, copy_of=asked)
    if chance.random() < 0.15:
        later = {**data, "due_at": life.due(due_s + 2)}
        life.then(chance.uniform(0.1, due_s), "intent.requested", later)
    if chance.random() < 0.25:
        life.then(chance.uniform(0.2, due_s + 0.5), "intent.revoked", {"subject_key": key})
    elif chance.random() < 0.2:
        life.then(chance.uniform(0.2, due_s + 0.5), "bill.paid", {"key": key, "amount": 12})
    if chance.random() < 0.06:
        life.then(chance.uniform(0.2, due_s + 1), "consent.changed", {"agent": "*", "granted": False})
    elif chance.random() < 0.04:
        life.then(due_s + 2.5, "user.erased", {})


def _told(life: Life) -> None:
    """Somebody tells of a thing to come, and some tell that it is over."""
    chance = life.chance
    said = {"text": SURGERY, "message_id": f"m-{life.user}", "conversation_id": "c"}
    life.then(0.05, "message.received", said)
    if chance.random() < 0.5:
        life.then(0.1, "conversation.ended", {"conversation_id": "c"})
    if chance.random() < 0.5:
        life.then(chance.uniform(0.2, 6), "message.received", {"text": WENT_FINE, "conversation_id": "d"})


def _planned(life: Life) -> None:
    """An appointment, which some call off."""
    starts_s = life.chance.uniform(3.5, 9)
    data = {
        "calendar_event_id": f"cal-{life.user}",
        "title": "the dentist",
        "starts_at": life.due(starts_s),
        "ends_at": life.due(starts_s + 1800),
    }
    life.then(0.05, "calendar.changed", data)
    if life.chance.random() < 0.3:
        at = life.chance.uniform(0.3, starts_s - 2)
        life.then(at, "calendar.changed", {**data, "status": "cancelled"})


def _noticed(life: Life) -> None:
    """An interest that nobody has talked about, until some do."""
    life.then(0.05, "interest.noticed", {"topic": "rock climbing"})
    if life.chance.random() < 0.4:
        life.then(life.chance.uniform(0.3, 5), "message.received", {"text": "nothing special today"})


def _opened(life: Life) -> None:
    """Activity, and then silence."""
    for _ in range(life.chance.randint(1, 4)):
        life.then(life.chance.uniform(0.05, 4), "app.opened", {})


KINDS: tuple[tuple[str, Callable[[Life], None], float], ...] = (
    ("asked", _asked, 0.45),
    ("told", _told, 0.25),
    ("planned", _planned, 0.1),
    ("noticed", _noticed, 0.1),
    ("opened", _opened, 0.1),
)


def life(number: int, begins: datetime, chance: random.Random) -> Iterator[Happening]:
    """All that happens to one new person."""
    (kind,) = chance.choices(KINDS, weights=[weight for *_, weight in KINDS])
    name, live, _ = kind
    one = Life(f"{name}-{number}", begins, chance)
    one.then(0, "consent.changed", {"agent": "*", "granted": True})
    live(one)
    return iter(one.happenings)
