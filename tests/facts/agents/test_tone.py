"""What the checks of a draft catch without a model: most of what was made badly on purpose, nothing that is good."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from agents import FIVE, tone, words
from agents.contract import Candidate
from app.core.policy import Policy
from app.core.roster import Roster
from app.evaluation.exchange import Brought, request_id
from app.evaluation.writing import ToWrite, Written, read_cases, write

EVALS = Path(__file__).parents[2] / "evals"
ROSTER = Roster(FIVE)
CASES = {case.id: case for case in read_cases(EVALS / "writing.jsonl", ROSTER.names)}
DRAFTS = [json.loads(line) for line in (EVALS / "writing_drafts.jsonl").read_text().splitlines()]
GOOD = [one for one in DRAFTS if not one["flaw"]]
FLAWED = [one for one in DRAFTS if one["flaw"]]
# Whoever sees these knows the matter: a judge or a person can, a rule cannot.
FOR_A_JUDGE = {"invented_fact", "another_matter", "invented_item", "missing_items", "assumes"}
PLAIN = [one for one in FLAWED if one["flaw"] not in FOR_A_JUDGE]


def refused(case: ToWrite, text: str) -> bool:
    """Whether the worker would ask for another draft."""
    first = write(case, {}, policy=Policy(), roster=ROSTER)
    assert not isinstance(first, Written)
    name = request_id(first[0], first[1].question)
    answer = Brought(id=name, text=json.dumps({"text": text}))
    return not isinstance(write(case, {name: answer}, policy=Policy(), roster=ROSTER), Written)


@pytest.mark.parametrize("draft", GOOD, ids=lambda one: one["case"])
def test_a_good_draft_passes(draft: dict[str, Any]) -> None:
    """In five languages, for all five agents, about illness and grief, too."""
    assert not refused(CASES[draft["case"]], draft["text"])


@pytest.mark.parametrize("draft", PLAIN, ids=lambda one: f"{one['case']} {one['flaw']}")
def test_a_bad_draft_is_refused(draft: dict[str, Any]) -> None:
    """Loud, formal, pressing, blaming, selling, sure of the outcome, with a link, in another language."""
    assert refused(CASES[draft["case"]], draft["text"])


def test_most_of_what_is_bad_is_seen_by_a_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 49 drafts that were made badly on purpose 42 are refused without a judge, 20 without the rules of tone."""
    assert Counter(refused(CASES[one["case"]], one["text"]) for one in FLAWED) == {True: 42, False: 7}
    monkeypatch.setattr(tone, "problems", lambda *_, **__: [])
    monkeypatch.setattr(tone, "counts_the_silence", lambda *_: [])
    assert Counter(refused(CASES[one["case"]], one["text"]) for one in FLAWED) == {True: 20, False: 29}


@pytest.mark.parametrize("locale", sorted(words.WORDS))
@pytest.mark.parametrize("case", CASES.values(), ids=lambda one: one.id)
def test_the_agents_own_words_sound_right(case: ToWrite, locale: str) -> None:
    """Every fallback passes the checks that a model's draft has to pass."""
    agent = ROSTER.by_name[case.agent]
    facts = {"subject": case.subject, "name": case.name, **case.facts}
    for turn in range(3):
        candidate = Candidate(importance=0.5, facts=facts, turn=turn)
        text = agent.fallback(candidate, locale)
        assert text is not None
        assert agent.check(text, candidate) == []


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("the Premium upgrade", "How is the Premium upgrade going? Tell me whenever you like."),
        ("congratulations card", "How is the congratulations card coming along?"),
        ("the talk at 17:30", "How was the talk at 17:30 for you?"),
    ],
)
def test_what_the_facts_say_may_be_said(subject: str, text: str) -> None:
    """A subject is somebody else's words: what stands in it is nobody's slip."""
    assert (
        tone.problems(text, Candidate(importance=0.5, facts={"subject": subject}), knows_how_it_went=False)
        == []
    )
