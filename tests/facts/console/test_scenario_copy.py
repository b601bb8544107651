"""A person's story, copied from the console, is a scenario file that holds: told again, the same comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.console.person_row import RECORD_BYTES, PersonRow, fold
from app.console.scenario_copy import CannotBeToldError, scenario_of
from app.core.policy import Policy
from app.scenario.story import DoEntry, EventEntry, parse, read
from tests.facts.console.sample import told
from tests.facts.console.told import AGENTS, KEEP, STORIES, Told, tell, tell_file
from topics.record import Record
from topics.user_events import USER_EVENTS

WORKERS_OWN = {"crash", "restart", "wipe", "stop", "start", "pause", "resume"}
"""What a person's records do not tell of."""


def is_a_persons_own(path: Path) -> bool:
    """Whether nothing happens to the worker in this story, and nobody waits for want of its minute."""
    story = read(path)
    alone = story.policy.budget.calls_per_minute == Policy().budget.calls_per_minute
    return alone and not any(isinstance(each, DoEntry) and each.do in WORKERS_OWN for each in story.timeline)


PERSONAL = [path for path in sorted(STORIES.glob("*.yaml")) if is_a_persons_own(path)]


def copied(story: Told, user: str) -> str:
    return scenario_of(story.row(user), story.policy, agents=frozenset(AGENTS), now=story.now)


def people_in(story: Told) -> list[str]:
    keys = {record.key for record in story.records[USER_EVENTS.name]}
    return [user for user in story.story.users if user.encode() in keys]


@pytest.mark.parametrize("path", PERSONAL[::2], ids=lambda path: path.stem)
def test_a_copy_comes_to_the_same_end(path: Path) -> None:
    """Run as a scenario, a copy passes, and it expects every outcome that the person had."""
    story = tell_file(path.stem)
    for user in people_in(story):
        again = tell(copied(story, user))
        assert again.result.failures == []
        if story.row(user).erased_ms:
            continue  # what was planned before the erasure is not kept, and cannot be told
        theirs = [each for each in story.result.ending.outcomes if each["user_id"] == user]
        assert len(again.story.expect.outcomes) == len(theirs)
        assert len(again.result.ending.outcomes) == len(theirs)


def test_a_copy_has_words_ids_and_what_the_model_said() -> None:
    """The words stand as they came, ids and sources are kept, and each recorded answer is used once."""
    story = parse(copied(told(), "ana"))
    assert "surgery on Thursday" not in story.name
    messages = [
        each for each in story.timeline if isinstance(each, EventEntry) and each.event == "message.received"
    ]
    assert "Surgery on Thursday" in messages[0].data["text"]
    assert (messages[0].id, messages[0].source) == ("m-1", "scenario")
    assert {rule.times for rule in story.model} == {1}
    assert [rule.ask for rule in story.model] == ["reading", "compose", "compose", "reading"]


def test_words_that_yaml_would_stumble_over_come_through() -> None:
    """Quotes, line ends, emoji, colons and characters that nobody sees are the same after the copy."""
    text = 'She said: "no" #1 — 😀\n- [x] {y}\u2028\u0085 \x9f end\\'
    value = json.dumps(
        {"id": "1", "source": "chat", "type": "message.received", "user_id": "ana", "data": {"text": text}}
    )
    row = fold(None, Record(USER_EVENTS.name, 0, 0, b"ana", value.encode(), 1_772_440_000_000), keep=KEEP)
    assert row is not None
    story = parse(scenario_of(row, Policy(), agents=frozenset(AGENTS), now=told().now))
    assert story.timeline[0].data == {"text": text}  # type: ignore[union-attr]  # it is the message


def test_what_cannot_be_understood_is_copied_byte_for_byte() -> None:
    """A dead letter of the person stands in the copy as it came, and is expected to be one again."""
    record = Record(USER_EVENTS.name, 0, 0, b"ana", b"\xffno json", 1_772_440_000_000)
    row = fold(None, record, keep=KEEP)
    assert row is not None
    again = tell(scenario_of(row, Policy(), agents=frozenset(AGENTS), now=told().now))
    assert again.result.failures == []
    assert len(again.result.ending.dead_letters) == 1


def test_what_is_no_longer_kept_is_left_out_and_said() -> None:
    """An outcome whose opening event is gone is not expected; the file says that something is missing."""
    row = told().row("ana")
    without = [record for record in row.records if record.topic != USER_EVENTS.name]
    events = [record for record in row.of(USER_EVENTS.name) if record.timestamp_ms > 1_772_600_000_000]
    text = scenario_of(
        replace(row, records=(*without, *events), cut=True),
        Policy(),
        agents=frozenset(AGENTS),
        now=told().now,
    )
    assert "# The beginning of the story is no longer kept." in text
    assert "outcome(s) follow from events that are no longer kept" in text
    large = fold(
        row,
        Record(USER_EVENTS.name, 0, 10_000, b"ana", b"x" * (RECORD_BYTES + 1), row.records[-1].timestamp_ms),
        keep=KEEP,
    )
    assert large is not None
    assert "too large" in scenario_of(large, Policy(), agents=frozenset(AGENTS), now=told().now)
    with pytest.raises(CannotBeToldError):
        scenario_of(PersonRow(user_id="bob"), Policy(), agents=frozenset(AGENTS), now=told().now)
