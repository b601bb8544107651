"""The show: each story in a world of its own, the next one made ready while this one is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
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


class Telling:
    """One story on its way: what has happened in it so far."""

    def __init__(self, name: str, path: Path, story: Story, screen: Screen) -> None:
        self.name = name
        self.story = story
        self.path = path
        self.chronicle = Chronicle(story)
        self.facts: list[Fact] = []
        self._screen = screen
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

    def page(self, facts: int | None = None) -> list[Text]:
        """Each person's timeline, as far as the first so many facts go."""
        return page(self.story, self.chronicle.people, self.facts[:facts], bare=self._screen.is_bare)

    def _seen(self, seen: Seen) -> None:
        if self._cancelled:
            raise ShowIsOverError
        known = len(self.facts)
        self.facts += self.chronicle.facts(seen)
        if self._screen.is_lively:
            zone = self.chronicle.people.local(next(iter(self.story.users), ""), seen.now).tzinfo
            pages = [
                (fact.at.astimezone(zone), self.page(number))
                for number, fact in enumerate(self.facts[known:], start=known + 1)
            ]
            self._screen.grows(pages, seen.now.astimezone(zone))


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
                screen.ends(telling.page())
                judged(screen, result)
                yield telling
        finally:
            screen.close()
            for telling in tellings:
                telling.cancel()


def _looks(story: Story) -> int:
    """How often somebody looks at it: before and after each instant, and at its end."""
    return 1 + 2 * len({entry.at for entry in story.timeline})
