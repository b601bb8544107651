"""Whether a story ended as it should, and if not, what was expected and what was there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from app.scenario.ending import Ending, Json, decided, header
from app.scenario.expected import Bounds, Expect
from app.scenario.parts import instant

Matched = dict[int, int]
"""The number of an expectation to the number of its record."""

_TIMES = {  # bound -> (the field that it bounds, whether it is the lower one)
    "after": ("decided_at", True),
    "before": ("decided_at", False),
    "due_after": ("due_at", True),
    "due_before": ("due_at", False),
}
_TOLD = {
    "nudges": ("user_id", "agent", "subject", "decided_at", "written_by", "text"),
    "recalls": ("user_id", "agent", "subject", "decided_at"),
    "outcomes": ("user_id", "agent", "subject", "outcome", "reason", "closed_at"),
    "open": ("user_id", "agent", "subject", "due_at"),
}


def failures(expect: Expect, ending: Ending) -> list[str]:
    """What is not as it should be, each in words that a story's author understands; empty when all is."""
    found = [] if expect.nudges is None else _in_order("nudges", expect.nudges, ending.nudges)
    found += _in_order("recalls", expect.recalls, ending.recalls)
    found += _some("outcomes", expect.outcomes, ending.outcomes, exactly=expect.outcomes_exactly)
    found += _some("open", expect.open, ending.open, exactly=expect.open_exactly)
    found += _model_calls(expect, ending.model_calls)
    return found + _dead_letters(expect.dead_letters, ending)


def misfits(described: Json, record: Json) -> list[str]:
    """What about a record is not as it is described; empty when it fits."""
    found = []
    for key, wanted in described.items():
        if key in _TIMES:
            field, lower = _TIMES[key]
            there = instant(record[field])
            if (there < instant(wanted)) if lower else (there >= instant(wanted)):
                found.append(
                    f"{field} is {record[field]}, not {'at or after' if lower else 'before'} {wanted}"
                )
        elif key == "contains":
            if wanted not in record["text"]:
                found.append(f"text is {record['text']!r}, without {wanted!r}")
        else:
            field = "user_id" if key == "user" else key
            if not holds(record.get(field), wanted):
                found.append(f"{key} is {record.get(field)!r}, not {wanted!r}")
    return found


def holds(there: object, wanted: object) -> bool:
    """Whether a value is as expected: times as instants, mappings contained, lists element by element."""
    if isinstance(wanted, Mapping):
        return isinstance(there, Mapping) and all(
            k in there and holds(there[k], v) for k, v in wanted.items()
        )
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if not isinstance(there, Sequence) or isinstance(there, str) or len(there) != len(wanted):
            return False
        return all(map(holds, there, wanted))
    if isinstance(wanted, bool) or isinstance(there, bool):
        return wanted is there
    if isinstance(wanted, str) and isinstance(there, str) and wanted != there:
        times = _instant(wanted), _instant(there)
        return None not in times and times[0] == times[1]
    return there == wanted


def _instant(value: str) -> datetime | None:
    try:
        return instant(value)
    except ValueError:
        return None


def _matched(described: Sequence[Json], records: Sequence[Json]) -> Matched:
    """As many expectations as possible, each with a record of its own, whatever their order."""
    fits = [[n for n, record in enumerate(records) if not misfits(one, record)] for one in described]
    taken: dict[int, int] = {}

    def place(one: int, tried: set[int]) -> bool:
        for record in fits[one]:
            if record not in tried:
                tried.add(record)
                if record not in taken or place(taken[record], tried):
                    taken[record] = one
                    return True
        return False

    for one in range(len(described)):
        place(one, set())
    return {one: record for record, one in taken.items()}


def _some(what: str, described: Sequence[Json], records: Sequence[Json], *, exactly: bool) -> list[str]:
    matched = _matched(described, records)
    free = [record for n, record in enumerate(records) if n not in matched.values()]
    found = []
    for number, one in enumerate(described):
        if number in matched:
            continue
        lines = [f"{what}: expected {_told(one)}, which is not there"]
        if free:
            nearest = min(free, key=lambda record: len(misfits(one, record)))
            lines.append(f"the nearest is {_record(what, nearest)}: {'; '.join(misfits(one, nearest))}")
        elif not records:
            lines.append(f"there are no {what} at all" if what != "open" else "nothing is open")
        found.append("; ".join(lines))
    if exactly:
        found += [f"{what}: there is also {_record(what, record)}, which was not expected" for record in free]
    return found


def _in_order(what: str, described: Sequence[Json], records: Sequence[Json]) -> list[str]:
    """All of them, in the order of their decisions; those of one instant in any order."""
    found = _some(what, described, records, exactly=True)
    if found:
        return found
    first = 0
    for at, group in groupby(records, key=decided):
        together = list(group)
        wanted = described[first : first + len(together)]
        if len(_matched(wanted, together)) < len(together):
            order = ", ".join(_record(what, record) for record in records)
            return [f"{what}: all are there, but in another order from {at.isoformat()} on: {order}"]
        first += len(together)
    return []


def _model_calls(expect: Expect, calls: Mapping[str, int]) -> list[str]:
    bounds: dict[str, Bounds] = {
        task: getattr(expect.model_calls, task) for task in ("reading", "compose", "judge")
    }
    found = [_outside(f"model_calls of {task}", bound, calls.get(task, 0)) for task, bound in bounds.items()]
    found.append(_outside("model_calls of all tasks", expect.model_calls, sum(calls.values())))
    return [line for line in found if line]


def _outside(what: str, bound: Bounds, there: int) -> str:
    if bound.at_least <= there and (bound.at_most is None or there <= bound.at_most):
        return ""
    if bound.at_least == bound.at_most:
        return f"{what}: expected {bound.at_most}, there were {there}"
    wanted = f"at least {bound.at_least}" if there < bound.at_least else f"at most {bound.at_most}"
    return f"{what}: expected {wanted}, there were {there}"


def _dead_letters(expected: int, ending: Ending) -> list[str]:
    letters = ending.dead_letters
    if len(letters) == expected:
        return []
    each = [f"{header(letter, 'tactful_reason')} ({header(letter, 'tactful_error')})" for letter in letters]
    listed = f": {'; '.join(each)}" if each else ""
    return [f"dead_letters: expected {expected}, there were {len(letters)}{listed}"]


def _record(what: str, record: Json) -> str:
    return _told({field: record[field] for field in _TOLD[what] if field in record})


def _told(described: Mapping[str, Any]) -> str:
    return (
        "{"
        + ", ".join(f"{'user' if key == 'user_id' else key}: {value}" for key, value in described.items())
        + "}"
    )
