"""What is not kept: everything about an erased person, and the words of somebody nobody may reach out to."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.core.ledger import Ledger
from app.core.row import Debt, Row
from topics.record import Ref

# RULES: for this long events from before the erasure are ignored; then the stub goes as well.
ERASED_FOR = timedelta(days=30)


def erase(ledger: Ledger, at: datetime, by: Ref) -> None:
    """Everything about the person goes; what stays is a stub with the time of the erasure."""
    row = ledger.row
    for intent in list(row.intents.values()):
        ledger.revoke(intent, "erased", by)
    for sent in list(row.sent_nudges):
        ledger.recall(sent, erased=True)
    ledger.row = Row(
        user_id=row.user_id,
        erased_at=at,
        erased_until=ledger.now + ERASED_FOR,
        applied_offset=row.applied_offset,
        seen=row.seen,
    )


def forget_words(ledger: Ledger) -> None:
    """Nobody may reach out and nothing is planned: unread words are not kept."""
    row = ledger.row
    if not row.grants_something and not row.intents:
        row.unread = ()
        row.doubts = ()
        row.debt = Debt()
