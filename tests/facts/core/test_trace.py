"""A question's hash is the same in every version, or a recorded answer would fit no question of a backtest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.core.asks import Compose, Judge, Question, Reading, ShownIntent, ShownMessage
from app.core.trace import question_hash

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INTENT = ShownIntent("i1", "follow_up", "the exam", "My exam", NOON, NOON)
MESSAGE = ShownMessage("m1", NOON, "person", "I passed")


@pytest.mark.parametrize(
    ("question", "pinned"),
    [
        (
            Compose(
                NOON,
                "follow_up",
                "warm",
                "the exam é",
                {"at": NOON, "names": ["Ana"]},
                "es",
                ("too long",),
            ),
            "78b3a60d1c371d5fcabdd945",
        ),
        (Judge("follow_up", "the exam", {"at": NOON}, "How did it go?"), "6f881e57afc157744316f573"),
        (Reading(NOON, (INTENT,), (MESSAGE,), ("follow_up",), {"i1": "abc"}), "0073faae51ac13cf60f96ecd"),
    ],
    ids=["compose", "judge", "reading"],
)
def test_a_question_has_the_hash_it_always_had(question: Question, pinned: str) -> None:
    """Of each kind, with times and nested values in it; and at another time the same."""
    assert question_hash(question) == pinned
    if not isinstance(question, Judge):
        assert question_hash(msgspec.structs.replace(question, now=NOON + timedelta(hours=1))) == pinned
