"""What a run shows: a table for people, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tests.kafka.faults.running import Result

HEADER = (
    "fault",
    "brokers",
    "workers",
    "hits",
    "events",
    "nudges",
    "outcomes",
    "missing",
    "twice",
    "stale",
    "recovery",
    "verdict",
)
INTRODUCTION = """# Faults on a real Kafka

Each row is a scene: real workers on a real Kafka (one node or three on the loopback), a load of seeded lives that
goes on throughout, a fault, and a verifier that reads only committed records and shares no code with what it judges.
`hits` counts how often the fault was done while events were being written; a fault with no hit fails the run.
`missing` are plans that were asked for and are neither open nor closed, `twice` nudges or outcomes that stand there
twice, `stale` nudges that an earlier event in the person's log had revoked or settled.
`recovery` is the time from the last hit, or from when what was taken away was back, until no event and no due plan
waited longer than four seconds any more, under load; 0 where nothing ever did.
A scene is *kept* when all three are zero, when `tactful verify`'s checks find nothing, nothing was left undone, and
every worker drained with exit code 0.
A control is *caught* when a promise was taken out on purpose and the verifier saw it.

`make faults` runs all of it again and writes this page.
`python -m tests.kafka.faults --only WORD --seed N` runs a part.
"""


def as_json(results: Sequence[Result], *, seed: int, seconds: float) -> str:
    """Every result with all that was found."""
    told = {
        "seed": seed,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "fine": all(result.fine for result in results),
        "faults": [dataclasses.asdict(result) for result in results],
    }
    return json.dumps(told, indent=1) + "\n"


def from_json(text: str) -> tuple[list[Result], float]:
    """The results of a run that goes on, and how long they took."""
    told = json.loads(text)
    # The keys of a mapping are text in JSON, and the slots are numbers.
    return msgspec.convert(told["faults"], list[Result], strict=False), float(told["seconds"])


def as_markdown(results: Sequence[Result], *, seed: int, seconds: float) -> str:
    """The page."""
    hits = sum(result.hits for result in results)
    events = sum(result.judgement.events for result in results)
    lines = [
        INTRODUCTION,
        f"Seed {seed}, {len(results)} faults, {hits} hits, {events:,} events, {seconds / 60:.0f} minutes.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "|---|" + "--:|" * (len(HEADER) - 2) + "---|",
        *("| " + " | ".join(_cells(result)) + " |" for result in results),
    ]
    told = [line for result in results for line in _told(result)]
    return "\n".join([*lines, *(["", "## What was found", "", *told] if told else [])]) + "\n"


def _cells(result: Result) -> list[str]:
    found = result.judgement
    return [
        result.fault,
        str(result.brokers),
        str(result.workers),
        str(result.hits),
        f"{found.events:,}",
        f"{found.nudges:,}",
        f"{found.outcomes:,}",
        str(len(found.missing)),
        str(len(found.twice)),
        str(len(found.stale)),
        "-" if result.recovery_s is None else f"{result.recovery_s:.1f} s",
        result.verdict,
    ]


def _told(result: Result) -> list[str]:
    lines = [*result.notes, *([] if result.verdict == "kept" else result.says)]
    if result.verdict == "caught":
        lines = [*result.notes, *result.says[:2], f"{len(result.judgement.twice)} such lines in all"]
    return [f"* {result.fault}: {line.splitlines()[0]}" for line in lines]
