"""The rules of this repository that a tool does not hold by itself."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Each outside world, and the one place by which it enters.
IMPORTERS = {
    "aiokafka": "app/drivers/kafka*.py",
    "rocksdict": "app/drivers/rocks.py",
    "anthropic": "app/model/client.py",
    "prometheus_client": "app/metrics.py",
    "opentelemetry": "app/tracing.py",
    "duckdb": "app/export/duck.py",
    "faust": "app/console/*.py",
    "jinja2": "app/console/pages/templating.py",
}
CODE = ("topics", "agents", "app")
BELOW_THE_DRIVERS = ("topics", "agents", "app/core")
CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}

MODULE_LINES = 300
TEST_LINES = 450  # a list of facts is read one by one
LONGER_FOR_A_REASON: dict[str, str] = {}

NAMES_THAT_SAY_NOTHING = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc)(_|$)")
MACHINE_PATH = re.compile(r"(?<![\w.}-])/(?:work|root|Users|home/\w+)/[\w.]")
INDEX_ADDRESS = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|repo1?\.maven|proxy\.golang|static\.crates|deb\.debian"
    r"|--(?:extra-)?index-url|\"resolved\": *\"http|^registry *=",
    re.MULTILINE,
)
SILENCED = re.compile(
    r"#\s*(?:noqa|type:\s*ignore)(?P<codes>: ?[A-Z0-9, ]*[A-Z0-9]|\[[^]]*\])?\s*(?P<reason>[#:(-].*)?"
)


@cache
def modules(*folders: str) -> dict[str, ast.Module]:
    """Every module below these folders, by its path from the root; the docs' examples are the readers' own code."""
    found = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    files = (file for file in found if not file.is_relative_to(ROOT / "app" / "docs"))
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text()) for file in files}


def imported(tree: ast.Module) -> Iterator[str]:
    """The first name of everything that a module imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]


def tracked() -> list[Path]:
    """What a clone holds."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no git checkout: nothing says which files are part of it")
    return [file for name in listed.stdout.split("\0") if name and (file := ROOT / name).is_file()]


def found(pattern: re.Pattern[str]) -> list[str]:
    """Each place in a tracked text file where the pattern stands, as `path:line: text`."""
    places = []
    for file in tracked():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        for hit in pattern.finditer(text):
            line = text.count("\n", 0, hit.start()) + 1
            places.append(f"{file.relative_to(ROOT)}:{line}: {hit.group()}")
    return places


@pytest.mark.parametrize("world", IMPORTERS)
def test_each_outside_world_enters_by_one_place(world: str) -> None:
    """A client is imported by the one module, or family of modules, that speaks for it."""
    importers = [path for path, tree in modules(*CODE).items() if world in imported(tree)]
    assert [path for path in importers if not fnmatch(path, IMPORTERS[world])] == []


def test_below_the_drivers_nothing_waits() -> None:
    """There is no `async` and no `await` in topics, agents and the core."""
    waiting = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    places = [
        f"{path}:{node.lineno}"
        for path, tree in modules(*BELOW_THE_DRIVERS).items()
        for node in ast.walk(tree)
        if isinstance(node, waiting)
    ]
    assert places == []


def test_below_the_drivers_nothing_reads_a_clock() -> None:
    """The time is always given: neither `datetime.now` and its like nor the module `time` is used."""
    places = []
    for path, tree in modules(*BELOW_THE_DRIVERS).items():
        if "time" in imported(tree):
            places.append(path)
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name, value=ast.Name(id=of) | ast.Attribute(attr=of)) if (
                    of,
                    name,
                ) in CLOCKS:
                    places.append(f"{path}:{node.lineno}")
    assert places == []


@pytest.mark.parametrize(
    ("folder", "most"), [*((each, MODULE_LINES) for each in CODE), ("tests", TEST_LINES)]
)
def test_a_module_can_be_held_in_mind(folder: str, most: int) -> None:
    """No module is longer than its bound, but for those that say why."""
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in modules(folder)}
    long = {path: length for path, length in lengths.items() if length > most}
    assert [path for path in long if path not in LONGER_FOR_A_REASON] == [], long


def test_a_module_is_named_for_what_it_is() -> None:
    """No module is called utils, helpers or manager: such a name says nothing of what is inside."""
    names = modules(*CODE, "tests")
    assert [path for path in names if NAMES_THAT_SAY_NOTHING.search(Path(path).stem)] == []


def test_every_test_states_its_fact() -> None:
    """Every test has a docstring, so that the list of tests reads as the specification."""
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules("tests").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_nothing_knows_the_machine_that_it_was_written_on() -> None:
    """No tracked file names a path of somebody's machine."""
    assert found(MACHINE_PATH) == []


def test_no_package_index_is_named() -> None:
    """No tracked file says where packages come from: that is each machine's own setting."""
    assert found(INDEX_ADDRESS) == []


def test_whatever_is_silenced_says_why() -> None:
    """A `noqa` and a `type: ignore` name the rule, and the reason follows."""
    bare = []
    for path in modules(*CODE, "tests"):
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            hit = SILENCED.search(line)
            if hit and path != "tests/facts/test_house_rules.py" and not (hit["codes"] and hit["reason"]):
                bare.append(f"{path}:{number}: {line.strip()}")
    assert bare == []
