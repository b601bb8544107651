"""A record becomes an event, or the reason why it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.facts.topics.events import AGENTS, COMPLETE, LOGGED, LOGGED_MS, plain, record, refused, understood
from topics import user_events as told
from topics.dead_letters import DEAD_REASONS
from topics.decode import decode
from topics.envelopes import VALUE_LIMIT


@pytest.mark.parametrize("event_type", COMPLETE)
def test_every_known_type_is_typed(event_type: str) -> None:
    """An event of a known type has the data of that type, and its raw data as it came."""
    event = understood(plain(event_type, COMPLETE[event_type]))
    assert type(event.data) is told.KNOWN_TYPES[event_type]
    assert (event.type, event.source, event.id, event.user_id) == (event_type, "test", "e-1", "ana")
    assert (event.topic, event.partition, event.offset, event.logged_ms) == ("user-events", 3, 41, LOGGED_MS)


def test_every_known_type_has_an_example_here() -> None:
    """The examples of this suite cover the contract's types, no more and no less."""
    assert set(COMPLETE) == set(told.KNOWN_TYPES)


def test_an_unknown_type_is_no_error() -> None:
    """Its data is not typed, and kept as it came."""
    event = understood(plain("weather.changed", {"sky": "grey"}))
    assert event.data is None
    assert event.raw == b'{"sky": "grey"}'


def test_unknown_extra_fields_are_ignored() -> None:
    """Services may say more than the contract knows, around the data and in it."""
    event = understood(plain("interest.noticed", {"topic": "falconry", "since": [1]}, shard=7))
    assert event.data == told.InterestNoticed("falconry")


@pytest.mark.parametrize("data", [None, {}, "null"])
def test_data_may_be_left_out_where_nothing_is_required(data: object) -> None:
    """`conversation.ended` without data means the whole debt."""
    value = (
        plain("conversation.ended", data)
        if data != "null"
        else plain("conversation.ended")[:-1] + b',"data":null}'
    )
    assert understood(value).data == told.ConversationEnded()


def test_an_optional_field_that_is_null_was_not_given() -> None:
    """Many serializers write what is unset as null; a required field stays missing."""
    event = understood(plain("message.received", {"text": "hi", "conversation_id": None}))
    assert event.data == told.Message("hi")
    assert refused(plain("message.received", {"text": None})).field == "data.text"


# Who it is


@pytest.mark.parametrize("key", [None, b""])
@pytest.mark.parametrize("value", [plain("app.opened"), b"{", None, b"x" * (VALUE_LIMIT + 1)])
def test_no_key_comes_before_everything(key: bytes | None, value: bytes | None) -> None:
    """Without a key nobody is touched, even when the body names the person."""
    why = refused(value, key=key)
    assert (why.reason, why.user_id) == ("no_key", None)


@pytest.mark.parametrize("key", [b"\x00partition", b"an\na", "an\x85a".encode(), b"an\x7fa", b"\xff\xfe"])
def test_a_key_with_control_characters_or_no_unicode_is_bad(key: bytes) -> None:
    """The partition's own row can never be a person's."""
    why = refused(plain("app.opened", user_id=None), key=key)
    assert (why.reason, why.user_id) == ("bad_key", None)


@pytest.mark.parametrize("user_id", ["ana maria", "āña", "用户", "a\u00a0b", "👩‍🔧", "user/1?x=&y"])
def test_any_other_text_is_a_person(user_id: str) -> None:
    """A user id may hold whatever is no control character."""
    assert understood(plain("app.opened", user_id=user_id), key=user_id.encode()).user_id == user_id


@pytest.mark.parametrize("others", [{"user_id": "rosa"}, {"userid": "rosa"}, {"user_id": ""}, {"user_id": 7}])
def test_what_names_another_person_touches_neither(others: dict[str, Any]) -> None:
    """The key is the person; `user_id` and `userid` may only repeat it."""
    why = refused(plain("app.opened", **others))
    assert (why.reason, why.user_id) == ("key_mismatch", "ana")


def test_the_body_need_not_repeat_the_person() -> None:
    """On Kafka the key says who it is."""
    assert understood(plain("app.opened", user_id=None)).user_id == "ana"


# What it is


