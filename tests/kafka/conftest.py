"""Topics of its own for every test that wants them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.kafka.deployment import Deployment, deployment


@pytest.fixture
async def topics(kafka: str) -> AsyncIterator[Deployment]:
    """All topics of the contract, under a prefix of the test's own, gone afterwards."""
    async with deployment(kafka) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_left_behind(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Clients that are thrown away leave no task, connection or error that nobody looked at."""
    gc.freeze()  # what was there before is not looked through after each test: a quarter of a second, and growing
    yield
    gc.collect()
    said = [entry.getMessage() for when in ("setup", "call") for entry in caplog.get_records(when)]
    assert not [
        line for line in said if "never retrieved" in line or "destroyed" in line or "Unclosed" in line
    ]
