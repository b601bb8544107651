"""The agents of this worker, by name and by the events that they subscribe to."""

from __future__ import annotations

from collections.abc import Iterable

from agents.contract import Agent


class Roster:
    """Who decides what. An agent with `replans` is asked again with the event that closed one of its intents."""

    __slots__ = ("_by_type", "by_name", "names", "replanning")

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.by_name: dict[str, Agent] = {agent.name: agent for agent in agents}
        self.names = frozenset(self.by_name)
        self.replanning = frozenset(
            name for name, agent in self.by_name.items() if getattr(agent, "replans", False)
        )
        self._by_type: dict[str, tuple[Agent, ...]] = {}
        for agent in self.by_name.values():
            for event_type in agent.subscribes:
                self._by_type[event_type] = (*self._by_type.get(event_type, ()), agent)

    def subscribed(self, event_type: str) -> tuple[Agent, ...]:
        """The agents that an event of this type concerns, in the order of their registration."""
        return self._by_type.get(event_type, ())
