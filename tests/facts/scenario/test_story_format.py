"""How a story file is read, and what its author is told when it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.scenario.errors import StoryError
from app.scenario.story import START_SOURCE, EventEntry, RawEntry, Story, parse

LEAST = """
name: A story
start: 2026-03-02T09:00:00+01:00
timeline:
  - {until: 2026-03-02T12:00:00+01:00}
"""


def story(*more: str) -> Story:
    """The least story, with these lines behind it."""
    return parse(LEAST + "\n".join(more), "a.yaml")


def complaint(text: str) -> str:
    """What is said about a story that cannot be run."""
    with pytest.raises(StoryError) as said:
        parse(text, "a.yaml")
    return str(said.value)


def with_entry(entry: str) -> str:
    """The least story with this entry in front."""
    return LEAST.replace("timeline:", f"timeline:\n  - {entry}")


def test_the_least_story_needs_a_name_a_start_and_something_that_happens() -> None:
    """Nobody, no model rule, no policy and no expectation need be given."""
    told = story()
    assert (told.name, told.start) == ("A story", datetime(2026, 3, 2, 8, tzinfo=UTC))
    assert told.users == {}
    assert told.expect.nudges is None


def test_policy_is_laid_over_the_defaults_key_by_key() -> None:
    """What a story does not say of an agent, of caps or of quiet hours stays as it is."""
    told = story("policy: {caps: {per_day: 1}, agents: {calendar: {lead: 2h}}, quiet_hours: {start: 22:00}}")
    assert (told.policy.caps.per_day, told.policy.caps.per_week) == (1, 6)
    assert told.policy.agent("calendar").lead == timedelta(hours=2)
    assert told.policy.agent("calendar").priority == 80
    assert (told.policy.quiet_hours.start, told.policy.quiet_hours.end) == ("22:00", "09:00")


def test_where_some_sources_grants_count_those_of_the_start_count_too() -> None:
    """`consent_sources` never shuts out what the story itself begins with; left empty, everybody counts."""
    assert story("policy: {consent_sources: [crm]}").policy.consent_sources == ("crm", START_SOURCE)
    assert story("policy: {}").policy.consent_sources == ()


def test_on_no_and_clock_times_are_text() -> None:
    """YAML 1.2: an author writes `no` and 17:00 and gets what was written."""
    told = parse(
        with_entry("{at: 2026-03-02T10:00:00+01:00, user: no, event: x, data: {on: 17:00, at: 2026-03-02}}")
    )
    entry = told.timeline[0]
    assert isinstance(entry, EventEntry)
    assert (entry.user, entry.data) == ("no", {"on": "17:00", "at": "2026-03-02"})


def test_a_raw_null_is_a_null_value_and_an_empty_text_is_no_bytes() -> None:
    """The two kinds of nothing are told apart, and base64 gives any bytes."""
    values = []
    for raw in ("raw: null", "raw: ''", "raw_base64: '/v8='"):
        entry = parse(with_entry(f"{{at: 2026-03-02T10:00:00+01:00, key: null, {raw}}}")).timeline[0]
        assert isinstance(entry, RawEntry)
        values.append(entry.value)
    assert values == [None, b"", b"\xfe\xff"]


def test_a_key_that_the_format_lacks_is_refused_with_line_place_and_a_proposal() -> None:
    """The author is told where it stands and what was probably meant."""
    said = complaint(with_entry("{at: 2026-03-02T10:00:00+01:00, usr: ana, event: app.opened}"))
    assert said.startswith("a.yaml:5: timeline entry 1.usr: unknown key: did you mean user?")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("users: {ana: {timezone: Mars/Olympus}}", "users.ana.timezone: 'Mars/Olympus' is no IANA time zone"),
        ("users: {ana: {quiet_hours: {start: '21:00'}}}", "users.ana.quiet_hours.end: is missing"),
        ("policy: {caps: {per_dy: 1}}", "policy.caps.per_dy: is not a key of the format"),
        ("policy: {min_gap: 4}", "policy.min_gap: 4 is no length of time"),
        ("model: [{ask: reading, reply: {verdict: []}}]", "model entry 1.reply.verdict: unknown key"),
        (
            "model: [{ask: reading, reply: {subjects: [{subjct: x}]}}]",
            "model entry 1.reply.subjects entry 1.subjct: unknown key: did you mean subject?",
        ),
        (
            "model: [{ask: compose, reply: {}, fault: html}]",
            "model entry 1: a rule has either a reply or a fault",
        ),
        ("expect: {nudges: [{usr: ana}]}", "expect.nudges entry 1.usr: unknown key: did you mean user?"),
        ("expect: {outcomes: [{after: 2026-03-02}]}", "expect.outcomes entry 1.after: unknown key"),
        ("expect: {open: [{due_after: noon}]}", "'noon' is no time with an offset"),
        ("expect: {open: [{}]}", "describe a record"),
        (
            "expect: {model_calls: {reding: 1}}",
            "expect.model_calls.reding: unknown key: did you mean reading?",
        ),
        ("expect: {dead_letters: -1}", "expect.dead_letters"),
        ("expects: {}", "expects: unknown key: did you mean expect?"),
    ],
)
def test_each_part_of_a_story_names_what_is_wrong_in_it(line: str, place: str) -> None:
    """A sentence that says what is expected, at the line where it stands."""
    said = complaint(LEAST + line)
    assert said.startswith("a.yaml:6: ")
    assert place in said


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{at: 2026-03-02T10:00:00, user: ana, event: x}", "is no time with an offset"),
        ("{at: 2026-03-02T08:00:00+01:00, user: ana, event: x}", "stands before the start"),
        ("{at: 2026-03-02T10:00:00+01:00, do: pause}", "pause and resume need an agent"),
        ("{at: 2026-03-02T10:00:00+01:00, do: crash, agent: digest}", "pause and resume need an agent"),
        ("{at: 2026-03-02T10:00:00+01:00, do: explode}", "Input should be 'crash', 'restart'"),
        ("{at: 2026-03-02T10:00:00+01:00, raw: x}", "entry 1.key: is missing"),
        ("{at: 2026-03-02T10:00:00+01:00, raw: x, raw_base64: eA==, key: a}", "not both"),
        ("{at: 2026-03-02T10:00:00+01:00, raw_base64: '?', key: a}", "raw_base64 is no base64"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(entry: str, sentence: str) -> None:
    """Before anything of the story happens."""
    assert sentence in complaint(with_entry(entry))


def test_entries_are_told_in_order_of_time() -> None:
    """An entry before the one in front of it is a slip of the author."""
    said = complaint(LEAST + "  - {at: 2026-03-02T11:00:00+01:00, user: ana, event: app.opened}\n")
    assert "a.yaml:6: timeline entry 2: stands before entry 1" in said


def test_what_is_no_yaml_or_no_mapping_is_said_so() -> None:
    """Also a key that stands twice, of which YAML would keep one."""
    assert complaint("name: [x") == "a.yaml: line 1: expected ',' or ']', but got '<stream end>'"
    assert "duplicate key" in complaint("name: x\nname: y")
    assert "a story is a mapping" in complaint("- x")


def test_all_that_is_wrong_is_said_at_once() -> None:
    """An author mends a file in one go."""
    said = complaint(LEAST + "users: {ana: {timezne: x}}\npolicy: {min_gap: 4}\n")
    assert len(said.splitlines()) == 2
