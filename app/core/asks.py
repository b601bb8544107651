"""What a pass asks of the world, and the replies it may get: values only."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from topics.user_events import Event

Task = Literal["reading", "compose", "judge"]
Failed = Literal[
    "timeout", "unreachable", "overloaded", "rate_limited", "refused", "truncated", "malformed", "budget"
]
"""Why there is no usable answer; `budget`: this worker's minute is spent, and nothing was sent."""

VERDICTS = ("resolves", "supersedes", "contradicts", "postpones", "unrelated")


class ShownIntent(msgspec.Struct, frozen=True):
    """One intent of a reading; `ref` is valid in this question alone."""

    ref: str
    agent: str
    subject: str
    opened_by: str
    opened_at: datetime
    due_at: datetime


class ShownMessage(msgspec.Struct, frozen=True):
    """One message of a reading; `speaker` is `person` or `assistant`."""

    ref: str
    at: datetime
    speaker: Literal["person", "assistant"]
    text: str


class Reading(msgspec.Struct, frozen=True, tag_field="task", tag="reading"):
    """Which of these intents do these messages settle, and what do they raise?

    `agents` are the names a raised subject may be given to: the closed answer space, not part of the document.
    `stands_for` says of each reference which plan or which event it means; it is for the trace, not for the model.
    """

    now: datetime
    intents: tuple[ShownIntent, ...]
    messages: tuple[ShownMessage, ...]
    agents: tuple[str, ...] = ()
    stands_for: dict[str, str] = {}


class Compose(msgspec.Struct, frozen=True, tag_field="task", tag="compose"):
    """Write the words for this subject, by this approach; `problems` is what was wrong with the last draft."""

    now: datetime
    agent: str
    approach: str
    subject: str
    facts: dict[str, object]
    locale: str
    problems: tuple[str, ...] = ()


class Judge(msgspec.Struct, frozen=True, tag_field="task", tag="judge"):
    """Would a person want to receive this text?"""

    agent: str
    subject: str
    facts: dict[str, object]
    text: str


Question = Reading | Compose | Judge


def task_of(question: Question) -> Task:
    """The name of a question on the wire, in the trace and in metrics."""
    match question:
        case Reading():
            return "reading"
        case Compose():
            return "compose"
        case Judge():
            return "judge"


class Ask(msgspec.Struct, frozen=True):
    """One request to the model. `after` is when it may be sent at the earliest (a pause after `overloaded`)."""

    user_id: str
    question: Question
    attempt: int
    after: datetime | None = None
    traceparent: str | None = None


class LastLook(msgspec.Struct, frozen=True):
    """What has come in for this person meanwhile? Answered by the Partition itself."""


class Verdict(msgspec.Struct, frozen=True):
    intent: str
    verdict: Literal["resolves", "supersedes", "contradicts", "postpones", "unrelated"]
    message: str
    confidence: float
    until: datetime | None = None


class RaisedSubject(msgspec.Struct, frozen=True):
    subject: str
    agent: str
    message: str
    when: datetime | None = None
    importance: float = 0.5


class Mute(msgspec.Struct, frozen=True):
    subject: str
    message: str


class ReadingAnswer(msgspec.Struct, frozen=True):
    verdicts: tuple[Verdict, ...] = ()
    subjects: tuple[RaisedSubject, ...] = ()
    mutes: tuple[Mute, ...] = ()


class ComposeAnswer(msgspec.Struct, frozen=True):
    text: str


class JudgeAnswer(msgspec.Struct, frozen=True):
    score: float
    problems: tuple[str, ...] = ()


Answer = ReadingAnswer | ComposeAnswer | JudgeAnswer


class Reply(msgspec.Struct, frozen=True):
    """What came of a request: an answer of the question's kind, or the kind of failure; exactly one of the two.

    `seconds` is how long it took; tokens are what the model reported, 0 when nothing was.
    """

    answer: Answer | None = None
    failed: Failed | None = None
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    sent: bool = True
    """False: the pass was over before the question could be sent, so it is no request and no attempt."""

    @property
    def answered(self) -> bool:
        """Whether an answer came, of whatever worth: only then a request counts for budgets and the circuit."""
        return self.failed is None or self.failed in {"refused", "truncated", "malformed"}


class News(msgspec.Struct, frozen=True):
    """The answer to a last look: what waits in the mailbox, not consumed, and who is paused by now."""

    events: tuple[Event, ...] = ()
    paused: frozenset[str] | None = None
    """None: nobody has said anything about it since the pass began."""


class Flood(msgspec.Struct, frozen=True):
    """The mailbox is full: the pass gives its candidates back at once, so that the mailbox can be folded."""


Heard = tuple[datetime, Reply | News | Flood]
"""What a pass is told when it asked: the `now` of the call that brought it, and what it is."""
