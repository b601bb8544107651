"""What a story expects at its end: messages, outcomes, open plans, and how much the model was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BeforeValidator, Field, model_validator

from app.scenario.parts import Part, instant, refuse_unknown
from topics.nudges import Nudge
from topics.outcomes import Outcome


class OpenIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is open at the end of a story, as a story may name it."""

    user_id: str
    agent: str
    intent_id: str
    subject: str
    subject_key: str
    importance: float
    opened_at: datetime
    due_at: datetime
    expires_at: datetime
    status: str
    version: int
    deferred_by: str


def _described(
    record: type[msgspec.Struct], times: tuple[str, ...], more: tuple[str, ...] = ()
) -> BeforeValidator:
    fields = tuple(field.encode_name for field in msgspec.structs.fields(record))

    def check(value: object) -> object:
        if not isinstance(value, Mapping) or not value:
            raise ValueError("describe a record, like {user: ana, agent: follow_up}")
        refuse_unknown(value, ("user", *times, *more, *fields))
        for key in times:
            if key in value:
                instant(value[key])
        return value

    return BeforeValidator(check)


Described = Mapping[str, Any]
NudgeDescribed = Annotated[Described, _described(Nudge, ("after", "before"), ("contains",))]
OutcomeDescribed = Annotated[Described, _described(Outcome, ())]
OpenDescribed = Annotated[Described, _described(OpenIntent, ("due_after", "due_before"))]

Count = Annotated[int, Field(ge=0, strict=True)]


class Bounds(Part):
    """How often, at least and at most; `{at_most: 0}` is never."""

    at_least: Count = 0
    at_most: Count | None = None


def _exactly(value: object) -> object:
    return {"at_least": value, "at_most": value} if type(value) is int else value


Times = Annotated[Bounds, BeforeValidator(_exactly)]


class ModelCalls(Bounds):
    """Requests that reached the model: of each task, and (`at_least`, `at_most`) of all together."""

    reading: Times = Bounds()
    compose: Times = Bounds()
    judge: Times = Bounds()


class Expect(Part):
    """The end of a story. Without `nudges` they are not looked at; without `recalls` there are none."""

    nudges: tuple[NudgeDescribed, ...] | None = None
    recalls: tuple[NudgeDescribed, ...] = ()
    outcomes: tuple[OutcomeDescribed, ...] = ()
    outcomes_exactly: bool = False
    open: tuple[OpenDescribed, ...] = ()
    open_exactly: bool = False
    model_calls: Annotated[ModelCalls, BeforeValidator(_exactly)] = ModelCalls()
    dead_letters: Count = 0

    @model_validator(mode="before")
    @classmethod
    def _absent_is_null(cls, value: object) -> object:
        """`expect:` with nothing below it expects nothing in particular."""
        return {} if value is None else value
