"""Faults of the machine, its address and its folders: each is made real, and found by its name."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.core.head import Head
from app.core.partition import Commit
from app.core.row import SCHEMA, Row, encode
from app.doctor.state import room
from app.drivers.embedded import EmbeddedLog
from app.outside.log import milliseconds, now
from app.policy_file import load_policy
from tests.facts.cli.faulty import answers, doctor, named
from tests.facts.cli.terminal import NOON, NOON_MS, Terminal
from tests.facts.cli.test_doctor import HOLD
from topics.controls import Control
from topics.encode import encode as encoded
from topics.record import NewRecord

NOWHERE = "kafka://127.0.0.1:1"
"""No broker: what stands before it is looked at all the same."""


def test_missing_time_zones_are_found(terminal: Terminal) -> None:
    """A process of its own: what this one has read of time zones stays read."""
    (terminal.folder / "tzdata.py").write_text("")
    env = os.environ | {"PYTHONTZPATH": "", "PYTHONPATH": str(terminal.folder), "TACTFUL_MODEL": "scripted"}
    command = [str(Path(sys.executable).with_name("tactful")), "doctor", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=terminal.folder, check=False)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["name"] == "zones_missing"


@pytest.fixture
def few_files() -> Iterator[None]:
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


@pytest.mark.usefixtures("few_files")
def test_a_low_limit_of_files_is_noted(terminal: Terminal) -> None:
    """It works for a few partitions, and should be known."""
    (found,) = named(doctor(terminal))["few_files"]
    assert found["says"] == "a process may open 1,024 files here"


def test_an_address_that_is_taken_is_found(terminal: Terminal) -> None:
    """Somebody listens there who is no worker."""
    with answers({}) as at:
        assert "http_taken" in named(doctor(terminal, TACTFUL_HTTP=at))


def test_an_address_of_another_machine_is_found(terminal: Terminal) -> None:
    """192.0.2.1 is kept for documents: no machine has it."""
    found = named(doctor(terminal, TACTFUL_HTTP="192.0.2.1:8080", TACTFUL_HTTP__HEALTH_ONLY="true"))
    assert "http_elsewhere" in found


def test_a_worker_that_is_not_ready_is_told_with_its_reasons(terminal: Terminal) -> None:
    """Those of its /readyz; and that it decides by another policy is a note."""
    unready = {"ready": False, "reasons": ["partition 1 is being restored"]}
    pages = {
        "/readyz": (503, "application/json", json.dumps(unready)),
        "/metrics": (200, "text/plain", 'tactful_build_info{version="0.1.0",policy="0123456789ab"} 1.0\n'),
    }
    with answers(pages) as at:
        found = named(doctor(terminal, TACTFUL_HTTP=at))
        pages["/metrics"] = (
            200,
            "text/plain",
            f'tactful_build_info{{policy="{load_policy(None).version}"}} 1\n',
        )
        same = named(doctor(terminal, TACTFUL_HTTP=at))
    assert "partition 1 is being restored" in found["worker_unready"][0]["says"]
    assert "worker_other_policy" in found
    assert "worker_other_policy" not in same


def test_a_token_that_the_worker_refuses_is_found(terminal: Terminal) -> None:
    """An embedded log is looked at through its worker, which wants the token."""
    page = (401, "application/json", json.dumps({"error": "the token is missing or wrong"}))
    with answers({"/topics/nudge-controls": page}) as at:
        found = named(doctor(terminal, TACTFUL_HTTP=at))
    assert found["token_refused"][0]["do"] == "set TACTFUL_HTTP__TOKEN_FILE as the worker has it"


def test_a_folder_that_cannot_be_written_is_found(terminal: Terminal) -> None:
    """Of an embedded log as of a state folder; here a file stands where the folder should be."""
    (terminal.folder / "file").write_text("")
    log = doctor(terminal, TACTFUL_LOG=f"embedded:{terminal.folder}/file/log")
    state = doctor(terminal, TACTFUL_LOG=NOWHERE, TACTFUL_STATE_DIR=f"{terminal.folder}/file/state")
    assert named(log)["state_unwritable"][0]["about"] == "log"
    assert named(state)["state_unwritable"][0]["about"] == "state folder"


def test_a_disk_that_is_nearly_full_is_found(tmp_path: Path) -> None:
    """As much is asked for here as the disk has not."""
    (found,) = room("state folder", tmp_path, at_least=shutil.disk_usage(tmp_path).total + 1)
    assert found.name == "state_full"


def test_a_state_folder_in_use_is_found(terminal: Terminal) -> None:
    """Another process has a copy open, and answers nowhere."""
    copy = terminal.folder / "state" / "nudge-state-0"
    command = [sys.executable, "-c", HOLD, str(copy)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        said = doctor(terminal, TACTFUL_LOG=NOWHERE, TACTFUL_STATE_DIR=str(copy.parent))
        other.communicate()
    after = doctor(terminal, TACTFUL_LOG=NOWHERE, TACTFUL_STATE_DIR=str(copy.parent))
    assert str(copy) in named(said)["state_in_use"][0]["says"]
    assert "state_in_use" not in named(after)


def test_a_worker_on_another_folder_is_noted(terminal: Terminal) -> None:
    """Both work, and commands with these settings would look at the wrong one."""

    class Elsewhere(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Tactful-Folder", "/somewhere/else")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:  # nothing is to be printed
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = named(doctor(terminal, TACTFUL_HTTP=f"127.0.0.1:{server.server_address[1]}"))
        server.shutdown()
    assert "/somewhere/else" in found["folder_other"][0]["says"]


def _switch(agent: bytes, *, paused: bool) -> NewRecord:
    control = Control(paused=paused, at=NOON, by="tests")
    return NewRecord("nudge-controls", agent, encoded(control), NOON_MS)


def _row(terminal: Terminal, row: bytes) -> None:
    """A row as a worker would have left it."""
    log = EmbeddedLog(terminal.log)
    try:
        asyncio.run(log.commit(Commit(number=1, rows={"ana": row}, head=Head(), records=())))
    finally:
        log.close()


def test_a_log_on_which_nothing_happens_is_told(terminal: Terminal) -> None:
    """No worker, no event for a day, nobody who has consented, and switches that were left."""
    switches = {b"digest": True, b"*": True, b"diggest": True, b"calendar": False}
    terminal.append(*(_switch(name, paused=paused) for name, paused in switches.items()))
    _row(terminal, encode(Row(user_id="ana", consents={"*": False})))
    found = named(doctor(terminal))
    assert {"no_worker", "no_events", "no_consents"} <= set(found)
    assert found["kill_switch"][0]["says"] == "everything is paused since 2026-03-02 12:00Z by tests"
    assert found["agents_paused"][0]["do"] == "when it may go on: tactful agents resume digest"
    assert [one["says"].split()[0] for one in found["switch_unknown"]] == ["diggest"]


def test_a_row_of_a_newer_version_is_found_on_a_folder_too(terminal: Terminal) -> None:
    """Rolled back, a worker could not read it."""
    value = bytes([SCHEMA + 1]) + encode(Row(user_id="ana"))[1:]
    _row(terminal, value)
    assert "rows_newer" in named(doctor(terminal))


def test_letters_of_the_last_day_are_counted_by_reason(terminal: Terminal) -> None:
    """What was put aside has no effect until somebody sends it back."""
    marks = (("tactful_reason", b"not_json"),)
    letters = [NewRecord("dead-letter", b"ana", b"{", NOON_MS, marks) for _ in range(3)]
    terminal.append(*letters)
    found = named(doctor(terminal))
    assert "dead_letters" not in found  # of March
    terminal.append(
        *(msgspec.structs.replace(letter, timestamp_ms=milliseconds(now())) for letter in letters)
    )
    assert named(doctor(terminal))["dead_letters"][0]["says"] == "3 within the last 24 h: 3 not_json"
