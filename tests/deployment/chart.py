"""The chart, as Helm renders it for some values, and what the schemas of its resources have to say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from ruamel.yaml import YAML

from tests.tools import have
from tests.tools.helm import helm
from tests.tools.kubernetes import kubernetes_schemas

CHART = Path(__file__).parents[2] / "helm"
VALUES = sorted(Path(__file__).with_name("values").glob("*.yaml"))
CUSTOM = Path(__file__).with_name("schemas")
NAMESPACE = "people"

Rendered = list[dict[str, Any]]


class RefusedError(Exception):
    """Helm would not render the chart with these values; the text is what it said."""


def _yaml() -> YAML:
    """As Kubernetes reads it: 1.1, where an unquoted `on` or `no` is no text."""
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    return reader


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Helm, with neither a cluster nor settings of this machine."""
    return subprocess.run(
        [str(have(helm)), *(str(each) for each in arguments)],
        env={"HOME": "/nonexistent", "KUBECONFIG": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@cache
def _rendered(values: tuple[Path, ...], more: str, chart: Path) -> str:
    files = [part for path in values for part in ("--values", path)]
    done = run("template", "it", chart, "--namespace", NAMESPACE, *files, "--set-json", more)
    if done.returncode:
        raise RefusedError(done.stderr)
    return done.stdout


def rendered(*values: Path, **more: Any) -> Rendered:
    """Every resource for these files of values, and for what is laid over them."""
    return rendered_from(CHART, values, more)


def rendered_from(chart: Path, values: tuple[Path, ...], more: Mapping[str, Any]) -> Rendered:
    """The same of a chart that was changed."""
    laid_over = ",".join(f"{key}={json.dumps(value)}" for key, value in more.items())
    return [one for one in _yaml().load_all(_rendered(values, laid_over, chart)) if one]


def of_kind(resources: Rendered, kind: str) -> Rendered:
    return [one for one in resources if one["kind"] == kind]


def named(resources: Rendered, kind: str, name: str) -> dict[str, Any]:
    (one,) = (each for each in of_kind(resources, kind) if each["metadata"]["name"] == name)
    return one


def pods(resources: Rendered) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each pod, as `kind name` and its specification."""
    for one in resources:
        spec = one.get("spec", {})
        inner = spec.get("template", {}).get("spec") or (spec if one["kind"] == "Pod" else None)
        if inner is not None:
            yield f"{one['kind']} {one['metadata']['name']}", inner


class Schemas:
    """Those of one version of Kubernetes, and of the custom resources that the chart may make."""

    def __init__(self, version: str) -> None:
        self._core = have(lambda: kubernetes_schemas(version))
        definitions = json.loads((self._core / "_definitions.json").read_text())
        self._registry: Registry[Any] = Resource.from_contents(definitions) @ Registry()
        self._validators: dict[str, Validator] = {}

    def problems(self, resource: Mapping[str, Any]) -> list[str]:
        """What is wrong with a resource, each with its place; a kind without a schema is wrong, never passed over."""
        group, _, version = str(resource["apiVersion"]).rpartition("/")
        name = "-".join(part for part in (resource["kind"].lower(), group.partition(".")[0], version) if part)
        file = next((path for at in (self._core, CUSTOM) if (path := at / f"{name}.json").exists()), None)
        if file is None:
            return [f"there is no schema {name}"]
        if name not in self._validators:
            schema = json.loads(file.read_text())
            self._validators[name] = Draft202012Validator(schema, registry=self._registry)
        # Null is what a template writes for a map without entries; Kubernetes takes it for one that is not there.
        return [
            f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:300]}"
            for error in self._validators[name].iter_errors(resource)
        ]
