"""What the worker says on stderr, and what it never says."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from app.cli.logs import LONGEST, JsonLines, Lines, begin, told
from app.drivers.served import LogAway


def record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    exc_info = None if error is None else (type(error), error, error.__traceback__)
    made = logging.LogRecord("tactful.worker", logging.INFO, __file__, 1, message, args, exc_info)
    made.created = 1_772_452_800.25
    return made


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause  # noqa: TRY301 - to be caught is what it is for
    except Exception as caught:  # noqa: BLE001 - with a place where it came from
        return caught


def test_a_line_is_names_and_values() -> None:
    """Time, level, logger and message; quoted where a reader could lose the end."""
    assert Lines().format(record("partition %d: %s", 3, 'said "no"')) == (
        'ts=2026-03-02T12:00:00.250+00:00 level=info logger=worker msg="partition 3: said \\"no\\""'
    )


def test_a_json_line_holds_the_same() -> None:
    """One object a line, whatever the message holds."""
    line = JsonLines().format(record("first\nsecond"))
    assert "\n" not in line
    assert json.loads(line) == {
        "ts": "2026-03-02T12:00:00.250+00:00",
        "level": "info",
        "logger": "worker",
        "msg": "first\nsecond",
    }


def test_a_line_is_one_line() -> None:
    """A line break inside a message does not begin another line."""
    assert "\n" not in Lines().format(record("first\nsecond"))


def test_our_own_errors_and_the_systems_are_quoted() -> None:
    """They say what to do, and were written by nobody whose business it is not."""
    error = raised(LogAway("disk full"), OSError(28, "No space left on device"))
    assert told(error) == "LogAway: disk full <- OSError: [Errno 28] No space left on device"


def test_other_errors_are_named_and_not_quoted() -> None:
    """A decoder's or an agent's exception may hold what a person wrote."""
    error = raised(ValueError("my knee surgery"), KeyError("walburga"))
    line = Lines().format(record("a pass failed", error=error))
    assert 'error="ValueError <- KeyError"' in line
    assert "knee" not in line
    assert "walburga" not in line
    assert "test_logs.py" in line


def test_a_long_message_is_cut() -> None:
    """What is that long holds something that does not belong there."""
    assert len(Lines().format(record("x" * 10_000))) < LONGEST + 100


@pytest.mark.parametrize("kind", [Lines, JsonLines])
def test_both_forms_take_any_text(kind: type[logging.Formatter]) -> None:
    """Lone surrogates and control characters too: they are escaped or replaced, and written."""
    line = kind().format(record("\ud800\x00\x1b"))
    assert line.encode(sys.stderr.encoding or "utf-8", "backslashreplace")


def test_debugging_tells_of_ours_alone() -> None:
    """A client that tells of every request tells of passwords and people's words: at DEBUG it tells of neither."""
    names = ("", "tactful", "aiokafka", "aiokafka.conn", "httpx2", "anthropic")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = logging.getLogger().handlers[:]
    try:
        begin("DEBUG", as_json=False)
        enabled = {name: logging.getLogger(name).isEnabledFor(logging.DEBUG) for name in names}
    finally:
        logging.getLogger().handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
    assert enabled == dict.fromkeys(names, False) | {"tactful": True}
