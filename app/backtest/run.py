"""A whole record, decided again and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from agents.contract import Agent
from app.backtest import decisions
from app.backtest.answers import Missing
from app.backtest.arrival import Place, arrivals
from app.backtest.differences import KINDS, Difference, Terms, compared
from app.backtest.record import Person, Recorded
from app.backtest.retold import Deciding, retold
from app.core.policy import Policy
from topics.nudges import NUDGES
from topics.user_events import USER_EVENTS


class Backtest(msgspec.Struct, kw_only=True):
    """What came of it."""

    policy: str
    recorded: Recorded
    people: int = 0
    decided: Counter[str] = Counter()
    """What was decided this time: `sent`, or outcome and reason."""
    recorded_decided: Counter[str] = Counter()
    same: int = 0
    not_compared: Counter[str] = Counter()
    differences: list[Difference] = []
    missing: list[Missing] = []
    unanswered_people: int = 0
    pieced: int = 0
    not_asked: int = 0

    @property
    def differs(self) -> bool:
        """Whether any decision is another."""
        return bool(self.differences)


def backtest(
    recorded: Recorded, policy: Policy, agents: Mapping[str, Agent], *, within: timedelta
) -> Backtest:
    """Every person of the record, one after the other; times differ when they are more than `within` apart."""
    found = Backtest(
        policy=policy.version,
        recorded=recorded,
        decided=Counter(),
        recorded_decided=Counter(),
        not_compared=Counter(),
        differences=[],
        missing=[],
    )
    came = arrivals(recorded)
    deciding = Deciding(policy=policy, agents=agents, controls=recorded.controls, ends=recorded.ends)
    terms = Terms(
        ends=recorded.ends,
        within=within,
        is_whole=recorded.has_outcomes,
        has_recalls=NUDGES.name in recorded.topics,
    )
    for person in recorded.people.values():
        _one(person, came, deciding, terms, found)
    found.differences.sort(key=lambda one: (one.at or recorded.ends, one.user_id))
    return found


def _one(
    person: Person, came: Mapping[Place, datetime], deciding: Deciding, terms: Terms, found: Backtest
) -> None:
    recorded = found.recorded
    found.people += 1
    told = retold(person, came, deciding)
    before, after = decisions.recorded(person, recorded), decisions.again(person.user_id, told)
    skipped = _not_whole(person, recorded, came, found)
    for side, counted in ((before, found.recorded_decided), (after, found.decided)):
        for one in side.decisions.values():
            if one.intent_id not in skipped and one.fate != "open":
                counted["sent" if one.fate == "sent" else f"{one.outcome or 'stood_down'}/{one.reason}"] += 1
    result = compared(
        before,
        after,
        terms,
        skipped=skipped,
        unanswered_from=min((one.at for one in told.missing), default=None),
        not_asked=frozenset(told.not_asked),
    )
    found.same += result.same
    found.not_compared["under way at the record's end"] += result.at_the_end
    found.not_compared["without nudge-outcome in the record"] += result.unknown
    found.differences.extend(result.differences)
    found.missing.extend(told.missing)
    found.unanswered_people += bool(told.missing)
    found.pieced += told.pieced
    found.not_asked += len(told.not_asked)


def _not_whole(
    person: Person, recorded: Recorded, came: Mapping[Place, datetime], found: Backtest
) -> frozenset[str]:
    """Plans whose events the record does not hold: they cannot be decided again."""
    skipped: set[str] = set()
    for one in person.outcomes:
        refs = [ref for ref in (one.opened_by, one.matured_by, one.closed_by) if ref is not None]
        places = [(ref.partition, ref.offset) for ref in refs if ref.topic == USER_EVENTS.name]
        if all(place in came for place in places):
            continue
        skipped.add(one.intent_id)
        after = any(offset > recorded.last.get(partition, -1) for partition, offset in places)
        found.not_compared[
            "after the record's last event" if after else "opened before the record begins"
        ] += 1
    return frozenset(skipped)


def report(found: Backtest, *, limit: int | None, by_agent: bool) -> dict[str, Any]:
    """The object that `--json` prints."""
    kinds = Counter(one.kind for one in found.differences)
    shown = found.differences if limit is None else found.differences[:limit]
    questions: dict[str, set[tuple[str, str]]] = {}
    requests: Counter[str] = Counter()
    for one in found.missing:
        questions.setdefault(one.task, set()).add((one.user_id, one.question_hash))
        requests[one.task] += 1
    told: dict[str, Any] = {
        "policy": found.policy,
        "recorded_policies": list(found.recorded.policies),
        "events": found.recorded.events,
        "people": found.people,
        "recorded": dict(sorted(found.recorded_decided.items())),
        "decided": dict(sorted(found.decided.items())),
        "same": found.same,
        "different": len(found.differences),
        "kinds": {kind: kinds[kind] for kind in KINDS},
        "rules": dict(Counter(one.rule for one in found.differences).most_common()),
        "not_compared": {reason: n for reason, n in sorted(found.not_compared.items()) if n},
        "missing_answers": {
            task: {"questions": len(asked), "requests": requests[task]}
            for task, asked in sorted(questions.items())
        },
        "pieced_answers": {"readings": found.pieced, "plans_not_asked_about": found.not_asked},
        "people_without_an_answer": found.unanswered_people,
        "begins_late": list(found.recorded.begins_late),
        "has_outcomes": found.recorded.has_outcomes,
        "differences": [msgspec.to_builtins(one) for one in shown],
    }
    if by_agent:
        agents: dict[str, Counter[str]] = {}
        for each in found.differences:
            agents.setdefault(each.agent, Counter())[each.kind] += 1
        told["agents"] = {name: dict(counted) for name, counted in sorted(agents.items())}
    return told
