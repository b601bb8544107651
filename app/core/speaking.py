"""Speaking: the winner's words, one last look, and what becomes of everybody who is not sent."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import datetime

import msgspec

from agents.contract import Candidate, Defer, Intent, StandDown
from app.core import arbitration, life_cycle
from app.core.asks import Ask, Heard, LastLook, News
from app.core.composing import Composer, Draft
from app.core.gates import Expire, Weighed, admission, weigh
from app.core.ledger import Ledger
from app.core.overtaken import free_at, overtakes
from app.core.plans import Ending
from app.core.trace import Trace
from topics.outcomes import Attempt


def settle(ledger: Ledger, trace: Trace, weighed: Weighed, attempts: tuple[Attempt, ...] = ()) -> bool:
    """Carry out what the gates said, unless they let the intent through; whether it is settled by that."""
    intent = weighed.intent
    importance = weighed.answer.importance if isinstance(weighed.answer, Candidate) else intent.importance
    priority = ledger.policy.agent(intent.agent).priority
    trace.candidate(intent, priority=priority, importance=importance, gates=weighed.gates)
    match weighed.answer:
        case Candidate():
            return False
        case Defer(until=until, reason=reason):
            ledger.put(life_cycle.deferred(intent, until, reason))
        case StandDown(reason=reason):
            stand_down(ledger, intent, Ending(outcome="stood_down", reason=reason, attempts=attempts))
        case Expire():
            life_cycle.after(intent.status, "expired")
            ledger.close(intent, Ending(outcome="expired", reason="expired", attempts=attempts))
    return True


def stand_down(ledger: Ledger, intent: Intent, ending: Ending) -> None:
    """Deliberate silence, with its reason."""
    life_cycle.after(intent.status, "stood_down")
    ledger.close(intent, ending)


def give_back(ledger: Ledger, intents: Sequence[Intent], wake_at: datetime, reason: str = "") -> None:
    """Due again, nothing decided: the next pass judges them with everything folded.

    Whose expiry is reached by then is due at once: only a gate may say that it waited in vain.
    """
    for intent in intents:
        current = ledger.row.intents.get(intent.intent_id)
        if current is None or current.status != "due":
            continue
        if wake_at < current.expires_at:
            ledger.put(life_cycle.reopened(current, wake_at, reason))
        else:
            ledger.put(life_cycle.reopened(current, ledger.now))


def speak(
    ledger: Ledger, trace: Trace, paused: frozenset[str], ranked: Sequence[Weighed]
) -> Generator[Ask | LastLook, Heard, None]:
    """Compose for the best; send it if nothing has come in between. While it is not sent, nobody is outranked."""
    winner, losers = ranked[0], ranked[1:]
    rest = [loser.intent for loser in losers]
    assert isinstance(winner.answer, Candidate)
    agent = ledger.roster.by_name[winner.intent.agent]
    weighed_at = ledger.now
    composer = Composer(ledger, trace, agent, intent=winner.intent, candidate=winner.answer)
    draft = yield from composer.compose()
    # Composing has charged its cost to the intent.
    intent = ledger.row.intents[winner.intent.intent_id]
    if draft.flooded:
        give_back(ledger, [intent, *rest], ledger.now)
        return
    if draft.text is None:
        stand_down(ledger, intent, Ending(outcome="stood_down", reason=draft.reason, attempts=draft.attempts))
        give_back(ledger, rest, ledger.now)
        return
    ledger.now, news = yield LastLook()
    if not isinstance(news, News):
        give_back(ledger, [intent, *rest], ledger.now)
        return
    coming = overtakes(ledger, intent, winner.answer, news.events)
    if coming:
        wake_at, reason = free_at(ledger, coming)
        give_back(ledger, [intent, *rest], wake_at, reason)
        return
    once_more = _once_more(ledger, msgspec.structs.replace(winner, intent=intent), news, paused, weighed_at)
    if settle(ledger, trace, once_more, draft.attempts):
        give_back(ledger, rest, ledger.now)
        return
    trace.winner = intent.intent_id
    if ledger.policy.agent(intent.agent).mode == "shadow":
        trace.text = draft.text
        stand_down(ledger, intent, Ending(outcome="stood_down", reason="shadow", attempts=draft.attempts))
        give_back(ledger, rest, ledger.now)
        return
    _send(ledger, once_more, losers, draft)


def _once_more(
    ledger: Ledger, winner: Weighed, news: News, paused: frozenset[str], weighed_at: datetime
) -> Weighed:
    """The gates again, which may say something else by now; in the same instant only a switch makes them."""
    if news.paused is None or news.paused == paused:
        if ledger.now == weighed_at:
            return winner
    else:
        paused = news.paused
    return admission(ledger, winner.intent, paused, ledger.now) or weigh(ledger, winner.intent, ledger.now)


def _send(ledger: Ledger, winner: Weighed, losers: Sequence[Weighed], draft: Draft) -> None:
    """The winner goes out; each loser waits for the gap, or closes with its reason."""
    intent = winner.intent
    assert isinstance(winner.answer, Candidate)
    assert draft.text is not None
    for item_id in winner.answer.told:
        ledger.row.drop_item(item_id)
    ending = Ending(outcome="nudged", reason="sent", attempts=draft.attempts)
    ledger.send(intent, draft.text, draft.written_by, ending)
    for loser in losers:
        answer = arbitration.lost_to(loser, winner, ledger.now, ledger.policy)
        if isinstance(answer, Defer):
            ledger.put(life_cycle.deferred(loser.intent, answer.until, answer.reason))
        else:
            stand_down(
                ledger,
                loser.intent,
                Ending(outcome="stood_down", reason=answer.reason, outranked_by=intent.agent),
            )
