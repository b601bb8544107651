"""The overview as a value, summed up from the buckets of every partition that could be asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from app.console.counts import TOTAL, Bucket, merged
from app.console.overview_values import (
    CostDay,
    Decided,
    Hour,
    Ledger,
    ModelTask,
    Overview,
    PartitionStanding,
    PlannedDay,
    PlannedNext,
    Unaccounted,
)
from app.console.values import Note
from app.explain.reasons import because
from app.outside.log import milliseconds, moment

DAYS_AHEAD = 14
SOONEST = 25
HOURS_SHOWN = 48
UNACCOUNTED_AFTER = timedelta(seconds=60)
"""Row and outcome of one commit are read from two topics: until then the one may just be ahead of the other."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What one console knows: its partitions' buckets, and how far these are."""

    buckets: Mapping[str, Bucket]
    partitions: tuple[PartitionStanding, ...] = ()


def together(shares: Iterable[Share]) -> Share:
    """The shares of all consoles as one."""
    parts: dict[str, list[Bucket]] = {}
    partitions: list[PartitionStanding] = []
    for share in shares:
        for name, bucket in share.buckets.items():
            parts.setdefault(name, []).append(bucket)
        partitions += share.partitions
    return Share(
        buckets={name: merged(each) for name, each in parts.items()},
        partitions=tuple(sorted(partitions, key=lambda one: one.partition)),
    )


def overview(share: Share, *, now: datetime, notes: Sequence[Note] = ()) -> Overview:
    """How everything stands, as far as these partitions go."""
    total = share.buckets.get(TOTAL, Bucket())
    hours = {
        datetime.strptime(name, "hour/%Y-%m-%dT%H").replace(tzinfo=UTC): bucket.counts
        for name, bucket in share.buckets.items()
        if name.startswith("hour/")
    }
    due = {
        date.fromisoformat(name.removeprefix("due/")): bucket
        for name, bucket in share.buckets.items()
        if name.startswith("due/")
    }
    day = _sum(counts for at, counts in hours.items() if at > now - timedelta(hours=24))
    return Overview(
        now=now,
        people=int(total.counts.get("people", 0)),
        planned=tuple(_planned(due, now)),
        overdue=_overdue(due, now),
        held=int(total.counts.get("held", 0)),
        next=tuple(_next(due)),
        decisions=tuple(_decisions(hours, now)),
        ledger=_ledger(total, now),
        model=tuple(_model(day)),
        cost=tuple(_cost(hours, now)),
        hours=tuple(_hours(hours, now)),
        fallbacks_last_day=int(day["fallback"]),
        recalls_last_day=int(day["recall"]),
        partitions=share.partitions,
        notes=tuple(notes),
    )


def open_by_agent(share: Share) -> dict[str, int]:
    """How many plans of each agent are open."""
    counts = share.buckets.get(TOTAL, Bucket()).counts
    return {key.removeprefix("agent|"): int(n) for key, n in counts.items() if key.startswith("agent|")}


