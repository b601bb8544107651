"""The reading debt: messages that no reading has covered yet, and when they are to be read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from app.core.glance import Glance
from app.core.ledger import Ledger
from app.core.origin import Origin
from app.core.policy import Policy
from app.core.row import UNREAD_BYTES, Debt, Row, Unread
from topics.data import MESSAGE_BYTES
from topics.user_events import Message

# A message without a conversation belongs to this one.
DEFAULT_CONVERSATION = "default"
# So many messages fit, however long they are.
_UNMEASURED = UNREAD_BYTES // MESSAGE_BYTES
# Minutes after which a question that failed, or a doubt that stands, is asked again; the last one goes on.
_PAUSES = (1, 2, 4, 8, 15)


def pause_after(questions: int) -> timedelta:
    """How long to wait after the nth question (from 1) before the next one."""
    return timedelta(minutes=_PAUSES[min(max(questions, 1), len(_PAUSES)) - 1])


def add(ledger: Ledger, origin: Origin, message: Message, speaker: Literal["person", "assistant"]) -> None:
    """A message joins the debt, unless nobody may reach out and nothing is planned: then it is not kept."""
    row = ledger.row
    if not row.grants_something and not row.intents:
        return
    added = Unread(
        origin, message.message_id, message.conversation_id or DEFAULT_CONVERSATION, speaker, message.text
    )
    before = row.unread
    row.unread = (*before, added)
    if len(row.unread) > _UNMEASURED:
        _bound(ledger, before)
    row.debt = _settling(row.debt, origin.at, ledger.policy)


def _bound(ledger: Ledger, before: tuple[Unread, ...]) -> None:
    """Of many short words each would be measured again for each that is added: a pass does that once."""
    row, (of, size) = ledger.row, ledger.measured
    if of is not before:
        size = sum(len(message.text.encode()) for message in before)
    size += len(row.unread[-1].text.encode())
    while size > UNREAD_BYTES:
        (lost,) = row.lose_unread(1)
        size -= len(lost.text.encode())
        ledger.tally.count("tactful_dropped_total", "unread")
    ledger.measured = row.unread, size


def _settling(debt: Debt, at: datetime, policy: Policy) -> Debt:
    when = policy.reading.when
    if when == "maturity" or debt.ended:
        return debt
    if when == "each":
        return msgspec.structs.replace(debt, settle_at=min(debt.settle_at or at, at))
    settle = policy.settle
    since = debt.settle_since
    if since is None or at < since:
        since = at
    settle_at = min(at + settle.quiet, since + settle.at_most)
    return msgspec.structs.replace(debt, settle_since=since, settle_at=settle_at)


def conversation_ended(ledger: Ledger, conversation_id: str, at: datetime) -> None:
    """The debt is due at once, if the conversation that ended has part in it (without an id: whatever it holds)."""
    row = ledger.row
    concerned = any(
        not conversation_id or conversation_id == message.conversation_id for message in row.unread
    )
    if concerned and ledger.policy.reading.when != "maturity":
        row.debt = msgspec.structs.replace(row.debt, settle_at=min(row.debt.settle_at or at, at), ended=True)


def read_at(row: Row | Glance) -> datetime | None:
    """When the debt is to be read by itself; None when there is none, or only a maturity will ask."""
    if not row.unread:
        return None
    times = [at for at in (row.debt.settle_at, row.debt.retry_at) if at is not None]
    return min(times, default=None)


def after_failure(debt: Debt, now: datetime, hold: timedelta) -> Debt:
    """The debt stays: asked again after 1, 2, 4, 8, then every 15 min, for as long as `reading.hold`."""
    failures = debt.failures + 1
    since = debt.failed_since or now
    retry_at = now + pause_after(failures)
    return Debt(
        retry_at=retry_at if retry_at <= since + hold else None, failures=failures, failed_since=since
    )


def until_midnight(debt: Debt, midnight: datetime) -> Debt:
    """The day's calls are spent: nothing is asked before the person's next midnight."""
    return msgspec.structs.replace(debt, settle_at=None, settle_since=None, retry_at=midnight)
