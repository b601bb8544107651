"""Carrying out what a reading says, within a closed answer space, a confidence and a cap for each message."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from agents.contract import Intent, Sent
from app.core import doubts, life_cycle
from app.core.assessment import has_address
from app.core.ledger import Ledger
from app.core.local_time import same_hour_later
from app.core.plans import Ending, Plan
from app.core.row import MUTES, Unread
from app.core.shown import Raised, Shown
from topics.outcomes import Evidence
from topics.text import clean, fold

if TYPE_CHECKING:
    from app.core.asks import Mute, RaisedSubject, ReadingAnswer, Verdict

REASONS = {"resolves": "resolved", "supersedes": "superseded", "contradicts": "contradicted"}
# RULES: `when` and `until` reach no further than this.
HORIZON = timedelta(days=90)
POSTPONED_DAYS = 7
# Enough of a message to know a subject by, in the next reading.
WORDS = 200


def closing(answer: ReadingAnswer | None, shown: Shown) -> tuple[str, ...]:
    """The ids of the open intents on which an answer gives a closing verdict: they share in its cost."""
    if answer is None:
        return ()
    named = (shown.intents.get(verdict.intent) for verdict in answer.verdicts if verdict.verdict in REASONS)
    return tuple({thing.intent_id for thing in named if isinstance(thing, Intent)})


def may_be_recalled(ledger: Ledger, sent: Sent) -> bool:
    """Whether a message may still take this nudge back; some agents' nudges are recalled by no message."""
    agent = ledger.roster.by_name.get(sent.intent.agent)
    return sent.recallable_until > ledger.now and getattr(agent, "recalled_by_messages", True)


def carry_out(
    ledger: Ledger, answer: ReadingAnswer, shown: Shown, raised: list[Raised], settled: set[str]
) -> set[str]:
    """Apply one answer; returns the folded subjects that it settled or muted, which this reading no longer raises."""
    surest = _surest(ledger, answer, shown)
    doubts.clear(ledger, shown, surest)
    closings = {ref: message.closings for ref, message in shown.messages.items()}
    settled = settled | _close(ledger, shown, surest, raised, closings)
    for ref, verdict in surest.items():
        if verdict.verdict == "postpones":
            _postpone(ledger, shown.intents[ref], verdict, shown.messages[verdict.message])
    for mute, counts in _mutes(ledger, answer, shown):
        if counts:
            settled |= _mute(ledger, mute, shown, raised)
        else:
            message = msgspec.structs.replace(shown.messages[mute.message], closings=closings[mute.message])
            _doubt_muted(ledger, mute, message, raised)
    for subject in answer.subjects:
        _raise(ledger, subject, shown, raised, settled)
    return settled


def _surest(ledger: Ledger, answer: ReadingAnswer, shown: Shown) -> dict[str, Verdict]:
    """The verdict that counts for each intent shown: the surest; the assistant's words close nothing."""
    surest: dict[str, Verdict] = {}
    for given in answer.verdicts:
        message = shown.messages.get(given.message)
        if message is None or given.intent not in shown.intents:
            continue
        if given.verdict in REASONS and message.speaker == "assistant":
            continue
        unsure = given.verdict == "postpones" and given.confidence < ledger.policy.reading.sure
        verdict = msgspec.structs.replace(given, verdict="unrelated") if unsure else given
        best = surest.get(verdict.intent)
        if best is None or verdict.confidence > best.confidence:
            surest[verdict.intent] = verdict
    return surest


# Closing


