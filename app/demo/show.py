"""The show: each story in a world of its own, the next one made ready while this one is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from rich.text import Text

from agents.contract import Agent
from app.demo.chronicle import Chronicle
from app.demo.facts import Fact
from app.demo.frame import judged
from app.demo.ledger import Ledger, ledger_of
from app.demo.screen import Screen
from app.demo.shelf import about
from app.demo.timeline import page
from app.demo.watched import Seen, Watched
from app.scenario.ending import Json
from app.scenario.runner import MakeWorld, Result, run
from app.scenario.story import Story
from app.scenario.world import Setting, World

AT_ONCE = 2
"""One is told and the next is made ready; where nobody watches, two are told."""


class ShowIsOverError(BaseException):
    """The show ends before its end: no story goes on, and none is judged."""


def _nothing(*_: object) -> None:
    pass


class Telling:
    """One story on its way: what has happened in it so far."""

    def __init__(
        self, name: str, path: Path, story: Story, look: Callable[[Telling, int, datetime], None] = _nothing
    ) -> None:
        """`look` is called after each step, with how many facts were known before, and the time."""
        self.name = name
        self.story = story
        self.path = path
        self.chronicle = Chronicle(story)
        self.facts: list[Fact] = []
        self._look = look
        self._turn = threading.Event()
        self._cancelled = False
        self._result: Future[Result] = Future()

    def begin(self, pool: ThreadPoolExecutor, agents: Mapping[str, Agent], make: MakeWorld) -> None:
        """Make its world; the story itself waits for its turn."""

        def watched(setting: Setting) -> World:
            world = make(setting)
            self._turn.wait()
            return Watched(world, setting, self._seen)

        self._result = pool.submit(run, self.story, agents, watched, path=self.path)

    def wait(self) -> None:
        """Until it is over; raises what kept it from being told."""
        self._result.result()

    def go_on(self) -> None:
        """It is its turn."""
        self._turn.set()

    def cancel(self) -> None:
        """It ends at the next look."""
        self._cancelled = True
        self._turn.set()
        self._result.cancel()

    @property
    def result(self) -> Result:
        """How it ended; waits for that."""
        return self._result.result()

    @property
    def ledger(self) -> Ledger:
        """What became of its plans."""
        return ledger_of(self.chronicle.opened, self.result.ending)

    @property
    def passed(self) -> bool:
        """Whether it ended as it expects, and every plan is accounted for."""
        return self.result.passed and self.ledger.balances

    def report(self) -> Json:
        """The object that `--json` prints: as `scenario run` does, with the ledger and the timeline."""
        timeline = [
            {
                "at": fact.at.isoformat(),
                "user": fact.user_id,
                "kind": fact.kind,
                "text": fact.text.replace("\u00a0", " "),
            }
            for fact in self.facts
        ]
        ledger = {"opened": self.ledger.opened, **self.ledger.became}
        passed = {"passed": self.passed}
        return {"story": self.name, **self.result.report(), **passed, "ledger": ledger, "timeline": timeline}

    def page(self, facts: int | None = None, *, bare: bool = True) -> list[Text]:
        """Each person's timeline, as far as the first so many facts go."""
        return page(self.story, self.chronicle.people, self.facts[:facts], bare=bare)

    def _seen(self, seen: Seen) -> None:
        if self._cancelled:
            raise ShowIsOverError
        known = len(self.facts)
        self.facts += self.chronicle.facts(seen)
        self._look(self, known, seen.now)


def grow(screen: Screen, telling: Telling, known: int, now: datetime) -> None:
    """Let the page grow by what was not known yet; the clock shows the time of the story's first person."""
    if not screen.is_lively:
        return
    zone = telling.chronicle.people.local(next(iter(telling.story.users), ""), now).tzinfo
    pages = [
        (fact.at.astimezone(zone), telling.page(number, bare=screen.is_bare))
        for number, fact in enumerate(telling.facts[known:], start=known + 1)
    ]
    screen.grows(pages, now.astimezone(zone))


def at_once(
    tellings: Sequence[Telling], agents: Mapping[str, Agent], make: MakeWorld, *, jobs: int
) -> Iterator[Telling]:
    """The stories in their order, each when it is over; so many are told at the same time, and nobody watches."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        try:
            for telling in tellings:
                telling.begin(pool, agents, make)
                telling.go_on()
            for telling in tellings:
                telling.wait()
                yield telling
        finally:
            for telling in tellings:
                telling.cancel()


def told(
    tellings: Sequence[Telling], agents: Mapping[str, Agent], make: MakeWorld, screen: Screen
) -> Iterator[Telling]:
    """The stories one after the other, each shown from its title to its end."""
    screen.expect(sum(_looks(telling.story) for telling in tellings))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        try:
            for telling in tellings:
                telling.begin(pool, agents, make)
                if not screen.is_lively:
                    telling.go_on()
            for number, telling in enumerate(tellings, start=1):
                of = f"{number} of {len(tellings)}" if len(tellings) > 1 else telling.name
                screen.rule(f"{of} · {telling.story.name}")
                screen.say(about(telling.path), "italic")
                screen.row()
                screen.begins()
                telling.go_on()
                result = telling.result
                screen.ends(telling.page(bare=screen.is_bare))
                judged(screen, result)
                yield telling
        finally:
            screen.close()
            for telling in tellings:
                telling.cancel()


def _looks(story: Story) -> int:
    """How often somebody looks at it: before and after each instant, and at its end."""
    return 1 + 2 * len({entry.at for entry in story.timeline})
