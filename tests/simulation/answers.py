"""What a model may answer: well, badly, in the wrong form or not at all; a seed answers a question always alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import get_args

from app.core.asks import (
    VERDICTS,
    Answer,
    Ask,
    Compose,
    ComposeAnswer,
    Failed,
    Judge,
    JudgeAnswer,
    Mute,
    RaisedSubject,
    Reading,
    ReadingAnswer,
    Reply,
    Verdict,
)
from tests.simulation.events import AGENTS, SUBJECTS, TOPICS

FAILURES: tuple[Failed, ...] = get_args(Failed)
KINDS = ("good", "eager", "wrong", "odd", "failed")
"""`eager`: a reading that settles and raises much; `wrong`: references and names that mean nothing, drafts that
break the rules; `odd`: an answer to another kind of question."""
_DELAYS = (
    timedelta(minutes=-30),
    timedelta(0),
    timedelta(minutes=1),
    timedelta(hours=2),
    timedelta(days=2),
    timedelta(days=400),
)


def reply(ask: Ask, kind: str, seed: int) -> Reply:
    """What comes of a request."""
    rng = random.Random(seed)
    if kind == "failed":
        return Reply(failed=rng.choice(FAILURES), model="simulated", input_tokens=rng.choice((0, 7)))
    return Reply(answer=_ANSWERS[kind](rng, ask), model="simulated", input_tokens=9, output_tokens=3)


def _good(_: random.Random, ask: Ask) -> Answer:
    match ask.question:
        case Reading():
            return ReadingAnswer()
        case Compose(subject=subject):
            return ComposeAnswer(f"I was thinking of {subject}. How is it going?")
        case Judge():
            return JudgeAnswer(0.9)


def _eager(rng: random.Random, ask: Ask) -> Answer:
    question = ask.question
    if not isinstance(question, Reading):
        return _good(rng, ask)
    messages = [shown.ref for shown in question.messages]
    now = question.now.astimezone(UTC)  # as the client of a real model hands times on
    verdicts = tuple(
        Verdict(
            shown.ref,
            rng.choice(VERDICTS),  # type: ignore[arg-type]  # the five words of a verdict
            rng.choice(messages),
            rng.choice((0.0, 0.5, 0.8, 0.97)),
            rng.choice((None, *(now + delay for delay in _DELAYS))),
        )
        for shown in question.intents
        for _ in range(rng.choice((0, 1, 1, 1, 2)))
        if rng.random() < 0.6
    )
    subjects = tuple(
        RaisedSubject(
            rng.choice((*SUBJECTS, *TOPICS)),
            rng.choice((*question.agents, "follow_up")),
            rng.choice(messages),
            rng.choice((None, *(now + delay for delay in _DELAYS))),
            rng.random(),
        )
        for _ in range(rng.choice((0, 0, 1, 1, 2)))
    )
    mutes = (Mute(rng.choice(SUBJECTS), rng.choice(messages)),) if rng.random() < 0.05 else ()
    return ReadingAnswer(verdicts, subjects, mutes)


def _wrong(rng: random.Random, ask: Ask) -> Answer:
    match ask.question:
        case Reading(intents=intents, messages=messages):
            refs = [*(shown.ref for shown in intents), "i99", ""]
            said = [*(shown.ref for shown in messages), "m99", ""]
            return ReadingAnswer(
                tuple(
                    Verdict(rng.choice(refs), rng.choice(VERDICTS), rng.choice(said), rng.random())  # type: ignore[arg-type]  # as above
                    for _ in range(4)
                ),
                (
                    RaisedSubject("\u202e  ", rng.choice(AGENTS), rng.choice(said)),
                    RaisedSubject("x" * 300, rng.choice((*AGENTS, "nobody")), rng.choice(said), None, 7.0),
                ),
                (Mute("", rng.choice(said)), Mute("never said", "m99")),
            )
        case Compose():
            return ComposeAnswer(
                rng.choice(("", "Hi", "Look at https://example.com/now for more of it", "x" * 900))
            )
        case Judge():
            return JudgeAnswer(rng.choice((0.0, 0.69)), rng.choice(((), ("too pushy",))))


def _odd(_: random.Random, ask: Ask) -> Answer:
    return (
        JudgeAnswer(0.1)
        if isinstance(ask.question, Reading | Compose)
        else ComposeAnswer("not what was asked for")
    )


_ANSWERS: dict[str, Callable[[random.Random, Ask], Answer]] = {
    "good": _good,
    "eager": _eager,
    "wrong": _wrong,
    "odd": _odd,
}
