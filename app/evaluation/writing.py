"""How well it is written: each case through the worker's own composing, what its checks catch, and what readers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import msgspec

from agents.contract import Candidate, Intent, Ref
from app.core.asks import Ask, ComposeAnswer, Heard, JudgeAnswer
from app.core.composing import Composer, Draft
from app.core.ledger import Ledger
from app.core.policy import Policy
from app.core.roster import Roster
from app.core.row import Row
from app.core.trace import Trace
from app.evaluation.cases import SAID_AT, UNNAMED, CasesError, decoded, lines
from app.evaluation.exchange import Brought, request_id
from app.evaluation.figures import Share, share
from topics.text import clean, fold

Stage = Literal["first", "final", "fallback"]
PLANNED_BEFORE = timedelta(days=2)


class ToWrite(msgspec.Struct, frozen=True, kw_only=True):
    """One nudge to be written: who wants to speak to whom about what, and all that may be told."""

    id: str
    agent: str
    subject: str
    locale: str = "en"
    name: str = ""
    facts: Mapping[str, Any] = {}
    """What the agent knows beside the subject and the person's name."""
    kind: str = UNNAMED
    now: datetime = SAID_AT
    last_text: str = ""
    """The last message that this person got."""
    turn: int = 0


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one case: the first draft, what was found wrong with each, and what would be sent."""

    case: ToWrite
    first: str
    problems: tuple[tuple[str, ...], ...]
    results: tuple[str, ...]
    scores: tuple[float, ...]
    text: str
    """Empty: silence."""
    written_by: str
    fallback: str


class Rating(msgspec.Struct, frozen=True):
    """What a reader says of a text: whether the person should receive it."""

    id: str
    send: bool
    why: str = ""


class Group(msgspec.Struct, frozen=True):
    """How some cases went. `before` and `after`: of the rated first drafts and final texts, how many should be sent."""

    first_good: Share
    second_good: Share
    fallbacks: int
    silent: int
    before: Share
    after: Share
    own_words: Share
    """Of the rated fallback texts, whether they were needed or not, how many should be sent."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that `tactful eval writing` says."""

    policy: str
    cases: int
    written: int
    all: Group
    by_agent: Mapping[str, Group]
    by_locale: Mapping[str, Group]
    problems: Mapping[str, int]
    """What the checks and the judge found wrong, and how often."""
    caught: Share
    """Of the first drafts that a reader would not send, how many were refused."""
    refused_for_nothing: Share
    """Of those that a reader would send, how many were refused."""
    why_not: Mapping[str, Mapping[Stage, int]]
    """What readers say of the texts that they would not send, and how often at each stage."""


def read_cases(path: Path, agents: Iterable[str]) -> list[ToWrite]:
    """The cases of a file; CasesError names the line."""
    known = set(agents)
    cases: list[ToWrite] = []
    for number, line in enumerate(lines(path), 1):
        one = decoded(path, number, line, ToWrite)
        if one.agent not in known:
            raise CasesError(f"{path}:{number}: there is no agent {one.agent!r}")
        if one.id in {other.id for other in cases}:
            raise CasesError(f"{path}:{number}: a second case with the id {one.id!r}")
        cases.append(one)
    if not cases:
        raise CasesError(f"{path}: holds no case")
    return cases


def read_ratings(path: Path) -> dict[str, Rating]:
    """Readers' ratings by the text's id."""
    return {one.id: one for n, line in enumerate(lines(path), 1) for one in [decoded(path, n, line, Rating)]}


def write(
    case: ToWrite, answers: Mapping[str, Brought], *, policy: Policy, roster: Roster
) -> Written | tuple[str, Ask]:
    """The worker's composing with these answers: what came of it, or the request that has no answer yet."""
    agent = roster.by_name[case.agent]
    row = Row(user_id=f"evaluation-{case.id}", locale=case.locale, name=case.name, last_text=case.last_text)
    ledger = Ledger(row, now=case.now, policy=policy, roster=roster, pass_of=(case.id,))
    candidate = Candidate(importance=0.5, facts=_facts(case), turn=case.turn)
    composing = Composer(ledger, Trace(), agent, intent=_intent(case, policy), candidate=candidate).compose()
    drafts: list[str] = []
    scores: list[float] = []
    heard: Heard | None = None
    asked = 0
    while True:
        try:
            ask = next(composing) if heard is None else composing.send(heard)
        except StopIteration as ended:
            fallback = agent.fallback(candidate, case.locale) or ""
            return _written(case, ended.value, drafts, scores, fallback)
        asked += 1
        name = f"{case.id}/{asked}"
        brought = answers.get(request_id(name, ask.question))
        if brought is None:
            return name, ask
        reply = brought.reply(ask.question)
        match reply.answer:
            case ComposeAnswer(text):
                drafts.append(text)
            case JudgeAnswer(score):
                scores.append(score)
            case _:
                pass
        heard = (case.now, reply)


