"""What a page must say before it is believed: who is away, who lags, and since when."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.console.person_row import PersonRow
from app.console.projection import HeadSeen
from app.console.values import Note
from app.core.row import Row
from app.outside.log import moment

SILENT_AFTER = timedelta(seconds=75)
"""The worker's heartbeat makes it commit in each partition every 30 s: two beats, and a commit's own 15 s."""
LATE_AFTER = timedelta(seconds=20)
"""What was to be looked at is looked at within a second or two: a commit may take 15 s."""
AGAIN = "ask again in a moment; if it stays, look at the workers' /readyz"


def worker_notes(
    seen: HeadSeen | None, partition: int, now: datetime, *, row: PersonRow | None = None
) -> list[Note]:
    """Whether the worker of a partition is at work, as the log itself shows."""
    if seen is None:
        return []
    silent = now - moment(seen.at_ms)
    if silent > SILENT_AFTER:
        return [
            Note(
                kind="undecided",
                says=f"the worker of partition {partition} has committed nothing for {silent.total_seconds():.0f} s: "
                "it is down, restarts, or the partition is being taken over",
                do=AGAIN,
                seconds=silent.total_seconds(),
            )
        ]
    late = _late(row, now)
    if late > LATE_AFTER:
        return [
            Note(
                kind="undecided",
                says=f"a plan of this person has been due for {late.total_seconds():.0f} s and was not looked at: the "
                "worker restarts, its partition is being taken over, or it lags",
                do=AGAIN,
                seconds=late.total_seconds(),
            )
        ]
    return []


def _late(row: PersonRow | None, now: datetime) -> timedelta:
    stands: Row | None = None if row is None else row.row()
    if stands is None:
        return timedelta(0)
    ended = {intent_id for intent_id, life in (row.lives if row else {}).items() if life.closed}
    due = [each.wake_at for name, each in stands.intents.items() if name not in ended]
    return max((now - min(due), timedelta(0))) if due else timedelta(0)


def behind(records: int) -> Note:
    """This console has not read all that is there."""
    many = "one record" if records == 1 else f"{records:,} records"
    return Note(
        kind="behind",
        says=f"this console has {many} of the person's partition still to read",
        do="ask again in a moment",
    )


def restoring(where: str, records: int) -> Note:
    """The console whose part of the table it is has not got it together yet."""
    return Note(
        kind="restoring",
        says=f"{where} rebuilds its tables: {records:,} records of its changelog are left",
        do="ask again in a moment",
    )


def sharing() -> Note:
    """Nobody's, for the moment."""
    return Note(
        kind="restoring",
        says="the consoles are sharing their partitions out: one has come or gone",
        do="ask again in a moment",
    )


def unreachable(url: str, why: str) -> Note:
    """Another console has it, and does not answer."""
    return Note(
        kind="unreachable",
        says=f"the console at {url} has this part of the table and cannot be asked ({why})",
        do="ask again in a moment: when it is gone, another console takes its part over; if it runs, check that it can "
        "be reached from here (TACTFUL_CONSOLE__URL) and has the same token",
    )


def log_away(why: str) -> Note:
    """How far behind this is cannot be told."""
    return Note(
        kind="log_away",
        says=f"the log does not answer ({why}): what is shown is as of when it last did",
        do="look at the brokers",
    )
