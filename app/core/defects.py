"""An exception in a pass is an answer, not a doubt: the event that raises is put aside, and the person goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from app.core import life_cycle
from app.core.asks import Ask, Flood, News, Reply
from app.core.ledger import Ledger
from app.core.mailbox import Mailbox
from app.core.one_pass import Decided, Passing, Situation, Wake, one_pass, quiet
from app.core.origin import ref_of
from app.core.plans import Ending
from app.core.row import Debt, Row
from app.core.tally import Tally
from topics.record import Record
from topics.user_events import Event, IntentMatured, MaturedIntent

# DESIGN: a bad release must not pour the log into the dead letters.
A_MINUTE = timedelta(minutes=1)
DEFECTS_A_MINUTE = 100
SHARE = 0.01
SHARE_FROM = 1_000


class TooManyDefects(Exception):
    """So many passes raise that the code must be wrong, not the events: the partition stops, unready.

    Operator action: roll the last release of the worker or of its agents back; nothing is lost, the events wait.
    """


class DefectCount:
    """How often passes raised lately, against the bounds."""

    def __init__(self) -> None:
        self._lately: deque[datetime] = deque()
        self._defects = 0
        self.events = 0

    def one_more(self, error: str, now: datetime, tally: Tally) -> None:
        """Count a defect by the error's name; TooManyDefects when it is one too many."""
        tally.count("tactful_defects_total", error)
        self._defects += 1
        self._lately.append(now)
        while self._lately[0] <= now - A_MINUTE:
            self._lately.popleft()
        too_often = self.events >= SHARE_FROM and self._defects > SHARE * self.events
        if len(self._lately) > DEFECTS_A_MINUTE or too_often:
            raise TooManyDefects(
                f"{len(self._lately)} events of the last minute and {self._defects} of {self.events} in all raised an "
                "exception: roll the last release of the worker or its agents back; the events wait"
            )


def one_by_one(
    row: Callable[[], Row], mailbox: Mailbox, now: datetime, situation: Situation, *, waits: bool
) -> Iterator[tuple[Decided, str, Record | None]]:
    """Each event of a pass that raised, then its wake-up: what was decided, the error's name if it raised even so.

    `row` answers with the person's present row, `waits` says whether there is more behind this mailbox.
    """
    left = len(mailbox.events)
    for event, record in zip(mailbox.events, mailbox.records, strict=True):
        left -= 1
        yield *_retaken(row(), event, None, now, situation, waits=waits or left > 0), record
    if mailbox.wake is not None:
        yield *_retaken(row(), None, mailbox.wake, now, situation, waits=waits), None


def _retaken(
    row: Row, event: Event | None, wake: Wake | None, now: datetime, situation: Situation, *, waits: bool
) -> tuple[Decided, str]:
    """One event, or the wake-up, on its own without a model; put aside, with the error's name, if it raises."""
    try:
        passing = one_pass(row, [event] if event else [], wake, now, situation)
        return _without_a_model(passing, now, waits=waits), ""
    except Exception as error:  # noqa: BLE001  # whatever an agent, or a row, makes it raise
        return _put_aside(row, event, now, situation), type(error).__name__


def _without_a_model(passing: Passing, now: datetime, *, waits: bool) -> Decided:
    """Run a pass to its end with no model: every question fails at once.

    While anything waits nothing is sent: it may be what broke the pass, so it is not looked at but folded first.
    """
    heard: Reply | News | Flood
    try:
        asked = next(passing)
        while True:
            heard = Reply(failed="unreachable") if isinstance(asked, Ask) else Flood() if waits else News()
            asked = passing.send((now, heard))
    except StopIteration as stop:
        decided: Decided = stop.value
        return decided


def _put_aside(row: Row, event: Event | None, now: datetime, situation: Situation) -> Decided:
    """What is left to do when a pass raises on one event even so: the plans that it wakes close as failed.

    Without an event it was a wake-up that raised: what was due closes as failed, and unread words count as lost.
    """
    ledger = _untried("defect", row, event, now, situation)
    if event is None:
        _fail_what_is_due(ledger)
    elif isinstance(event.data, IntentMatured):
        waiting = [one.intent_id for one in event.data.intents if _waits_for(row, one)]
        alone = [
            one.intent_id for one in event.data.intents if _raises_alone(row, event, one, now, situation)
        ]
        # Where none raises on its own it is all of them together; the others are woken again when unheard of.
        _fail(ledger, [one for one in waiting if one in alone] or waiting, event)
    return _left_of(ledger, event)


def condemned(row: Row, event: Event | None, now: datetime, situation: Situation) -> Decided:
    """What is left to do when trying a step again would end the process: see deaths.py.

    Nothing is tried: what the event wakes closes as failed, and so does all that was due and would be judged with it.
    """
    ledger = _untried("condemned", row, event, now, situation)
    _fail_what_is_due(ledger)
    if event is not None and isinstance(event.data, IntentMatured):
        _fail(ledger, [one.intent_id for one in event.data.intents if _waits_for(row, one)], event)
    return _left_of(ledger, event)


def _untried(why: str, row: Row, event: Event | None, now: datetime, situation: Situation) -> Ledger:
    """The ledger of a pass that folds nothing."""
    pass_of = (why, event.offset if event else now)
    return Ledger(row, now=now, policy=situation.policy, roster=situation.roster, pass_of=pass_of)


def _left_of(ledger: Ledger, event: Event | None) -> Decided:
    """The event counts as applied; a wake-up would read the unread words again, so they count as lost."""
    row = ledger.row
    if event is not None:
        row.applied_offset = max(row.applied_offset, event.offset)
    elif row.unread:
        lost = row.lose_unread(len(row.unread))
        row.debt = Debt()
        ledger.tally.count("tactful_dropped_total", "unread", by=len(lost))
    return quiet(ledger)


def _waits_for(row: Row, named: MaturedIntent) -> bool:
    intent = row.intents.get(named.intent_id)
    return intent is not None and intent.status == "maturing" and intent.version == named.version


def _raises_alone(row: Row, event: Event, named: MaturedIntent, now: datetime, situation: Situation) -> bool:
    """Whether waking this one plan is enough to break the pass; what the trial decides is dropped."""
    only = msgspec.structs.replace(event, data=IntentMatured((named,)))
    try:
        _without_a_model(one_pass(row, [only], None, now, situation), now, waits=False)
    except Exception:  # noqa: BLE001  # whatever an agent, or a row, makes it raise
        return True
    return False


def _fail_what_is_due(ledger: Ledger) -> None:
    _fail(ledger, [one.intent_id for one in ledger.row.intents.values() if one.status == "due"], None)


def _fail(ledger: Ledger, intent_ids: list[str], event: Event | None) -> None:
    for intent_id in intent_ids:
        intent = ledger.row.intents[intent_id]
        ref = None
        if event is not None:
            ref = ref_of(event)
            intent = life_cycle.step(intent, "matured", matured_by=ref)
        life_cycle.after(intent.status, "defect")
        ledger.close(intent, Ending(outcome="failed", reason="defect", by=ref))
