"""A person's story as a scenario file: the events and the model's answers as recorded, and what came of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from app.console.person_row import CUT, PersonRow
from app.console.person_view import decoded
from app.core.policy import Policy
from app.core.row import Row
from app.outside.log import moment
from app.outside.shown import header
from topics.decode import Undecodable, decode
from topics.nudges import NUDGES, Nudge
from topics.outcomes import NUDGE_OUTCOME, Outcome
from topics.passes import NUDGE_PASS, Pass, PassAsk
from topics.record import Record, Ref
from topics.user_events import USER_EVENTS

FAULTS = {
    "timeout": "timeout",
    "unreachable": "unreachable",
    "budget": "unreachable",
    "overloaded": "overloaded",
    "rate_limited": "rate_limited",
    "refused": "refusal",
    "truncated": "truncated",
    "malformed": "garbage",
}
"""What kept an answer away, in the words of a story's rules."""
TAKES_S = 1.0
"""An answer that was quicker is told as taking no time."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNSEEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202f\ufeff\ud800-\udfff\ufffe\uffff]")


class CannotBeToldError(Exception):
    """Nothing of this person's story can be told again; the message says why."""


def scenario_of(row: PersonRow, policy: Policy, *, agents: frozenset[str], now: datetime) -> str:
    """The story in YAML; what the worker itself went through (pauses, downtime, load) is not in it."""
    events = row.of(USER_EVENTS.name)
    entries, letters = _timeline(events, agents)
    if not entries:
        raise CannotBeToldError(f"no event of {row.user_id} is kept here any more")
    places = {(record.partition, record.offset) for record in events}
    outcomes = [each for _, each in decoded(row.of(NUDGE_OUTCOME.name), Outcome)]
    told = [each for each in outcomes if _place(each.opened_by) in places]
    passes = [each for _, each in decoded(row.of(NUDGE_PASS.name), Pass)]
    nudges = [each for _, each in decoded(row.of(NUDGES.name), Nudge)]
    stands = row.row()
    lines = [
        *_beginning(row, policy, outcomes, told, events),
        f"name: {_flow(f'What happened to {row.user_id}')}",
        f"start: {_flow(_time(moment(events[0].timestamp_ms)))}",
        f"users: {_flow({row.user_id: _user(stands, events, agents)})}",
        f"policy: {_flow(_different(policy.model_dump(mode='json'), Policy().model_dump(mode='json')))}",
        "model:" if any(True for _ in _rules(row.user_id, passes)) else "model: []",
        *(f"  - {_flow(rule)}" for rule in _rules(row.user_id, passes)),
        "timeline:",
        *(f"  - {_flow(entry)}" for entry in entries),
        f"  - {_flow({'until': _time(max(now, _last(entries)))})}",
        *_expected(row.user_id, told, nudges, stands, letters),
    ]
    return "\n".join(lines) + "\n"


def _beginning(
    row: PersonRow,
    policy: Policy,
    outcomes: Sequence[Outcome],
    told: Sequence[Outcome],
    events: Sequence[Record],
) -> Iterator[str]:
    yield "# Copied from the console: the events as the log had them, the model's answers as they were recorded."
    others = sorted({each.policy_version for each in outcomes} - {policy.version})
    if others:
        yield f"# Decided under the policies {', '.join(others)}; the one below is {policy.version}."
    if len(told) < len(outcomes):
        left = len(outcomes) - len(told)
        yield f"# {left} outcome(s) follow from events that are no longer kept, and are left out."
    if row.cut:
        yield "# The beginning of the story is no longer kept."
    if any(header(record, CUT) for record in events):
        yield "# An event was too large to be kept, and is left out."


def _timeline(events: Sequence[Record], agents: frozenset[str]) -> tuple[list[dict[str, Any]], int]:
    """The entries in the order of the log, and how many of them are dead letters."""
    entries: list[dict[str, Any]] = []
    letters, at = 0, moment(0)
    for record in events:
        if header(record, CUT):
            continue
        # Services' clocks differ; the log's order is what counts.
        at = max(at, moment(record.timestamp_ms))
        event = decode(record, agents=agents)
        if isinstance(event, Undecodable):
            letters += 1
            value = record.value
            raw = {"raw": None} if value is None else {"raw_base64": base64.b64encode(value).decode()}
            entries.append({"at": _time(at), "key": (record.key or b"").decode(), **raw})
        elif event.type != "intent.matured":
            entries.append(
                {
                    "at": _time(at),
                    "user": event.user_id,
                    "event": event.type,
                    "id": event.id,
                    "source": event.source,
                    **({} if event.time == at else {"time": event.time.isoformat()}),
                    "data": json.loads(event.raw or b"{}"),
                }
            )
    return entries, letters


