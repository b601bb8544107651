"""The Dockerfile: what a linter says of it, and what its image is built from and may do."""

from __future__ import annotations

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.tools import have
from tests.tools.hadolint import hadolint

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture(scope="session")
def linter() -> Path:
    return have(hadolint)


def linted(linter: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [linter, "--no-color", "-"], input=text, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_linter_finds_nothing(linter: Path) -> None:
    """Hadolint has nothing to say of the Dockerfile, not even a warning."""
    done = linted(linter, DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("right", "broken", "rule"),
    [
        ("WORKDIR /source", "WORKDIR source", "DL3000"),
        ('ENTRYPOINT ["tactful"]', "ENTRYPOINT tactful", "DL3025"),
        ("USER 10001:10001", "USER root", "DL3002"),
        ("COPY requirements.txt", "ADD requirements.txt", "DL3020"),
        ("FROM ${PYTHON_IMAGE}\n", "FROM python\n", "DL3006"),
    ],
)
def test_the_linter_can_fail(linter: Path, right: str, broken: str, rule: str) -> None:
    """Each of these mistakes in our own Dockerfile is found."""
    assert right in DOCKERFILE
    done = linted(linter, DOCKERFILE.replace(right, broken))
    assert done.returncode != 0
    assert rule in done.stdout


def test_the_base_is_pinned_by_its_digest() -> None:
    """Both stages stand on the same image, and that is named by tag and digest."""
    assert re.search(
        r"^ARG PYTHON_IMAGE=python:3\.12\.\d+-slim-bookworm@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE
    )
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["${PYTHON_IMAGE}", "${PYTHON_IMAGE}"]


def test_everything_that_pip_brings_has_a_hash() -> None:
    """Nothing is installed but by hash, or from the sources themselves without their dependencies."""
    installs = [line for line in DOCKERFILE.splitlines() if re.search(r"\bpip .*(install|wheel) --", line)]
    assert len(installs) == 4
    assert all("--no-deps" in line for line in installs)
    assert all("--require-hashes" in line or "/wheel" in line for line in installs)
    # What the sed in it finds: the one line of setuptools with its hashes.
    (setuptools,) = re.findall(
        r"^setuptools==[^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*[^\\]$",
        (ROOT / "requirements.txt").read_text(),
        re.MULTILINE,
    )
    assert "--hash=sha256:" in setuptools


def test_the_build_sees_what_it_is_built_from_and_nothing_else() -> None:
    """Every package of the wheel, the locks and the licence go in; tests, the chart and local state stay out."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    let_in = {line[1:] for line in lines if line.startswith("!")}
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    assert let_in >= {package.rstrip("*") for package in packages} | {
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
    for name in ("tests", "helm", ".venv", ".tools", ".tactful", ".git", ".env"):
        assert not any(fnmatch(name, pattern) for pattern in let_in)
