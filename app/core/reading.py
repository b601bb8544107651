"""Reading: the messages of the debt are shown to the model with what is planned, and its verdicts are carried out.

One reading takes the whole debt, in chunks of 40 messages; what an answered chunk said stands, whatever comes after.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import timedelta, tzinfo
from typing import Literal

from agents.contract import Intent, Sent
from app.core import unread, verdicts
from app.core.asks import Ask, Flood, Heard, Reading, ReadingAnswer, Reply, ShownIntent, ShownMessage
from app.core.ledger import Ledger
from app.core.local_time import next_midnight
from app.core.row import Debt, Unread
from app.core.shown import Raised, Shown
from app.core.spending import charge, day_is_spent
from app.core.trace import Trace

MESSAGES_A_CHUNK = 40
ATTEMPTS = 2
# RULES: after these two the second attempt comes 2 s later; all others are tried again at once.
PAUSE_AFTER = {"rate_limited": timedelta(seconds=2), "overloaded": timedelta(seconds=2)}

Result = Literal["read", "failed", "spent", "flood"]


def read(ledger: Ledger, trace: Trace, due: Sequence[Intent]) -> Generator[Ask, Heard, Result]:
    """Ask about the whole debt, and about the doubts that stand on the `due` intents.

    `failed`: two attempts brought nothing usable, the rest of the debt stays. `spent`: the person's day of calls
    is used up. `flood`: so much came in meanwhile that the pass has to end.
    """
    due_ids = tuple(intent.intent_id for intent in due)
    doubted = [doubt.message for doubt in ledger.row.doubts if any(one in due_ids for one in doubt.intents)]
    waiting: list[tuple[Unread, bool]] = [(message, False) for message in doubted]
    waiting += [(message, True) for message in ledger.row.unread]
    asked_again = ledger.row.debt.failures > 0 or not ledger.row.unread
    raised: list[Raised] = []
    settled: set[str] = set()
    result: Result = "read"
    while waiting:
        chunk, waiting = waiting[:MESSAGES_A_CHUNK], waiting[MESSAGES_A_CHUNK:]
        result, answer, shown = yield from _ask_about(
            ledger, trace, chunk, raised, due_ids, asked_again=asked_again
        )
        if answer is None:
            break
        settled |= verdicts.carry_out(ledger, answer, shown, raised, settled)
        read_now = {message.origin.ref.offset for message, is_new in chunk if is_new}
        ledger.row.unread = tuple(one for one in ledger.row.unread if one.origin.ref.offset not in read_now)
    verdicts.open_raised(ledger, raised)
    ledger.row.debt = _debt_after(ledger, result)
    return result


def _debt_after(ledger: Ledger, result: Result) -> Debt:
    debt, now = ledger.row.debt, ledger.now
    match result:
        case "read":
            return Debt()
        case "failed":
            if not ledger.row.unread:
                return Debt()
            return unread.after_failure(debt, now, ledger.policy.reading.hold)
        case "spent":
            zone = ledger.row.zone(ledger.policy.default_timezone)
            return unread.until_midnight(debt, next_midnight(now, zone))
        case "flood":
            return debt


def _ask_about(
    ledger: Ledger,
    trace: Trace,
    chunk: Sequence[tuple[Unread, bool]],
    raised: Sequence[Raised],
    due_ids: tuple[str, ...],
    *,
    asked_again: bool,
) -> Generator[Ask, Heard, tuple[Result, ReadingAnswer | None, Shown]]:
    """One chunk, at most two attempts."""
    question, shown = _question(ledger, chunk, raised)
    traceparent = next((one.origin.traceparent for one, _ in reversed(chunk) if one.origin.traceparent), None)
    after = None
    for attempt in range(1, ATTEMPTS + 1):
        if attempt == 1 and not asked_again and day_is_spent(ledger):
            ledger.tally.count("tactful_day_budget_spent_total", "reading")
            return "spent", None, shown
        ledger.now, heard = yield Ask(ledger.row.user_id, question, attempt, after, traceparent)
        if isinstance(heard, Flood):
            return "flood", None, shown
        if not isinstance(heard, Reply):
            raise TypeError(f"a reading was answered by {type(heard).__name__}")
        if not heard.sent:
            break
        trace.asked(question, heard)
        answer = heard.answer if isinstance(heard.answer, ReadingAnswer) else None
        charge(ledger, (*due_ids, *verdicts.closing(answer, shown)), heard)
        if answer is not None:
            ledger.last_model = heard.model
            return "read", answer, shown
        if heard.failed == "budget":
            break
        after = ledger.now + PAUSE_AFTER.get(heard.failed or "", timedelta())
    return "failed", None, shown


def _question(
    ledger: Ledger, chunk: Sequence[tuple[Unread, bool]], raised: Sequence[Raised]
) -> tuple[Reading, Shown]:
    row = ledger.row
    zone = row.zone(ledger.policy.default_timezone)
    things: list[Intent | Sent | Raised] = [
        *row.intents.values(),
        *(sent for sent in row.sent_nudges if verdicts.may_be_recalled(ledger, sent)),
        *raised,
    ]
    intents = {f"i{n}": thing for n, thing in enumerate(things, start=1)}
    messages = {f"m{n}": message for n, (message, _) in enumerate(chunk, start=1)}
    question = Reading(
        now=ledger.now.astimezone(zone),
        intents=tuple(_shown_intent(ref, thing, zone) for ref, thing in intents.items()),
        messages=tuple(
            ShownMessage(ref, message.origin.at.astimezone(zone), message.speaker, message.text)
            for ref, message in messages.items()
        ),
        agents=tuple(sorted(name for name in ledger.roster.names if row.granted(name))),
        stands_for={ref: _intent_id(thing) for ref, thing in intents.items() if not isinstance(thing, Raised)}
        | {ref: message.origin.ref.event_id for ref, message in messages.items()},
    )
    new = frozenset(f"m{n}" for n, (_, is_new) in enumerate(chunk, start=1) if is_new)
    return question, Shown(intents, messages, new)


def _intent_id(thing: Intent | Sent) -> str:
    return thing.intent.intent_id if isinstance(thing, Sent) else thing.intent_id


def _shown_intent(ref: str, thing: Intent | Sent | Raised, zone: tzinfo) -> ShownIntent:
    """Times are told by the person's own clock: "tomorrow at nine" is meant by it."""
    if isinstance(thing, Raised):
        about, opened_at = thing.plan, thing.origin.at
        agent, subject, words, due_at = about.agent, about.subject, about.words, about.due_at
    else:
        intent = thing.intent if isinstance(thing, Sent) else thing
        agent, subject, words, due_at = intent.agent, intent.subject, intent.words, intent.due_at
        opened_at = intent.opened_at
    return ShownIntent(ref, agent, subject, words, opened_at.astimezone(zone), due_at.astimezone(zone))
