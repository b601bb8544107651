"""Events go onto the log as a service would write them, checked first, and can be watched there."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.facts.cli.terminal import NOON_MS, Terminal, plain, values
from topics.record import NewRecord


def test_one_event_is_written_as_a_service_would(terminal: Terminal) -> None:
    """The person is the key, the rest is the plain form; where it stands is said."""
    said = terminal.tactful(
        "events",
        "send",
        "--user",
        "ana",
        "--type",
        "message.received",
        "--data",
        '{"text": "hi"}',
        "--id",
        "7",
        "--json",
    )
    assert said.code == 0
    assert said.object == {"partition": 0, "offset": 0, "id": "7", "source": "tactful-cli"}
    (record,) = terminal.records("user-events")
    assert record.key == b"ana"
    assert values([record])[0]["data"] == {"text": "hi"}


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("message.received", "{}", "data.text"),
        ("consent.changed", '{"agent": "*"}', "data.granted"),
        (
            "intent.requested",
            '{"agent": "nobody", "subject": "x", "due_at": "2026-03-02T12:00:00Z"}',
            "data.agent",
        ),
        ("message.received", "{", "--data"),
        ("intent.matured", '{"intents": []}', "type"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(
    terminal: Terminal, kind: str, data: str, field: str
) -> None:
    """Exit 2: the worker would have put it aside, and the one who sends it can mend it now."""
    said = terminal.tactful("events", "send", "--user", "ana", "--type", kind, "--data", data)
    assert said.code == 2
    assert said.err.startswith(field)
    assert not terminal.log.exists()


def test_a_type_that_is_nearly_known_is_a_slip(terminal: Terminal) -> None:
    """`user.erase` would erase nobody and look as if it had; a type of one's own is written, and said to be unheard."""
    said = terminal.tactful("events", "send", "--user", "ana", "--type", "user.erase")
    assert said.code == 2
    assert said.err == "type: 'user.erase' is unknown: did you mean 'user.erased'? Nothing was written\n"
    said = terminal.tactful("events", "send", "--user", "ana", "--type", "parcel.delivered")
    assert said.out.endswith("; no agent listens to this type\n")
    assert len(terminal.records("user-events")) == 1


def test_a_file_is_imported_in_its_order_with_its_own_times(terminal: Terminal) -> None:
    """Identities and times stay; the records are dated now, or with the event's own time."""
    file = terminal.file("e.jsonl", plain("ana", "app.opened", 1), "", plain("ben", "app.opened", 2))
    said = terminal.tactful("events", "import", file, "--json")
    assert said.code == 0
    assert {"events": 2, "people": 2, "written": 2, "ahead": 0}.items() <= said.object.items()
    assert [(each["id"], each["time"]) for each in values(terminal.records("user-events"))] == [
        ("1", "2026-03-02T12:01:00Z"),
        ("2", "2026-03-02T12:02:00Z"),
    ]
    terminal.tactful("events", "import", file, "--timestamps", "event")
    assert [record.timestamp_ms - NOON_MS for record in terminal.records("user-events")[2:]] == [
        60_000,
        120_000,
    ]


def test_a_file_with_a_bad_line_is_not_imported_at_all(terminal: Terminal) -> None:
    """Every bad line is named by its number and its field."""
    bad = plain("ana", "message.received", 2)
    file = terminal.file("e.jsonl", plain("ana", "app.opened"), bad, "{not json")
    said = terminal.tactful("events", "import", file)
    assert said.code == 2
    assert said.err.splitlines() == [
        "line 2: data.text: is missing",
        "line 3: body: is no JSON",
        "2 of 3 lines are bad: nothing was written",
    ]
    assert not terminal.log.exists()


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    """Only the file is looked at, here one that comes in on stdin."""
    said = terminal.tactful(
        "events", "import", "-", "--dry-run", stdin=json.dumps(plain("ana", "app.opened"))
    )
    assert (said.code, said.out) == (0, "1 events of 1 people are good; nothing was written\n")
    assert not terminal.log.exists()


def test_a_time_far_ahead_is_told(terminal: Terminal) -> None:
    """It is no error, but the log's own time will count; dated with its own time the log refuses it."""
    ahead = plain("ana", "app.opened") | {"time": "2999-01-01T00:00:00Z"}
    file = terminal.file("e.jsonl", ahead)
    assert "1 events are dated more than 5 min ahead" in terminal.tactful("events", "import", file).out
    said = terminal.tactful("events", "import", file, "--timestamps", "event")
    assert said.code == 2
    assert "ahead" in said.err


def test_check_names_each_bad_line(terminal: Terminal) -> None:
    """Exit 1 when there is one, 0 when all are good; as JSON each is an object."""
    good = terminal.file("good.jsonl", plain("ana", "app.opened"), plain("ana", "of.our.own"))
    assert terminal.tactful("events", "check", good).out == "all 2 are good\n"
    bad = terminal.file("bad.jsonl", plain("ana", "app.opened"), plain("", "app.opened"))
    said = terminal.tactful("events", "check", bad, "--json")
    assert said.code == 1
    assert said.objects == [
        {"line": 2, "field": "user_id", "problem": "is missing: it names the person"},
        {"good": 1, "bad": 1},
    ]


