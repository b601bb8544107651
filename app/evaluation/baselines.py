"""What simple answers would come to: never, always, and by words in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from app.core.asks import Reading, ReadingAnswer, Reply, Verdict
from app.core.language import FUNCTION_WORDS

# In how many languages there are words for it: "done", "over", "went", "passed", "got", "cancelled".
OVER = re.compile(
    r"\b(done|over|finished|went|passed|failed|got|cancel\w*|sold|bought|signed|fixed|solved"
    r"|listo|hecho|terminad\w*|salió|fue|aprob\w*|cancel\w*|pasé"
    r"|fertig|vorbei|erledigt|bestanden|lief|geschafft|abgesagt"
    r"|fini\w*|terminé\w*|passé\w*|réussi\w*|annulé\w*|fait"
    r"|pronto|feito|acabou|correu|passei|cancelad\w*)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_COMMON = frozenset().union(*FUNCTION_WORDS.values())


def never(_question: Reading) -> ReadingAnswer:
    """Nothing is ever settled."""
    return ReadingAnswer()


def always(question: Reading) -> ReadingAnswer:
    """Whatever the person says settles everything."""
    said = [message.ref for message in question.messages if message.speaker == "person"][-1:]
    return _closing([(intent.ref, ref) for intent in question.intents for ref in said])


def keyword(question: Reading) -> ReadingAnswer:
    """A message that shares a content word with a plan, and has a word for something being over, settles it."""
    found = []
    for intent in question.intents:
        about = _content(f"{intent.subject} {intent.opened_by}")
        hits = [
            message.ref
            for message in question.messages
            if message.speaker == "person" and OVER.search(message.text) and about & _content(message.text)
        ]
        found += [(intent.ref, ref) for ref in hits[-1:]]
    return _closing(found)


def _content(text: str) -> set[str]:
    return {word for word in map(str.lower, _WORD.findall(text)) if word not in _COMMON}


def _closing(found: list[tuple[str, str]]) -> ReadingAnswer:
    return ReadingAnswer(verdicts=tuple(Verdict(intent, "resolves", ref, 1.0) for intent, ref in found))


Baseline = Callable[[Reading], Reply]


def _reply(answer: Callable[[Reading], ReadingAnswer]) -> Baseline:
    return lambda question: Reply(answer=answer(question), model="baseline")


BASELINES: Mapping[str, Baseline] = {
    "never": _reply(never),
    "always": _reply(always),
    "keyword": _reply(keyword),
}
