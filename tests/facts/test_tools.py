"""How tests come to programs that the lock does not bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools import LackingError, have, keeping, kept, on_path


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for tools of this test's own."""
    monkeypatch.setattr(keeping, "PLACE", tmp_path / ".tools")
    return tmp_path / ".tools"


def test_a_tool_is_made_once_and_anew_when_its_recipe_changes() -> None:
    """What is kept is kept by its recipe."""
    made: list[str] = []

    def make(folder: Path) -> None:
        made.append(folder.name)
        (folder / "program").write_text("it")

    first = kept("thing", "version 1", make)
    assert kept("thing", "version 1", make) == first
    assert kept("thing", "version 2", make) != first
    assert len(made) == 2
    assert (first / "program").read_text() == "it"


def test_a_tool_whose_making_was_broken_off_is_begun_anew() -> None:
    """Half of a tool is never taken for the whole."""

    def broken_off(folder: Path) -> None:
        (folder / "half").write_text("it")
        raise LackingError("the network is away")

    with pytest.raises(LackingError):
        kept("thing", "version 1", broken_off)
    folder = kept("thing", "version 1", lambda folder: (folder / "whole").touch())
    assert not (folder / "half").exists()


def test_a_lacking_tool_is_a_skip_or_where_tools_are_required_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both say what would bring it."""

    def find() -> Path:
        return on_path("no-such-program-of-tactful", "some-package")

    monkeypatch.setenv("TACTFUL_REQUIRE_TOOLS", "0")
    with pytest.raises(pytest.skip.Exception, match="apt install some-package"):
        have(find)
    monkeypatch.setenv("TACTFUL_REQUIRE_TOOLS", "1")
    with pytest.raises(pytest.fail.Exception, match="apt install some-package"):
        have(find)
