"""In which language something was said, as far as function words tell."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.core.language import FUNCTION_WORDS
from app.evaluation.cases import UNNAMED, Case

_WORD = re.compile(r"[^\W\d_]+")
# A word that is common in one language alone, or two that this one shares with others.
ENOUGH = 1.0


def told_by(texts: Iterable[str]) -> str:
    """The language's tag; `-` where it cannot be told."""
    words = [word.lower() for text in texts for word in _WORD.findall(text)]
    weight = {word: sum(word in known for known in FUNCTION_WORDS.values()) for word in set(words)}
    found = {
        tag: sum(1 / weight[word] for word in words if word in known) for tag, known in FUNCTION_WORDS.items()
    }
    best = max(found, key=lambda tag: found[tag])
    return best if found[best] >= ENOUGH else UNNAMED


def language_of(case: Case) -> str:
    """What the case says it is in, else what its messages are in."""
    return case.language if case.language != UNNAMED else told_by(one.text for one in case.messages)