@pytest.mark.parametrize("value", [None, b""])
def test_a_null_value_is_no_erasure(value: bytes | None) -> None:
    """Null and zero bytes are `empty`."""
    assert refused(value).reason == "empty"


def test_256_kb_are_allowed_and_a_byte_more_is_too_large() -> None:
    """The bound is 262,144 bytes of value."""
    frame = len(plain("x.y", ""))
    assert understood(plain("x.y", "a" * (VALUE_LIMIT - frame - 4) + "    ")).type == "x.y"
    fitting = plain("x.y", "a" * (VALUE_LIMIT - frame))
    assert len(fitting) == VALUE_LIMIT
    understood(fitting)
    assert refused(fitting + b" ").reason == "too_large"


@pytest.mark.parametrize(
    "value",
    [
        b"}{ this is no JSON",
        b"\xfe\xff\x00ahoj",
        plain("app.opened")[:-1],
        plain("app.opened") + b"x",
        b'{"id": 7, "source":',
        b'{"id":"1","source":"s","type":"x.y","data":{"a":NaN}}',
        b'{"id":"1","source":"s","type":"x.y","data":{"a":"\xff"}}',
        b'{"id":"1","source":"s","type":"x.y","data":{"a":01}}',
        b"\xef\xbb\xbf" + plain("app.opened"),
        b'{"id":"1","source":"s","type":"app.opened",}',
        b"{'id':'1'}",
        b"[" * 10_000,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"id":"1","source":"s","type":"x.y","data":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
def test_what_is_no_json(value: bytes) -> None:
    """Broken, cut off, not UTF-8 or nested beyond measure: `not_json`, and never a crash."""
    assert refused(value).reason == "not_json"


def test_brackets_inside_of_words_are_no_nesting() -> None:
    """Somebody may send a thousand of them."""
    text = "[{" * 1000 + '"\\'
    assert understood(plain("message.received", {"text": text})).data == told.Message(text)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (b'"just a word"', "value"),
        (b"[]", "value"),
        (b"[" + plain("app.opened") + b"]", "value"),
        (b"17", "value"),
        (b"null", "value"),
        (b"{}", "id"),
        (plain("app.opened", id=None), "id"),
        (plain("app.opened", id=7), "id"),
        (plain("app.opened", id=""), "id"),
        (plain("app.opened", source=None), "source"),
        (plain("app.opened", source=["s"]), "source"),
        (plain("app.opened", source=""), "source"),
        (plain("app.opened", type=None), "type"),
        (plain("app.opened", type=""), "type"),
        (plain("app.opened", specversion="2.0"), "specversion"),
    ],
)
def test_json_that_is_no_event(value: bytes, field: str) -> None:
    """An event is an object with `id`, `source` and `type` as text; a batch is none."""
    why = refused(value)
    assert (why.reason, why.field) == ("not_an_event", field)


# What makes no sense

