"""`python -m tests.deployment.custom_resources` makes `schemas/` anew: run by hand when an operator's API moves on.

The Prometheus operator's and KEDA's come from models that a package has of their CRDs, Strimzi's from its own
generator, which Maven brings; the newer of its two versions wants Java 21 (JAVA says which, `java` by default).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.tools import environment

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
STRIMZI = {"1.2.0": ("v1",), "0.45.0": ("v1beta2",)}
"""A version of the generator, and which versions of the API are taken from it."""
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>t</groupId><artifactId>t</artifactId><version>1</version><dependencies>
<dependency><groupId>io.strimzi</groupId><artifactId>crd-generator</artifactId><version>{0}</version></dependency>
<dependency><groupId>io.strimzi</groupId><artifactId>api</artifactId><version>{0}</version></dependency>
</dependencies></project>"""
MODELS = """
import json
from cloudcoil.models.keda.v1alpha1 import ScaledObject, TriggerAuthentication
from cloudcoil.models.prometheus_operator.v1 import PrometheusRule, ServiceMonitor
kinds = {"keda-v1alpha1": (ScaledObject, TriggerAuthentication), "monitoring-v1": (PrometheusRule, ServiceMonitor)}
print(json.dumps({f"{kind.__name__.lower()}-{of}": kind.model_json_schema(by_alias=True)
                  for of, all_of_them in kinds.items() for kind in all_of_them}))
"""
OPEN = "x-kubernetes-preserve-unknown-fields"


def closed(node: Any) -> Any:
    """The same, without titles and defaults; an object that lists its fields has no others."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        # Python wants such a flag before everything else.
        return "^([aA][bB][oO][rR][tT]|[wW][aA][rR][nN])?$" if node == "^(?i)(abort|warn)?$" else node
    made: dict[str, Any] = {}
    for key, value in node.items():
        if key in {"properties", "$defs"}:  # below these stand names
            made[key] = {name: closed(one) for name, one in value.items()}
        elif key not in {"title", "default", OPEN}:
            made[key] = closed(value)
    if node.get("type") == "object" and "properties" in node and not node.get(OPEN):
        made.setdefault("additionalProperties", False)
    return made


def of_models() -> dict[str, Any]:
    """What the package's models say."""
    python = environment("custom-resources", HERE / "custom_resources.txt") / "python"
    said = subprocess.run([python, "-c", MODELS], capture_output=True, text=True, check=True).stdout
    return {name: closed(schema) for name, schema in json.loads(said).items()}


def of_strimzi(version: str, wanted: tuple[str, ...], at: Path) -> dict[str, Any]:
    """What Strimzi's generator writes for topics and users."""
    (at / "made").mkdir()
    (at / "pom.xml").write_text(POM.format(version))
    copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
    subprocess.run(
        ["mvn", "-q", "-B", copy, "-DincludeScope=runtime", "-DoutputDirectory=libs"], cwd=at, check=True
    )
    kinds = {"topic.KafkaTopic": "made/topic.yaml", "user.KafkaUser": "made/user.yaml"}
    named = [f"io.strimzi.api.kafka.model.{kind}={file}" for kind, file in kinds.items()]
    java = os.environ.get("JAVA") or shutil.which("java") or "java"
    generator = [java, "-cp", "libs/*", "io.strimzi.crdgenerator.CrdGenerator", "--yaml", *named]
    subprocess.run(generator, cwd=at, check=True)
    made: dict[str, Any] = {}
    for file in kinds.values():
        spec = YAML(typ="safe", pure=True).load(at / file)["spec"]
        for one in spec["versions"]:
            if one["name"] in wanted:
                name = f"{spec['names']['kind'].lower()}-{spec['group'].partition('.')[0]}-{one['name']}"
                made[name] = closed(one["schema"]["openAPIV3Schema"])
    return made


def main() -> None:
    schemas = of_models()
    for version, wanted in STRIMZI.items():
        with tempfile.TemporaryDirectory() as folder:
            schemas |= of_strimzi(version, wanted, Path(folder))
    for name, schema in schemas.items():
        text = json.dumps(schema, separators=(",", ":"), sort_keys=True) + "\n"
        (SCHEMAS / f"{name}.json").write_text(text)
    sys.stderr.write(f"{len(schemas)} schemas\n")


if __name__ == "__main__":
    main()