def _user(row: Row | None, events: Sequence[Record], agents: frozenset[str]) -> dict[str, Any]:
    """What was known before the first event that is kept: only what no event of the story tells."""
    kinds = {getattr(decode(record, agents=agents), "type", "") for record in events}
    known: dict[str, Any] = {}
    if row is None:
        return known
    if "profile.updated" not in kinds:
        locale = "" if row.locale == Row(user_id="").locale else row.locale
        known |= {"timezone": row.timezone, "locale": locale, "name": row.name}
        if row.quiet_hours is not None:
            known["quiet_hours"] = {"start": row.quiet_hours.start, "end": row.quiet_hours.end}
    if "consent.changed" not in kinds:
        known["consents"] = [agent for agent, granted in row.consents.items() if granted]
    return {name: value for name, value in known.items() if value}


def _rules(user_id: str, passes: Sequence[Pass]) -> Iterator[dict[str, Any]]:
    """Each recorded answer once, in the order of asking."""
    for looked in passes:
        for ask in looked.asks:
            yield {"ask": ask.task, "user": user_id, "times": 1, **_answer(ask)}


def _answer(ask: PassAsk) -> dict[str, Any]:
    if ask.failed:
        return {"fault": FAULTS[ask.failed]}
    takes = {"takes": f"{ask.seconds * 1000:.0f}ms"} if ask.seconds >= TAKES_S else {}
    return {"reply": _without_nulls(ask.answer), **takes}


def _expected(
    user_id: str, told: Sequence[Outcome], nudges: Sequence[Nudge], row: Row | None, letters: int
) -> Iterator[str]:
    """What is known by name: who spoke, what ended how, what is open. Times follow from the events."""
    ids = {outcome.nudge_id for outcome in told if outcome.nudge_id}
    mine = [each for each in nudges if each.nudge_id in ids]
    yield "expect:"
    for name, kind in (("nudges", "nudge"), ("recalls", "recall")):
        sent = [each for each in mine if each.kind == kind]
        yield f"  {name}:" if sent else f"  {name}: []"
        for each in sent:
            words = {"text": each.text, "written_by": each.written_by} if kind == "nudge" else {}
            yield f"    - {_flow({'user': user_id, 'agent': each.agent, 'subject': each.subject, **words})}"
    if told:
        yield "  outcomes:"
    for outcome in told:
        fields = {
            "user": user_id,
            "agent": outcome.agent,
            "subject": outcome.subject,
            "outcome": outcome.outcome,
            "reason": outcome.reason,
            "due_at": _time(outcome.due_at),
        }
        yield f"    - {_flow(fields)}"
    ended = {outcome.intent_id for outcome in told}
    still = [
        each for each in (row.intents.values() if row is not None else ()) if each.intent_id not in ended
    ]
    if still:
        yield "  open:"
    for intent in still:
        fields = {
            "user": user_id,
            "agent": intent.agent,
            "subject": intent.subject,
            "due_at": _time(intent.due_at),
        }
        yield f"    - {_flow(fields)}"
    yield f"  dead_letters: {letters}"


def _different(ours: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What a story lays over the default policy, key by key."""
    found: dict[str, Any] = {}
    for key, value in ours.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            if below := _different(value, default):
                found[key] = below
        elif value != default:
            found[key] = value
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(each) for each in value]
    return value


def _place(ref: Ref) -> tuple[int, int]:
    return ref.partition, ref.offset


def _last(entries: Sequence[Mapping[str, Any]]) -> datetime:
    return datetime.fromisoformat(str(entries[-1]["at"]))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _flow(value: Any) -> str:
    """One value on one line of YAML: JSON, but for keys that need no quotes and characters nobody sees."""
    if isinstance(value, Mapping):
        pairs = (
            f"{key if _PLAIN.fullmatch(str(key)) else _text(str(key))}: {_flow(each)}"
            for key, each in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    return msgspec.json.encode(value).decode()


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return _UNSEEN.sub(lambda hit: f"\\u{ord(hit[0]):04x}", json.dumps(text, ensure_ascii=False))
