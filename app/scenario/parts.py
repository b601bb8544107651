"""What every mapping of the scenario format has in common: known keys only, times with an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


def instant(value: object) -> datetime:
    """RFC 3339 with an offset; ValueError says what is expected."""
    if isinstance(value, datetime):
        return value
    try:
        when = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        raise ValueError(f"{value!r} is no time with an offset: write it like 2026-03-02T17:00:00+01:00")
    return when


def _word(value: object) -> object:
    return str(value) if type(value) in (int, float) else value


Instant = Annotated[datetime, BeforeValidator(instant)]
Name = Annotated[str, BeforeValidator(_word)]
"""An identifier; YAML makes a number of `id: 7`, and its author meant the word."""


def refuse_unknown(keys: object, known: Sequence[str], *path: str | int) -> None:
    """Refuse the first key that the format does not have, naming the nearest; `path` leads to the mapping."""
    for key in keys if isinstance(keys, Mapping) else ():
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            message = f"unknown key: {meant}known here: {', '.join(known)}"
            raise PydanticCustomError(
                "unknown_key", "{message}", {"message": message, "path": (*path, str(key))}
            )


class Part(BaseModel):
    """A mapping of the format: a key that it does not have is refused with the keys that it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: object) -> object:
        refuse_unknown(value, list(cls.model_fields))
        return value
