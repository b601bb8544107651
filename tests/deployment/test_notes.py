"""What is said after an installation names what was installed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.deployment.chart import CHART, NAMESPACE, VALUES, of_kind, rendered, rendered_from

AS_RESOURCE = """apiVersion: v1
kind: ConfigMap
metadata: {name: notes}
data: {notes: {{ tpl (.Files.Get "notes") . | quote }}}
"""
"""Helm shows its notes to a cluster alone: rendered as a resource they can be read without one."""


def notes(values: Path, at: Path) -> str:
    chart = Path(shutil.copytree(CHART, at / "chart"))
    shutil.copy(CHART / "templates" / "NOTES.txt", chart / "notes")
    (chart / "templates" / "notes.yaml").write_text(AS_RESOURCE)
    said = [
        one["data"]["notes"]
        for one in rendered_from(chart, (values,), {})
        if one["metadata"]["name"] == "notes"
    ]
    return str(said[0])


@pytest.mark.parametrize("values", [pytest.param(path, id=path.stem) for path in VALUES])
def test_the_notes_name_what_there_is(values: Path, tmp_path: Path) -> None:
    """Each command names a resource and a Secret of this release, in its namespace."""
    said, resources = notes(values, tmp_path), rendered(values)
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in resources}
    named = set(re.findall(r"\b((?:statefulset|service)/[\w-]+)", said))
    assert named
    assert named <= there
    secrets = set(re.findall(r"create secret generic (\S+)", said))
    text = str(resources)
    assert all(f"'{secret}'" in text for secret in secrets)
    assert set(re.findall(r"(?:kubectl|helm) -n (\S+)", said)) == {NAMESPACE}
    assert ("not for production" in said) == (values.stem == "smallest")
    assert ("port-forward" in said) == bool(
        [one for one in of_kind(resources, "StatefulSet") if "console" in one["metadata"]["name"]]
    )
