"""What could not be understood can be looked at, and goes back once when it can be."""

from __future__ import annotations

import json
import sys

import pytest

from tests.facts.cli.terminal import NOON_MS, Terminal, plain
from topics.dead_letters import DeadReason, dead_letter
from topics.record import Record

UNTOUCHED = (("trace", b"\xff"), ("content-type", b"application/json"))


def put_aside(terminal: Terminal, *letters: tuple[DeadReason, bytes | None, bytes]) -> None:
    """Letters as the worker writes them."""
    terminal.append(
        *(
            dead_letter(
                Record("user-events", 0, n, key, value, NOON_MS, UNTOUCHED),
                reason,
                "field: is wrong",
                NOON_MS + n,
            )
            for n, (reason, key, value) in enumerate(letters)
        )
    )


def event(number: int = 1) -> bytes:
    return json.dumps(plain("ana", "app.opened", number)).encode()


def test_letters_are_listed_with_their_reasons(terminal: Terminal) -> None:
    """When, which, whose, why, and where it stood; of one reason, or of a time; as JSON with the record itself."""
    put_aside(terminal, ("not_json", b"ana", b"{"), ("no_key", None, event()))
    said = terminal.tactful("dead-letter", "list")
    assert said.lines == [
        "2026-03-02 12:00:00Z  dead-letter-0@0  ana  not_json: field: is wrong  (was user-events-0@0)",
        "2026-03-02 12:00:00Z  dead-letter-0@1  (no key)  no_key: field: is wrong  (was user-events-0@1)",
        "2 dead letters: 1 not_json, 1 no_key",
    ]
    only = terminal.tactful("dead-letter", "list", "--reason", "no_key", "--json").object
    assert (only["letter"], only["from"]) == ("dead-letter-0@1", "user-events-0@1")
    assert only["record"]["value"]["type"] == "app.opened"
    assert (
        terminal.tactful("dead-letter", "list", "--since", "2026-03-03T00:00:00Z").out == "no dead letters\n"
    )
    assert terminal.tactful("dead-letter", "list", "--reason", "ugly").code == 2


def test_what_is_understood_by_now_goes_back_untouched(terminal: Terminal) -> None:
    """Key, value and headers as they came, plus the letter's name; dated when it was put aside."""
    put_aside(terminal, ("not_json", b"ana", b"{"), ("defect", b"ana", event()))
    said = terminal.tactful("dead-letter", "replay")
    assert said.code == 0
    assert said.lines == [
        "dead-letter-0@0 stays: not_json: value: is no JSON, or ends too early",
        "1 went back, 0 went back before, 1 are still not understood",
    ]
    (record,) = terminal.records("user-events")
    assert (record.key, record.value, record.timestamp_ms) == (b"ana", event(), NOON_MS + 1)
    assert record.headers == (*UNTOUCHED, ("tactful_replayed", b"dead-letter-0@1"))


def test_it_goes_back_once(terminal: Terminal) -> None:
    """However often it is asked for, and though letters came since; what died again is a letter of its own."""
    put_aside(terminal, ("defect", b"ana", event()))
    terminal.tactful("dead-letter", "replay")
    put_aside(terminal, ("defect", b"ana", event(2)))
    report = terminal.tactful("dead-letter", "replay", "--json").object
    assert report["replayed_before"] == ["dead-letter-0@0"]
    assert report["replayed"] == ["dead-letter-0@1"]
    assert terminal.tactful("dead-letter", "replay", "--json").object["replayed"] == []
    assert len(terminal.records("user-events")) == 2
    (first, _) = terminal.records("user-events")
    terminal.append(dead_letter(first, "defect", "ValueError", NOON_MS + 9))
    assert terminal.tactful("dead-letter", "replay", "--json").object["replayed"] == ["dead-letter-0@2"]
    assert terminal.records("user-events")[-1].headers == (
        *UNTOUCHED,
        ("tactful_replayed", b"dead-letter-0@2"),
    )


