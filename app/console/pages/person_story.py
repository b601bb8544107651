"""A person's time in words, the same facts as the drawing: what is ahead on top, then now, then the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from app.console.pages import wording
from app.console.pages.clock import Clock
from app.console.pages.templating import plural
from app.console.values import EventSeen, NudgeSeen, PassSeen, PersonView, Plan
from app.explain.sentences import Said
from topics.passes import GateAnswer, Pass, PassAsk, PassCandidate

SHOWN = 200
"""Entries of the past that are shown at once; more on request."""
NEAR = 8
"""Plans ahead that are shown at once: those due soonest."""
_ORDER = {"event": 0, "opened": 1, "pass": 2, "deferred": 3, "passed_over": 4, "closed": 5, "recalled": 6}
"""What comes first of what bears the same time; a kind of a later `app.explain` comes last."""
_MARKS = {"opened": "plan", "deferred": "deferred", "passed_over": "passed_over", "recalled": "recalled"}


class Candidate(msgspec.Struct, frozen=True):
    """One of those that stood in a pass, with its subject."""

    candidate: PassCandidate
    subject: str
    won: bool

    @property
    def looks(self) -> list[list[GateAnswer]]:
        """The gates' answers, apart for each time that they were asked: at first, and at the last look."""
        looks: list[list[GateAnswer]] = []
        for gate in self.candidate.gates:
            if not looks or any(known.gate == gate.gate for known in looks[-1]):
                looks.append([])
            looks[-1].append(gate)
        return looks


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the list, with all that is behind it."""

    at: datetime
    kind: str
    """Its mark."""
    says: str
    agent: str = ""
    ids: tuple[str, ...] = ()
    """Where links to it lead; the first is its own."""
    loud: bool = False
    faint: bool = False
    words: str = ""
    """What somebody said, or HIDDEN."""
    plan: Plan | None = None
    looked: PassSeen | None = None
    candidates: tuple[Candidate, ...] = ()
    event: EventSeen | None = None
    nudge: NudgeSeen | None = None

    @property
    def has_details(self) -> bool:
        return self.plan is not None or self.looked is not None or self.event is not None


class Day(msgspec.Struct, frozen=True):
    """The entries of one local day, latest first."""

    at: datetime
    name: str
    entries: tuple[Entry, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """The whole list."""

    far: tuple[Day, ...]
    """What is ahead beyond the soonest."""
    ahead: tuple[Day, ...]
    past: tuple[Day, ...]
    far_count: int
    left_out: int


def story(view: PersonView, clock: Clock, *, everything: bool) -> Story:
    """Everything about a person in the order of time, the latest on top."""
    ahead = sorted(_ahead(view), key=lambda entry: (entry.at, entry.ids))
    past = list(_past(view))[::-1]
    shown = past if everything else past[:SHOWN]
    near, far = ahead[:NEAR][::-1], ahead[NEAR:][::-1]
    return Story(
        far=_days(far, clock),
        ahead=_days(near, clock),
        past=_days(shown, clock),
        far_count=len(far),
        left_out=len(past) - len(shown),
    )


def _ahead(view: PersonView) -> Iterator[Entry]:
    for plan in view.open_plans:
        at = max(plan.due_at, plan.looked_at_next or plan.due_at)
        yield Entry(
            at=at,
            kind="due" if plan.status != "held" else "deferred",
            says=_plans(plan, at < view.now),
            agent=plan.agent,
            ids=(plan.anchor,),
            plan=plan,
        )


def _plans(plan: Plan, overdue: bool) -> str:  # noqa: FBT001 - named at its one call
    about = f"“{plan.subject}”" if plan.subject else "something"
    if plan.status == "held":
        return f"{plan.agent} holds {about}: nobody could say yet whether it is settled already"
    if plan.deferred_by and plan.looked_at_next is not None and plan.looked_at_next > plan.due_at:
        return f"{plan.agent} looks at {about} again, which it put off: {plan.deferred_because or plan.deferred_by}"
    if overdue:
        return f"{plan.agent} is to look at {about}, which is due"
    return f"{plan.agent} plans to speak about {about}, if nothing settles it before"


def _past(view: PersonView) -> Iterator[Entry]:
    plans = {plan.intent_id: plan for plan in view.plans}
    passes = {seen.looked.pass_id: seen for seen in view.passes}
    nudges = {seen.nudge.nudge_id: seen for seen in view.nudges}
    told = [said for said in view.said if said.kind != "receipt"]  # their events tell it
    covered = {said.pass_id for said in told if said.pass_id}
    found: list[tuple[datetime, int, Entry]] = [
        (event.at, 0, _happened(event, view)) for event in view.events
    ]
    first_of = set[str]()
    for said in told:
        ids = (f"pass-{said.pass_id}",) if said.pass_id and said.pass_id not in first_of else ()
        first_of.add(said.pass_id)
        entry = _decided(
            said, plans, looked=passes.get(said.pass_id), nudge=nudges.get(said.nudge_id), ids=ids
        )
        found.append((said.at, _ORDER.get(said.kind, len(_ORDER)), entry))
    found += [
        (seen.looked.now, _ORDER["pass"], _looked(seen, plans))
        for seen in view.passes
        if seen.looked.pass_id not in covered
    ]
    for _, _, entry in sorted(found, key=lambda each: each[:2]):
        yield entry


def _happened(event: EventSeen, view: PersonView) -> Entry:
    says = wording.event_says(event)
    if event.speaker == "person":
        name = view.profile.name if view.profile is not None and view.shown else ""
        says = f"{name or view.user_id} {says}"
    return Entry(
        at=event.at,
        kind=wording.event_kind(event),
        says=says + ("" if event.decided else " (the worker has not decided on it yet)"),
        ids=(event.anchor,),
        faint=event.ours,
        words=event.text,
        event=event,
    )


def _decided(
    said: Said,
    plans: Mapping[str, Plan],
    *,
    looked: PassSeen | None,
    nudge: NudgeSeen | None,
    ids: tuple[str, ...],
) -> Entry:
    plan = plans.get(said.intent_id)
    kind = _MARKS.get(said.kind) or wording.KIND_OF_OUTCOME.get(said.outcome, "passed_over")
    own: tuple[str, ...] = ()
    if said.kind == "opened" and (plan is None or not plan.is_open):
        own = (f"plan-{said.intent_id}",)
    elif said.kind == "closed":
        own = (f"end-{said.intent_id}", *((f"nudge-{said.nudge_id}",) if said.nudge_id else ()))
    return Entry(
        at=said.at,
        kind=kind,
        says=said.sentence,
        agent=said.agent,
        ids=(*own, *ids),
        loud=said.kind == "closed" and kind != "struck",
        plan=plan if said.kind == "closed" or not looked else None,
        looked=looked,
        candidates=() if looked is None else _candidates(looked.looked, plans),
        nudge=nudge,
    )


def _looked(seen: PassSeen, plans: Mapping[str, Plan]) -> Entry:
    says = "; ".join(asked(ask) for ask in seen.looked.asks) or "looked, and left everything as it was"
    candidates = _candidates(seen.looked, plans)
    return Entry(
        at=seen.looked.now,
        kind="pass",
        says=says,
        ids=(seen.anchor,),
        faint=True,
        looked=seen,
        candidates=candidates,
    )


def _candidates(looked: Pass, plans: Mapping[str, Plan]) -> tuple[Candidate, ...]:
    return tuple(
        Candidate(
            each,
            plans[each.intent_id].subject if each.intent_id in plans else "",
            each.intent_id == looked.winner,
        )
        for each in looked.candidates
    )


def asked(ask: PassAsk) -> str:
    """What a question to the model brought, without its words."""
    if ask.failed:
        return f"asked the model ({ask.task}), and got no answer: {ask.failed.replace('_', ' ')}"
    if ask.task != "reading" or not isinstance(ask.answer, dict):
        return f"asked the model ({ask.task})"
    verdicts = [
        each for each in _list(ask.answer, "verdicts") if each.get("verdict") not in {"unrelated", None}
    ]
    parts = [
        *([plural(len(verdicts), "plan") + " settled or moved"] if verdicts else []),
        *([plural(len(raised), "subject") + " raised"] if (raised := _list(ask.answer, "subjects")) else []),
        *([plural(len(mutes), "subject") + " muted"] if (mutes := _list(ask.answer, "mutes")) else []),
    ]
    return f"read the new messages: {', '.join(parts) or 'nothing settled, nothing raised'}"


def _list(answer: dict[str, object], name: str) -> Sequence[dict[str, object]]:
    found = answer.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _days(entries: Iterable[Entry], clock: Clock) -> tuple[Day, ...]:
    days: list[tuple[datetime, list[Entry]]] = []
    for entry in entries:
        if days and clock.local(days[-1][0]).date() == clock.local(entry.at).date():
            days[-1][1].append(entry)
        else:
            days.append((entry.at, [entry]))
    return tuple(Day(at, _name(at, clock), tuple(of)) for at, of in days)


def _name(at: datetime, clock: Clock) -> str:
    apart = clock.local(at).date() - clock.local(clock.now).date()
    near = {timedelta(days=-1): "Yesterday, ", timedelta(): "Today, ", timedelta(days=1): "Tomorrow, "}
    return near.get(apart, "") + clock.day(at)
