"""What goes out is read by other people's code: names, words and settings change only on purpose."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest

from tests.facts.topics.events import LOGGED, LOGGED_MS, understood
from topics import TOPICS
from topics.controls import Control
from topics.dead_letters import DEAD_REASONS, as_it_came, dead_letter
from topics.encode import encode, event_record
from topics.nudges import Nudge
from topics.outcomes import OUTCOMES, REASONS, SCHEMA_VERSION, Attempt, Evidence, Outcome
from topics.passes import GateAnswer, Pass, PassAsk, PassCandidate
from topics.record import Record, Ref
from topics.user_events import IntentMatured, MaturedIntent

FIELDS: dict[type[msgspec.Struct], str] = {
    Nudge: "kind nudge_id user_id agent intent_id subject text locale written_by decided_at not_after "
    "reply_to traceparent",
    Outcome: "schema_version outcome_id user_id agent intent_id subject outcome reason opened_at due_at "
    "closed_at opened_by closed_by matured_by evidence nudge_id attempts written_by model_calls input_tokens "
    "output_tokens cost_usd candidates outranked_by policy_version holdout propensity pass_id traceparent",
    Ref: "topic partition offset event_id",
    Evidence: "verdict confidence quote message_id model",
    Attempt: "approach result problems model input_tokens output_tokens seconds",
    Pass: "pass_id user_id now events asks candidates winner text policy_version",
    PassAsk: "task question_hash answer model input_tokens output_tokens seconds failed stands_for",
    PassCandidate: "agent intent_id version priority importance gates",
    GateAnswer: "gate answer until reason",
    Control: "paused at by",
}


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_the_fields_of_what_goes_out(kind: type[msgspec.Struct]) -> None:
    """Fields are only added, and never left out of a record for being empty."""
    assert set(kind.__struct_fields__) == set(FIELDS[kind].split())
    assert not (kind.__struct_config__.omit_defaults and kind.__struct_defaults__)


def test_the_outcomes_and_their_reasons() -> None:
    """Every dashboard of the data team is built on these words."""
    assert OUTCOMES == ("nudged", "stood_down", "revoked", "expired", "failed")
    assert {outcome: " ".join(sorted(reasons)) for outcome, reasons in REASONS.items()} == {
        "nudged": "sent",
        "stood_down": "budget_exhausted duplicate_subject frequency_capped holdout ignored_before merged "
        "min_gap missing_data model_unavailable muted no_consent not_relevant nothing_to_say outranked "
        "paused person_active quality_below_bar quiet_hours randomized_out shadow "
        "too_late too_many unverified_still_open",
        "revoked": "consent_withdrawn contradicted erased exit_event muted requested resolved superseded",
        "expired": "expired",
        "failed": "defect unreadable_state",
    }
    assert SCHEMA_VERSION == 1


def test_the_reasons_of_dead_letters() -> None:
    """Alerts and replays go by these."""
    assert set(DEAD_REASONS) == {
        "not_json",
        "not_an_event",
        "invalid_data",
        "no_key",
        "key_mismatch",
        "empty",
        "misrouted",
        "too_large",
        "bad_key",
        "defect",
    }


def test_the_topics_as_the_broker_keeps_them() -> None:
    """Names, cleanup, retention and settings."""
    day = 86_400_000
    assert {topic.name: topic.config for topic in TOPICS} == {
        "user-events": {
            "cleanup.policy": "delete",
            "retention.ms": str(30 * day),
            "message.timestamp.type": "CreateTime",
            "message.timestamp.after.max.ms": "300000",
        },
        "nudges": {"cleanup.policy": "delete", "retention.ms": str(7 * day)},
        "nudge-outcome": {"cleanup.policy": "delete", "retention.ms": str(90 * day)},
        "nudge-pass": {"cleanup.policy": "delete", "retention.ms": str(14 * day)},
        "nudge-state": {
            "cleanup.policy": "compact",
            "max.compaction.lag.ms": str(day),
            "segment.ms": str(day),
            "delete.retention.ms": str(7 * day),
        },
        "nudge-controls": {"cleanup.policy": "compact"},
        "dead-letter": {
            "cleanup.policy": "delete",
            "retention.ms": str(30 * day),
            "max.message.bytes": str(2 * 1024 * 1024),
        },
    }


def test_only_two_topics_have_one_partition() -> None:
    """All others share one number, so that a person's records meet."""
    assert {topic.name for topic in TOPICS if topic.partitions(12) != 12} == {"dead-letter", "nudge-controls"}
    assert {topic.partitions(12) for topic in TOPICS} == {1, 12}


def test_a_dead_letter_is_what_came_and_why_it_could_not_be_understood() -> None:
    """Key, value and headers are untouched; a replay takes our marks away again."""
    came = Record("user-events", 3, 41, None, b"\xff\x00", 5, (("x", b"\xfe"), ("x", b"2")))
    letter = dead_letter(came, "no_key", "key: is missing", 1_772_470_800_123)
    assert (letter.topic, letter.key, letter.value, letter.timestamp_ms) == (
        "dead-letter",
        None,
        b"\xff\x00",
        1_772_470_800_123,
    )
    assert letter.headers == (
        *came.headers,
        ("tactful_reason", b"no_key"),
        ("tactful_error", b"key: is missing"),
        ("tactful_topic", b"user-events"),
        ("tactful_partition", b"3"),
        ("tactful_offset", b"41"),
        ("tactful_at", b"2026-03-02T17:00:00.123Z"),
    )
    assert as_it_came(letter.headers) == came.headers


def test_times_are_written_in_utc_with_a_z() -> None:
    """RFC 3339, as every reader can take it."""
    written = json.loads(encode(Control(paused=True, at=datetime(2026, 3, 2, 17, tzinfo=UTC))))
    assert written == {"paused": True, "at": "2026-03-02T17:00:00Z", "by": ""}


def test_our_own_event_is_read_like_any_other() -> None:
    """The maturity event is written in the plain form."""
    matured = IntentMatured((MaturedIntent("abc", 2),))
    record = event_record(
        user_id="āña",
        event_id="m-1",
        source="tactful",
        event_type="intent.matured",
        data=matured,
        time=LOGGED,
        timestamp_ms=LOGGED_MS,
    )
    assert (record.topic, record.key, record.timestamp_ms) == ("user-events", "āña".encode(), LOGGED_MS)
    assert record.value is not None
    event = understood(record.value, key="āña".encode())
    assert (event.data, event.time, event.id) == (matured, LOGGED, "m-1")
