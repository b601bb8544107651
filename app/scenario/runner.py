"""Running stories: telling one to a world, and saying whether it ended as it should."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import get_args

import msgspec

from agents.contract import Agent
from app.core.asks import Task
from app.model.script import Script
from app.scenario.checked_always import broken
from app.scenario.ending import Ending, Json, body, said
from app.scenario.errors import StoryError
from app.scenario.expectations import failures
from app.scenario.story import DoEntry, Entry, EventEntry, RawEntry, Story, read
from app.scenario.telling import NotThereError, entry_record, names_in, start_records
from app.scenario.world import Setting, UnreachableError, World
from topics.dead_letters import DEAD_LETTER
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.user_events import USER_EVENTS

MakeWorld = Callable[[Setting], World]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one story."""

    story: Story
    path: Path
    failures: Sequence[str]
    ending: Ending
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every expectation held and nothing was broken."""
        return not self.failures

    def report(self) -> Json:
        """The object that `--json` prints."""
        return {
            "name": self.story.name,
            "passed": self.passed,
            "failures": list(self.failures),
            "nudges": list(self.ending.nudges),
            "recalls": list(self.ending.recalls),
            "outcomes": list(self.ending.outcomes),
            "open": list(self.ending.open),
            "model_calls": dict(self.ending.model_calls),
            "dead_letters": len(self.ending.dead_letters),
        }


def stories(paths: Iterable[Path], agents: Mapping[str, Agent]) -> list[tuple[Path, Story]]:
    """The stories in these files and folders, all checked before one runs; StoryError says what is wrong."""
    found, wrong = [], []
    for path in _files(paths):
        try:
            found.append((path, _checked(read(path), path, agents)))
        except StoryError as error:
            wrong.append(str(error))
    if wrong:
        raise StoryError("\n".join(wrong))
    return found


def run_all(
    told: Sequence[tuple[Path, Story]], agents: Mapping[str, Agent], make: MakeWorld, *, jobs: int
) -> Iterator[Result]:
    """Each story in a world of its own, `jobs` at a time; results in the order of the stories."""
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        yield from pool.map(lambda one: run(one[1], agents, make, path=one[0]), told)


def run(story: Story, agents: Mapping[str, Agent], make: MakeWorld, *, path: Path = Path()) -> Result:
    """Tell one story and look at how it ended."""
    began = time.perf_counter()
    script = Script(story.model)
    setting = Setting(name=story.name, start=story.start, policy=story.policy, agents=agents, script=script)
    world = make(setting)
    endings: list[Ending] = []
    try:
        found = _broke(lambda: _tell(story, world, script))
        found += _broke(lambda: endings.append(_ending(world, script)))
    finally:
        world.close()
    ending = endings[0] if endings else Ending()
    if not found:
        found = [*failures(story.expect, ending), *broken(ending, story.policy)]
    return Result(story=story, path=path, failures=found, ending=ending, seconds=time.perf_counter() - began)


def _broke(work: Callable[[], None]) -> list[str]:
    """Why this could not be done to its end; nothing when it was."""
    try:
        work()
    except NotThereError as error:
        return [str(error)]
    except UnreachableError:
        raise
    except Exception as error:  # noqa: BLE001 - one story's broken worker is that story's failure, with the place it broke
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return [f"the worker broke: {type(error).__name__}: {error} ({place})"]
    return []


def _tell(story: Story, world: World, script: Script) -> None:
    """Entries of one instant are on the log before anything that is due then is looked at."""
    world.append(list(start_records(story)))
    numbered: Iterable[tuple[int, Entry]] = enumerate(story.timeline, start=1)
    for at, together in groupby(numbered, key=lambda one: one[1].at):
        world.advance(at)
        named = names_in(world)
        records = []
        for number, entry in together:
            if isinstance(entry, EventEntry | RawEntry):
                try:
                    records.append(entry_record(entry, number, named))
                except NotThereError as error:
                    raise NotThereError(f"timeline entry {number}: {error}") from None
            elif isinstance(entry, DoEntry):
                # Appended before or after this: nobody can tell, since nobody looks until `settle`.
                _do(entry, world, script)
        world.append(records)
        world.settle()


def _do(entry: DoEntry, world: World, script: Script) -> None:
    match entry.do:
        case "pause" | "resume":
            world.control(entry.agent or "*", paused=entry.do == "pause")
        case "model_down" | "model_up":
            script.down = entry.do == "model_down"
        case _:
            deeds = {
                "crash": world.crash,
                "restart": world.restart,
                "wipe": world.wipe,
                "stop": world.stop,
                "start": world.start,
            }
            deeds[entry.do]()


def _ending(world: World, script: Script) -> Ending:
    nudges = world.records(NUDGES.name)
    return Ending(
        nudges=said(nudges, "nudge"),
        recalls=said(nudges, "recall"),
        outcomes=[body(record) for record in world.records(NUDGE_OUTCOME.name)],
        passes=[body(record) for record in world.records(NUDGE_PASS.name)],
        open=[msgspec.to_builtins(intent) for intent in world.open_intents()],
        events=world.records(USER_EVENTS.name),
        dead_letters=world.records(DEAD_LETTER.name),
        model_calls={task: script.calls[task] for task in get_args(Task)},
    )


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(path.glob("*.yaml"))
        if not inside:
            raise StoryError(f"{path}: there is no story (*.yaml) in this folder")
        yield from inside


def _checked(story: Story, path: Path, agents: Mapping[str, Agent]) -> Story:
    """A policy for an agent that nobody has registered would be silently without effect."""
    unknown = sorted(set(story.policy.agents) - set(agents))
    if unknown:
        raise StoryError(
            f"{path}: policy.agents.{unknown[0]}: there is no such agent "
            f"(TACTFUL_AGENTS may name more); known here: {', '.join(sorted(agents))}"
        )
    return story
