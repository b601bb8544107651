"""What the worker says on stderr: one line a fact, as key=value or as JSON; nobody's words are in it."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import extract_tb

LONGEST = 1_000
"""Characters of a message: what is longer holds something that does not belong here."""
OURS = ("app", "agents", "topics", "aiokafka")
"""Whose exceptions may be quoted, with the system's: an agent's, a decoder's or a web server's may hold what a
person wrote, or who it was."""
FRAMES = 6
QUIET = {
    "aiokafka": logging.WARNING,
    "kafka": logging.WARNING,
    "faust": logging.WARNING,
    "mode": logging.WARNING,
    "app": logging.WARNING,
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
}
"""Libraries that tell of every step; `app`: what Faust tells of classes of its own that are ours below."""


class _Fields(logging.Formatter):
    """A record as names and values, the same for both forms."""

    def fields(self, record: logging.LogRecord) -> dict[str, str]:
        """When, how bad, who, what; and for an exception its kinds and where it came from."""
        message = record.getMessage()
        fields = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name.removeprefix("tactful."),
            "msg": message if len(message) <= LONGEST else f"{message[:LONGEST]}...",
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = told(record.exc_info[1])
            fields["at"] = where(record.exc_info[1])
        return fields


class Lines(_Fields):
    """`ts=... level=... logger=... msg="..."`."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{name}={_quoted(value)}" for name, value in self.fields(record).items())


class JsonLines(_Fields):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.fields(record), ensure_ascii=False)


def told(error: BaseException) -> str:
    """The kinds of an exception and of what caused it, each with its words where those are nobody else's."""
    kinds: list[str] = []
    each: BaseException | None = error
    while each is not None and len(kinds) < FRAMES:
        kind = type(each)
        ours = kind.__module__.partition(".")[0] in OURS or isinstance(each, OSError)
        kinds.append(f"{kind.__name__}: {str(each)[:LONGEST]}" if ours and str(each) else kind.__name__)
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return " <- ".join(kinds)


def where(error: BaseException) -> str:
    """The innermost places that an exception came through."""
    frames = extract_tb(error.__traceback__)[-FRAMES:]
    return " > ".join(
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}:{frame.name}" for frame in frames
    )


def _quoted(value: str) -> str:
    return (
        value
        if value and all(each.isalnum() or each in "-_.:+" for each in value)
        else json.dumps(value, ensure_ascii=False)
    )


def begin(level: str, *, as_json: bool) -> None:
    """From now on all loggers speak in this form, to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else Lines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if level == "DEBUG":
        # Of ours alone: a client that tells of every request tells of people's words, and of passwords.
        logging.getLogger().setLevel(logging.INFO)
        logging.getLogger("tactful").setLevel(logging.DEBUG)
    else:
        for name, least in QUIET.items():
            logging.getLogger(name).setLevel(least)
