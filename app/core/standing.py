"""How things stand in a partition, kept up to date with each row that changes: what the gauges show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from agents.contract import Intent
from app.core.glance import Glance, PlanGlance
from app.core.row import Row
from app.core.tally import Tally

_NO_PLANS: Mapping[str, Intent] = {}


class Standing:
    """Open intents by agent, held intents and unread messages, over all rows."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._held = 0
        self._unread = 0
        self._expected = 0.0
        """Plans that should be open: those that were restored, and what was opened less what was closed since."""

    def restored(self, row: Row | Glance) -> None:
        """A row as it is durable: the plans in it are where the ledger begins."""
        self._unread += len(row.unread)
        for intent in row.intents.values():
            self._count(intent, 1)
        self._expected += len(row.intents)

    def changed(self, before: Row | None, after: Row | None, *, quiet: bool = False) -> None:
        """A person's row became another one, `quiet`: with nothing judged and no plan closed."""
        unread_before, unread = before.unread if before else (), after.unread if after else ()
        self._unread += len(unread) - len(unread_before)
        plans_before, plans = before.intents if before else _NO_PLANS, after.intents if after else _NO_PLANS
        if plans_before is plans:
            return
        if quiet and not self._held and plans.keys() == plans_before.keys():
            return  # the same ones, whenever they are due now
        known = 0
        for intent_id, intent in plans.items():
            before_it = plans_before.get(intent_id)
            known += before_it is not None
            if before_it is not intent:
                self._count(intent, 1)
                if before_it is not None:
                    self._count(before_it, -1)
        if known < len(plans_before):
            for intent_id, intent in plans_before.items():
                if intent_id not in plans:
                    self._count(intent, -1)

    def _count(self, intent: Intent | PlanGlance, sign: int) -> None:
        self._open[intent.agent] += sign
        if intent.held_since is not None and intent.status == "due":
            self._held += sign

    def report(self, tally: Tally) -> None:
        """The present values; the tally holds all that was counted since the last report, and nothing twice."""
        for (metric, _), amount in tally.counts.items():
            if metric == "tactful_intents_opened_total":
                self._expected += amount
            elif metric == "tactful_intents_closed_total":
                self._expected -= amount
        tally.gauge("tactful_ledger_imbalance_intents", abs(self._expected - self._open.total()))
        for agent, count in self._open.items():
            tally.gauge("tactful_open_intents", count, agent)
        tally.gauge("tactful_held_intents", self._held)
        tally.gauge("tactful_reading_debt_messages", self._unread)
