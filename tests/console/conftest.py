"""One console and one browser for all tests here that want them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.console.at_work import AtWork, at_work
from tests.console.browser import Tab, running, tab
from tests.tools import have
from tests.tools.axe import axe
from tests.tools.chromium import chromium


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Chromium is told what to do."""
    program = have(chromium)
    with running(program, tmp_path_factory.mktemp("browser")) as socket:
        yield socket


@pytest.fixture(scope="package")
def working(browser: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    """A console that shows the week, beside a worker that goes on with it."""
    with at_work(tmp_path_factory.mktemp("console")) as both:
        yield both


@pytest.fixture
def console(working: AtWork) -> str:
    """The console's address."""
    return working.url


@pytest.fixture
async def page(browser: str) -> AsyncIterator[Tab]:
    """A tab of its own."""
    async with tab(browser) as opened:
        yield opened


@pytest.fixture(scope="package")
def axe_core() -> str:
    """The script that looks for what keeps people from using a page."""
    return have(axe).read_text()
