"""Two public data sets become events that the worker understands, the same ones every time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.facts.cli.terminal import Terminal, values

HISTORY = {
    "Emily": {
        "name": "Emily",
        "history": {
            "2023-04-28": [{"query": "A walk!", "response": "Where?"}],
            "2023-04-27": [{"query": "Hello", "response": "Hi"}, {"query": "Books?", "response": "Many"}],
        },
    }
}


def test_memorybank_days_are_conversations(terminal: Terminal) -> None:
    """Known and granted first; each exchange two messages, spread over the day; each day ends a conversation."""
    file = terminal.folder / "memory.json"
    file.write_text(json.dumps(HISTORY))
    assert terminal.tactful("events", "import", "--format", "memorybank", file).code == 0
    told = values(terminal.records("user-events"))
    assert [(each["time"][5:16], each["type"], each["data"].get("text")) for each in told] == [
        ("04-27T08:59", "profile.updated", None),
        ("04-27T08:59", "consent.changed", None),
        ("04-27T09:00", "message.received", "Hello"),
        ("04-27T09:00", "message.sent", "Hi"),
        ("04-27T15:00", "message.received", "Books?"),
        ("04-27T15:00", "message.sent", "Many"),
        ("04-27T15:05", "conversation.ended", None),
        ("04-28T09:00", "message.received", "A walk!"),
        ("04-28T09:00", "message.sent", "Where?"),
        ("04-28T09:05", "conversation.ended", None),
    ]
    assert {each["user_id"] for each in told} == {"emily"}
    assert len({each["id"] for each in told}) == len(told)


def test_collegemsg_lines_are_their_senders_messages(terminal: Terminal) -> None:
    """The sender is the person; both are welcomed by their first line; the time is the line's, the words are ours."""
    file = terminal.file("c.txt", "src dst time", "1 2 1082040961", "3 4 1082155839", "1 4 1082155840")
    assert terminal.tactful("events", "import", "--format", "collegemsg", file).code == 0
    told = values(terminal.records("user-events"))
    assert [(each["user_id"], each["type"]) for each in told] == [
        ("student-1", "profile.updated"),
        ("student-1", "consent.changed"),
        ("student-2", "profile.updated"),
        ("student-2", "consent.changed"),
        ("student-1", "message.received"),
        ("student-3", "profile.updated"),
        ("student-3", "consent.changed"),
        ("student-4", "profile.updated"),
        ("student-4", "consent.changed"),
        ("student-3", "message.received"),
        ("student-1", "message.received"),
    ]
    assert told[4]["time"] == "2004-04-15T14:56:01Z"
    terminal.tactful("events", "import", "--format", "collegemsg", file)
    assert values(terminal.records("user-events"))[len(told) :] == told


@pytest.mark.parametrize(
    ("form", "text", "says"),
    [
        ("memorybank", "[1]", "is no MemoryBank history"),
        (
            "memorybank",
            '{"a": {"name": "a", "history": {"someday": [{"query": "", "response": ""}]}}}',
            "is no MemoryBank",
        ),
        ("collegemsg", "src dst time\n1 2", "line 2 is no `src dst time`"),
        ("collegemsg", "1 2 x", "line 1 is no"),
    ],
)
def test_another_file_is_refused(terminal: Terminal, form: str, text: str, says: str) -> None:
    """The place that cannot be read is named, and nothing is written."""
    file = Path(terminal.file("other", text))
    said = terminal.tactful("events", "import", "--format", form, file)
    assert said.code == 2
    assert says in said.err
    assert not terminal.log.exists()
