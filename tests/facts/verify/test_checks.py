"""Every promise that was broken is found, by the ids that show it; what is sound is left in peace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from app.core.head import HEAD_KEY
from app.verify.checks import broken
from app.verify.finding import Given
from app.verify.seen import ORDER, Seen
from tests.facts.verify.shown import changed, found, instead, told, with_row
from tests.facts.verify.tampering import BROKEN, Tamper, nudge

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)  # 12:00 in Madrid


def test_a_sound_story_is_left_in_peace() -> None:
    """Nothing is broken, and nothing is left to do."""
    assert found(idle_at=NOON + timedelta(hours=2)) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_story_keeps_every_promise(path: Path) -> None:
    """Whatever a story tells of crashes, erasures and second thoughts, the verifier finds nothing to complain of."""
    assert found(path=path) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    """One thing in the topics is not as it was, and the promise that it breaks is named, with the id."""
    tamper, check, says = BROKEN[name]
    _, topics = told()
    findings = found(tamper(topics))
    assert [finding for finding in findings if finding.check == check and says in finding.says], findings
    assert all(finding.id for finding in findings)


HARMLESS: dict[str, Tamper] = {
    "another person's key": lambda t: instead(t, "ben", "intent.revoked", subject_key="van"),
    "another plate": lambda t: instead(t, "ana", "van.came", plate="C-2"),
    "another agent's grant": lambda t: instead(t, "dora", "consent.changed", agent="digest", granted=False),
    "another appointment": lambda t: instead(
        t, "dora", "calendar.changed", calendar_event_id="c-2", status="cancelled"
    ),
    "a confirmation": lambda t: instead(t, "dora", "calendar.changed", calendar_event_id="c-1", title="x"),
    "a message to somebody else's agent": lambda t: instead(t, "ana", "message.received", text="hi"),
    "a copy of an event": lambda t: changed(
        t, "user-events", lambda r: [*r, msgspec.structs.replace(r[-1], offset=r[-1].offset + 1)]
    ),
    "a pass is gone": lambda t: changed(t, "nudge-pass", lambda r: r[1:]),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_nothing_is_left_in_peace(name: str) -> None:
    """An event that looks like a revocation and is about something else proves nothing."""
    _, topics = told()
    assert found(HARMLESS[name](topics)) == []


def test_what_retention_took_is_not_missed() -> None:
    """Forty days later nudges and events are gone, and the outcomes stand alone: nothing is claimed of them."""
    _, topics = told()
    last = topics["user-events"][-1]
    later = msgspec.structs.replace(
        last,
        offset=last.offset + 1,
        timestamp_ms=last.timestamp_ms + int(timedelta(days=40).total_seconds() * 1000),
    )
    topics = with_row(topics, HEAD_KEY, next=later.offset + 1)
    assert found(changed({**topics, "nudges": ()}, "user-events", lambda _: [later])) == []


def test_from_a_time_on_nothing_before_is_missed() -> None:
    """Who reads only what the log has since cannot say that something before is not there."""
    _, topics = told()
    since = datetime.fromtimestamp(nudge(topics, "eve", subject="the second").timestamp_ms / 1000, UTC)
    seen = Seen(1, since)
    for topic in ORDER:
        for record in topics[topic]:
            if topic == "nudge-state" or record.timestamp_ms >= since.timestamp() * 1000:
                seen.add(record)
    assert broken(seen, Given(min_gap=timedelta(hours=1))) == []


def test_under_another_policy_the_gap_is_another() -> None:
    """Nudges that were decided by another version of the policy are not held to this one's gap."""
    assert found(min_gap=timedelta(days=1), policy_version="another") == []
    _, topics = told()
    no_failure = changed(
        topics, "user-events", lambda r: [each for each in r if b"nudge.failed" not in (each.value or b"")]
    )
    assert found(no_failure, policy_version="another") == []
    assert found(no_failure, policy_version=None) != []


def test_idle_means_decided_and_nothing_waiting() -> None:
    """Only when it is asked for: an event above what is done, or a plan that nobody looks at."""
    _, topics = told()
    behind = with_row(topics, HEAD_KEY, next=(topics["user-events"][-1].offset))
    says = [each.says for each in found(behind, idle_at=NOON + timedelta(hours=2)) if each.check == "idle"]
    assert len(says) == 1
    assert "is a worker running?" in says[0]
    assert not [each for each in found(behind) if each.check == "idle"]
    late = found(idle_at=NOON + timedelta(days=30))
    assert {(each.check, each.user) for each in late} >= {("idle", "gil")}
