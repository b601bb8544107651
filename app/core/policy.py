"""The policy: what the operator decides. Read from YAML 1.2, checked at start, its hash in every outcome."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


def duration(value: object) -> timedelta:
    """`90s`, `4h`, `1h30m`, `7d` as a length of time; ValueError says what is expected."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and value and not _DURATION.sub("", value):
        return timedelta(seconds=sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(value)))
    raise ValueError(f"{value!r} is no length of time: write it like 90s, 15m, 4h or 7d")


def written(value: timedelta) -> str:
    """The shortest way to write a duration that `duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:g}s"


def _wall_clock(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return value
    raise ValueError(f'{value!r} is no time of day: write it like "21:00"')


def _weekday(value: object) -> int:
    if isinstance(value, str) and value.lower() in WEEKDAYS:
        return WEEKDAYS.index(value.lower())
    if isinstance(value, int) and 0 <= value <= 6:
        return value
    raise ValueError(f"{value!r} is no day of the week: one of {', '.join(WEEKDAYS)}")


Duration = Annotated[timedelta, BeforeValidator(duration), PlainSerializer(written, return_type=str)]
WallClock = Annotated[str, BeforeValidator(_wall_clock)]
Weekday = Annotated[int, BeforeValidator(_weekday)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class QuietHours(_Part):
    """Local to the person; `start <= local time < end`, over midnight when start is later; equal means none."""

    start: WallClock = "21:00"
    end: WallClock = "09:00"


class Caps(_Part):
    """How many nudges of all agents: in the person's calendar day, and in rolling 168 hours."""

    per_day: int = Field(default=2, ge=0)
    per_week: int = Field(default=6, ge=0)


class Settle(_Part):
    """A conversation has settled `quiet` after its last message, and `at_most` after its oldest unread one."""

    quiet: Duration = timedelta(seconds=90)
    at_most: Duration = timedelta(minutes=10)


class ReadingPolicy(_Part):
    """When messages are read, how sure a verdict must be, how many plans one message may close, how long to hold.

    `postpone`: how often what is said may put one plan off; the next time it ends. 5: whoever says "later" to a sixth
    question about it means no, and a matter that goes on is raised again.
    """

    when: Literal["settled", "each", "maturity"] = "settled"
    sure: Share = 0.8
    per_message: int = Field(default=3, ge=0)
    hold: Duration = timedelta(hours=12)
    postpone: int = Field(default=5, ge=0)


class CatchUp(_Part):
    """What came due longer ago than this stands down as `too_late`."""

    late_by: Duration = timedelta(hours=24)


class Quality(_Part):
    """`rules`: the checks alone; `model`: also the judge's score of at least `bar`."""

    judge: Literal["rules", "model"] = "rules"
    bar: Share = 0.7


class Budget(_Part):
    """Answered requests: per person and calendar day, and per worker and minute.

    `ignored_per_week`: nudges that a person may leave unheeded in 168 hours, before everybody keeps quiet but those
    that speak `even_if_ignored`; a reply fills it again. 4: with the caps of two a day, two days without a sign.
    """

    calls_per_person_per_day: int = Field(default=20, ge=0)
    calls_per_minute: int = Field(default=600, ge=0)
    ignored_per_week: int = Field(default=4, ge=1)


class Price(_Part):
    """US dollars per million tokens."""

    input_per_mtok: float = Field(ge=0)
    output_per_mtok: float = Field(ge=0)


class Privacy(_Part):
    """`quotes`: whether outcomes carry the person's words."""

    quotes: bool = False


class Holdout(_Part):
    """The share of people who get no nudge, chosen by a hash of the person and the salt."""

    share: Share = 0.0
    salt: str = ""


class AgentPolicy(_Part):
    """One agent's settings; each agent reads those that mean something to it."""

    priority: int = 10
    delay: Duration = timedelta(hours=48)
    lead: Duration = timedelta(hours=1)
    silent_for: Duration = timedelta(days=7)
    weekday: Weekday = 6
    at: WallClock = "17:00"
    at_least: int = Field(default=2, ge=1)
    expires_after: Duration = timedelta(days=7)
    mode: Literal["live", "shadow"] = "live"
    fallback: Literal["text", "silence"] = "text"
    even_if_ignored: bool = False


FIVE: dict[str, dict[str, Any]] = {
    "follow_up": {"priority": 60, "delay": "48h", "expires_after": "7d"},
    "calendar": {"priority": 80, "lead": "1h", "even_if_ignored": True},
    "digest": {"priority": 40, "weekday": "sunday", "at": "17:00", "at_least": 2, "expires_after": "24h"},
    "re_engagement": {"priority": 30, "silent_for": "7d", "expires_after": "7d"},
    "curiosity": {"priority": 20, "delay": "3d", "expires_after": "7d"},
}


class Policy(_Part):
    """The whole of it; every field has a default, an unknown one is refused."""

    quiet_hours: QuietHours = QuietHours()
    caps: Caps = Caps(per_day=2, per_week=6)
    min_gap: Duration = timedelta(hours=4)
    active_within: Duration = timedelta(minutes=15)
    settle: Settle = Settle()
    reading: ReadingPolicy = ReadingPolicy()
    mute_for: Duration = timedelta(days=180)
    catch_up: CatchUp = CatchUp()
    quality: Quality = Quality()
    budget: Budget = Budget()
    prices: dict[str, Price] = {}
    privacy: Privacy = Privacy()
    holdout: Holdout = Holdout()
    consent_sources: tuple[str, ...] = ()
    default_timezone: str = "UTC"
    agents: dict[str, AgentPolicy] = {}

    @field_validator("default_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{value!r} is no IANA time zone: write it like Europe/Madrid") from None
        return value

    @field_validator("agents", mode="before")
    @classmethod
    def _over_the_five(cls, value: object) -> object:
        """What is given for one of the five is laid over its own defaults, key by key."""
        return laid_over(FIVE, value) if isinstance(value, Mapping) else value

    def agent(self, name: str) -> AgentPolicy:
        """The settings of one agent, with the defaults where the policy is silent."""
        return self.agents.get(name, _UNNAMED)

    @cached_property
    def version(self) -> str:
        """The hash that stands in every outcome: 12 hexadecimal digits over the whole policy."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


_UNNAMED = AgentPolicy()


def laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `base`, key by key at every depth; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[key] = laid_over(below, value) if both else value  # type: ignore[arg-type]  # `both` says so
    return merged


def parse(document: Mapping[str, Any] | None) -> Policy:
    """A policy from a YAML document; pydantic's ValidationError names each field that is wrong."""
    return Policy.model_validate(document or {})