def _facts(case: ToWrite) -> dict[str, object]:
    named = {"name": case.name} if case.name else {}
    return {"subject": clean(case.subject), **named, **case.facts}


def _intent(case: ToWrite, policy: Policy) -> Intent:
    return Intent(
        intent_id=case.id,
        agent=case.agent,
        subject=clean(case.subject),
        subject_key=fold(clean(case.subject)),
        due_at=case.now,
        expires_at=case.now + policy.agent(case.agent).expires_after,
        opened_at=case.now - PLANNED_BEFORE,
        opened_by=Ref("user-events", 0, 0, "evaluation/1"),
        ripe_at=case.now,
        wake_at=case.now,
        status="due",
    )


def _written(
    case: ToWrite, draft: Draft, drafts: Sequence[str], scores: Sequence[float], fallback: str
) -> Written:
    return Written(
        case=case,
        first=drafts[0] if drafts else "",
        problems=tuple(one.problems for one in draft.attempts),
        results=tuple(one.result for one in draft.attempts),
        scores=tuple(scores),
        text=draft.text or "",
        written_by=draft.written_by if draft.text else "",
        fallback=fallback,
    )


def text_id(case: ToWrite, text: str) -> str:
    """The id of a text for its readers: it does not tell who wrote it, nor at which attempt."""
    return "t-" + blake2b(f"{case.id}\0{text}".encode(), digest_size=8).hexdigest()


def to_rate(written: Iterable[Written]) -> list[dict[str, Any]]:
    """Every first draft, final text and fallback once, in an order that tells nothing."""
    found: dict[str, dict[str, Any]] = {}
    for one in written:
        for text in (one.first, one.text, one.fallback):
            if text:
                name = text_id(one.case, text)
                told = {"agent": one.case.agent, "locale": one.case.locale, "facts": _facts(one.case)}
                found[name] = {"id": name, **told, "text": text}
    return [found[name] for name in sorted(found)]


def report(
    cases: Sequence[ToWrite], written: Sequence[Written], ratings: Mapping[str, Rating], *, policy: Policy
) -> Report:
    """The figures of what was written, and of what readers said of it."""
    rated = [
        (rating.send, one.results[:1] == ("good",))
        for one in written
        if one.first and (rating := ratings.get(text_id(one.case, one.first))) is not None
    ]
    bad, fine = [good for send, good in rated if not send], [good for send, good in rated if send]
    return Report(
        policy=policy.version,
        cases=len(cases),
        written=len(written),
        all=_group(written, ratings),
        by_agent=_groups(written, ratings, lambda one: one.case.agent),
        by_locale=_groups(written, ratings, lambda one: one.case.locale),
        problems=dict(
            Counter(problem for one in written for wrong in one.problems for problem in wrong).most_common()
        ),
        caught=share(bad.count(False), len(bad)),
        refused_for_nothing=share(fine.count(False), len(fine)),
        why_not=_why_not(written, ratings),
    )


def _why_not(written: Sequence[Written], ratings: Mapping[str, Rating]) -> dict[str, dict[Stage, int]]:
    found: dict[str, dict[Stage, int]] = {}
    for one in written:
        for stage, text in _texts(one).items():
            rating = ratings.get(text_id(one.case, text)) if text else None
            if rating is not None and not rating.send:
                stages = found.setdefault(rating.why or UNNAMED, {"first": 0, "final": 0, "fallback": 0})
                stages[stage] += 1
    return dict(sorted(found.items()))


def _texts(one: Written) -> dict[Stage, str]:
    return {"first": one.first, "final": one.text, "fallback": one.fallback}


def _groups(
    written: Sequence[Written], ratings: Mapping[str, Rating], by: Callable[[Written], str]
) -> dict[str, Group]:
    names = sorted({by(one) for one in written})
    return {name: _group([one for one in written if by(one) == name], ratings) for name in names}


def _group(written: Sequence[Written], ratings: Mapping[str, Rating]) -> Group:
    good = [one.results[:1] == ("good",) for one in written]
    again = [one.results[1:] == ("good",) for one in written if len(one.results) > 1]
    return Group(
        first_good=share(sum(good), len(good)),
        second_good=share(sum(again), len(again)),
        fallbacks=sum(one.written_by == "fallback" for one in written),
        silent=sum(not one.text for one in written),
        before=_sent(written, ratings, "first"),
        after=_sent(written, ratings, "final"),
        own_words=_sent(written, ratings, "fallback"),
    )


def _sent(written: Sequence[Written], ratings: Mapping[str, Rating], stage: Stage) -> Share:
    texts = [(one.case, _texts(one)[stage]) for one in written]
    rated = [ratings[name].send for case, text in texts if text and (name := text_id(case, text)) in ratings]
    return share(sum(rated), len(rated))
