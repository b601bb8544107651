"""Pictures of the console for the docs: `python -m tests.console.pictures [NAME...]`.

The week of `tactful demo --keep` is told, worker and console are started, and a Chromium shows the pages.
The files are written to app/docs/pictures/; their dates are those of the day on which they are made.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.console.at_work import at_work
from tests.console.browser import Tab, running, tab
from tests.tools.chromium import chromium
from tests.tools.keeping import on_path

FOLDER = Path(__file__).parents[2] / "app" / "docs" / "pictures"
MOST_BYTES = 250_000
"""A page with two of them loads in a second on a slow line."""


class Picture(msgspec.Struct, frozen=True):
    """One file: which page, and how it is looked at."""

    name: str
    path: str
    height: int
    dark: bool = False
    does: str = ""
    """A script that is run in the page before."""


PICTURES = (
    Picture("console-person", "/people/ana?show=text", 1240),
    Picture("console-person-dark", "/people/ana?show=text", 1000, dark=True),
    Picture(
        "console-why",
        "/people/ana?show=text",
        820,
        does="""(() => {
          const entry = [...document.querySelectorAll('.entry.loud')].find(e => e.innerText.includes('charger'));
          entry.querySelector('details').open = true;
          for (const card of document.querySelectorAll('.head, .card:not(.list)')) card.remove();
          for (const day of document.querySelectorAll('.day')) if (!day.contains(entry)) day.remove();
          document.querySelector('.nowline').remove();
        })()""",
    ),
    Picture("console-hidden", "/people/ana", 640),
    Picture("console-overview", "/", 1330),
    Picture("console-agents", "/agents", 620),
    Picture("console-dead-letter", "/dead-letters/0/2?show=text", 760),
)


async def taken(browser: str, console: str, picture: Picture) -> bytes:
    """One picture as PNG."""
    async with tab(browser) as page:
        async with asyncio.timeout(60):
            while "It went fine" not in await shown(page, f"{console}/people/ana?show=text"):  # noqa: ASYNC110 - it is asked, as a reader asks
                await asyncio.sleep(0.5)
        await page.looks(dark=picture.dark)
        await page.go(console + picture.path)
        await page.js(
            "document.querySelectorAll('[data-polls]').forEach(e => e.removeAttribute('hx-trigger'))"
        )
        if picture.does:
            await page.js(picture.does)
        return await page.picture(height=picture.height, scale=1.5)


async def shown(page: Tab, url: str) -> str:
    """The words of a page."""
    await page.go(url)
    return await page.text()


def written(picture: Picture, png: bytes) -> None:
    """Fewer colours make a third of the bytes; what is still too large is a defect of the picture."""
    small = subprocess.run(
        [on_path("pngquant", "pngquant"), "--quality", "70-96", "--strip", "--speed", "1", "-"],
        input=png,
        capture_output=True,
        check=True,
    ).stdout
    if len(small) > MOST_BYTES:
        raise SystemExit(f"{picture.name}: {len(small):,} bytes are more than {MOST_BYTES:,}")
    (FOLDER / f"{picture.name}.png").write_bytes(small)
    sys.stdout.write(f"{picture.name}.png {len(small):,} bytes\n")


def main(names: Sequence[str]) -> None:
    """Take those of these names, or all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        with running(chromium(), folder) as browser, at_work(folder) as both:
            for picture in PICTURES:
                if not names or picture.name in names:
                    written(picture, asyncio.run(taken(browser, both.url, picture)))


if __name__ == "__main__":
    main(sys.argv[1:])
