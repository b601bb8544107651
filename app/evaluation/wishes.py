"""What is neither over nor simply open: plans that are put off, and those that are to be left alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from app.evaluation.cases import Case, Label
from app.evaluation.figures import Share, share
from app.evaluation.situation import Came

A_DAY = timedelta(days=1)
"""How far a due time may be from the label's day: in the evening or late the next morning are both right."""


class Wishes(msgspec.Struct, frozen=True):
    """What is neither over nor simply open: plans that are put off, and those that are to be left alone.

    `put_off`: of those that should be, how many were; `on_the_day`: of these how many to the right day, within one;
    `moved_for_nothing`: of the others that stay open, how many were moved; `muted`: of those that the person does not
    want to hear of, how many were muted, and not merely closed.
    """

    put_off: Share
    on_the_day: Share
    moved_for_nothing: Share
    muted: Share


def wishes(judged: Iterable[tuple[Case, Label, Came]]) -> Wishes:
    """What became of them, case by case."""
    put_off, on_the_day, moved, muted = [], [], [], []
    for case, label, came in judged:
        zone = ZoneInfo(case.timezone)
        for planned in case.intents:
            name, until = planned.id, came.moved.get(planned.id)
            if name in label.postponed:
                day = label.postponed[name]
                due = (until or planned.due_at).astimezone(zone).date()
                right = day is not None and abs(due - day) <= A_DAY
                # Who says the day that it is planned for anyway has put it off to that day.
                put_off.append(until is not None or right)
                if day is not None and put_off[-1]:
                    on_the_day.append(right)
            elif name not in {*label.either, *label.settled, *label.muted}:
                moved.append(until is not None)
            if name in label.muted:
                muted.append(came.closed.get(name) == "muted")
    return Wishes(*(share(sum(each), len(each)) for each in (put_off, on_the_day, moved, muted)))
