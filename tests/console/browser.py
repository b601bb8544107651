"""A real Chromium, driven over its DevTools protocol: no more than these tests need of it."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

STARTED_WITHIN_S = 40.0
"""Some 2 s on a machine of its own."""
ANSWERED_WITHIN_S = 20.0
BETWEEN_PAGES = ("context", "navigated", "of null")
"""What a script is told while one page goes and another comes: no document, gone while it ran, nothing in it yet."""
FLAGS = (
    "--headless",
    "--no-sandbox",  # tests in containers run as root
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--remote-debugging-port=0",
)


class BrokenPageError(Exception):
    """A script of the test, or of the page, raised in the page."""


@contextmanager
def running(program: Path, folder: Path) -> Iterator[str]:
    """One browser, and where it is told what to do."""
    profile = folder / "profile"
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"], stdout=log, stderr=log
        )
    try:
        told = profile / "DevToolsActivePort"
        until = time.monotonic() + STARTED_WITHIN_S
        while not (told.exists() and len(told.read_text().splitlines()) == 2):  # port and path
            if process.poll() is not None or time.monotonic() > until:
                raise TimeoutError(f"no browser: {(folder / 'chromium.log').read_text()[-500:]}")
            time.sleep(0.05)
        port, path = told.read_text().splitlines()
        yield f"ws://127.0.0.1:{port}{path}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(slots=True)
class Tab:
    """One tab, with cookies of its own; what it asked for and what it complained of is kept."""

    socket: aiohttp.ClientWebSocketResponse
    session: str = ""
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=itertools.count)
    _answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _loaded: asyncio.Event = field(default_factory=asyncio.Event)

    async def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        told = {"id": number, "method": method, "params": parameters}
        await self.socket.send_json(told | ({"sessionId": self.session} if self.session else {}))
        return await asyncio.wait_for(answer, ANSWERED_WITHIN_S)

    async def listen(self) -> None:
        """Take in what the browser says, until the socket is closed."""
        async for message in self.socket:
            said = json.loads(message.data)
            if "id" in said:
                answer = self._answers.pop(said["id"])
                if "error" in said:
                    answer.set_exception(BrokenPageError(said["error"]["message"]))
                elif not answer.done():
                    answer.set_result(said["result"])
                continue
            self._note(said["method"], said["params"])

    def _note(self, method: str, said: dict[str, Any]) -> None:
        match method:
            case "Page.loadEventFired":
                self._loaded.set()
            case "Network.requestWillBeSent":
                self.asked.append(said["request"]["url"])
            case "Log.entryAdded" if said["entry"]["level"] in {"error", "warning"}:
                self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")
            case "Runtime.exceptionThrown":
                self.complaints.append(said["exceptionDetails"]["exception"].get("description", "?"))
            case "Security.securityStateChanged" | "Audits.issueAdded":
                pass

    async def go(self, url: str) -> None:
        """Load a page, all of it."""
        self._loaded.clear()
        went = await self.do("Page.navigate", url=url)
        if "errorText" in went:
            raise BrokenPageError(f"{url}: {went['errorText']}")
        if "loaderId" in went:  # a mere change of the fragment loads nothing
            await asyncio.wait_for(self._loaded.wait(), ANSWERED_WITHIN_S)

    async def js(self, script: str) -> Any:
        """What an expression is in the page; promises are waited for."""
        got = await self.do("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in got:
            raise BrokenPageError(got["exceptionDetails"]["exception"].get("description", str(got)))
        return got["result"].get("value")

    async def until(self, script: str, within: float = ANSWERED_WITHIN_S) -> None:
        """Wait until an expression is true in the page."""
        async with asyncio.timeout(within):
            while True:
                try:
                    if await self.js(script):
                        return
                except (
                    BrokenPageError
                ) as broken:  # between two pages there is no document, or nothing in it yet
                    if "context" not in str(broken) and "of null" not in str(broken):
                        raise
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def pressed(self, selector: str) -> AsyncIterator[None]:
        """A button of the mouse is pressed in the middle of an element, and let go after the block."""
        place = await self.js(
            f"(e => {{ e.scrollIntoView({{block: 'center'}}); const r = e.getBoundingClientRect();"
            f" return [r.x + r.width / 2, r.y + r.height / 2]; }})(document.querySelector({json.dumps(selector)}))"
        )
        at = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
        await self.do("Input.dispatchMouseEvent", type="mousePressed", **at)
        yield
        await self.do("Input.dispatchMouseEvent", type="mouseReleased", **at)

    async def click(self, selector: str) -> None:
        """A real click in the middle of an element, and the page that follows from it."""
        self._loaded.clear()
        async with self.pressed(selector):
            pass

    async def clicked_through(self, selector: str) -> None:
        """A click that leads to another page."""
        await self.click(selector)
        await asyncio.wait_for(self._loaded.wait(), ANSWERED_WITHIN_S)

    async def press(self, key: str) -> None:
        """One key; a letter, or the name of a key such as Enter or Tab."""
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        code = {"Enter": 13, "Tab": 9}.get(key, ord(key[0].upper()))
        event = {"key": key, "windowsVirtualKeyCode": code}
        await self.do("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": text} if text else {}))
        await self.do("Input.dispatchKeyEvent", type="keyUp", **event)

    async def write(self, text: str) -> None:
        """Text into what has the focus."""
        await self.do("Input.insertText", text=text)

    async def text(self, selector: str = "main") -> str:
        """The words of an element, as they are shown."""
        shown: str = await self.js(f"document.querySelector({json.dumps(selector)}).innerText")
        return shown

    async def looks(self, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """Which of the two modes the reader prefers, and the size of their window."""
        features = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        await self.do("Emulation.setEmulatedMedia", features=features)
        await self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    async def without_scripts(self) -> None:
        """As in a browser that runs none."""
        await self.do("Emulation.setScriptExecutionDisabled", value=True)

    async def picture(self, *, height: int | None = None, scale: float = 1.0) -> bytes:
        """The page as PNG, from its top to its end, or so far down."""
        size = (await self.do("Page.getLayoutMetrics"))["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": scale}
        shot = await self.do("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        return base64.b64decode(shot["data"])


@asynccontextmanager
async def tab(browser: str) -> AsyncIterator[Tab]:
    """A new tab of a running browser."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(browser, max_msg_size=0, heartbeat=None) as socket,
    ):
        made = Tab(socket)
        listening = asyncio.create_task(made.listen())
        try:
            context = (await made.do("Target.createBrowserContext"))["browserContextId"]
            target = await made.do("Target.createTarget", url="about:blank", browserContextId=context)
            attached = await made.do("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            made.session = attached["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                await made.do(f"{domain}.enable")
            await made.looks()
            yield made
            made.session = ""
            await made.do("Target.disposeBrowserContext", browserContextId=context)
        finally:
            listening.cancel()
