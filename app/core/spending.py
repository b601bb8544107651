"""What the model costs: counted to the plans that asked, and to the person's day."""

from __future__ import annotations

import msgspec

from agents.contract import Spent
from app.core.asks import Reply
from app.core.ledger import Ledger
from app.core.local_time import local_day


def charge(ledger: Ledger, intent_ids: tuple[str, ...], reply: Reply) -> None:
    """Count one request to the intents that it was made for, and to the person's day when it was answered."""
    row, cost = ledger.row, _cost(ledger, reply)
    if cost is not None:
        ledger.tally.count("tactful_model_cost_usd_total", reply.model, by=cost)
    for intent_id in intent_ids:
        intent = row.intents.get(intent_id)
        if intent is not None:
            row.put_intent(msgspec.structs.replace(intent, spent=_added(intent.spent, reply, cost)))
    if reply.answered:
        row.budget_calls = calls_today(ledger) + 1
        row.budget_day = _today(ledger)


def calls_today(ledger: Ledger) -> int:
    """Answered requests on the person's present calendar day."""
    return ledger.row.budget_calls if ledger.row.budget_day == _today(ledger) else 0


def day_is_spent(ledger: Ledger) -> bool:
    """Whether the person's daily budget of requests is used up."""
    calls = calls_today(ledger) if ledger.row.budget_calls else 0
    return calls >= ledger.policy.budget.calls_per_person_per_day


def _today(ledger: Ledger) -> str:
    return local_day(ledger.now, ledger.row.zone(ledger.policy.default_timezone)).isoformat()


def _cost(ledger: Ledger, reply: Reply) -> float | None:
    """US dollars; None when the policy has no price for the model."""
    price = ledger.policy.prices.get(reply.model)
    if price is None:
        return None
    spent = reply.input_tokens * price.input_per_mtok + reply.output_tokens * price.output_per_mtok
    return spent / 1_000_000


def _added(spent: Spent, reply: Reply, cost: float | None) -> Spent:
    total = spent.cost_usd
    if cost is not None:
        total = (total or 0.0) + cost
    return Spent(
        calls=spent.calls + 1,
        input_tokens=spent.input_tokens + reply.input_tokens,
        output_tokens=spent.output_tokens + reply.output_tokens,
        cost_usd=total,
    )
