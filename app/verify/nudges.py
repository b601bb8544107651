"""No double message: every nudge once, with its outcome, in its time, and not too soon after the last one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta

from app.verify.event import AHEAD, Event
from app.verify.finding import Broken, Given
from app.verify.kept import Written
from app.verify.seen import Seen, instant
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME

RECALLABLE_FOR = timedelta(hours=24)


def once(seen: Seen, given: Given) -> Iterator[Broken]:
    """No nudge and no recall was written twice."""
    del given
    for kind, records in (("nudge", seen.nudges), ("recall", seen.recalls)):
        people = {record.value["nudge_id"]: record.key for record in records}
        for nudge_id, times in Counter(record.value["nudge_id"] for record in records).items():
            if times > 1:
                yield _broken(nudge_id, people[nudge_id], f"the {kind} was written {times} times")


def paired(seen: Seen, given: Given) -> Iterator[Broken]:
    """Every nudge has exactly one outcome `nudged`, and every such outcome its nudge, of the same intent."""
    del given
    outcomes = {each.value["nudge_id"]: each for each in seen.outcomes if each.value["outcome"] == "nudged"}
    sent = {nudge.value["nudge_id"]: nudge for nudge in seen.nudges}
    for nudge_id, nudge in sent.items():
        outcome = outcomes.get(nudge_id)
        if outcome is None:
            if seen.reaches(NUDGE_OUTCOME.name, nudge.partition, nudge.logged, NUDGE_OUTCOME.retention):
                yield _broken(nudge_id, nudge.key, "it has no outcome")
        elif (outcome.value["intent_id"], outcome.key) != (nudge.value["intent_id"], nudge.key):
            yield _broken(nudge_id, nudge.key, "its outcome names another intent or another person")
    for nudge_id, outcome in outcomes.items():
        there = seen.reaches(NUDGES.name, outcome.partition, outcome.logged, NUDGES.retention)
        if nudge_id not in sent and there:
            yield _broken(nudge_id, outcome.key, "its outcome says that it was sent, and it is not there")


def recalled(seen: Seen, given: Given) -> Iterator[Broken]:
    """A recall takes back what was sent, while it may still be taken back."""
    del given
    sent = {nudge.value["nudge_id"]: nudge for nudge in seen.nudges}
    outcomes = {each.value["nudge_id"] for each in seen.outcomes if each.value["outcome"] == "nudged"}
    for recall in seen.recalls:
        nudge_id, nudge = recall.value["nudge_id"], sent.get(recall.value["nudge_id"])
        if nudge is None:
            there = seen.reaches(
                NUDGES.name, recall.partition, recall.logged - RECALLABLE_FOR, NUDGES.retention
            )
            if nudge_id not in outcomes and there:
                yield _broken(nudge_id, recall.key, "it was recalled, and was never sent")
            continue
        decided, taken_back = instant(nudge.value["decided_at"]), instant(recall.value["decided_at"])
        until = min(decided + RECALLABLE_FOR, instant(nudge.value["not_after"]))
        if not decided <= taken_back < until:
            yield _broken(nudge_id, recall.key, "it was recalled when nothing could be taken back any more")


def timely(seen: Seen, given: Given) -> Iterator[Broken]:
    """A nudge is decided when its intent is due and before it expires."""
    del given
    due = {each.value["nudge_id"]: instant(each.value["due_at"]) for each in seen.outcomes}
    for nudge in seen.nudges:
        nudge_id, decided = nudge.value["nudge_id"], instant(nudge.value["decided_at"])
        if nudge_id in due and decided < due[nudge_id]:
            yield _broken(nudge_id, nudge.key, "it was decided before its intent was due")
        if decided >= instant(nudge.value["not_after"]):
            yield _broken(nudge_id, nudge.key, "it was decided after its intent had expired")


def spaced(seen: Seen, given: Given) -> Iterator[Broken]:
    """No two nudges of a person inside the minimum gap; one that failed, or was before an erasure, does not count."""
    policies = {each.value["nudge_id"]: each.value["policy_version"] for each in seen.outcomes}
    of: defaultdict[str, list[Written]] = defaultdict(list)
    for nudge in seen.nudges:
        of[nudge.key].append(nudge)
    for user, nudges in of.items():
        nudges.sort(key=lambda nudge: instant(nudge.value["decided_at"]))
        for n, later in enumerate(nudges):
            if given.policy_version not in (None, policies.get(later.value["nudge_id"])):
                continue
            for earlier in nudges[:n]:
                if _too_close(earlier, later, given.min_gap) and not _lifted(
                    earlier, later, seen.events[user]
                ):
                    says = f"it was decided {_after(earlier, later)} after {earlier.value['nudge_id']}"
                    yield _broken(later.value["nudge_id"], user, says)


def _after(earlier: Written, later: Written) -> timedelta:
    return instant(later.value["decided_at"]) - instant(earlier.value["decided_at"])


def _too_close(earlier: Written, later: Written, gap: timedelta) -> bool:
    return earlier.value["nudge_id"] != later.value["nudge_id"] and _after(earlier, later) < gap


def _lifted(earlier: Written, later: Written, events: list[Event]) -> bool:
    """Whether the earlier one was known to have failed by then, or belongs to somebody who was erased since."""
    until = instant(later.value["decided_at"]) + AHEAD
    return any(
        event.logged <= until
        and (
            (event.type == "nudge.failed" and event.data.get("nudge_id") == earlier.value["nudge_id"])
            or (event.type == "user.erased" and event.logged >= instant(earlier.value["decided_at"]) - AHEAD)
        )
        for event in events
    )


def _broken(nudge_id: str, user: str, says: str) -> Broken:
    return Broken(check="nudge", id=nudge_id, user=user, says=says)
