"""MemoryBank lived in virtual time, as a record: the worker's own partition, and a model that knows a few words.

    python -m tests.facts.backtest.conversations memory_bank_en.json record.jsonl [TIMES]

What it stands for is a deployment with real conversations and a model: the scripted one reads nothing by itself, so
these rules raise a subject wherever a word of theirs is said. The reply takes two seconds.
With TIMES as many others live the same beside each of them, at the same times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from app.core.policy import Policy, parse
from app.model.script import Script
from app.scenario.world import Setting, milliseconds
from app.sources import memorybank
from tests.facts.backtest.recording import AGENTS, Recording, written
from topics.http_events import plain_record
from topics.record import NewRecord

SUBJECTS = {
    "travel": "follow_up",
    "trip": "follow_up",
    "job": "follow_up",
    "interview": "follow_up",
    "birthday": "follow_up",
    "movie": "curiosity",
    "book": "curiosity",
    "guitar": "curiosity",
}
RULES: Sequence[Mapping[str, Any]] = [
    {
        "ask": "reading",
        "contains": word,
        "takes": "2s",
        "reply": {"subjects": [{"subject": word, "agent": agent}]},
    }
    for word, agent in SUBJECTS.items()
]
AFTERWARDS = timedelta(days=10)
"""Long enough for everything that is planned on the last day to come to its end."""


def lived(file: Path, policy: Policy | None = None, *, times: int = 1) -> Recording:
    """All conversations at their own times, and what the worker made of them."""
    events = list(_events(file, times))
    policy = policy or parse({})
    setting = Setting(
        name="MemoryBank", start=events[0][0], policy=policy, agents=AGENTS, script=Script(RULES)
    )
    world = Recording(setting)
    for at, together in groupby(events, key=lambda one: one[0]):
        world.advance(at)
        world.append([record for _, record in together])
        world.settle()
    world.advance(events[-1][0] + AFTERWARDS)
    world.settle()
    return world


def _events(file: Path, times: int) -> Iterator[tuple[datetime, NewRecord]]:
    for line in memorybank.events(file):
        event = msgspec.json.decode(line)
        at = msgspec.convert(event["time"], datetime)
        for n in range(times):
            named = event if n == 0 else event | {"user_id": f"{event['user_id']}-{n}"}
            said = msgspec.json.encode(named)
            yield at, plain_record(said, agents=frozenset(AGENTS), now_ms=milliseconds(at))


if __name__ == "__main__":
    given, into, *more = sys.argv[1:]
    written(Path(into), lived(Path(given), times=int(more[0]) if more else 1))
