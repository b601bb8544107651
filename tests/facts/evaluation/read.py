"""Cases of reading for these tests, and answers to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from agents import FIVE
from app.core.asks import Reading, Reply
from app.core.policy import parse
from app.core.roster import Roster
from app.evaluation.cases import Case, Planned, Said
from app.evaluation.exchange import Brought
from app.evaluation.situation import Situation

THURSDAY = datetime(2026, 3, 5, 20, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def situation(**parts: Any) -> Situation:
    """The five agents and the default policy, with what is given laid over it."""
    return Situation(parse(parts), Roster(FIVE))


def case(
    *subjects: str, says: Sequence[str] = ("It went fine.",), name: str = "c1", zone: str = "UTC"
) -> Case:
    """Intents named after their subjects, and messages of the person; `A: ` begins the assistant's."""
    messages = [
        Said(
            text=text.removeprefix("A: "),
            at=THURSDAY,
            speaker="assistant" if text.startswith("A: ") else "person",
        )
        for text in says
    ]
    planned = [
        Planned(id=subject, subject=subject, opened_at=THURSDAY - DAY, due_at=THURSDAY + DAY)
        for subject in subjects
    ]
    return Case(id=name, timezone=zone, intents=tuple(planned), messages=tuple(messages))


def verdict(
    intent: int, kind: str = "resolves", confidence: float = 0.95, message: int = 1, **over: Any
) -> dict[str, Any]:
    """A verdict on the nth intent."""
    said = {"intent": f"i{intent}", "verdict": kind, "message": f"m{message}", "confidence": confidence}
    return {**said, "until": None, **over}


def says(*verdicts: dict[str, Any], **lists: Any) -> Callable[[Reading], Reply]:
    """An answer as it comes in a file."""
    text = json.dumps({"verdicts": verdicts, **lists})
    return Brought(id="q", text=text, model="by-hand").reply


UNUSABLE: Callable[[Reading], Reply] = Brought(id="q", text="I'd say yes", model="by-hand").reply
