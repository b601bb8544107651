"""Whether this version of the records still fits those that were released; app/docs/data-team.md has the rule.

A record is read by others' code and stays in its topic for weeks, so both directions count: what a released
writer sends must still be taken, and what we write must still be what a released reader knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from topics.json_schema import KNOWN, WRITTEN_BY, Schema

Node = Mapping[str, Any]

AT_LEAST = ("minimum", "minLength", "minItems")
AT_MOST = ("maximum", "maxLength", "maxItems")
TOGETHER = ("if", "then", "else", "anyOf")
"""What several fields have to say together; compared as a whole."""
RETENTION = "retention.ms"


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One thing on which somebody may depend and which is no longer so: where, and what is wrong."""

    version: str
    where: str
    problem: str

    def __str__(self) -> str:
        return f"{self.where}: {self.problem} (released in {self.version})"


def breaks(version: str, old: Mapping[str, Schema], new: Mapping[str, Schema]) -> Iterator[Break]:
    """What of a released version's schemas does not hold any more."""
    for name, before in old.items():
        if name not in new:
            yield Break(version=version, where=name, problem="the record is taken away")
            continue
        ours = before[WRITTEN_BY] == "tactful"
        for where, problem in _node(name, before, new[name], ours=ours):
            yield Break(version=version, where=where, problem=problem)


def topic_breaks(version: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Break]:
    """What of a released version's topics does not hold any more."""
    for name, before in old.items():
        for problem in _topic(before, new.get(name)):
            yield Break(version=version, where=name, problem=problem)


def _topic(before: Node, now: Node | None) -> Iterator[str]:
    if now is None:
        yield "the topic is taken away"
        return
    for field in ("key", "single_partition"):
        if before[field] != now[field]:
            yield f"its {field} was {before[field]!r} and is {now[field]!r}"
    was, kept = before["config"], now["config"]
    if was["cleanup.policy"] != kept["cleanup.policy"]:
        yield f"its cleanup.policy was {was['cleanup.policy']} and is {kept['cleanup.policy']}"
    if RETENTION in kept and int(kept[RETENTION]) < int(was.get(RETENTION, kept[RETENTION])):
        yield f"it is kept for {kept[RETENTION]} ms, and was for {was[RETENTION]}"


def _node(where: str, old: Node, new: Node, *, ours: bool) -> Iterator[tuple[str, str]]:
    """Everything that may be said of one value, then of what lies in it."""
    was, now = _kinds(old), _kinds(new)
    for problem in (*_taken(was, now, ours=ours), *_meant(old, new)):
        yield where, problem
    for kind in was.keys() & now.keys():
        for problem in (*_words(was[kind], now[kind], ours=ours), *_bounds(was[kind], now[kind], ours=ours)):
            yield where, problem
        if kind == "object":
            yield from _fields(where, was[kind], now[kind], ours=ours)
        if kind == "array":
            yield from _node(f"{where}[]", was[kind].get("items", {}), now[kind].get("items", {}), ours=ours)


def _taken(was: Mapping[str, Node], now: Mapping[str, Node], *, ours: bool) -> Iterator[str]:
    """Which JSON types are left, and which came."""
    if not was and now:
        yield f"narrowed: it was anything, and must be {' or '.join(now)}"
    if was and not now and ours:
        yield "it may now be anything, and its readers know a type"
    if not (was and now):
        return
    for kind in was:
        widened = kind == "integer" and "number" in now and not ours
        if kind not in now and not widened:
            yield f"narrowed: it may no longer be {kind}"
    for kind in now:
        if ours and kind not in was:
            yield f"it may now be {kind}, which its readers do not know"


def _meant(old: Node, new: Node) -> Iterator[str]:
    """What is said by leaving it out, and by the words it may be today."""
    if "default" in old and old["default"] != new.get("default", old["default"]):
        yield f"left out it meant {old['default']!r}, and means {new['default']!r}"
    for word in old.get(KNOWN, ()):
        if word not in new.get(KNOWN, ()):
            yield f"the word {word!r} is taken away"


def _kinds(node: Node) -> dict[str, Node]:
    """What a value may be, by JSON type; nothing where it may be anything."""
    if "type" not in node and "anyOf" in node:
        return {kind: each for branch in node["anyOf"] for kind, each in _kinds(branch).items()}
    return {node["type"]: node} if "type" in node else {}


def _words(old: Node, new: Node, *, ours: bool) -> Iterator[str]:
    """Which of the listed values are left, and which came."""
    was, now = _listed(old), _listed(new)
    if was is None and now is not None:
        yield f"narrowed: it may only be {' or '.join(map(repr, now))}"
    elif was is not None and now is None and ours:
        yield "it may now be anything of its type, and its readers know a list"
    elif was is not None and now is not None:
        for value in was:
            if value not in now:
                yield f"narrowed: the value {value!r} is taken away"
        for value in now:
            if ours and value not in was:
                yield f"it may now be {value!r}, which its readers do not know"


def _bounds(old: Node, new: Node, *, ours: bool) -> Iterator[str]:
    """What a value of one type must be like."""
    for name in ("format", "pattern"):
        if old.get(name) != new.get(name) and (new.get(name) or ours):
            yield f"narrowed: its {name} was {old.get(name)} and is {new.get(name)}"
    for names, sign in ((AT_LEAST, 1), (AT_MOST, -1)):
        for name in names:
            was, bound = old.get(name), new.get(name)
            if bound is not None and (was is None or (bound - was) * sign > 0):
                yield f"narrowed: {name} is {bound}" + ("" if was is None else f" and was {was}")


def _listed(node: Node) -> list[Any] | None:
    return [node["const"]] if "const" in node else node.get("enum")


def _fields(where: str, old: Node, new: Node, *, ours: bool) -> Iterator[tuple[str, str]]:
    was, now = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    for name, field in was.items():
        here = f"{where}.{name}"
        if name not in now:
            renamed = [f"{where}.{other}" for other in now if other not in was and _same(now[other], field)]
            also = f"; renamed to {renamed[0]}?" if renamed else ""
            yield here, f"the field is taken away{also}"
            continue
        if name in needs - needed:
            yield here, "narrowed: it is required, and was not"
        if ours and name in needed - needs:
            yield here, "it may now be missing, and its readers count on it"
        yield from _node(here, field, now[name], ours=ours)
    for name in (needs - needed) - set(was):
        yield f"{where}.{name}", "a new field is required: released writers and older records lack it"
    yield from _others(where, _rest(old), _rest(new), ours=ours)
    for name in TOGETHER:
        if name in new and new[name] != old.get(name):
            yield where, f"narrowed: what its fields must say together ({name}) has changed"


def _others(where: str, old: Node | None, new: Node | None, *, ours: bool) -> Iterator[tuple[str, str]]:
    """What fields that are not named may hold."""
    if old is not None and new is None:
        yield where, "narrowed: it takes no other fields any more"
    elif old is not None and new is not None:
        yield from _node(f"{where}.*", old, new, ours=ours)


def _rest(node: Node) -> Node | None:
    """The schema of fields that are not named; None where there may be none."""
    rest = node.get("additionalProperties", True)
    return None if rest is False else {} if rest is True else rest


def _same(one: Node, other: Node) -> bool:
    """Whether two fields are alike but for what is said of them."""
    said = {"description", "title"}
    return {k: v for k, v in one.items() if k not in said} == {
        k: v for k, v in other.items() if k not in said
    }
