"""What every test may ask for: a broker, when one can be had."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.kafka.broker import NoBrokerError, broker


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the broker as `kafka`, so that nobody has to remember it; quick tests come first."""
    for item in items:
        if "kafka" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.kafka)
    items.sort(key=lambda item: any(item.get_closest_marker(name) for name in ("kafka", "slow")))


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The address `host:port` of one broker for the whole run; topics are each test's own, by a prefix."""
    wanted = os.environ.get("TACTFUL_TEST_KAFKA", "auto")
    try:
        with broker(wanted) as address:
            yield address
    except NoBrokerError as missing:
        if os.environ.get("TACTFUL_REQUIRE_KAFKA") == "1":
            pytest.fail(f"TACTFUL_REQUIRE_KAFKA=1 and there is no broker: {missing}", pytrace=False)
        pytest.skip(
            f"no broker to test with: {missing}; or name one by TACTFUL_TEST_KAFKA=external:HOST:PORT"
        )
