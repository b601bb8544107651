"""What the delivery services read: messages for people, and recalls of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from topics.topic import PERSON, Topic

NUDGES = Topic(
    name="nudges",
    cleanup="delete",
    retention=timedelta(days=7),
    key=PERSON,
    holds="Messages for the delivery services, and recalls of those that later events overtook.",
)

WrittenBy = Literal["model", "fallback"]


class Nudge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The message handed to the delivery service, or its recall.

    A recall has the `nudge_id` of what it takes back and a `decided_at` of its own.
    A delivery service sends each `nudge_id` once, never after `not_after`, and drops what is recalled.
    """

    kind: Literal["nudge", "recall"]
    """A message for the person, or the recall of one."""
    nudge_id: str
    """The message's name: send each once."""
    user_id: str
    """Whom it is for; also the record's key."""
    agent: str
    """Who decided to reach out."""
    intent_id: str
    """The plan that it comes from."""
    subject: str
    """Empty in the recall of an erased person's nudge."""
    text: str
    """What is said to the person; empty in a recall."""
    locale: str
    """The person's locale."""
    written_by: WrittenBy
    """Whether the model wrote the text, or it is the agent's own."""
    decided_at: datetime
    """When it was decided."""
    not_after: datetime
    """The intent's expiry."""
    reply_to: str = ""
    """What the delivery service puts into `in_reply_to` of an answering message."""
    traceparent: str | None = None
    """W3C trace context of the event that opened the plan."""
