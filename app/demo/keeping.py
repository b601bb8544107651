"""`tactful demo --keep`: a week in people's lives on a log that stays, dated so that it ends now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from agents.contract import Agent
from app.scenario.errors import StoryError
from app.scenario.runner import Result, run
from app.scenario.story import Story, UntilEntry, parse
from app.scenario.world import Setting, World
from app.scenario.world_process import EmbeddedWorld

WEEK = Path(__file__).parent / "week.yaml"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile("|".join((*_DAYS, *(day.capitalize() for day in _DAYS))))


def week(now: datetime) -> Story:
    """The story, moved by whole days to its end before `now` and told on to then; days keep their hours and names."""
    text = WEEK.read_text(encoding="utf-8")
    ends = parse(text, WEEK.name).timeline[-1].at
    days = (now - ends) // timedelta(days=1)

    def moved(found: re.Match[str]) -> str:
        return (datetime.fromisoformat(found.group()) + timedelta(days=days)).isoformat()

    def named(found: re.Match[str]) -> str:
        word = found.group()
        day = _DAYS[(_DAYS.index(word.lower()) + days) % 7]
        return day.capitalize() if word[0].isupper() else day

    story = parse(_DAY.sub(named, _INSTANT.sub(moved, text)), WEEK.name)
    return story.model_copy(update={"timeline": (*story.timeline, UntilEntry(until=now))})


def kept(folder: Path, agents: Mapping[str, Agent], now: datetime) -> Result:
    """Tell the week onto an embedded log in this folder; StoryError when something is in it already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoryError(f"--keep {folder}: there is something already: name a folder that is new or empty")

    def make(setting: Setting) -> World:
        return EmbeddedWorld(setting, log=folder.absolute())

    return run(week(now), agents, make, path=WEEK)
