"""For docker-compose.yml: what happens to some people in the next minute, as JSON lines for `tactful events import`."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

PEOPLE = ("ana", "bruno", "chloe", "david", "emma", "farid", "greta", "hugo")
MATTERS = ("the exam", "the new flat", "the interview", "the surgery", "the concert", "the marathon")


def main() -> None:
    """One plan each for half of them, a word from some, and for one a request that takes a plan back."""
    now = datetime.now(UTC)
    for number, user in enumerate(random.sample(PEOPLE, len(PEOPLE) // 2)):
        matter, due = random.choice(MATTERS), now + timedelta(seconds=random.randint(20, 90))
        planned = {"agent": "follow_up", "subject": matter, "due_at": due.isoformat()}
        _say(user, now, "consent.changed", {"agent": "*", "granted": True})
        _say(user, now, "message.received", {"text": f"I keep thinking of {matter}."})
        _say(user, now, "intent.requested", planned | {"subject_key": matter})
        if number == 0:
            _say(user, now, "intent.revoked", {"subject_key": matter})


def _say(user: str, now: datetime, kind: str, data: dict[str, object]) -> None:
    event = {
        "id": f"{user}-{kind}-{now.timestamp()}",
        "source": "compose",
        "type": kind,
        "time": now.isoformat(),
    }
    print(json.dumps(event | {"user_id": user, "data": data}))


if __name__ == "__main__":
    main()
