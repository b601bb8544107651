"""The agents' own words, per language: what is said when no model has a better draft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from importlib import resources
from typing import Any

from ruamel.yaml import YAML

from agents.contract import Candidate

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEPARATOR = "; "
LAST_RESORT = "en"
# A longer "name" is a company, an address or a joke; no greeting reads well with it.
NAME_AT_MOST = 40


def _load() -> dict[str, dict[str, Any]]:
    """Every file of `words/`, by its language."""
    yaml = YAML(typ="safe", pure=True)
    return {
        file.name.removesuffix(".yaml"): yaml.load(file.read_text(encoding="utf-8"))
        for file in resources.files("agents").joinpath("words").iterdir()
        if file.name.endswith(".yaml")
    }


WORDS = _load()


def language(locale: str) -> str:
    """The nearest language there are words in: the locale itself, its language, then English."""
    wanted = locale.replace("_", "-").lower()
    return next((tag for tag in (wanted, wanted.split("-")[0]) if tag in WORDS), LAST_RESORT)


def weekday(number: int, locale: str) -> str:
    """The name of a day of the week (0: Monday)."""
    return str(WORDS[language(locale)]["weekdays"][number])


def clock(at: datetime, locale: str) -> str:
    """The time of day with the words that go before and behind it, which may differ at one o'clock."""
    forms = WORDS[language(locale)]["clock"]
    form: str = forms.get("one", forms["other"]) if at.hour == 1 else forms["other"]
    return form.format(time=f"{at:%H:%M}")


def all_weekdays() -> Iterator[tuple[int, str]]:
    """Every name of a day of the week in every language that there are words for, in lower case."""
    for language_words in WORDS.values():
        for number, name in enumerate(language_words["weekdays"]):
            yield number, str(name).casefold()


def say(agent: str, candidate: Candidate, locale: str, *, kind: str = "any", **values: object) -> str:
    """The agent's words of that kind about the candidate, with the person's name where it is known.

    `turn` goes round the variants, so that two nudges in a row are said differently.
    """
    variants = WORDS[language(locale)][agent][kind]
    variant = variants[candidate.turn % len(variants)]
    name = str(candidate.facts.get("name", ""))
    template = variant["named"] if name and len(name) <= NAME_AT_MOST else variant["text"]
    text: str = template.format(**{"name": name, "subject": candidate.facts["subject"], **values})
    return text
