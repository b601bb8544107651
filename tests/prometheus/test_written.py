"""What is written from the code is as the code would write it now."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.dashboards.written import files

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", files())
def test_what_is_written_from_here_is_up_to_date(path: str) -> None:
    """`python -m app.dashboards` changes nothing."""
    assert (ROOT / path).read_text() == files()[path]
