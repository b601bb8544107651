"""Who decides and who is paused, as a page shows it; and what is written to pause and resume."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

from agents.contract import Agent
from app.console.knowing import Opened
from app.console.operator_values import AgentsView, AgentView
from app.console.overview_values import Overview
from app.console.values import Note
from app.deployment import Deciding, decides
from app.drivers.controls import Controls
from app.drivers.rocks import StoreError
from app.outside.log import NoLogYetError, OutOfReachError, milliseconds
from topics.controls import EVERYTHING, NUDGE_CONTROLS, Control
from topics.encode import encode
from topics.record import NewRecord

WAITED_FOR_S = 1.5
FRESH_S = 2.0
"""Every page shows what is paused: it is not read again for each."""


class Switches:
    """The latest switches, read again when they are not fresh."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._latest: dict[str, Control] = {}
        self._trouble = ""
        self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def latest(self) -> tuple[Mapping[str, Control], str]:
        """By agent or `*`, and what kept us from reading them; no page waits long for a log that is slow."""
        if time.monotonic() - self._read_at > FRESH_S and self._reading is None:
            self._reading = asyncio.create_task(self._refresh(), name="switches")
        if self._reading is not None:
            done, _ = await asyncio.wait({self._reading}, timeout=WAITED_FOR_S)
            if not done:
                return self._latest, "the log does not answer"
        return self._latest, self._trouble

    async def stop(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _refresh(self) -> None:
        try:
            self._latest, self._trouble = await self._read(), ""
        except NoLogYetError:
            self._latest, self._trouble = {}, ""
        except (OutOfReachError, StoreError) as error:
            self._trouble = str(error)
        finally:
            self._read_at, self._reading = time.monotonic(), None

    async def switch(self, name: str, *, paused: bool, by: str, at: datetime) -> None:
        """Write the control that every worker follows."""
        control = Control(paused=paused, at=at, by=by)
        async with self._opened() as log:
            await log.append(
                [NewRecord(NUDGE_CONTROLS.name, name.encode(), encode(control), milliseconds(at))]
            )
        await self.stop()  # what was being read may be from before
        self._read_at = float("-inf")

    async def _read(self) -> dict[str, Control]:
        controls = Controls()
        async with self._opened() as log:
            async for record in log.read(NUDGE_CONTROLS.name):
                controls.fold([record])
        return controls.latest


def agents_view(
    deciding: Deciding,
    controls: Mapping[str, Control],
    *,
    now: datetime,
    open_plans: Mapping[str, int],
    stands: Overview | None,
    notes: tuple[Note, ...],
) -> AgentsView:
    """Every agent by priority, and the kill switch."""
    everything = controls.get(EVERYTHING)
    stopped = everything is not None and everything.paused
    views = [
        _agent(agent, deciding, controls, stopped=stopped, open_plans=open_plans, stands=stands)
        for agent in deciding.agents.values()
    ]
    return AgentsView(
        now=now,
        agents=tuple(sorted(views, key=lambda view: (-view.priority, view.name))),
        everything_paused=stopped,
        everything_paused_at=everything.at if everything is not None and stopped else None,
        everything_paused_by=everything.by if everything is not None and stopped else "",
        notes=notes,
    )


def _agent(
    agent: Agent,
    deciding: Deciding,
    controls: Mapping[str, Control],
    *,
    stopped: bool,
    open_plans: Mapping[str, int],
    stands: Overview | None,
) -> AgentView:
    policy = deciding.policy.agent(agent.name)
    own = controls.get(agent.name)
    paused = own is not None and own.paused
    week: dict[str, int] = {}
    for each in stands.decisions if stands is not None else ():
        if each.agent == agent.name:
            week[each.outcome] = week.get(each.outcome, 0) + each.last_week
    return AgentView(
        name=agent.name,
        decides=decides(agent),
        subscribes=tuple(sorted(agent.subscribes)),
        priority=policy.priority,
        mode=policy.mode,
        paused=paused or stopped,
        paused_at=own.at if own is not None and paused else None,
        paused_by=own.by if own is not None and paused else "",
        open=open_plans.get(agent.name, 0),
        last_week=week,
    )
