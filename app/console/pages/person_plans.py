"""The lane of plans: each from its opening to its end, or to where it stands, and what struck it out."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from app.console.pages import wording
from app.console.pages.axis import Axis
from app.console.pages.clock import Clock
from app.console.pages.drawing import Band, Label, Line, Mark
from app.console.pages.person_lanes import Places
from app.console.values import PersonView, Plan, Struck

ROWS = 40
"""More rows would push the rest of the page out of sight; the list below has all."""
TALL, DENSE = 36, 27
DENSE_FROM = 12
WORDS = 40


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with a row of its own, or with one that others use before and after it."""

    plan: Plan
    row: int
    words: str
    state: str


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """The lane, laid out."""

    height: float
    bands: tuple[Band, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]


def plans_lane(view: PersonView, axis: Axis, clock: Clock, top: float, events: Places) -> Plans:
    """All plans that touch the drawn time; lines lead to them from where events stand."""
    shown = [plan for plan in view.plans if _touches(plan, axis)]
    shown.sort(key=lambda plan: (plan.opened_at, plan.due_at, plan.intent_id))
    rows, left_out = _rows(shown, axis, clock)
    count = max((each.row for each in rows), default=-1) + 1
    tall = TALL if count < DENSE_FROM else DENSE
    struck = {each.intent_id: each for each in view.struck}
    drawn = _Drawn(axis, clock)
    for each in rows:
        y = top + 26 + each.row * tall
        drawn.plan(each, y, struck.get(each.plan.intent_id))
        cause = each.plan.opened_by.partition, each.plan.opened_by.offset
        if cause in events and axis.inside(each.plan.opened_at):
            drawn.cause(events[cause], axis.x(each.plan.opened_at), y)
        strike = struck.get(each.plan.intent_id)
        if strike is not None and (by := (strike.by.partition, strike.by.offset)) in events:
            drawn.strike(events[by], axis.x(strike.at), y)
    height = max(count, 1) * tall + 12
    if left_out:
        words = f"and {left_out} more plans, in the list below"
        drawn.labels.append(Label(axis.left + 4, top + height + 6, words, "soft"))
        height += 18
    return Plans(
        height=height,
        bands=tuple(drawn.bands),
        lines=tuple(drawn.lines + drawn.strikes),
        marks=tuple(drawn.marks),
        labels=tuple(drawn.labels),
    )


def _touches(plan: Plan, axis: Axis) -> bool:
    ends = max(filter(None, (plan.closed_at or plan.expires_at, plan.due_at, plan.looked_at_next)))
    return plan.opened_at <= axis.end and ends >= axis.start


def _rows(plans: Sequence[Plan], axis: Axis, clock: Clock) -> tuple[list[Row], int]:
    """Rows are used again where plans do not meet."""
    ends: list[float] = []
    rows: list[Row] = []
    left_out = 0
    for plan in plans:
        subject = f" · {wording.isolated(wording.cut(plan.subject, WORDS))}" if plan.subject else ""
        words, state = f"{plan.agent}{subject}", _state(plan, clock)
        above, behind = (_room(words, state), 0.0) if plan.is_open else (_room(words), _room(state))
        start = min(axis.x(plan.opened_at), axis.right - above)
        end = max(_end(plan, axis) + 14 + behind, start + above)
        row = next((number for number, taken in enumerate(ends) if taken + 10 <= start - 8), len(ends))
        if row == ROWS:
            left_out += 1
            continue
        ends[row : row + 1] = [end]
        rows.append(Row(plan=plan, row=row, words=words, state=state))
    return rows, left_out


def _room(*words: str) -> float:
    return sum(wording.width(each) + 7 for each in words)


def _end(plan: Plan, axis: Axis) -> float:
    """Where its signs end; a plan that ended in time leaves nothing at the time when it was to come due."""
    if plan.closed_at is not None:
        return max(axis.x(plan.closed_at), axis.x(plan.due_at) if plan.outcome == "revoked" else 0.0)
    ends = [plan.due_at, plan.looked_at_next, plan.expires_at]
    return max(axis.x(at) for at in ends if at is not None)


def _state(plan: Plan, clock: Clock) -> str:
    if not plan.is_open:
        return wording.ending(plan)
    if plan.status == "held":
        return "held: may be settled already"
    if plan.looked_at_next is not None and plan.looked_at_next > plan.due_at and plan.deferred_by:
        return f"put off to {clock.said(plan.looked_at_next)}: {plan.deferred_by.replace('_', ' ')}"
    return f"due {clock.said(plan.due_at)}"


