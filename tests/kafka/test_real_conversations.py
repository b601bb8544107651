"""A data set of real conversations, told as a small one of the same form, through a worker that is killed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tests.kafka.real_conversations import run, told_lately

PEOPLE = 12
DAYS = 5


def _conversations(folder: Path) -> Path:
    """Twelve people who talk for five days, in the form of MemoryBank."""
    told = {
        f"Person {n}": {
            "name": f"Person {n}",
            "history": {
                str(date(2023, 4, 27) + timedelta(days=day)): [
                    {"query": f"Today was day {day}, and I read on.", "response": "Tell me more about it."}
                ]
                * (n % 3 + 1)
                for day in range(DAYS)
            },
        }
        for n in range(PEOPLE)
    }
    file = folder / "conversations.json"
    file.write_text(json.dumps(told))
    return file


@pytest.mark.slow
def test_a_kill_in_the_middle_loses_nobody_and_writes_to_nobody_twice(kafka: str, tmp_path: Path) -> None:
    """Everybody who falls silent is written to exactly once, and `tactful verify` finds nothing wrong."""
    ledger, said = run(kafka, _conversations(tmp_path), "memorybank", workers=2, kills=1, seed=1)
    assert {(outcome, reason) for _, outcome, reason in ledger} == {("nudged", "sent")}, said
    assert len(ledger) == PEOPLE, said


def test_a_data_set_is_told_as_if_it_had_just_happened(tmp_path: Path) -> None:
    """The order stays, the last event lies two minutes back, the first twelve hours before that."""
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    lines = told_lately(_conversations(tmp_path), "memorybank", now).splitlines()
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in lines]
    assert max(times) == now - timedelta(minutes=2)
    assert min(times) == now - timedelta(hours=12, minutes=2)
