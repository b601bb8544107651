"""The lanes of a person's drawing: what happened, what was decided, and each look; every sign links to its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from app.console.pages import wording
from app.console.pages.axis import Axis
from app.console.pages.clock import Clock
from app.console.pages.drawing import Item, Label, Line, Mark, Placed, packed, stacked
from app.console.values import HIDDEN, EventSeen, PersonView, Plan

LEVEL = 23
"""The height of one level of a lane: a sign and a little air."""
SIGN = 16
WORDY_UP_TO = 26
"""More signs than these in a lane stand without words: they would hide each other."""
LEVELS, LEVELS_IN_A_CROWD = 7, 4
WORDS_OF_EVENT = 40
WORDS_OF_DECISION = 50

_WITHOUT_WORDS = frozenset({"profile", "app", "receipt", "consent"})
"""What happens beside the story: its sign says enough."""
_SETTLES = "k-settles"
"""What settled a plan has the colour of what it did."""
_RANKS = {
    "message": 1,
    "assistant": 2,
    "calendar": 2,
    "dead": 2,
    "app": 4,
    "profile": 4,
    "consent": 3,
    "receipt": 3,
}
Places = Mapping[tuple[int, int], tuple[float, float]]
"""Where events stand on a drawing, by their places in the log."""


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A lane that has been laid out, and its height."""

    height: float
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()
    lines: tuple[Line, ...] = ()


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of a lane before it has a place."""

    at: datetime
    kind: str
    words: str
    says: str
    href: str
    css: str = ""
    rank: int = 1
    """What is shown of a crowd: the lower, the sooner."""


def events_lane(view: PersonView, axis: Axis, clock: Clock, top: float) -> tuple[Lane, Places]:
    """What happened, and where each event stands on the drawing."""
    settled = {(each.by.partition, each.by.offset) for each in view.struck}
    seen = {
        (event.ref.partition, event.ref.offset): event
        for event in view.events
        if not event.ours and axis.inside(event.at)
    }
    signs = {place: _event_sign(event, clock, settles=place in settled) for place, event in seen.items()}
    laid = _laid(list(signs.items()), lambda pair: pair[1], axis)
    height = _levels(laid) * LEVEL + 12
    marks: list[Mark] = []
    labels: list[Label] = []
    places: dict[tuple[int, int], tuple[float, float]] = {}
    for one in laid:
        y = top + height - 14 - one.level * LEVEL
        mark, label = _drawn(one.x, y, [sign for _, sign in one.things], worded=one.worded)
        marks.append(mark)
        labels += [label] if label else []
        places |= {place: (one.x, y) for place, _ in one.things}
    return Lane(height=height, marks=tuple(marks), labels=tuple(labels)), places


def decisions_lane(view: PersonView, axis: Axis, clock: Clock, top: float) -> Lane:
    """What was said and what was not, in signs of one size."""
    signs = [sign for sign in _decisions(view, clock) if axis.inside(sign.at)]
    laid = _laid(signs, lambda sign: sign, axis)
    height = max(_levels(laid), 1) * LEVEL + 12
    marks, labels = [], []
    for one in laid:
        mark, label = _drawn(one.x, top + 16 + one.level * LEVEL, list(one.things), worded=one.worded)
        marks.append(mark)
        labels += [label] if label else []
    return Lane(height=height, marks=tuple(marks), labels=tuple(labels))


def passes_lane(view: PersonView, axis: Axis, top: float) -> Lane:
    """Each look at the person as a stroke; a tall one asked the model."""
    low: list[str] = []
    tall: list[str] = []
    for seen in view.passes:
        if axis.inside(seen.looked.now):
            x = axis.x(seen.looked.now)
            (tall if seen.looked.asks else low).append(
                f"M{x},{top + (3 if seen.looked.asks else 9)} V{top + 19}"
            )
    lines = [Line(" ".join(strokes), "d-pass") for strokes in (low, tall) if strokes]
    return Lane(height=26, lines=tuple(lines))


def _event_sign(event: EventSeen, clock: Clock, *, settles: bool) -> Sign:
    kind, label = wording.event_kind(event), wording.event_label(event)
    said = f" {label}" if label.startswith("“") else ""
    return Sign(
        at=event.at,
        kind=kind,
        words=wording.cut(label, WORDS_OF_EVENT) if kind not in _WITHOUT_WORDS else "",
        says=f"{clock.said(event.at)}: {wording.event_says(event)}{said}",
        href=f"#{event.anchor}",
        css=_SETTLES if settles else "",
        rank=0 if settles else _RANKS.get(kind, 2),
    )


def _decisions(view: PersonView, clock: Clock) -> list[Sign]:
    texts = {seen.nudge.nudge_id: seen.nudge.text for seen in view.nudges if seen.nudge.text != HIDDEN}
    signs = [
        _closing(plan, plan.closed_at, texts.get(plan.nudge_id, ""), clock)
        for plan in view.plans
        if plan.closed_at is not None
    ]
    for said in view.said:
        if said.kind in {"deferred", "passed_over"}:
            says = f"{clock.said(said.at)}: {said.sentence}"
            href = f"#pass-{said.pass_id}" if said.pass_id else f"#plan-{said.intent_id}"
            signs.append(Sign(at=said.at, kind=said.kind, words="", says=says, href=href))
    for seen in view.nudges:
        if seen.recalled_at is not None:
            says = f"{clock.said(seen.recalled_at)}: {seen.nudge.agent} took its words back"
            href = f"#nudge-{seen.nudge.nudge_id}"
            signs.append(
                Sign(
                    at=seen.recalled_at,
                    kind="recalled",
                    words="taken back",
                    says=says,
                    href=href,
                    css="k-recalled",
                )
            )
    return signs


def _closing(plan: Plan, closed_at: datetime, text: str, clock: Clock) -> Sign:
    kind = wording.KIND_OF_OUTCOME.get(plan.outcome, "passed_over")
    words = f"{plan.agent}: “{wording.one_line(text)}”" if text else f"{plan.agent} {wording.ending(plan)}"
    subject = f" about {wording.isolated(plan.subject)}" if plan.subject else ""
    return Sign(
        at=closed_at,
        kind=kind,
        words=wording.cut(words, WORDS_OF_DECISION),
        says=f"{clock.said(closed_at)}: {words}{subject}",
        href=f"#nudge-{plan.nudge_id}" if plan.nudge_id else f"#end-{plan.intent_id}",
        css=f"k-{kind}",
    )


Thing = TypeVar("Thing")


def _laid(things: Sequence[Thing], sign: Callable[[Thing], Sign], axis: Axis) -> list[Placed[Thing]]:
    items = [Item(axis.x(sign(one).at), _room(sign(one)), one) for one in things]
    if len(things) <= WORDY_UP_TO:
        return packed(items, levels=LEVELS, mark=SIGN + 4, right=axis.right)
    return stacked(items, lambda one: sign(one).rank, levels=LEVELS_IN_A_CROWD, mark=SIGN + 4)


def _room(sign: Sign) -> float:
    return wording.width(sign.words) + 6 if sign.words else 0.0


def _levels(laid: Sequence[Placed[Thing]]) -> int:
    return max((one.level for one in laid), default=0) + 1


def _drawn(x: float, y: float, signs: Sequence[Sign], *, worded: bool) -> tuple[Mark, Label | None]:
    first = signs[0]
    if len(signs) > 1:
        says = f"{len(signs)} at about this time; the first: {first.says}"
        return Mark(x, y, first.kind, says, first.href, SIGN, count=len(signs)), None
    kind = f"{first.kind} settles" if first.css == _SETTLES else first.kind
    mark = Mark(x, y, kind, first.says, first.href, SIGN)
    if not worded:
        return mark, None
    words = wording.isolated(first.words)
    return mark, Label(x + SIGN / 2 + 5, y + 4, words, first.css, href=first.href)
