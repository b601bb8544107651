"""Whether an event is the one that an `exit_on` waits for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


def matches(where: Mapping[str, Any] | None, raw: bytes) -> bool:
    """Whether each field of `where` is contained in the data as an equal JSON value; without `where`, always.

    Numbers are equal by value, so that 1 is 1.0; true is no number; of a nested mapping what is named counts.
    """
    if not where:
        return True
    try:
        data = msgspec.json.decode(raw)
    except (ValueError, RecursionError):  # what cannot be read contains nothing
        return False
    return _contains(data, where)


def _contains(found: object, wanted: object) -> bool:
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return False
        return all(name in found and _contains(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list | tuple):
        if not isinstance(found, list) or len(found) != len(wanted):
            return False
        return all(_contains(one, other) for one, other in zip(found, wanted, strict=True))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted
    return found == wanted
