"""The short run of the faults: a few, seeded, on a Kafka of their own.

Among them the zombie, whose nudge is refused, and the same zombie with fencing taken out, whose nudge the verifier
sees twice: without the second the first would show nothing.
"""

from __future__ import annotations

import os

import pytest

from tests.kafka.faults.running import line_of, run_all
from tests.kafka.faults.scene import FAULTS, all_faults
from tests.kafka.local import NoBrokerError

SHORT = [each.name for each in all_faults() if each.short]


@pytest.mark.slow
@pytest.mark.kafka
async def test_the_short_faults_leave_every_promise_kept() -> None:
    """Nothing is missing, twice or stale after the short faults, and each control is caught."""
    try:
        results = await run_all([FAULTS[name] for name in SHORT], seed=1)
    except NoBrokerError as missing:
        if os.environ.get("TACTFUL_REQUIRE_KAFKA") == "1":
            raise
        pytest.skip(f"no broker to test with: {missing}")
    told = "\n".join(line for each in results for line in (line_of(each), *each.says))
    assert [each.fault for each in results if not each.fine] == [], told
    assert len(results) == len(SHORT)


def test_every_fault_says_what_is_done() -> None:
    """The list of faults is read by people: each has a sentence."""
    assert [each.name for each in all_faults() if not each.act.__doc__] == []