SENSELESS: list[tuple[str, dict[str, Any] | str, str]] = [
    ("profile.updated", {"timezone": "Mars/Olympus"}, "data.timezone"),
    ("profile.updated", {"timezone": "europe/madrid"}, "data.timezone"),
    ("profile.updated", {"timezone": "../etc/passwd"}, "data.timezone"),
    ("profile.updated", {"timezone": ""}, "data.timezone"),
    ("profile.updated", {"timezone": "localtime"}, "data.timezone"),
    ("profile.updated", {"locale": "klingon!"}, "data.locale"),
    ("profile.updated", {"locale": ""}, "data.locale"),
    ("profile.updated", {"quiet_hours": {"start": "9:00", "end": "10:00"}}, "data.quiet_hours.start"),
    ("profile.updated", {"quiet_hours": {"start": "21:00", "end": "24:00"}}, "data.quiet_hours.end"),
    ("profile.updated", {"quiet_hours": {"start": "21:00"}}, "data.quiet_hours.end"),
    ("profile.updated", {"quiet_hours": "late"}, "data.quiet_hours"),
    ("profile.updated", {"name": 3}, "data.name"),
    ("profile.updated", "Madrid", "data"),
    ("consent.changed", {"granted": True}, "data.agent"),
    ("consent.changed", {"agent": "*"}, "data.granted"),
    ("consent.changed", {"agent": "*", "granted": "yes"}, "data.granted"),
    ("consent.changed", {"agent": " \u200b", "granted": True}, "data.agent"),
    ("message.received", {}, "data.text"),
    ("message.received", {"text": " \n\u202e "}, "data.text"),
    ("message.received", {"text": 7}, "data.text"),
    ("message.received", {"text": "hi", "message_id": "x" * 1025}, "data.message_id"),
    ("message.sent", {"conversation_id": "c"}, "data.text"),
    ("conversation.ended", {"conversation_id": 1}, "data.conversation_id"),
    ("interest.noticed", {}, "data.topic"),
    ("interest.noticed", {"topic": "  "}, "data.topic"),
    ("calendar.changed", {"title": "Dentist", "starts_at": "2026-03-06T09:00:00Z"}, "data.calendar_event_id"),
    ("calendar.changed", {"calendar_event_id": "c", "starts_at": "2026-03-06T09:00:00Z"}, "data.title"),
    ("calendar.changed", {"calendar_event_id": "c", "title": "Dentist"}, "data.starts_at"),
    ("calendar.changed", {"calendar_event_id": "c", "status": "maybe"}, "data.status"),
    (
        "calendar.changed",
        {"calendar_event_id": "c", "title": "D", "starts_at": "2026-03-06T09:00:00"},
        "data.starts_at",
    ),
    (
        "calendar.changed",
        {
            "calendar_event_id": "c",
            "title": "D",
            "starts_at": "2026-03-06T09:00:00+01:00",
            "ends_at": "2026-03-06T07:59:59Z",
        },
        "data.ends_at",
    ),
    ("digest.item", {"title": "t"}, "data.item_id"),
    ("digest.item", {"item_id": "i"}, "data.title"),
    ("digest.item", {"item_id": "", "title": "t"}, "data.item_id"),
    ("digest.item", {"item_id": "i", "title": "t", "importance": 1.01}, "data.importance"),
    ("digest.item", {"item_id": "i", "title": "t", "importance": -0.1}, "data.importance"),
    ("digest.item", {"item_id": "i", "title": "t", "importance": "high"}, "data.importance"),
    ("intent.requested", {"subject": "s", "due_at": "2026-06-08T15:00:00Z"}, "data.agent"),
    ("intent.requested", {"agent": "nobody", "subject": "s", "due_at": "2026-06-08T15:00:00Z"}, "data.agent"),
    ("intent.requested", {"agent": "follow_up", "due_at": "2026-06-08T15:00:00Z"}, "data.subject"),
    (
        "intent.requested",
        {"agent": "follow_up", "subject": "\t", "due_at": "2026-06-08T15:00:00Z"},
        "data.subject",
    ),
    ("intent.requested", {"agent": "follow_up", "subject": "the barn"}, "data.due_at"),
    (
        "intent.requested",
        {"agent": "follow_up", "subject": "s", "due_at": "2026-06-08T15:00:00"},
        "data.due_at",
    ),
    ("intent.requested", {"agent": "follow_up", "subject": "s", "due_at": "2026-06-08"}, "data.due_at"),
    ("intent.requested", {"agent": "follow_up", "subject": "s", "due_at": 1780930800}, "data.due_at"),
    (
        "intent.requested",
        {"agent": "follow_up", "subject": "s", "due_at": "0001-01-01T00:00:00Z"},
        "data.due_at",
    ),
    (
        "intent.requested",
        {
            "agent": "follow_up",
            "subject": "s",
            "due_at": "2026-06-08T15:00:00+01:00",
            "expires_at": "2026-06-08T13:59:59Z",
        },
        "data.expires_at",
    ),
    ("intent.revoked", {}, "data.intent_id"),
    ("intent.revoked", {"intent_id": "", "subject_key": ""}, "data.intent_id"),
    ("nudge.delivered", {}, "data.nudge_id"),
    ("nudge.failed", {"reason": "no device"}, "data.nudge_id"),
    ("nudge.opened", {"nudge_id": " "}, "data.nudge_id"),
    ("nudge.replied", {"nudge_id": None}, "data.nudge_id"),
    ("nudge.dismissed", {"nudge_id": "n" * 1025}, "data.nudge_id"),
    ("intent.matured", {}, "data.intents"),
    ("intent.matured", {"intents": []}, "data.intents"),
    ("intent.matured", {"intents": [{"intent_id": "a"}]}, "data.intents[0].version"),
    ("intent.matured", {"intents": [{"intent_id": "", "version": 1}]}, "data.intents[0].intent_id"),
]


