"""How well it is read what is worth coming back to, and when to ask: found, missed, spare, and the day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from app.core.asks import Reading, Reply
from app.evaluation.cases import Case, Label, Raised
from app.evaluation.figures import Share, grouped, share
from app.evaluation.language import language_of
from app.evaluation.situation import Opened, Situation

What = Literal["found", "optional", "missed", "spare"]
A_DAY = timedelta(days=1)
NEIGHBOUR = 1
"""A subject may be laid to the message before or after: who speaks of it and who takes it up differ by one."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A subject that was opened, or that should have been."""

    case: str
    kind: str
    language: str
    what: What
    subject: str
    message: int
    due: date | None = None
    label_due: date | None = None

    @property
    def on_the_day(self) -> bool | None:
        """Whether it is due when it should be; None where no day can be told."""
        if self.due is None or self.label_due is None:
            return None
        return abs(self.due - self.label_due) <= A_DAY


class Counts(msgspec.Struct, frozen=True):
    """`found` of those that should be raised; `spare` were raised and should not; `on_the_day` of those with a day."""

    found: Share
    spare: int
    on_the_day: Share


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that `tactful eval subjects` says."""

    instructions: str
    policy: str
    models: tuple[str, ...]
    cases: int
    answered: int
    unusable: int
    looked_at: int
    """Answered cases whose label says which subjects there are."""
    counts: Counts
    by_kind: Mapping[str, Counts]
    by_language: Mapping[str, Counts]
    raised: int
    """Subjects that were opened, over all answered cases, labelled or not."""
    raising: Share
    """Cases that raised anything."""
    when_worth: Share
    """Of the cases that are known to hold something to come back to, how many raised anything."""
    when_not: Share
    """Of those that are known to hold nothing, how many raised something all the same."""
    subjects: tuple[Found, ...]
    """Every one of the labelled cases."""
    opened: Mapping[str, tuple[Opened, ...]]


def report(
    situation: Situation,
    cases: Sequence[Case],
    labels: Mapping[str, Label],
    answers: Mapping[str, Callable[[Reading], Reply]],
    *,
    instructions: str,
) -> Report:
    """Judge the answered cases; those without a label are only counted."""
    answered = [case for case in cases if case.id in answers]
    replies = {case.id: answers[case.id](situation.question(case)) for case in answered}
    opened = {
        case.id: situation.came(case, lambda _, name=case.id: replies[name]).opened  # type: ignore[misc]  # a default binds it
        for case in answered
    }
    known = [(case, labels[case.id]) for case in answered if case.id in labels]
    found = [
        one
        for case, label in known
        if label.raised is not None
        for one in _found(case, label, label.raised, opened[case.id])
    ]
    worth = {case.id: label.worth for case, label in known if label.worth is not None}
    return Report(
        instructions=instructions,
        policy=situation.policy.version,
        models=tuple(sorted({reply.model for reply in replies.values() if reply.model})),
        cases=len(cases),
        answered=len(answered),
        unusable=sum(reply.answer is None for reply in replies.values()),
        looked_at=sum(label.raised is not None for _, label in known),
        counts=counts(found),
        by_kind=grouped(found, lambda one: one.kind, counts),
        by_language=grouped(found, lambda one: one.language, counts),
        raised=sum(map(len, opened.values())),
        raising=share(sum(map(bool, opened.values())), len(opened)),
        when_worth=_raising(opened, [name for name, is_worth in worth.items() if is_worth]),
        when_not=_raising(opened, [name for name, is_worth in worth.items() if not is_worth]),
        subjects=tuple(found),
        opened={name: ones for name, ones in opened.items() if ones},
    )


def _raising(opened: Mapping[str, Sequence[Opened]], names: Sequence[str]) -> Share:
    return share(sum(bool(opened[name]) for name in names), len(names))


def _found(case: Case, label: Label, raised: Sequence[Raised], opened: Sequence[Opened]) -> Iterable[Found]:
    """Each opened subject goes to the label whose message it names, or the nearest one beside it."""
    language = language_of(case)
    zone = ZoneInfo(case.timezone)

    def told(what: What, subject: str, message: int, due: date | None, label_due: date | None) -> Found:
        return Found(
            case=case.id,
            kind=label.kind,
            language=language,
            what=what,
            subject=subject,
            message=message,
            due=due,
            label_due=label_due,
        )

    left = list(raised)
    for one in sorted(opened, key=lambda one: min((_apart(one, each) for each in raised), default=0)):
        day = one.due_at.astimezone(zone).date()
        fitting = [each for each in left if _apart(one, each) <= NEIGHBOUR]
        best = min(fitting, key=lambda each: (_apart(one, each), each.optional), default=None)
        if best is None:
            yield told("spare", one.subject, one.message, day, None)
        else:
            left.remove(best)
            yield told("optional" if best.optional else "found", one.subject, one.message, day, best.when)
    for each in left:
        if not each.optional:
            yield told("missed", each.about, each.messages[0], None, each.when)


def _apart(opened: Opened, label: Raised) -> int:
    return min(abs(opened.message - number) for number in label.messages)


def counts(found: Iterable[Found]) -> Counts:
    """The figures of some subjects."""
    some = list(found)
    hits, missed = (sum(one.what == what for one in some) for what in ("found", "missed"))
    days = [one.on_the_day for one in some if one.on_the_day is not None]
    spare = sum(one.what == "spare" for one in some)
    return Counts(share(hits, hits + missed), spare, share(sum(days), len(days)))