def _close(
    ledger: Ledger, shown: Shown, surest: dict[str, Verdict], raised: list[Raised], closings: dict[str, int]
) -> set[str]:
    """Close what is surely settled, at most `per_message` by one message; the rest becomes unverified.

    `closings` counts by message, over all readings of it, and is counted on here.
    """
    settled: set[str] = set()
    ordered = sorted(
        ((ref, verdict) for ref, verdict in surest.items() if verdict.verdict in REASONS),
        key=lambda pair: -pair[1].confidence,
    )
    doubtful: list[tuple[Intent | Sent | Raised, str]] = []
    for ref, verdict in ordered:
        thing = shown.intents[ref]
        sure = verdict.confidence >= ledger.policy.reading.sure
        if not sure or closings[verdict.message] >= ledger.policy.reading.per_message:
            doubtful.append((thing, verdict.message))
            continue
        closings[verdict.message] += 1
        settled.add(fold(_subject(thing)))
        _close_one(ledger, thing, verdict, shown.messages[verdict.message], raised)
    doubts.count_closings(ledger, shown, closings)
    for thing, message_ref in doubtful:
        message = msgspec.structs.replace(shown.messages[message_ref], closings=closings[message_ref])
        _doubt(ledger, thing, message)
    return settled


def _doubt(ledger: Ledger, thing: Intent | Sent | Raised, message: Unread) -> None:
    if isinstance(thing, Intent):
        doubts.add(ledger, thing.intent_id, message)
    elif not isinstance(thing, Sent):
        thing.doubts.append(message)


def _subject(thing: Intent | Sent | Raised) -> str:
    if isinstance(thing, Intent):
        return thing.subject
    return thing.intent.subject if isinstance(thing, Sent) else thing.plan.subject


def _close_one(
    ledger: Ledger, thing: Intent | Sent | Raised, verdict: Verdict, message: Unread, raised: list[Raised]
) -> None:
    if isinstance(thing, Intent):
        current = ledger.row.intents.get(thing.intent_id)
        if current is not None:
            reason = REASONS[verdict.verdict]
            ledger.revoke(current, reason, message.origin.ref, _evidence(ledger, message, verdict))
    elif isinstance(thing, Sent):
        ledger.recall(thing)
    else:
        raised.remove(thing)


def _evidence(ledger: Ledger, message: Unread, verdict: Verdict | None = None) -> Evidence:
    return Evidence(
        verdict=verdict.verdict if verdict else "",
        confidence=verdict.confidence if verdict else 0.0,
        quote=clean(message.text, WORDS) if ledger.policy.privacy.quotes else "",
        message_id=message.message_id or message.origin.id,
        model=ledger.last_model,
    )


# Putting off


def _postpone(ledger: Ledger, thing: Intent | Sent | Raised, verdict: Verdict, message: Unread) -> None:
    """Another due time; the expiry stays unless the new time reaches it, then it moves by as much."""
    if isinstance(thing, Sent):
        return
    current = ledger.row.intents.get(thing.intent_id) if isinstance(thing, Intent) else None
    if isinstance(thing, Intent) and current is None:
        return
    before = thing.due_at if isinstance(thing, Intent) else thing.plan.due_at
    until = _clamped(ledger, verdict.until)
    if until is None:
        until = same_hour_later(before, POSTPONED_DAYS, ledger.row.zone(ledger.policy.default_timezone))
    if until <= ledger.now:
        return
    if isinstance(thing, Intent):
        assert current is not None
        expires_at = _expiry_after(current.expires_at, before, until)
        times = current.postponed + (until > before)
        ledger.move(current, until, expires_at, message.origin.ref, postponed=times)
        if times > ledger.policy.reading.postpone:
            _put_off_for_good(ledger, current.intent_id, _evidence(ledger, message, verdict), message)
        return
    expiry = thing.plan.expires_at and _expiry_after(thing.plan.expires_at, before, until)
    thing.plan = msgspec.structs.replace(thing.plan, due_at=until, expires_at=expiry)


def _put_off_for_good(ledger: Ledger, intent_id: str, evidence: Evidence, message: Unread) -> None:
    """A matter that is put off again and again ends; what goes on in the person's life is raised again."""
    intent = ledger.row.intents.get(intent_id)
    if intent is not None:  # it may have been moved onto a mute
        life_cycle.after(intent.status, "refused")
        ending = Ending(outcome="stood_down", reason="not_relevant", by=message.origin.ref, evidence=evidence)
        ledger.close(intent, ending)


def _expiry_after(expires_at: datetime, before: datetime, until: datetime) -> datetime:
    return expires_at if until < expires_at else expires_at + (until - before)


