"""One guarded broker for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.kafka.security.guarded import Guarded, guarded


@pytest.fixture(scope="package")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Started once: topics and rights are each test's own, by a prefix."""
    with guarded(tmp_path_factory.mktemp("guarded")) as made:
        yield made
