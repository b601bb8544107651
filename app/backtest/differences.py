"""Which decisions differ, and which gate or rule is why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from app.backtest.because import because, lost, time
from app.backtest.decisions import Decision, Side

Kind = Literal["sent", "silenced", "winner", "time", "reason", "recall", "text", "order"]
KINDS: tuple[Kind, ...] = ("sent", "silenced", "winner", "time", "reason", "recall", "text", "order")
EDGE = timedelta(minutes=2)
"""At the record's end a decision may have been under way: a pass lasts up to a minute, and its wake-up comes before."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that is another now. `before` and `after` say what became of the plan, `rule` and `why` by what."""

    kind: Kind
    user_id: str
    agent: str
    intent_id: str
    subject: str
    at: datetime | None
    before: str
    after: str
    rule: str
    why: str
    rests_on_a_partial_answer: bool = False
    """A reading showed this plan and the record's did not: that the messages left it open is not known."""


class Compared(msgspec.Struct):
    """What came of comparing one person's decisions."""

    same: int = 0
    at_the_end: int = 0
    unknown: int = 0
    """Plans of which the record without `nudge-outcome` does not say what became."""
    differences: list[Difference] = []


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a record allows to be compared. `is_whole`: it has the outcomes, else only traces."""

    ends: datetime
    within: timedelta
    """Times that lie no further apart are the same."""
    is_whole: bool
    has_recalls: bool


def compared(
    before: Side,
    after: Side,
    terms: Terms,
    *,
    skipped: frozenset[str],
    unanswered_from: datetime | None,
    not_asked: frozenset[str] = frozenset(),
) -> Compared:
    """`skipped` are plans that the record does not hold whole; a question had no answer for the first time then."""
    found = Compared(differences=[])
    for intent_id in dict.fromkeys([*before.order, *after.order, *before.decisions, *after.decisions]):
        if intent_id in skipped:
            continue
        was, now = before.decisions.get(intent_id), after.decisions.get(intent_id)
        if _is_open(was) and _is_open(now):
            continue
        if not terms.is_whole and not _is_told(was, now):
            found.unknown += 1
            continue
        kind = _kind(was, now, terms)
        if kind is None:
            found.same += 1
        elif _at_the_end(was, now, terms.ends):
            found.at_the_end += 1
        else:
            partly = intent_id in not_asked
            found.differences.extend(_difference(kind, (was, now), after, unanswered_from, partly=partly))
    if terms.is_whole and not found.differences:
        found.differences.extend(_other_order(before, after, skipped))
    return found


def _is_open(one: Decision | None) -> bool:
    return one is None or one.fate == "open"


def _is_told(was: Decision | None, now: Decision | None) -> bool:
    """Without the outcomes: a plan that won or stood down has a trace, and whatever is sent now would have had one."""
    return (was is not None and was.fate != "open") or (now is not None and now.fate == "sent")


def _at_the_end(was: Decision | None, now: Decision | None, ends: datetime) -> bool:
    """Whether one run had not come to it yet: not that it put the plan off, nor that it never had it."""
    if was is not None and was.at is not None and was.at > ends - EDGE:
        return now is not None and now.waits_until is not None and now.waits_until <= ends
    if now is not None and now.at is not None and now.at > ends - EDGE and _is_open(was):
        return was is None or len(was.looks) < len(now.looks)
    return False


def _kind(was: Decision | None, now: Decision | None, terms: Terms) -> Kind | None:
    if was is None or now is None or was.fate != now.fate:
        return _other_fate(was, now)
    if was.fate == "silent" and was.reason != now.reason:
        return "reason"
    return _other_circumstance(was, now, terms)


def _other_fate(was: Decision | None, now: Decision | None) -> Kind:
    if now is not None and now.fate == "sent":
        return "sent"
    if was is not None and was.fate == "sent":
        if now is not None and now.waits_until is not None:
            return "time"  # beyond the record's end
        outranked = now is not None and now.outranked_by and any(lost(now, look) for look in now.looks)
        return "winner" if outranked else "silenced"
    return "reason"


def _other_circumstance(was: Decision, now: Decision, terms: Terms) -> Kind | None:
    """The same end: at the same time, recalled alike, in the same words?"""
    # A trace says when its pass began: when a plan stood down in it is told by the outcomes alone.
    if (terms.is_whole or now.fate == "sent") and _are_apart(was.at, now.at, terms.within):
        return "time"
    if terms.has_recalls and _are_apart(was.recalled_at, now.recalled_at, terms.within):
        return "recall"
    if was.text and now.text and was.text != now.text and was.written_by == now.written_by:
        return "text"
    return None


def _are_apart(was: datetime | None, now: datetime | None, within: timedelta) -> bool:
    if was is None or now is None:
        return was is not now
    return abs(was - now) > within


def _other_order(before: Side, after: Side, skipped: frozenset[str]) -> Iterator[Difference]:
    both = [
        [one for one in side.order if one not in skipped and one in other.decisions]
        for side, other in ((before, after), (after, before))
    ]
    for n, (was, now) in enumerate(zip(*both, strict=False), start=1):
        if was != now:
            one = after.decisions[now]
            yield Difference(
                kind="order",
                user_id=one.user_id,
                agent=one.agent,
                intent_id=now,
                subject=one.subject,
                at=one.at,
                before=f"decided after {was}",
                after=f"decided as number {n}",
                rule="order",
                why="the same decisions at the same times, in another order",
            )
            return


def _difference(
    kind: Kind,
    sides: tuple[Decision | None, Decision | None],
    after: Side,
    unanswered_from: datetime | None,
    *,
    partly: bool,
) -> Iterator[Difference]:
    was, now = sides
    either = was or now
    if either is None:
        return
    known = was if was is not None and was.at is not None else now
    rule, why = because(was, now, after, unanswered_from)
    yield Difference(
        kind=kind,
        user_id=either.user_id,
        agent=either.agent,
        intent_id=either.intent_id,
        subject=(now.subject if now is not None else "") or either.subject,
        at=known.at if known is not None else None,
        before=_said(was),
        after=_said(now),
        rule=rule,
        why=why,
        rests_on_a_partial_answer=partly,
    )


def _said(one: Decision | None) -> str:
    """What became of a plan, in a few words."""
    if one is None:
        return "no such plan"
    when = one.at.isoformat(timespec="seconds").replace("+00:00", "Z") if one.at is not None else ""
    if one.fate == "open":
        if one.waits_until is None:
            return "still open at the record's end"
        why = f" ({one.waits_for})" if one.waits_for else ""
        return f"waits until {time(one.waits_until)}{why}"
    words = "sent" if one.fate == "sent" else f"{one.outcome or 'stood_down'}/{one.reason}"
    return f"{words} {when}".rstrip()
