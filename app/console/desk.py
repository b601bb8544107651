"""All that the console's handlers share: what is known, who may come in, what is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from app.console.answering import answered
from app.console.audit import Audit
from app.console.door import Door, Visitor
from app.console.frame_values import Frame
from app.console.knowing import Asking, Knowing, Opened, now
from app.console.looks import Looks
from app.console.operator_values import Audited
from app.console.switches import Switches
from app.console.tail import Tail
from app.deployment import Deciding
from app.http.answers import Refusal

if TYPE_CHECKING:
    import msgspec

    from app.console.peers import Peers

DONE: Mapping[str, str] = {
    "revoked": "The plan's revocation is on the log: the worker strikes it when it has read it.",
    "erased": "The erasure is on the log: the worker carries it out when it has read it.",
    "paused": "Paused: workers heed it at once.",
    "resumed": "It goes on.",
    "sent": "The event went back to its person's log.",
    "signed-out": "Signed out.",
}
"""What a page says after an action."""


@dataclass(slots=True, kw_only=True)
class Desk:
    """One console's parts. `reading` is the log of whoever runs, `acting` also a folder that nobody has open."""

    knowing: Knowing
    door: Door
    audit: Audit
    deciding: Deciding
    switches: Switches
    tail: Tail
    acting: Opened
    where: str
    version: str
    peers: Peers
    refresh_ms: int
    """An open page is asked for anew so often."""
    dead_letters: int | None = field(default=None)
    looks: Looks = field(default_factory=Looks)

    async def frame(self, request: web.Request, visitor: Visitor) -> Frame:
        """What stands around a page."""
        controls, _ = await self.switches.latest()
        return Frame(
            now=now(),
            csrf=visitor.csrf,
            path=request.path_qs,
            signed_in_as=visitor.who,
            log=self.where,
            version=self.version,
            paused=tuple(sorted(name for name, control in controls.items() if control.paused)),
            dead_letters=self.dead_letters,
            notice=DONE.get(request.query.get("done", ""), ""),
            refresh_ms=self.refresh_ms,
        )

    async def answer(
        self, request: web.Request, visitor: Visitor, page: str, value: msgspec.Struct, *, status: int = 200
    ) -> web.StreamResponse:
        """The value, as its page or as JSON."""
        frame = await self.frame(request, visitor)
        return answered(request, visitor, page, value, frame, status=status)

    def note(self, visitor: Visitor, what: str, about: str, detail: str = "") -> None:
        """Write down what is about to be done; NotWrittenError, and it is not done."""
        self.audit.write(Audited(at=now(), who=visitor.who, what=what, about=about, detail=detail))

    def note_look(self, visitor: Visitor, user_id: str) -> None:
        """Write down that somebody looks at a person's words, once for a page that stays open."""
        at, look = now(), (visitor.csrf, visitor.who, user_id)
        if not self.looks.is_noted(*look, at):
            self.note(visitor, "show_text", user_id)
            self.looks.noted(*look, at)

    def asking(self, request: web.Request) -> Asking:
        """How another console is asked in the name of this request."""
        return self.peers.asking(request)


def shown(request: web.Request) -> bool:
    """Whether they ask for the words."""
    asked = request.query.get("show", "")
    if asked not in {"", "text"}:
        raise Refusal(400, "is no way to show it: leave it out, or write show=text", field="show")
    return asked == "text"


def user_of(request: web.Request) -> str:
    """The person a path names."""
    user_id = request.match_info["user_id"]
    if not user_id or any(each < " " or "\x7f" <= each <= "\x9f" for each in user_id):
        raise Refusal(400, "holds control characters: no person has such an id", field="user_id")
    return user_id
