"""What is looked at: everybody, one person, agents, dead letters, the tail, the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from aiohttp import web

from app.console.answering import HEADERS, known, wants_json
from app.console.desk import Desk, shown, user_of
from app.console.door import Visitor
from app.console.frame_values import Trouble
from app.console.knowing import now
from app.console.letters_view import has_gone_back, letter_at, letter_view, letters_view
from app.console.operator_values import AuditView, Found, SearchView, TailLine, TailView
from app.console.overview_view import open_by_agent, overview
from app.console.peers import HOP
from app.console.scenario_copy import CannotBeToldError
from app.console.switches import agents_view
from app.console.tail import fits
from app.console.values import Note
from app.http.answers import Refusal
from app.outside.letters import Letter

BEAT_S = 15.0
"""A comment in a stream that has nothing to say: whoever is gone is noticed, and a proxy keeps it open."""
TOGETHER_S = 0.25
"""Lines of so long go out together."""


class Looking:
    """Handlers that change nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def overview(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """How everything stands, over all consoles."""
        told = await self._desk.knowing.told(here=False, ask=self._desk.asking(request))
        stands = overview(told.share, now=now(), notes=told.notes)
        return await self._desk.answer(request, visitor, "overview", stands)

    async def share(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """This console's part, for another console."""
        told = await self._desk.knowing.told(here=True, ask=self._desk.asking(request))
        body = msgspec.json.encode(told.share)
        return known(web.Response(body=body, content_type="application/json"), visitor, secure=False)

    async def search(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Somebody by their id or its beginning, or by the id of what is theirs."""
        asked = request.query.get("q", "").strip()
        if not asked:
            return await self._desk.answer(request, visitor, "search", SearchView(asked="", found=()))
        finding = await self._desk.knowing.found(asked, here=False, ask=self._desk.asking(request))
        view = SearchView(
            asked=asked,
            found=tuple(Found(user_id=user_id, because=why) for user_id, why in finding.people.items()),
            more=finding.more,
            whole=finding.whole,
            notes=finding.notes,
        )
        return await self._desk.answer(request, visitor, "search", view)

    async def found(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Whom this console's part has, for another console."""
        asked = request.query.get("q", "").strip()
        finding = await self._desk.knowing.found(asked, here=True, ask=self._desk.asking(request))
        body = msgspec.json.encode(finding)
        return known(web.Response(body=body, content_type="application/json"), visitor, secure=False)

    async def lead(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """From a form's field to the person's own page."""
        del visitor
        user_id = request.query.get("user", "").strip()
        raise web.HTTPSeeOther(f"/people/{quote(user_id, safe='')}" if user_id else "/search")

    async def person(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """One person; 404 when nobody has heard of them, 503 when that cannot be said now."""
        user_id, words = user_of(request), shown(request)
        if words:
            self._desk.note_look(visitor, user_id)
        here, ask = HOP in request.headers, self._desk.asking(request)
        view = await self._desk.knowing.person(user_id, shown=words, here=here, ask=ask)
        if view.known:
            return await self._desk.answer(request, visitor, "person", view)
        if HOP in request.headers or view.notes:
            status = 503 if view.notes else 404
            response = await self._desk.answer(request, visitor, "person", view, status=status)
            if status == 503:
                response.headers["Retry-After"] = "2"
            return response
        trouble = Trouble(
            status=404,
            says=f"nothing is known of {view.user_id}",
            do="check the id: it is the key of the person's records",
        )
        return await self._desk.answer(request, visitor, "trouble", trouble, status=404)

    async def scenario(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The person's story as a file that `tactful scenario run` tells again."""
        if not shown(request):
            raise Refusal(400, "a story holds the person's words: ask for them by show=text", field="show")
        user_id = user_of(request)
        self._desk.note(visitor, "copy_scenario", user_id)
        here, ask = HOP in request.headers, self._desk.asking(request)
        try:
            text = await self._desk.knowing.story(user_id, here=here, ask=ask)
        except CannotBeToldError as error:
            raise Refusal(404, str(error)) from None
        if not isinstance(text, str):
            raise Refusal(503, "; ".join(note.says for note in text), headers={"Retry-After": "2"})
        response = web.Response(text=text, content_type="application/yaml", charset="utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="story.yaml"'
        return known(response, visitor, secure=False)

    async def agents(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """Who decides, and who is paused."""
        controls, trouble = await self._desk.switches.latest()
        told = await self._desk.knowing.told(here=False, ask=self._desk.asking(request))
        notes = list(told.notes)
        if trouble:
            notes.append(
                Note(kind="log_away", says=f"whether anything is paused is not known for sure: {trouble}")
            )
        view = agents_view(
            self._desk.deciding,
            controls,
            now=now(),
            open_plans=open_by_agent(told.share),
            stands=overview(told.share, now=now()),
            notes=tuple(notes),
        )
        return await self._desk.answer(request, visitor, "agents", view)

    async def letters(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """The dead letters, of one reason if one is asked for."""
        async with self._desk.acting() as log:
            view = await letters_view(
                log, request.query.get("reason", ""), agents=frozenset(self._desk.deciding.agents), now=now()
            )
        self._desk.dead_letters = sum(view.by_reason.values())
        return await self._desk.answer(request, visitor, "letters", view)

    async def letter(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """One of them, with what it holds when that is asked for."""
        partition, offset = place_of(request)
        words = shown(request)
        if words:
            self._desk.note(visitor, "look_at_letter", f"dead-letter-{partition}@{offset}")
        async with self._desk.acting() as log:
            found = one_letter(await letter_at(log, partition, offset))
            went_back = await has_gone_back(log, found)
        agents = frozenset(self._desk.deciding.agents)
        view = letter_view(found, agents=agents, shown=words, went_back=went_back)
        return await self._desk.answer(request, visitor, "letter", view)

    async def tail(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """What came by last."""
        return await self._desk.answer(request, visitor, "tail", self._tail(request))

    def _tail(self, request: web.Request) -> TailView:
        topic, user_id = request.query.get("topic", ""), request.query.get("user", "")
        trouble = self._desk.tail.trouble
        return TailView(
            now=now(),
            lines=tuple(self._desk.tail.latest(topic=topic, user_id=user_id)[:200]),
            topic=topic,
            user_id=user_id,
            notes=(Note(kind="log_away", says=trouble),) if trouble else (),
        )

    async def stream(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """What comes by from now on, as server-sent events: rows of the tail's page, or JSON."""
        as_json = wants_json(request) or request.query.get("format") == "json"
        topic, user_id = request.query.get("topic", ""), request.query.get("user", "")
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        known(response, visitor, secure=False)
        await response.prepare(request)
        async with self._desk.tail.watched() as queue:
            await response.write(b": here\n\n")
            while True:
                try:
                    async with asyncio.timeout(BEAT_S):
                        lines = [await queue.get()]
                except TimeoutError:
                    await response.write(b": still here\n\n")
                    continue
                await asyncio.sleep(TOGETHER_S)
                while not queue.empty():
                    lines.append(queue.get_nowait())
                lines = [each for each in reversed(lines) if fits(each, topic=topic, user_id=user_id)]
                if not lines:
                    continue
                await response.write(_event(_rows(lines, as_json=as_json)))

    async def audited(self, request: web.Request, visitor: Visitor) -> web.StreamResponse:
        """What was done on this console."""
        view = AuditView(entries=tuple(self._desk.audit.latest()))
        return await self._desk.answer(request, visitor, "audit", view)


def place_of(request: web.Request) -> tuple[int, int]:
    """The dead letter that a path names."""
    return int(request.match_info["partition"]), int(request.match_info["offset"])


def one_letter(found: Letter | None) -> Letter:
    """The letter, where there is one."""
    if found is None:
        raise Refusal(404, "there is no dead letter at this place: it may be older than the topic keeps them")
    return found


def _rows(lines: Sequence[TailLine], *, as_json: bool) -> str:
    if as_json:
        return msgspec.json.encode(lines).decode()
    from app.console.pages import tail as page  # noqa: PLC0415 - only who looks at HTML needs the pages

    return str(page.lines(lines))


def _event(text: str) -> bytes:
    data = "".join(f"data: {each}\n" for each in text.splitlines() or [""])
    return f"event: lines\n{data}\n".encode()
