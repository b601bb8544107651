"""CollegeMsg: who wrote to whom and when, some 60,000 times in half a year; what was written is not in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.sources.plain_form import SourceError, event, welcome

SOURCE = "collegemsg"
TEXTS = (
    "Are you going to the party on Friday?",
    "I have an exam tomorrow and I am not ready.",
    "That was fun, let's do it again.",
    "My mother is visiting this weekend.",
    "I got the job!",
    "Can you send me your notes?",
    "I will be late, start without me.",
    "Thinking about switching majors.",
    "The concert was amazing.",
    "Still sick, staying in bed today.",
    "Thanks, that helped a lot.",
)
"""Words of ours, so that there is something to read: eleven, a prime, lest they follow any rhythm of the data."""
HEADER = "src dst time"


def events(path: Path) -> Iterator[bytes]:
    """Each line is one message of its sender, who is the person; whoever writes or is written to first is welcomed."""
    known: set[str] = set()
    with path.open(encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            if number == 1 and line.strip() == HEADER:
                continue
            sender, receiver, at = _read(path, number, line)
            user_id = f"student-{sender}"
            for newcomer in (user_id, f"student-{receiver}"):
                if newcomer not in known:
                    known.add(newcomer)
                    profile = {"timezone": "America/Los_Angeles", "locale": "en"}
                    yield from welcome(source=SOURCE, at=at, user_id=newcomer, profile=profile)
            yield event(
                source=SOURCE,
                event_id=str(number),
                event_type="message.received",
                at=at,
                user_id=user_id,
                data={
                    "text": TEXTS[(sender * 7 + receiver * 3 + number) % len(TEXTS)],
                    "message_id": f"{SOURCE}-{number}",
                    "conversation_id": f"{min(sender, receiver)}-{max(sender, receiver)}",
                },
            )


def _read(path: Path, number: int, line: str) -> tuple[int, int, datetime]:
    parts = line.split()
    try:
        sender, receiver, seconds = (int(part) for part in parts)
        return sender, receiver, datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        message = f"{path}: line {number} is no `{HEADER}` of three numbers, the time in seconds since 1970"
        raise SourceError(message) from None
