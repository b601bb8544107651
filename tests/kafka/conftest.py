"""Topics of its own for every test that wants them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.kafka.deployment import Deployment, deployment


@pytest.fixture
async def topics(kafka: str) -> AsyncIterator[Deployment]:
    """All topics of the contract, under a prefix of the test's own, gone afterwards."""
    async with deployment(kafka) as made:
        yield made