@pytest.mark.parametrize(("event_type", "data", "field"), SENSELESS)
def test_senseless_data_names_its_field(event_type: str, data: Any, field: str) -> None:
    """Nothing of such an event is applied; the operator reads which field it was."""
    why = refused(plain(event_type, data))
    assert (why.reason, why.field, why.user_id) == ("invalid_data", field, "ana")
    assert why.error.startswith(f"{field}: ")


EXITS: list[tuple[Any, str]] = [
    ([{"where": {}}], "data.exit_on[0].type"),
    ([{"type": ""}], "data.exit_on[0].type"),
    ([{"type": "a.b", "where": [1]}], "data.exit_on[0].where"),
    ([{"type": "a.b"}, {"type": "a.b", "where": "x"}], "data.exit_on[1].where"),
    ({"type": "a.b"}, "data.exit_on"),
    ([{"type": "a.b"}] * 21, "data.exit_on"),
    ([{"type": "a.b", "where": {"x": "y" * 5000}}], "data.exit_on"),
    ([{"type": "a.b", "where": {"x": [[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]}}], "data.exit_on[0].where"),
]


@pytest.mark.parametrize(("exit_on", "field"), EXITS)
def test_an_exit_is_a_type_and_an_object_of_values(exit_on: object, field: str) -> None:
    """Conditions are bounded in number, length and depth, since they stand in the person's row."""
    data = COMPLETE["intent.requested"] | {"exit_on": exit_on}
    assert refused(plain("intent.requested", data)).field == field


def test_a_cancelled_appointment_needs_neither_title_nor_start() -> None:
    """Its id says which one it was."""
    event = understood(plain("calendar.changed", {"calendar_event_id": "c", "status": "cancelled"}))
    assert event.data == told.CalendarChanged("c", status="cancelled")


def test_an_intent_may_expire_when_it_is_due() -> None:
    """Only an expiry before the due time is senseless."""
    data = COMPLETE["intent.requested"] | {"expires_at": "2026-06-08T14:00:00Z"}
    assert isinstance(understood(plain("intent.requested", data)).data, told.IntentRequested)


def test_the_person_s_erasure_needs_no_data() -> None:
    """Whatever stands beside it is ignored: an erasure is not lost for that."""
    for data in (None, {}, {"reason": "asked for"}, "please"):
        assert understood(plain("user.erased", data)).data == told.UserErased()


SECRET = "zyzzyva"


@pytest.mark.parametrize(
    "value",
    [
        plain("calendar.changed", {"calendar_event_id": SECRET, "status": SECRET}),
        plain("profile.updated", {"timezone": SECRET, "locale": SECRET}),
        plain("profile.updated", {"locale": SECRET + "!", SECRET: 1}),
        plain("consent.changed", {"agent": SECRET, "granted": SECRET}),
        plain("intent.requested", {"agent": SECRET, "subject": SECRET, "due_at": SECRET}),
        plain(
            "intent.requested", COMPLETE["intent.requested"] | {"exit_on": [{"type": "a", "where": SECRET}]}
        ),
        plain("app.opened", user_id=SECRET),
        plain("app.opened", time=SECRET),
        plain("app.opened", specversion=SECRET),
        b'{"%s' % SECRET.encode(),
        b'"%s"' % SECRET.encode(),
    ],
)
def test_the_error_never_holds_what_was_said(value: bytes) -> None:
    """Errors name fields and positions: they are read by more people than the dead letters are."""
    why = refused(value)
    assert SECRET not in why.error
    assert SECRET not in why.field


# Words and times


def test_words_are_made_uniform() -> None:
    """Titles, subjects, topics and names are one clean line; a message keeps its lines."""
    subject = COMPLETE["intent.requested"] | {"subject": "the\u202e  harvest\n" + "x" * 200}
    requested = understood(plain("intent.requested", subject)).data
    assert isinstance(requested, told.IntentRequested)
    assert requested.subject == "the harvest " + "x" * 108
    message = understood(plain("message.received", {"text": " a\r\nb\x00\u200b "})).data
    assert message == told.Message("a\nb")


def test_a_message_counts_for_4_kb() -> None:
    """What is longer is cut between two characters."""
    message = understood(plain("message.received", {"text": "é" * 3000})).data
    assert message == told.Message("é" * 2048)


def test_times_are_utc() -> None:
    """The offset that a service wrote with is not kept."""
    data = understood(plain("calendar.changed", COMPLETE["calendar.changed"])).data
    assert isinstance(data, told.CalendarChanged)
    assert data.starts_at == datetime(2026, 3, 6, 8, tzinfo=UTC)
    assert data.starts_at is not None
    assert data.starts_at.tzinfo is UTC


def test_never_counts_as_the_last_time_there_is() -> None:
    """A year 9999 that means "never" leaves room to add delays to it."""
    data = COMPLETE["intent.requested"] | {"expires_at": "9999-12-31T23:59:59-23:00"}
    requested = understood(plain("intent.requested", data)).data
    assert isinstance(requested, told.IntentRequested)
    assert requested.expires_at == datetime(9000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ahead", "counts"),
    [
        (timedelta(days=-400), timedelta(days=-400)),
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(minutes=5, microseconds=1), timedelta(0)),
        (timedelta(days=2000), timedelta(0)),
    ],
)
def test_a_clock_that_runs_ahead_counts_as_the_log_s(ahead: timedelta, counts: timedelta) -> None:
    """Up to 5 min ahead an event's time counts as it stands."""
    assert understood(plain("app.opened", time=(LOGGED + ahead).isoformat())).time == LOGGED + counts


