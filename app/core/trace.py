"""What a pass notes down about its own deciding: asks, candidates and every gate's answer."""

from __future__ import annotations

import msgspec

from agents.contract import Intent
from app.core.asks import Question, Reading, Reply, task_of
from app.core.ids import derived
from topics.passes import GateAnswer, PassAsk, PassCandidate

_encoded = msgspec.json.Encoder().encode


def question_hash(question: Question) -> str:
    """The question as the model sees it, without its `now`: at another time it has the same hash."""
    document = {"task": task_of(question), **msgspec.structs.asdict(question)}
    document.pop("now", None)
    document.pop("stands_for", None)
    return derived(_encoded(document).decode())


class Trace:
    """One pass's notes."""

    __slots__ = ("asks", "candidates", "text", "winner")

    def __init__(self) -> None:
        self.asks: list[PassAsk] = []
        self.candidates: dict[str, PassCandidate] = {}
        self.winner: str | None = None
        self.text = ""

    def asked(self, question: Question, reply: Reply) -> None:
        """One request and what came of it; the answer is the model's own, checked against its schema."""
        self.asks.append(
            PassAsk(
                task=task_of(question),
                question_hash=question_hash(question),
                answer=None if reply.answer is None else msgspec.to_builtins(reply.answer),
                failed=reply.failed or "",
                model=reply.model,
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                seconds=reply.seconds,
                stands_for=question.stands_for if isinstance(question, Reading) else {},
            )
        )

    def candidate(
        self, intent: Intent, *, priority: int, importance: float, gates: tuple[GateAnswer, ...]
    ) -> None:
        """A matured intent and what every gate said about it; asked twice, the gates of both looks stand in order."""
        known = self.candidates.get(intent.intent_id)
        self.candidates[intent.intent_id] = PassCandidate(
            agent=intent.agent,
            intent_id=intent.intent_id,
            version=intent.version,
            priority=priority,
            importance=importance,
            gates=(*known.gates, *gates) if known else gates,
        )

    @property
    def is_kept(self) -> bool:
        """Whether the pass considered an agent's plan or asked the model: only then it leaves a trace."""
        return bool(self.asks or self.candidates)
