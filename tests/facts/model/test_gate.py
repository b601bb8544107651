"""The one front door: turns, slots, the circuit and the minute, by a clock that a test holds in its hand."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from app.core.asks import Ask, ComposeAnswer, Judge, Reply
from app.model.admission import Admission
from app.model.gate import Model, NoModel
from app.model.minute import Minute
from app.model.script import Script
from app.model.scripted import ScriptedModel

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
GOOD = Reply(answer=ComposeAnswer("How is the thesis coming along?"))
BAD = Reply(failed="timeout")


class Clock:
    """Stands still; a sleeper moves it on."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    async def sleep_until(self, when: datetime) -> None:
        self.time = max(self.time, when)


class Held:
    """A backend that answers when the test says so, in the order in which it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.replies: dict[str, asyncio.Future[Reply]] = {}

    @property
    def on_wire(self) -> int:
        return sum(not reply.done() for reply in self.replies.values())

    async def ask(self, ask: Ask, *, limit_s: float) -> Reply:
        assert limit_s == 25
        self.asked.append(ask.user_id)
        self.replies[ask.user_id] = asyncio.get_running_loop().create_future()
        return await self.replies[ask.user_id]


def ask(user: str = "ana", after_s: float | None = None) -> Ask:
    after = None if after_s is None else NOW + timedelta(seconds=after_s)
    return Ask(user, Judge("follow_up", "the thesis", {}, "How is it?"), 1, after)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_slots_are_given_in_order() -> None:
    """With two slots the third waits until one is free, the fourth after it; nobody overtakes."""
    held = Held()
    model = Model(held, clock=Clock(), admission=Admission(slots=2))
    tasks = [asyncio.create_task(model.ask(ask(user))) for user in "abcd"]
    await settled()
    assert held.asked == ["a", "b"]
    held.replies["b"].set_result(GOOD)
    late = asyncio.create_task(model.ask(ask("e")))
    await settled()
    assert held.asked == ["a", "b", "c"]
    for user in "acde":
        held.replies[user].set_result(GOOD)
        await settled()
    assert held.asked == list("abcde")
    assert all(reply.answer for reply in await asyncio.gather(*tasks, late))


async def test_who_is_cancelled_in_the_queue_gives_up_the_turn() -> None:
    """A waiter that is cancelled, even when it has just been called, does not lose the turn for the next."""
    held = Held()
    model = Model(held, clock=Clock(), admission=Admission(slots=1))
    assert model.admission.admit(NOW) is None
    tasks = [asyncio.create_task(model.ask(ask(user))) for user in "abc"]
    await settled()
    tasks[0].cancel()
    await settled()
    model.admission.record(GOOD, NOW)
    model._next()
    tasks[1].cancel()  # it has been called and has not run yet
    await settled()
    assert held.asked == ["c"]
    held.replies["c"].set_result(GOOD)
    assert (await tasks[2]).answer


async def test_an_opening_circuit_sends_the_queue_home() -> None:
    """Who waits for a slot when the circuit opens fails at once as unreachable, with no time spent."""
    held = Held()
    model = Model(held, clock=Clock(), admission=Admission(slots=6))
    tasks = [asyncio.create_task(model.ask(ask(user))) for user in "abcdefgh"]
    await settled()
    for user in "abcde":
        held.replies[user].set_result(BAD)
    await settled()
    assert [reply.failed for reply in await asyncio.gather(*tasks[6:])] == ["unreachable", "unreachable"]
    assert held.asked == list("abcdef")
    held.replies["f"].set_result(GOOD)
    assert (await tasks[5]).answer


async def test_a_spent_minute_is_told_to_everybody() -> None:
    """When the minute is spent, who waited for a slot is told so, and nothing is sent."""
    held = Held()
    model = Model(held, clock=Clock(), admission=Admission(Minute(1), slots=1))
    tasks = [asyncio.create_task(model.ask(ask(user))) for user in "abc"]
    await settled()
    held.replies["a"].set_result(GOOD)
    assert [reply.failed for reply in await asyncio.gather(*tasks)] == [None, "budget", "budget"]
    assert held.asked == ["a"]


async def test_a_pause_is_waited_for_before_the_slot() -> None:
    """`after` is waited for by the clock, and is not part of the seconds that the request took."""
    clock = Clock()
    model = Model(ScriptedModel(Script([{"ask": "judge", "takes": "3s"}]), clock), clock=clock)
    reply = await model.ask(ask(after_s=2))
    assert reply.answer
    assert reply.seconds == 3
    assert clock.time == NOW + timedelta(seconds=5)
    assert (await model.ask(ask(after_s=1))).seconds == 3


async def test_without_a_model_everything_is_unreachable_at_once() -> None:
    """`none` fails every request at once, by the model and then by the circuit alike."""
    clock = Clock()
    model = Model(NoModel(), clock=clock)
    assert {(await model.ask(ask())).failed for _ in range(20)} == {"unreachable"}
    assert clock.time == NOW
    assert model.admission.circuit.is_open


async def test_what_has_to_wait_is_no_reply_at_once() -> None:
    """A request for later, and one that somebody might answer, go the long way; an open circuit refuses at once."""
    clock, backend = Clock(), Held()
    model = Model(backend, clock=clock)
    assert model.at_once(ask()) is None
    for _ in range(5):
        model.admission.admit(NOW)
        model.admission.record(BAD, NOW)
    assert model.at_once(ask(after_s=2)) is None
    reply = model.at_once(ask())
    assert reply is not None
    assert reply.failed == "unreachable"
    assert backend.asked == []