@pytest.mark.parametrize("seconds", [0, 1, 29, 59])
def test_the_5_minutes_count_from_the_log_s_own_second(seconds: int) -> None:
    """Wherever in its minute the log's timestamp lies."""
    logged = LOGGED + timedelta(seconds=seconds, milliseconds=7)
    edge = logged + timedelta(minutes=5)
    at = LOGGED_MS + seconds * 1000 + 7
    assert understood(plain("app.opened", time=edge.isoformat()), at=at).time == edge
    late = (edge + timedelta(milliseconds=1)).isoformat()
    assert understood(plain("app.opened", time=late), at=at).time == logged


def test_without_a_time_it_has_the_log_s() -> None:
    """Null is as good as none."""
    assert understood(plain("app.opened")).time == LOGGED
    assert understood(b'{"id":"1","source":"s","type":"app.opened","time":null}').time == LOGGED


@pytest.mark.parametrize("time", ["2026-03-02T18:00:00", "yesterday", "", 1772470800, "1969-12-31T23:59:59Z"])
def test_a_time_that_is_none_is_refused(time: object) -> None:
    """A time has an offset and lies after 1970."""
    why = refused(plain("app.opened", time=time))
    assert (why.reason, why.field) == ("invalid_data", "time")


@pytest.mark.parametrize("at", [-1, 0, 2**63 - 1, -(2**63)])
def test_a_log_may_hold_any_timestamp(at: int) -> None:
    """A producer writes what it likes into a record's 64 bits."""
    decode(record(plain("app.opened", time="2026-03-02T18:00:00Z"), at=at), agents=AGENTS)
    decode(record(plain("app.opened"), at=at), agents=AGENTS)


TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_trace_is_carried_through() -> None:
    """From the body, or from the record's header; what is no `traceparent` is dropped."""
    assert understood(plain("app.opened", traceparent=TRACE)).traceparent == TRACE
    assert understood(plain("app.opened"), headers=(("traceparent", TRACE.encode()),)).traceparent == TRACE
    assert understood(plain("app.opened", traceparent="hello\n")).traceparent is None
    assert understood(plain("app.opened", traceparent={"a": 1})).traceparent is None


def test_each_reason_that_is_decode_s_was_seen_here() -> None:
    """Two reasons are the worker's own: a record that is forwarded twice, and one that no code can take."""
    seen = {
        refused(plain("app.opened"), key=None).reason,
        refused(plain("app.opened"), key=b"\x01").reason,
        refused(None).reason,
        refused(b" " * (VALUE_LIMIT + 1)).reason,
        refused(b"{").reason,
        refused(b"{}").reason,
        refused(plain("app.opened", user_id="rosa")).reason,
        refused(plain("message.sent", {})).reason,
    }
    assert seen == set(DEAD_REASONS) - {"misrouted", "defect"}