def _sum(these: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    return defaultdict(float, merged(Bucket(counts=counts) for counts in these).counts)


def _planned(due: Mapping[date, Bucket], now: datetime) -> Iterator[PlannedDay]:
    """Today and the days to come, with what is looked at on each; what was to be before stands under yesterday."""
    today = now.astimezone(UTC).date()
    past = [bucket for day, bucket in due.items() if day < today]
    if past:
        yield PlannedDay(day=today - timedelta(days=1), by_agent=_by_agent(merged(past)))
    for n in range(DAYS_AHEAD):
        day = today + timedelta(days=n)
        yield PlannedDay(day=day, by_agent=_by_agent(due.get(day, Bucket())))


def _by_agent(bucket: Bucket) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for key, n in bucket.counts.items():
        counts[key.partition("|")[2]] += int(n)
    return dict(counts)


def _overdue(due: Mapping[date, Bucket], now: datetime) -> int:
    """What was to be looked at in an hour that is over, and still stands."""
    at = now.astimezone(UTC)
    late = 0.0
    for day, bucket in due.items():
        for key, n in bucket.counts.items():
            late += n if (day, key[:2]) < (at.date(), f"{at:%H}") else 0
    return int(late)


def _next(due: Mapping[date, Bucket]) -> Iterator[PlannedNext]:
    named = merged(bucket for _, bucket in sorted(due.items())[: DAYS_AHEAD + 1]).named
    soonest = sorted(named.items(), key=lambda one: (one[1].at_ms, one[0]))[:SOONEST]
    for intent_id, plan in soonest:
        yield PlannedNext(
            user_id=plan.user_id, agent=plan.agent, intent_id=intent_id, due_at=moment(plan.at_ms)
        )


def _decisions(hours: Mapping[datetime, Mapping[str, float]], now: datetime) -> Iterator[Decided]:
    spans = {"last_hour": timedelta(hours=1), "last_day": timedelta(hours=24), "last_week": timedelta(days=7)}
    counts = {
        name: _sum(each for at, each in hours.items() if at > now - span) for name, span in spans.items()
    }
    for key in sorted(counts["last_week"]):
        if key.startswith("decided|"):
            _, agent, outcome, reason = key.split("|", 3)
            yield Decided(
                agent=agent,
                outcome=outcome,  # type: ignore[arg-type]  # as the topic's contract has it
                reason=reason,
                because=because(outcome, reason),
                last_hour=int(counts["last_hour"][key]),
                last_day=int(counts["last_day"][key]),
                last_week=int(counts["last_week"][key]),
            )


def _ledger(total: Bucket, now: datetime) -> Ledger:
    late = milliseconds(now - UNACCOUNTED_AFTER)
    return Ledger(
        opened=int(total.counts.get("opened", 0)),
        closed=int(total.counts.get("closed", 0)),
        open=int(total.counts.get("open", 0)),
        unaccounted=tuple(
            Unaccounted(user_id=one.user_id, intent_id=intent_id, since=moment(one.at_ms))
            for intent_id, one in sorted(total.named.items(), key=lambda each: each[1].at_ms)
            if one.at_ms <= late
        ),
    )


def _model(day: Mapping[str, float]) -> Iterator[ModelTask]:
    for task in ("reading", "compose", "judge"):
        asked = int(day[f"asked|{task}"])
        if not asked:
            continue
        failed = {
            key.rpartition("|")[2]: int(n) for key, n in day.items() if key.startswith(f"failed|{task}|")
        }
        answered_ms = int(day[f"most|{task}|answered_ms"])
        yield ModelTask(
            task=task,
            asked=asked,
            answered=int(day[f"answered|{task}"]),
            failed=failed,
            mean_seconds=day[f"seconds|{task}"] / asked,
            slowest_seconds=float(day[f"most|{task}|seconds"]),
            input_tokens=int(day[f"tokens_in|{task}"]),
            output_tokens=int(day[f"tokens_out|{task}"]),
            answered_last=moment(answered_ms) if answered_ms else None,
        )


def _cost(hours: Mapping[datetime, Mapping[str, float]], now: datetime) -> Iterator[CostDay]:
    today = now.astimezone(UTC).date()
    for n in range(7):
        day = today - timedelta(days=n)
        counts = _sum(each for at, each in hours.items() if at.date() == day)
        yield CostDay(
            day=day,
            usd=float(counts["usd"]) if counts["priced"] else None,
            model_calls=int(counts["calls"]),
            input_tokens=int(counts["input_tokens"]),
            output_tokens=int(counts["output_tokens"]),
        )


def _hours(hours: Mapping[datetime, Mapping[str, float]], now: datetime) -> Iterator[Hour]:
    this = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for back in range(HOURS_SHOWN - 1, -1, -1):
        at = this - timedelta(hours=back)
        counts = _sum([hours.get(at, {})])
        yield Hour(
            at=at,
            nudges=int(counts["nudge"]),
            silences=_ended(counts, {"stood_down", "expired", "failed"}),
            revoked=_ended(counts, {"revoked"}),
            recalls=int(counts["recall"]),
            asked=int(sum(n for key, n in counts.items() if key.startswith("asked|"))),
            unanswered=int(sum(n for key, n in counts.items() if key.startswith("failed|"))),
        )


def _ended(counts: Mapping[str, float], outcomes: set[str]) -> int:
    return int(
        sum(n for key, n in counts.items() if key.startswith("decided|") and key.split("|")[2] in outcomes)
    )
