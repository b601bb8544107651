"""The operator's hour holds: what its page shows can be done, and comes out as it says."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.drivers import kafka_topics
from tests.hour.__main__ import PAGE
from tests.hour.stage import hour
from tests.hour.steps import whole


@pytest.mark.slow
async def test_an_operators_hour(kafka: str, tmp_path: Path) -> None:
    """Install, roll, pause, explain, replay, erase: each step asserts what it shows, by the page's own commands."""
    async with hour(kafka, f"t{uuid.uuid4().hex[:10]}-", tmp_path) as one:
        try:
            await whole(one, tmp_path, load_s=0.2)
        finally:
            await kafka_topics.delete(one.kafka)
    shown = PAGE.read_text()
    assert [command for command in one.page.commands if f"$ {command}\n" not in shown] == []
