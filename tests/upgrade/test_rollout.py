"""A rollout on a real broker, with the static membership that the chart gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kafka.deployment import deployment
from tests.upgrade.rollout import rolled_out


@pytest.mark.slow
async def test_workers_are_replaced_one_after_the_other_under_load(kafka: str, tmp_path: Path) -> None:
    """Each drains, comes back to the partitions that it had, and moves nobody else's; the ledger balances."""
    async with deployment(kafka) as topics:
        replaced, people, verified = await rolled_out(topics, tmp_path, [None, None])
    assert [one.exit_code for one in replaced] == [0, 0]
    assert [one.after for one in replaced] == [one.before for one in replaced]
    assert [one.elsewhere for one in replaced] == [[], []]
    assert people > 5
    assert verified.returncode == 0, verified.stdout + verified.stderr
