"""Who decides what: the five agents, and how others are added."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import cast

from agents.calendar import Calendar
from agents.contract import Agent
from agents.curiosity import Curiosity
from agents.digest import Digest
from agents.follow_up import FollowUp
from agents.held_to import shape
from agents.re_engagement import ReEngagement
from topics.user_events import KNOWN_TYPES

FIVE: tuple[Agent, ...] = (FollowUp(), ReEngagement(), Digest(), Calendar(), Curiosity())

# "message.recieved" is this close to a known type, "parcel.delivered" is not.
A_SLIP = 0.88


class AgentError(Exception):
    """An agent named in TACTFUL_AGENTS cannot be used.

    Operator action: mend the agent or its import path as the message says; until then no worker starts.
    """


def load(import_paths: Sequence[str]) -> dict[str, Agent]:
    """The five, and the agents at `package.module:object` or alone in a `package.module`, by name."""
    found = {agent.name: agent for agent in FIVE}
    for path in map(str.strip, import_paths):
        agent = _at(path)
        wrong = list(shape(agent)) or _slips(agent)
        if wrong:
            raise AgentError(f"{path}: " + "; ".join(wrong))
        if agent.name in found:
            raise AgentError(
                f"{path}: there is an agent called {agent.name!r} already: give this one another name"
            )
        found[agent.name] = agent
    return found


def _at(path: str) -> Agent:
    """The agent that an import path names."""
    module_name, colon, attribute = path.partition(":")
    if not module_name or (colon and not attribute):
        raise AgentError(f"{path!r} is no import path: write it like package.module:object")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise AgentError(
            f"{path}: {error}: check the spelling, and that the folder of {module_name.split('.')[0]!r} "
            "is in PYTHONPATH, or the one you are in"
        ) from error
    if not attribute:
        return _only_one_in(module, path)
    try:
        return _made(getattr(module, attribute), path)
    except AttributeError:
        raise AgentError(
            f"{path}: {module_name} has no {attribute!r}: name the object that is the agent"
        ) from None


def _made(named: object, path: str) -> Agent:
    """The object itself; a class is asked for its one instance."""
    if isinstance(named, type):
        try:
            named = named()
        except TypeError as error:
            raise AgentError(
                f"{path}: the class cannot be made without arguments ({error}): name an object"
            ) from error
    return cast("Agent", named)


def _only_one_in(module: ModuleType, path: str) -> Agent:
    objects = {
        name: value
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not isinstance(value, type | ModuleType)
        and hasattr(value, "consider")
    }
    distinct = {id(value): value for value in objects.values()}
    if len(distinct) != 1:
        names = ", ".join(sorted(objects)) or "none"
        raise AgentError(
            f"{path}: the module must hold one agent object, this one has {names}: name it after a colon"
        )
    return cast("Agent", next(iter(distinct.values())))


def _slips(agent: Agent) -> list[str]:
    """Types that look like a known one misspelled and are not declared as the agent's own."""
    declared: frozenset[str] = getattr(agent, "declares", frozenset())
    unknown = sorted(set(agent.subscribes) - set(KNOWN_TYPES) - set(declared))
    return [
        f"it subscribes to {one!r}: did you mean {close[0]!r}? If not, add it to `declares`"
        for one in unknown
        if (close := get_close_matches(one, KNOWN_TYPES, n=1, cutoff=A_SLIP))
    ]