def test_only_one_reason_goes_back_when_it_is_named(terminal: Terminal) -> None:
    """And with --dry-run nothing does."""
    put_aside(terminal, ("defect", b"ana", event()), ("misrouted", b"ana", event(2)))
    said = terminal.tactful("dead-letter", "replay", "--dry-run", "--json").object
    assert (said["would_be_replayed"], said["replayed"]) == (["dead-letter-0@0", "dead-letter-0@1"], [])
    assert terminal.records("user-events") == []
    terminal.tactful("dead-letter", "replay", "--reason", "misrouted")
    assert [json.loads(record.value or b"")["id"] for record in terminal.records("user-events")] == ["2"]


def test_a_registered_agent_makes_a_request_understood(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request for an agent that was not there goes back once TACTFUL_AGENTS has it."""
    wish = plain("ana", "intent.requested", agent="late_parcel", subject="x", due_at="2026-03-02T12:00:00Z")
    put_aside(terminal, ("invalid_data", b"ana", json.dumps(wish).encode()))
    assert "data.agent: is the name of no registered agent" in terminal.tactful("dead-letter", "replay").out
    terminal.tactful("agents", "new", "late_parcel")
    monkeypatch.syspath_prepend(str(terminal.folder))
    said = terminal.tactful("dead-letter", "replay", env={"TACTFUL_AGENTS": "late_parcel:agent"})
    monkeypatch.delitem(sys.modules, "late_parcel")
    assert said.lines == ["1 went back, 0 went back before, 0 are still not understood"]


def test_a_letter_is_mended_and_goes_back(terminal: Terminal) -> None:
    """With another value, or for another person; the letter stays as it came, and goes back once."""
    put_aside(terminal, ("not_json", b"ana", b"{"), ("no_key", None, event(2)), ("not_json", b"ben", b"["))
    mended = terminal.file("mended.json", event().decode())
    said = terminal.tactful(
        "dead-letter", "replay", "--letter", "dead-letter-0@0", "--value", mended, "--dry-run"
    )
    assert said.lines == ["1 would go back, 0 went back before, 0 are still not understood"]
    for words in (("dead-letter-0@0", "--value", mended), ("dead-letter-0@1", "--user", "ana")):
        said = terminal.tactful("dead-letter", "replay", "--letter", *words)
        assert said.lines == ["1 went back, 0 went back before, 0 are still not understood"]
    again = terminal.tactful("dead-letter", "replay", "--letter", "dead-letter-0@0", "--value", mended)
    assert again.lines == ["0 went back, 1 went back before, 0 are still not understood"]
    first, second = terminal.records("user-events")
    assert (first.key, first.value) == (b"ana", event())
    assert first.headers == (*UNTOUCHED, ("tactful_replayed", b"dead-letter-0@0"))
    assert (second.key, second.value) == (b"ana", event(2))
    assert [one.value for one in terminal.records("dead-letter")] == [b"{", event(2), b"["]


def test_what_is_still_wrong_after_mending_stays(terminal: Terminal) -> None:
    """And is named with the field; a letter that is not there, and a value without a letter, are no."""
    put_aside(terminal, ("not_json", b"ana", b"{"))
    half = terminal.file("half.json", '{"id": "1"}')
    said = terminal.tactful("dead-letter", "replay", "--letter", "dead-letter-0@0", "--value", half)
    assert said.lines[0].startswith("dead-letter-0@0 stays: not_an_event: ")
    assert terminal.records("user-events") == []
    missing = terminal.tactful("dead-letter", "replay", "--letter", "dead-letter-0@9")
    assert (missing.code, missing.err.partition(":")[0]) == (1, "there is no letter dead-letter-0@9")
    assert terminal.tactful("dead-letter", "replay", "--value", half).code == 2
    nowhere = terminal.tactful("dead-letter", "replay", "--letter", "dead-letter-0@0", "--value", "nowhere")
    assert (nowhere.code, "cannot be read" in nowhere.err) == (2, True)
    listed = terminal.tactful("dead-letter", "list", "--letter", "dead-letter-0@0", "--json").object
    assert listed["record"]["key"] == "ana"
