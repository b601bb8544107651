"""What the demo prints: in a terminal a page that grows as things happen, elsewhere plain text."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from app.demo.pace import Pace

WIDTH = 80
"""Columns: what every terminal has."""
FRAME_S = 0.08
"""A clock's hand that is moved a dozen times a second seems to run."""

# One column each, for terminals and pipes that cannot show more than ASCII.
_ASCII = str.maketrans("“”–…·●○✗─╭├╰│»↶━✓", '""-.-*ox-+++|><=v')

Page = Sequence[Text]


class Screen:
    """One show. Without a pace each story is printed when it is over; with one, while it happens."""

    def __init__(self, console: Console, pace: Pace | None) -> None:
        self._console = console
        self._pace = pace
        self._ascii = "utf" not in console.encoding.lower()
        self._live: Live | None = None
        self._page: Page = ()
        self._shown: datetime | None = None

    @property
    def is_lively(self) -> bool:
        """Whether things are shown while they happen."""
        return self._pace is not None

    @property
    def is_bare(self) -> bool:
        """Whether nothing here can strike words out."""
        console = self._console
        return console.no_color or console.is_dumb_terminal or not console.is_terminal

    def expect(self, looks: int) -> None:
        """So often a page grows, or is left to be read: the show's time is shared among these."""
        if self._pace is not None:
            self._pace.expect(looks)

    # What stays

    def say(self, text: str = "", style: str = "") -> None:
        """A paragraph."""
        for line in wrap(text, WIDTH - 2) or [""]:
            self.row(f" {line}", style)

    def row(self, text: str = "", style: str = "") -> None:
        """A line of a table, as it stands."""
        self._print(Text(text.rstrip(), style=style, no_wrap=True))

    def rule(self, title: str) -> None:
        """A heading that is as wide as the page."""
        self.row()
        self.row(f"{f'━━ {title} ':━<{WIDTH}}", "bold")

    # What grows

    def begins(self) -> None:
        """From now on a page grows."""
        self._page, self._shown = (), None
        if self._pace is not None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
            self._draw(" a log and a worker of its own are starting (the first takes some seconds)")

    def grows(self, pages: Sequence[tuple[datetime, Page]], now: datetime) -> None:
        """The page after each thing that happened, and when that was; then time passes until now."""
        if self._pace is None or self._live is None:
            return
        share = self._pace.share() / (len(pages) + 1)
        for at, page in pages:
            self._pass_time(at, share / 2)
            self._page = page
            self._draw(_clock(at))
            time.sleep(share / 2)
        self._pass_time(now, share)

    def ends(self, page: Page) -> None:
        """The whole page as it stands."""
        if self._live is not None:
            self._live.update(Group(*map(self._fitting, page)))
            self._live.stop()
            self._live = None
        else:
            for line in page:
                self._print(line)

    def rest(self) -> None:
        """Time to read what was said."""
        if self._pace is not None:
            time.sleep(self._pace.share())

    def close(self) -> None:
        """Give the terminal back, wherever the show stands."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _pass_time(self, to: datetime, seconds: float) -> None:
        """The clock below the page runs to this time."""
        since, self._shown = self._shown or to, to
        frames = int(seconds / FRAME_S) if to > since else 0
        for frame in range(1, frames + 1):
            self._draw(_clock(since + (to - since) * frame / frames))
            time.sleep(seconds / frames)
        if not frames:
            time.sleep(seconds)

    def _draw(self, below: str) -> None:
        if self._live is None:
            return
        lines = [*self._page, Text(), Text(below, style="dim")]
        # A page that is higher than the terminal is shown from below while it grows.
        fitting = lines[-(self._console.size.height - 1) :]
        self._live.update(Group(*map(self._fitting, fitting)), refresh=True)

    def _print(self, line: Text) -> None:
        self._console.print(self._fitting(line), soft_wrap=True)

    def _fitting(self, line: Text) -> Text:
        """The line in letters that the terminal has; each stays one column wide, so that styles stay in place."""
        if not self._ascii:
            return line
        plain = line.plain.translate(_ASCII).encode("ascii", "replace").decode()
        return Text(plain, style=line.style, spans=line.spans, no_wrap=line.no_wrap)


def _clock(at: datetime) -> str:
    return f" {at:%a} {at.day:>2} {at:%b %H:%M}"
