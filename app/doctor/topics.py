"""The topics as the broker has them, and what of the brokers' own settings a worker depends on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from app.doctor.faults import topics as faults
from app.doctor.finding import Fault, Finding, fine
from app.drivers import kafka_standing
from app.drivers.kafka_client import TRANSACTION_TIMEOUT_MS, Kafka
from app.drivers.kafka_topics import Present, Report, altered
from topics import TOPICS
from topics.state import NUDGE_STATE

if TYPE_CHECKING:
    from app.settings import Settings

MESSAGE_BYTES = 1_048_588
"""The broker's own default: 1 MB and the head of a batch. Batches hold up to 512 KB, or one record alone."""
_MILLISECOND = timedelta(milliseconds=1)


def topics(report: Report, *, prefix: str, hidden: Collection[str], brokers: int) -> Iterator[Finding]:
    """What is hidden from this user may well be there: that is said of its rights."""
    for name in report.lacking:
        if name not in hidden:
            yield faults.TOPIC_MISSING.found(f"there is no {name}")
    for one in report.differing:
        yield _kind(one.key).found(one.says, one.do)
    for name, present in report.present.items():
        yield from _usable(prefix + name, present)
    if brokers > 1 and (
        single := [prefix + name for name, one in report.present.items() if _copies(one) == 1]
    ):
        yield faults.ONE_COPY.found(f"there are {brokers} brokers, and one copy of {', '.join(single)}")
    if report.unseen:
        yield faults.SETTINGS_UNSEEN.found(
            f"whether the settings of {', '.join(report.unseen)} are the contract's is not known to this user"
        )
    if report.fine:
        yield fine("topics", f"all {len(TOPICS)} are there, as the contract has them")


def _kind(key: str | None) -> Fault:
    """The fault that a setting belongs to."""
    match key:
        case None:
            return faults.PARTITIONS_DIFFER
        case "cleanup.policy":
            return faults.CLEANUP_DIFFERS
        case "retention.ms" | "max.compaction.lag.ms" | "delete.retention.ms":
            return faults.RETENTION_DIFFERS
        case key if key.startswith("message.timestamp."):
            return faults.TIMESTAMPS_DIFFER
        case "max.message.bytes":
            return faults.MESSAGES_TOO_SMALL
        case _:
            return faults.SETTING_DIFFERS


def _usable(name: str, present: Present) -> Iterator[Finding]:
    """Whether it can be written at all, and by the largest that we write."""
    leaderless = [number for number, one in enumerate(present.copies) if one.leader < 0]
    if leaderless:
        yield faults.NO_LEADER.found(f"{name}: no leader of {_numbers(leaderless)}")
    if present.config is None:
        return
    wanted, largest = (
        int(present.config.get("min.insync.replicas", 1)),
        int(present.config.get("max.message.bytes", MESSAGE_BYTES)),
    )
    if wanted > (held := _copies(present)):
        says = f"{name}: min.insync.replicas is {wanted}, and there are {held} replicas"
        yield faults.COPIES_TOO_FEW.found(says, altered(name, "min.insync.replicas", str(held)))
        return
    behind = [number for number, one in enumerate(present.copies) if len(one.in_sync) < wanted]
    if behind:
        says = f"{name}: fewer than min.insync.replicas ({wanted}) are in sync of {_numbers(behind)}"
        yield faults.COPIES_BEHIND.found(says)
    if largest < MESSAGE_BYTES:
        says = f"{name}: max.message.bytes is {largest:,}, less than {MESSAGE_BYTES:,}"
        yield faults.MESSAGES_TOO_SMALL.found(says, altered(name, "max.message.bytes", str(MESSAGE_BYTES)))


def _copies(present: Present) -> int:
    """The fewest that a partition has."""
    return min((len(one.replicas) for one in present.copies), default=0)


def _numbers(partitions: Collection[int]) -> str:
    return f"partition{'s' if len(partitions) > 1 else ''} {', '.join(map(str, partitions))}"


async def coordinated(kafka: Kafka, given: Settings) -> AsyncIterator[Finding]:
    """Whether the brokers let us have the transactions and the session that a worker asks for."""
    own = await kafka_standing.own_settings(kafka)
    longest = own.get("transaction.max.timeout.ms")
    if longest is not None and longest < TRANSACTION_TIMEOUT_MS:
        yield faults.TRANSACTIONS_TOO_SHORT.found(
            f"transaction.max.timeout.ms is {longest:,}, and a worker asks for {TRANSACTION_TIMEOUT_MS:,}"
        )
    ours = given.kafka.session_timeout // _MILLISECOND
    least, most = own.get("group.min.session.timeout.ms", ours), own.get("group.max.session.timeout.ms", ours)
    if not least <= ours <= most:
        says = f"a session of {ours:,} ms is asked for, and the brokers allow {least:,} to {most:,}"
        do = f"set TACTFUL_KAFKA__SESSION_TIMEOUT={max(least, min(ours, most))}ms, or the brokers' limits"
        yield faults.SESSION_REFUSED.found(says, do)
    if not await kafka_standing.coordinates_transactions(kafka, f"{NUDGE_STATE.name}-0"):
        yield faults.TRANSACTIONS_AWAY.found("no broker coordinates transactions (__transaction_state)")
