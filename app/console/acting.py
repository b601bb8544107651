"""What an operator may do here: each asked for by a form of our own, written down first, and then put on the log."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from app.console.answering import known, wants_json
from app.console.desk import Desk, user_of
from app.console.door import Visitor
from app.console.frame_values import Asked
from app.console.knowing import now
from app.console.letters_view import letter_at, mended
from app.console.looking import one_letter, place_of
from app.http.answers import Refusal
from app.outside.log import milliseconds
from topics.controls import EVERYTHING
from topics.encode import event_record
from topics.record import NewRecord

SOURCE = "tactful-console"
"""The source of the events that are written here; `by` in their data says who clicked."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a program is told that asked for an action."""

    done: str
    about: str
    event_id: str = ""
    places: tuple[str, ...] = ()


class Acting:
    """Handlers of forms, and of the questions before them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # A plan

    async def ask_revoke(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Whether they mean it."""
        user_id, intent_id = user_of(request), request.match_info["intent_id"]
        asked = Asked(
            action=f"{_page(user_id)}/plans/{quote(intent_id, safe='')}/revoke",
            question=f"Revoke the plan {intent_id[:8]} of {user_id}?",
            consequences=(
                "It closes as revoked (requested), and nothing is sent for it.",
                "If its message went out already and can still be taken back, it is recalled.",
            ),
            yes="Revoke the plan",
            back=_page(user_id),
        )
        return await self._desk.answer(request, visitor, "confirm", asked)

    async def revoke(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """An `intent.revoked` for the person's log; the worker strikes the plan when it reads it."""
        await self._form(request, visitor)
        user_id, intent_id = user_of(request), request.match_info["intent_id"]
        self._desk.note(visitor, "revoke", user_id, intent_id)
        done = await self._event(visitor, user_id, "intent.revoked", {"intent_id": intent_id}, done="revoked")
        return _led(request, visitor, done, _page(user_id))

    # A person

    async def ask_erase(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Whether they mean it: the second question wants the id typed."""
        user_id = user_of(request)
        asked = Asked(
            action=f"{_page(user_id)}/erase",
            question=f"Erase everything about {user_id}?",
            consequences=(
                "All plans close as erased, and messages that can still be taken back are recalled.",
                "Their row becomes a stub that goes after 30 days; this console drops their timeline.",
                "What was published before leaves its topics with their retention.",
                "It cannot be undone: they would have to grant everything anew.",
            ),
            yes="Erase this person",
            back=_page(user_id),
            type_this=user_id,
        )
        return await self._desk.answer(request, visitor, "confirm", asked)

    async def erase(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """A `user.erased` for the person's log, when the id was typed."""
        form = await self._form(request, visitor)
        user_id = user_of(request)
        if str(form.get("confirm", "")).strip() != user_id:
            raise Refusal(400, "is not the id of this person: nothing was done", field="confirm")
        self._desk.note(visitor, "erase", user_id)
        done = await self._event(visitor, user_id, "user.erased", {}, done="erased")
        return _led(request, visitor, done, _page(user_id))

    # Agents

    async def ask_switch(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Whether they mean it."""
        name, what = self._agent(request), request.match_info["what"]
        whom = "every agent" if name == EVERYTHING else name
        consequences = {
            "pause": (
                f"{whom.capitalize()} sends nothing until it is resumed; its plans stay.",
                "What runs out meanwhile closes as paused.",
            ),
            "resume": (f"{whom.capitalize()} goes on; what is too late by now stays unsaid.",),
        }
        asked = Asked(
            action=f"/agents/{quote(name, safe='')}/{what}",
            question=f"{what.capitalize()} {whom}?",
            consequences=consequences[what],
            yes=f"{what.capitalize()} {whom}",
            back="/agents",
        )
        return await self._desk.answer(request, visitor, "confirm", asked)

    async def switch(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The control that every worker follows."""
        await self._form(request, visitor)
        name, what = self._agent(request), request.match_info["what"]
        self._desk.note(visitor, what, name)
        await self._desk.switches.switch(name, paused=what == "pause", by=visitor.who, at=now())
        done = Done(done="paused" if what == "pause" else "resumed", about=name)
        return _led(request, visitor, done, "/agents")

    def _agent(self, request: web.Request) -> str:
        name = request.match_info["name"]
        if name != EVERYTHING and name not in self._desk.deciding.agents:
            known_here = ", ".join(sorted(self._desk.deciding.agents))
            raise Refusal(404, f"there is no agent {name!r}: one of {known_here}, or * for everything")
        return name

    # Dead letters

    async def send_letter(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The letter as it came, or mended, back to its person's log; refused while it would come back."""
        form = await self._form(request, visitor)
        partition, offset = place_of(request)
        async with self._desk.acting() as log:
            found = one_letter(await letter_at(log, partition, offset))
            letter = mended(found, _given(form, "value"), _given(form, "key"))
            if why := letter.still_wrong(frozenset(self._desk.deciding.agents)):
                raise Refusal(409, f"it would be put aside again ({why}): mend it first", field="value")
            edited = "as it came" if letter.mended is None else "mended"
            self._desk.note(visitor, "send_letter", found.place, edited)
            places = await log.append([letter.again()])
        done = Done(done="sent", about=found.place, places=_named(places))
        return _led(request, visitor, done, "/dead-letters")

    # What all of them do

    async def _form(self, request: web.Request, visitor: Visitor) -> Mapping[str, Any]:
        """The form, when it is one of ours."""
        form = await request.post()
        given = request.headers.get("Tactful-Csrf") or form.get("csrf", "")
        self._desk.door.check_form(request, visitor, str(given))
        return form

    async def _event(
        self, visitor: Visitor, user_id: str, kind: str, data: dict[str, str], *, done: str
    ) -> Done:
        at, event_id = now(), uuid.uuid4().hex
        record: NewRecord = event_record(
            user_id=user_id,
            event_id=event_id,
            source=SOURCE,
            event_type=kind,
            data={**data, "by": visitor.who},
            timestamp_ms=milliseconds(at),
            time=at,
        )
        async with self._desk.acting() as log:
            places = await log.append([record])
        return Done(done=done, about=user_id, event_id=event_id, places=_named(places))


def _page(user_id: str) -> str:
    return f"/people/{quote(user_id, safe='')}"


def _given(form: Mapping[str, Any], name: str) -> str | None:
    """A field of the form; a browser writes line ends in its own way."""
    value = form.get(name)
    return None if value is None else str(value).replace("\r\n", "\n")


def _named(places: list[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(f"{partition}@{offset}" for partition, offset in places)


def _led(request: web.Request, visitor: Visitor, done: Done, to: str) -> web.StreamResponse:
    """Back to the page, or the word for a program."""
    response: web.Response
    if wants_json(request):
        response = web.Response(
            body=msgspec.json.encode(done), status=202, content_type="application/json", charset="utf-8"
        )
    else:
        response = web.Response(status=303, headers={"Location": f"{to}?done={done.done}"})
    return known(response, visitor, secure=False)