class _Drawn:
    """Collects what one plan after the other adds."""

    def __init__(self, axis: Axis, clock: Clock) -> None:
        self._axis = axis
        self._clock = clock
        self.bands: list[Band] = []
        self.lines: list[Line] = []
        self.strikes: list[Line] = []
        self.marks: list[Mark] = []
        self.labels: list[Label] = []

    def plan(self, row: Row, y: float, struck: Struck | None) -> None:
        plan, x = row.plan, self._axis.x
        href = f"#{plan.anchor}" if plan.is_open else f"#end-{plan.intent_id}"
        opened, due = x(plan.opened_at), x(plan.due_at)
        kind = wording.KIND_OF_OUTCOME.get(plan.outcome, "plan")
        if plan.is_open:
            self._open(plan, y, href, opened, due)
        elif plan.closed_at is not None:
            closed = x(plan.closed_at)
            self.lines.append(Line(f"M{opened},{y} H{closed}", f"d-wait d-bar-{kind}"))
            if struck is not None and due > closed:
                self.lines.append(Line(f"M{closed},{y} H{due}", "d-gone"))
                if self._axis.inside(plan.due_at):
                    says = f"would have come due {self._clock.said(plan.due_at)}"
                    self.marks.append(Mark(due, y, "due gone", says, href, 13))
            if self._axis.inside(plan.closed_at):
                words = f"{row.words}: {row.state}, {self._clock.said(plan.closed_at)}"
                self.marks.append(Mark(closed, y, kind, words, href, 17))
        if self._axis.inside(plan.opened_at):
            says = (
                f"{row.words}: planned {self._clock.said(plan.opened_at)} for {self._clock.said(plan.due_at)}"
            )
            self.marks.append(Mark(opened, y, "plan", says, f"#plan-{plan.intent_id}", 12))
        room = _room(row.words, row.state if plan.is_open else "")
        start = min(opened - 5, self._axis.right - room)
        css = "gone" if struck is not None else "strong"
        self.labels.append(
            Label(start, y - 10, row.words, css, more=row.state if plan.is_open else "", href=href)
        )
        if not plan.is_open:
            end = _end(plan, self._axis) + 13
            left = end + _room(row.state) > self._axis.right
            place = (opened - 12, "end") if left else (end, "start")
            self.labels.append(Label(place[0], y + 4, row.state, f"k-{kind}", place[1], href=href))

    def cause(self, event: tuple[float, float], x: float, y: float) -> None:
        """From what was said to the plan that it raised."""
        self.lines.append(Line(_curve(event[0], event[1] + 8, x, y - 6), "d-cause"))

    def strike(self, event: tuple[float, float], x: float, y: float) -> None:
        """From what was said to the plan that it struck out."""
        path = _curve(event[0], event[1] + 9, x, y - 12)
        self.strikes += [Line(path, "d-strike-halo"), Line(path, "d-strike", arrow=True)]

    def _open(self, plan: Plan, y: float, href: str, opened: float, due: float) -> None:
        x, now = self._axis.x, self._axis.x(self._clock.now)
        until_now = min(max(now, opened), max(due, opened))
        self.lines.append(Line(f"M{opened},{y} H{until_now}", "d-wait"))
        if due > until_now:
            self.lines.append(Line(f"M{until_now + 4},{y} H{due}", "d-ahead"))
        if plan.expires_at is not None and x(plan.expires_at) > due:
            says = f"may be said until {self._clock.said(plan.expires_at)}"
            self.bands.append(Band(due, y - 5, x(plan.expires_at) - due, 10, "d-window", says, 5))
        next_look = plan.looked_at_next
        if next_look is not None and x(next_look) > due + 8:
            self.lines.append(Line(f"M{due},{y} H{x(next_look)}", "d-late"))
            if self._axis.inside(next_look):
                says = f"looked at again {self._clock.said(next_look)}"
                self.marks.append(Mark(x(next_look), y, "deferred", says, href, 16))
        if self._axis.inside(plan.due_at):
            self.marks.append(Mark(due, y, "due", f"due {self._clock.said(plan.due_at)}", href, 15))


def _curve(x1: float, y1: float, x2: float, y2: float) -> str:
    if abs(x2 - x1) < 3:
        return f"M{x1},{y1} L{x2},{y2}"
    middle = round((y1 + y2) / 2, 1)
    return f"M{x1},{y1} C{x1},{middle} {x2},{middle} {x2},{y2}"
