"""The console's web server: which paths there are, who may use them, and how trouble is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from aiohttp import web

from app.console.acting import Acting
from app.console.answering import answered, guarded, wants_json, with_session
from app.console.desk import Desk
from app.console.door import COOKIE, NotIn, Visitor
from app.console.frame_values import Frame, SignIn, Trouble
from app.console.knowing import now
from app.console.looking import Looking
from app.console.trouble import trouble_of
from app.http.answers import BODY_LIMIT, Refusal

ForVisitors = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
Plain = Callable[[web.Request], Awaitable[web.StreamResponse]]
NOBODY = Visitor(who="", csrf="")


class Site:
    """All paths of one console."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.app = web.Application(middlewares=[guarded, self._told], client_max_size=BODY_LIMIT)
        looking, acting = Looking(desk), Acting(desk)
        pages: dict[str, ForVisitors] = {
            "/": looking.overview,
            "/overview.json": looking.overview,
            "/share.json": looking.share,
            "/search": looking.search,
            "/found.json": looking.found,
            "/people": looking.lead,
            "/people/{user_id}": looking.person,
            "/people/{user_id}/story.json": looking.person,
            "/people/{user_id}/scenario.yaml": looking.scenario,
            "/people/{user_id}/plans/{intent_id}/revoke": acting.ask_revoke,
            "/people/{user_id}/erase": acting.ask_erase,
            "/agents": looking.agents,
            "/agents.json": looking.agents,
            "/agents/{name}/{what:pause|resume}": acting.ask_switch,
            "/dead-letters": looking.letters,
            "/dead-letters.json": looking.letters,
            r"/dead-letters/{partition:\d+}/{offset:\d+}": looking.letter,
            "/tail": looking.tail,
            "/tail.json": looking.tail,
            "/tail/stream": looking.stream,
            "/audit": looking.audited,
            "/audit.json": looking.audited,
        }
        actions: dict[str, ForVisitors] = {
            "/people/{user_id}/plans/{intent_id}/revoke": acting.revoke,
            "/people/{user_id}/erase": acting.erase,
            "/agents/{name}/{what:pause|resume}": acting.switch,
            r"/dead-letters/{partition:\d+}/{offset:\d+}/send": acting.send_letter,
        }
        self.app.add_routes(
            [
                web.get("/healthz", self._alive),
                web.get("/readyz", self._ready),
                web.get("/static/{name}", self._static),
                web.get("/sign-in", self._sign_in),
                web.post("/sign-in", self._signed_in),
                web.post("/sign-out", self._sign_out),
                *(web.get(path, self._for(handler)) for path, handler in pages.items()),
                *(web.post(path, self._for(handler)) for path, handler in actions.items()),
            ]
        )

    def _for(self, handler: ForVisitors) -> Plain:
        async def asked(request: web.Request) -> web.StreamResponse:
            return await handler(request, self._desk.door.visitor(request))

        return asked

    # Without anybody's name

    async def _alive(self, _: web.Request) -> web.StreamResponse:
        return web.json_response({"alive": True})

    async def _ready(self, _: web.Request) -> web.StreamResponse:
        reasons = self._desk.knowing.ready()
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def _static(self, request: web.Request) -> web.StreamResponse:
        from app.console.pages.static import FILES  # noqa: PLC0415 - read when a page is first asked for

        found = FILES.get(request.match_info["name"])
        if found is None:
            raise Refusal(404, "there is no such file")
        kind, body = found
        etag = sha256(body).hexdigest()[:16]
        headers = {"Cache-Control": "no-cache", "ETag": f'"{etag}"'}
        if request.headers.get("If-None-Match") == f'"{etag}"':
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=kind, headers=headers)

    # The door

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        if not self._desk.door.has_token:
            raise web.HTTPSeeOther("/")
        form = SignIn(next=_inside(request.query.get("next", "/")))
        return answered(request, NOBODY, "sign_in", form, self._bare(request))

    async def _signed_in(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        to = _inside(str(form.get("next", "/")))
        cookie = self._desk.door.signed_in(str(form.get("token", "")))
        if cookie is None:
            wrong = SignIn(next=to, wrong=True)
            return answered(request, NOBODY, "sign_in", wrong, self._bare(request), status=401)
        response = web.Response(status=303, headers={"Location": to})
        secure = request.headers.get("X-Forwarded-Proto") == "https"
        with_session(response, cookie, secure=secure)
        return response

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        visitor = self._desk.door.visitor(request)
        form = await request.post()
        self._desk.door.check_form(request, visitor, str(form.get("csrf", "")))
        response = web.Response(status=303, headers={"Location": "/sign-in"})
        response.del_cookie(COOKIE, path="/")
        return response

    # Trouble

    @web.middleware
    async def _told(self, request: web.Request, handler: Plain) -> web.StreamResponse:
        """Whatever goes wrong is a page, or JSON for a program."""
        try:
            return await handler(request)
        except NotIn:
            if not wants_json(request):
                raise web.HTTPSeeOther(f"/sign-in?next={quote(request.path_qs, safe='')}") from None
            trouble = Trouble(status=401, says="the token is missing", do="send Authorization: Bearer TOKEN")
            return self._trouble(request, trouble, {"WWW-Authenticate": 'Bearer realm="tactful"'})
        except (web.HTTPRedirection, ConnectionResetError):
            raise  # led elsewhere, or gone
        except Exception as error:  # noqa: BLE001 - each kind has its words, and what nobody foresaw is logged
            return self._trouble(request, *trouble_of(error, request))

    def _trouble(
        self, request: web.Request, trouble: Trouble, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        frame = self._bare(request)
        response = answered(request, NOBODY, "trouble", trouble, frame, status=trouble.status)
        response.headers.update(headers)
        return response

    def _bare(self, request: web.Request) -> Frame:
        """A frame for whoever is not in, or while nothing can be read."""
        return Frame(
            now=now(),
            csrf="",
            path=request.path_qs,
            version=self._desk.version,
            refresh_ms=self._desk.refresh_ms,
        )


def _inside(path: str) -> str:
    """A path of ours: nobody is led elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