def test_cloudevents_are_understood_too(terminal: Terminal) -> None:
    """A line with `specversion` is a structured CloudEvent, and is written as one."""
    event = plain("ana", "app.opened") | {"specversion": "1.0", "userid": "ana"}
    assert terminal.tactful("events", "import", terminal.file("e.jsonl", event)).code == 0
    (record,) = terminal.records("user-events")
    assert record.headers == (("content-type", b"application/cloudevents+json"),)


def test_a_topic_is_printed_one_record_a_line(terminal: Terminal) -> None:
    """When, where, whom, what; narrowed by person, by time, or to the last ones."""
    for n, user in enumerate(("ana", "ben", "ana"), start=1):
        terminal.tactful(
            "events", "send", "--user", user, "--type", "message.received", "--data", f'{{"text": "no {n}"}}'
        )
    every = terminal.tactful("events", "tail", "user-events").lines
    assert [line.split("  ")[1:3] for line in every] == [
        ["user-events-0@0", "ana"],
        ["user-events-0@1", "ben"],
        ["user-events-0@2", "ana"],
    ]
    assert every[0].endswith('message.received {"text":"no 1"}')
    assert terminal.tactful("events", "tail", "user-events", "--user", "ana").lines == [every[0], every[2]]
    assert terminal.tactful("events", "tail", "user-events", "--last", "1").lines == [every[2]]
    assert terminal.tactful("events", "tail", "user-events", "--since", "1h").lines == every
    later = datetime.now(UTC).replace(year=2999).isoformat()
    assert terminal.tactful("events", "tail", "user-events", "--since", later).out == ""


def test_as_json_a_record_is_all_that_it_is(terminal: Terminal) -> None:
    """What is no JSON or no text stands in base64; a null value is no value."""
    terminal.append(
        NewRecord("user-events", b"ana", b'{"a": 1}', NOON_MS, (("h", b"v"),)),
        NewRecord("user-events", None, b"\xff", NOON_MS),
        NewRecord("user-events", b"\xff", None, NOON_MS, (("h", b"\xff"),)),
    )
    first, second, third = terminal.tactful("events", "tail", "user-events", "--json").objects
    assert first == {
        "topic": "user-events",
        "partition": 0,
        "offset": 0,
        "timestamp_ms": NOON_MS,
        "at": "2026-03-02T12:00:00.000Z",
        "key": "ana",
        "headers": [["h", "v"]],
        "value": {"a": 1},
    }
    assert (second.get("key"), second["value_base64"]) == (None, "/w==")
    assert "value" not in third
    assert (third["key_base64"], third["headers_base64"]) == ("/w==", [["h", "/w=="]])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tail", "nudgess"], "is no topic of ours: one of user-events, nudges,"),
        (["tail", "nudges", "--since", "soon"], "write how long ago"),
        (["tail", "nudges", "--last", "1", "--follow"], "exclude each other"),
        (["import", "--format", "csv", "e.jsonl"], "one of plain, memorybank, collegemsg"),
        (["check", "nowhere.jsonl"], "nowhere.jsonl is no file"),
        (["import", "--timestamps", "then", "e.jsonl"], "now or event"),
    ],
)
def test_usage_is_explained(terminal: Terminal, words: list[str], says: str) -> None:
    """Exit 2, and what would have been right."""
    terminal.file("e.jsonl", plain("ana", "app.opened"))
    said = terminal.tactful("events", *words)
    assert said.code == 2
    assert says in said.err


def test_without_a_log_it_is_said_where_one_was_looked_for(terminal: Terminal) -> None:
    """Exit 3: neither the folder nor a worker is there, nor is a broker."""
    said = terminal.tactful("events", "tail", "nudges")
    assert said.code == 3
    assert f"there is no log at {terminal.log}, and no worker answers at 127.0.0.1:1" in said.err
    said = terminal.tactful("events", "tail", "nudges", env={"TACTFUL_LOG": "kafka://127.0.0.1:1"})
    assert said.code == 3
    assert "no broker answers at kafka://127.0.0.1:1" in said.err


def test_a_folder_without_a_worker_cannot_be_followed(terminal: Terminal) -> None:
    """Nobody could add to it meanwhile: what to start is said."""
    terminal.append(NewRecord("user-events", b"ana", b"{}", NOON_MS))
    said = terminal.tactful("events", "tail", "user-events", "--follow")
    assert said.code == 3
    assert "start `tactful worker` first" in said.err


def test_help_is_there_at_once() -> None:
    """Nothing heavy is imported by a command's module: what it needs, it imports when it is asked."""
    probe = (
        "import sys; from app.cli import main; [main.import_module(one) for one in main.COMMANDS.values()];"
        "print([one for one in ('pydantic', 'msgspec', 'aiokafka', 'aiohttp', 'rocksdict', 'anthropic', 'ruamel.yaml')"
        " if one in sys.modules])"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", probe], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
