"""One exclusive look at one person: everything that waits is folded, and at most one nudge follows.

A generator: what it needs to know of the world it asks for, and a test sends the replies in by hand.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime, timedelta

import msgspec

from agents.contract import Intent
from app.core import arbitration, gates, holding, life_cycle, unread
from app.core.asks import Ask, Heard, LastLook
from app.core.bounds import bounded
from app.core.fold import fold
from app.core.ledger import Ledger
from app.core.origin import ref_of
from app.core.policy import Policy
from app.core.proposals import replan
from app.core.reading import Result, read
from app.core.roster import Roster
from app.core.row import Row
from app.core.speaking import give_back, settle, speak
from app.core.tally import Tally
from app.core.trace import Trace
from topics.nudges import Nudge
from topics.outcomes import Outcome
from topics.passes import Pass
from topics.user_events import Event, IntentMatured, MaturedIntent

# DESIGN: a maturing intent whose event does not come back is due for another one after this.
UNHEARD_AFTER = timedelta(minutes=15)


class Wake(msgspec.Struct, frozen=True, gc=False):
    """The person's time has come: for a reading or a held plan, and (`mature`) for what is due."""

    mature: bool


class Decided(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All that follows from a pass: it becomes durable as a whole or not at all."""

    row: Row | None
    """None: nothing is left of the person."""
    written: bytes | None
    """The row as it is written."""
    outcomes: Sequence[Outcome]
    nudges: Sequence[Nudge]
    matured: IntentMatured | None
    trace: Pass | None
    tally: Tally

    @property
    def leaves_records(self) -> bool:
        """Whether anything but the row is written."""
        return bool(self.outcomes or self.nudges or self.trace or self.matured)


class Situation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What holds for every pass of a worker at a time."""

    policy: Policy
    roster: Roster
    paused: frozenset[str] = frozenset()


Passing = Generator[Ask | LastLook, Heard, Decided]


def one_pass(
    row: Row, events: Sequence[Event], wake: Wake | None, now: datetime, situation: Situation
) -> Passing:
    """Fold, read, gate, arbitrate, compose, look once more, decide."""
    return (yield from go_on(folded(row, events, now, situation), events, wake, situation))


def folded(row: Row, events: Sequence[Event], now: datetime, situation: Situation) -> Ledger:
    """A pass's first step: everything that waits is in the row, and what it closes is closed."""
    last = events[-1].offset if events else row.applied_offset
    ledger = Ledger(
        row, now=now, policy=situation.policy, roster=situation.roster, pass_of=(last, len(events), now)
    )
    for event in events:
        fold(ledger, event)
        if event.offset > ledger.row.applied_offset:  # noqa: PLR1730  # a call to max costs more
            ledger.row.applied_offset = event.offset
    return ledger


def rests(row: Row, now: datetime) -> bool:
    """Whether nothing is due to be judged or read: the common case, which costs no generator."""
    if row.unread:
        read_at = unread.read_at(row)
        if read_at is not None and read_at <= now:
            return False
    for intent in row.intents.values():  # noqa: SIM110  # a generator costs more than the loop
        if intent.status == "due":
            return False
    return True


def quiet(ledger: Ledger) -> Decided:
    """The end of a pass whose row rests: what folding brought, and nothing else."""
    row = _row_left(ledger.row, ledger.now)
    return Decided(
        row=row,
        written=None if row is None else bounded(row, ledger.tally),
        outcomes=ledger.outcomes,
        nudges=ledger.nudges,
        matured=None,
        trace=None,
        tally=ledger.tally,
    )


def go_on(ledger: Ledger, events: Sequence[Event], wake: Wake | None, situation: Situation) -> Passing:
    """The rest of a pass, after its events were folded."""
    trace = Trace()
    if not rests(ledger.row, ledger.now):
        yield from _judge_what_is_due(ledger, trace, situation.paused)
    matured = _ripen(ledger) if wake is not None and wake.mature else None
    decided = quiet(ledger)
    if matured is None and not trace.is_kept:
        return decided
    return msgspec.structs.replace(
        decided, matured=matured, trace=_kept(ledger, events, trace, situation) if trace.is_kept else None
    )


def _kept(ledger: Ledger, events: Sequence[Event], trace: Trace, situation: Situation) -> Pass:
    return Pass(
        pass_id=ledger.pass_id,
        user_id=ledger.row.user_id,
        now=ledger.started,
        events=tuple(ref_of(event) for event in events),
        asks=tuple(trace.asks),
        candidates=tuple(trace.candidates.values()),
        winner=trace.winner or "",
        text=trace.text,
        policy_version=situation.policy.version,
    )


def _judge_what_is_due(
    ledger: Ledger, trace: Trace, paused: frozenset[str]
) -> Generator[Ask | LastLook, Heard, None]:
    """From what matured to a nudge, a deferral, or a silence with its reason."""
    closed_before = len(ledger.outcomes)
    in_the_pass = {intent.agent for intent in ledger.row.intents.values() if intent.status == "due"}
    ledger.candidates = tuple(sorted(in_the_pass))
    due = holding.admitted(ledger, trace, paused)
    in_question = holding.in_question(ledger, due)
    result = yield from _read_if_due(ledger, trace, in_question)
    if result == "flood":
        give_back(
            ledger, [intent for intent in ledger.row.intents.values() if intent.status == "due"], ledger.now
        )
    else:
        weighed = [
            gates.weigh(ledger, intent, ledger.now)
            for intent in holding.verified(ledger, due, in_question, result)
        ]
        candidates = [one for one in weighed if not settle(ledger, trace, one)]
        if candidates:
            yield from speak(ledger, trace, paused, arbitration.ranked(candidates, ledger.policy))
    _plan_the_next(ledger, closed_before)


def _read_if_due(
    ledger: Ledger, trace: Trace, in_question: Sequence[Intent]
) -> Generator[Ask, Heard, Result | None]:
    """Read the debt when its conversation has settled, or before a plan that it may have settled is acted on."""
    row = ledger.row
    read_at = unread.read_at(row)
    asked_for = bool(in_question) and bool(row.unread or row.doubts)
    if not asked_for and (read_at is None or read_at > ledger.now):
        return None
    return (yield from read(ledger, trace, in_question))


def _plan_the_next(ledger: Ledger, closed_before: int) -> None:
    """Some agents plan their next on the end of their last one: the record that brought that end opens it."""
    for outcome in ledger.outcomes[closed_before:]:
        ref = outcome.closed_by
        if outcome.agent in ledger.roster.replanning and ref is not None:
            source, _, event_id = ref.event_id.partition("/")
            event = Event(
                type="intent.matured",
                source=source,
                id=event_id,
                user_id=ledger.row.user_id,
                time=ledger.now,
                data=None,
                raw=b"null",
                topic=ref.topic,
                partition=ref.partition,
                offset=ref.offset,
                logged_ms=int(ledger.now.timestamp() * 1000),
            )
            replan(ledger, event, [outcome])


def _ripen(ledger: Ledger) -> IntentMatured | None:
    """One maturity event for all that is due; it acts only when it comes back on the person's own log."""
    ripe: list[MaturedIntent] = []
    for intent in list(ledger.row.intents.values()):
        if intent.status == "due" or intent.wake_at > ledger.now:
            continue
        action: life_cycle.Action = "woken" if intent.status == "open" else "unheard"
        ledger.put(life_cycle.step(intent, action, wake_at=ledger.now + UNHEARD_AFTER))
        ripe.append(MaturedIntent(intent.intent_id, intent.version, intent.ripe_at))
    return IntentMatured(tuple(ripe)) if ripe else None


def _row_left(row: Row, now: datetime) -> Row | None:
    """The row, or None when it is but the stub of an erasure whose 30 days are over."""
    if row.erased_until is None or row.erased_until > now:
        return row
    if row.is_stub:
        return None
    row.erased_at = row.erased_until = None
    return row