def _clamped(ledger: Ledger, at: datetime | None) -> datetime | None:
    return None if at is None else min(at, ledger.now + HORIZON).astimezone(UTC)


# Mutes and new subjects


def _mutes(ledger: Ledger, answer: ReadingAnswer, shown: Shown) -> list[tuple[Mute, bool]]:
    """The person's mutes, each subject once, and whether it counts.

    One message may mute as many subjects as it may close plans, and at least one, when it is read for the first
    time; what goes beyond puts the plans in doubt instead, so that no message silences everything.
    """
    left = dict.fromkeys(shown.unread, max(1, ledger.policy.reading.per_message))
    known: dict[str, tuple[Mute, bool]] = {}
    for mute in answer.mutes:
        message, subject = shown.messages.get(mute.message), fold(clean(mute.subject))
        if message is None or message.speaker == "assistant" or not subject or subject in known:
            continue
        counts = left.get(mute.message, 0) > 0
        known[subject] = (mute, counts)
        if counts:
            left[mute.message] -= 1
    return list(known.values())


def _doubt_muted(ledger: Ledger, mute: Mute, message: Unread, raised: Sequence[Raised]) -> None:
    things: list[Intent | Raised] = [*ledger.row.intents.values(), *raised]
    for thing in things:
        if fold(_subject(thing)) == fold(clean(mute.subject)):
            _doubt(ledger, thing, message)


def _mute(ledger: Ledger, mute: Mute, shown: Shown, raised: list[Raised]) -> set[str]:
    """The person asks not to be asked about this: for all agents, for `mute_for`."""
    message, subject = shown.messages[mute.message], fold(clean(mute.subject))
    row = ledger.row
    mutes = {known: until for known, until in row.mutes.items() if until > ledger.now}
    mutes[subject] = ledger.now + ledger.policy.mute_for
    if len(mutes) > MUTES:
        del mutes[min(mutes, key=mutes.__getitem__)]
        ledger.tally.count("tactful_dropped_total", "mute")
    row.mutes = mutes
    for intent in [one for one in row.intents.values() if fold(one.subject) == subject]:
        ledger.revoke(intent, "muted", message.origin.ref, _evidence(ledger, message))
    for sent in [one for one in row.sent_nudges if fold(one.intent.subject) == subject]:
        if may_be_recalled(ledger, sent):
            ledger.recall(sent)
    raised[:] = [one for one in raised if fold(one.plan.subject) != subject]
    return {subject}


def _raise(
    ledger: Ledger, subject: RaisedSubject, shown: Shown, raised: list[Raised], settled: set[str]
) -> None:
    """Note a subject to be opened at the end of the reading, if it is new and somebody may ask about it.

    One with a link or a number to dial in it is none: it would stand among the facts, and be told.
    """
    text = clean(subject.subject)
    known = shown.messages.get(subject.message)
    key = fold(text)
    if known is None or subject.message not in shown.unread or not key or key in settled:
        return
    if subject.agent not in ledger.roster.names or not ledger.row.granted(subject.agent):
        return
    if has_address(text) or _is_planned(ledger, subject.agent, key, raised):
        return
    delay = ledger.policy.agent(subject.agent).delay
    plan = Plan(
        agent=subject.agent,
        subject=text,
        due_at=_clamped(ledger, subject.when) or known.origin.at + delay,
        importance=min(max(subject.importance, 0.0), 1.0),
        words=clean(known.text, WORDS),
    )
    raised.append(Raised(plan=plan, origin=known.origin, doubts=[]))


def _is_planned(ledger: Ledger, agent: str, key: str, raised: Sequence[Raised]) -> bool:
    open_ones = any(key in (one.subject_key, fold(one.subject)) for one in ledger.row.planned(agent))
    return open_ones or any(one.plan.agent == agent and fold(one.plan.subject) == key for one in raised)


def open_raised(ledger: Ledger, raised: Sequence[Raised]) -> None:
    """At the end of a reading: open what it raised and no later message of it settled."""
    for one in raised:
        intent = ledger.open(one.plan, one.origin)
        if intent is not None:
            for message in one.doubts:
                doubts.add(ledger, intent.intent_id, message)
