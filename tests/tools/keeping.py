"""How a tool is found, fetched once, and kept in `.tools/`."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".tools"
MADE = ".made"
"""Lies in a folder that is finished."""
FETCHING_S = 600.0

Found = TypeVar("Found")


class LackingError(Exception):
    """A tool cannot be had on this machine; the text says what would bring it."""


def have(find: Callable[[], Found]) -> Found:
    """What `find` finds; without it the test is skipped, or fails where tools are required."""
    try:
        return find()
    except LackingError as lacking:
        if os.environ.get("TACTFUL_REQUIRE_TOOLS") == "1":
            pytest.fail(f"TACTFUL_REQUIRE_TOOLS=1 and a tool lacks: {lacking}", pytrace=False)
        pytest.skip(f"a tool lacks: {lacking}")


def on_path(name: str, package: str) -> Path:
    """A program that the machine has; `package` is Debian's name for what brings it."""
    found = shutil.which(name)
    if found is None:
        raise LackingError(f"there is no {name}: on Debian, apt install {package}")
    return Path(found)


def kept(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The folder `.tools/NAME-DIGEST`, filled by `make` the first time; another recipe has another folder.

    Processes that want the same one at once wait for the first; what was broken off is begun anew.
    """
    folder = PLACE / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    if (folder / MADE).exists():
        return folder
    PLACE.mkdir(exist_ok=True)
    with (PLACE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / MADE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / MADE).touch()
    return folder


def wheel(requirements: Path, into: Path) -> Path:
    """Bring the one wheel that a hashed requirements file names."""
    fetched = into / "fetched"
    _pip("download", "--no-deps", "--require-hashes", "-r", requirements, "-d", fetched)
    (only,) = fetched.iterdir()
    return only


def environment(name: str, requirements: Path) -> Path:
    """The folder `bin` of a virtual environment made from hashed requirements, apart from the developers' one."""

    def make(folder: Path) -> None:
        run("a virtual environment", sys.executable, "-m", "venv", "--without-pip", folder / "venv")
        at = folder / "venv" / "bin" / "python"
        _pip("--python", at, "install", "--no-deps", "--require-hashes", "-r", requirements)

    # Its interpreter belongs to the recipe: an environment outlives no change of Python.
    recipe = f"{sys.version}\n{sys.base_prefix}\n{requirements.read_text()}"
    return kept(name, recipe, make) / "venv" / "bin"


def npm_folder(name: str, package: Path) -> Path:
    """A folder with the files of `package`, and beside them the `node_modules` that its package-lock.json names."""
    npm = on_path("npm", "npm")

    def make(folder: Path) -> None:
        shutil.copytree(package, folder, dirs_exist_ok=True)
        run("what npm brings", npm, "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund")

    return kept(name, "".join(file.read_text() for file in sorted(package.iterdir())), make)


def _pip(*arguments: object) -> None:
    run("what pip brings", sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", *arguments)


def run(what: str, *command: object) -> None:
    """Fetch or make something; LackingError says what the command said."""
    try:
        subprocess.run(
            [str(each) for each in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCHING_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise LackingError(f"{what} did not come within {FETCHING_S:g} s: {command}") from None
    except subprocess.CalledProcessError as failed:
        said = re.sub(r"https?://\S+", "...", str(failed.stderr))
        raise LackingError(f"{what} could not be had:\n{said[-1000:]}") from None
