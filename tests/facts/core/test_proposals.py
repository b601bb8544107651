"""What agents propose is carried out inside what an agent may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from agents.contract import Defer, Intent, Move, Open, Person, Policy, Proposal
from app.core.people import People
from tests.facts.core.by_hand import ByHand, policy
from tests.simulation.brittle import Brittle
from topics.user_events import Event

MADRID = ZoneInfo("Europe/Madrid")
# At 02:00 the clocks go to 03:00: what is at half past two by a clock that was not put forward comes an hour later.
NIGHT = datetime(2026, 3, 29, tzinfo=MADRID)


class Local(Brittle):
    """Plans by the clock on the wall, as an agent of somebody else's may."""

    def consider(self, person: Person, event: Event, now: datetime, policy: Policy) -> list[Proposal]:
        planned = person.planned(self.name)
        if planned:
            return [Move(intent_id=planned[0].intent_id, due_at=NIGHT.replace(hour=3))]
        return [Open(subject=f"{n}", due_at=NIGHT.replace(hour=2, minute=30 * n)) for n in (0, 1)]

    def candidate(self, person: Person, intent: Intent, now: datetime, policy: Policy) -> Defer:
        return Defer(until=now.astimezone(MADRID) + timedelta(minutes=30))


def test_an_agents_local_times_are_instants() -> None:
    """Whatever zone they are given in: by their wall clocks two times of the night the clocks change stand reversed."""
    world = ByHand(policy(), agents={"brittle": Local()})
    world.now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    world.granted("ana")
    people: People = world.partition._people
    for due_at in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)):
        world.partition.receive([world.event("ana", "brittle.plan")], world.now)
        plans = list(people.row("ana").intents.values())
        assert plans[0].due_at == due_at
        assert {one.due_at.tzinfo for one in plans} == {UTC}
        assert {one.expires_at.tzinfo for one in plans} == {UTC}
    world.settle()
    world.at(datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert [str(one.wake_at) for one in world.row("ana").intents.values()][:1] == [
        "2026-03-29 01:30:00+00:00"
    ]
