"""The files that pages refer to: looks, an icon, one vendored script and our own; read once, at the start."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parents[1] / "static"
_TYPES: Mapping[str, str] = MappingProxyType(
    {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".LICENSE": "text/plain"}
)

FILES: Mapping[str, tuple[str, bytes]] = MappingProxyType(
    {file.name: (_TYPES[file.suffix], file.read_bytes()) for file in sorted(FOLDER.iterdir())}
)
"""Content type and body, by name."""

_HASHES: Mapping[str, str] = MappingProxyType(
    {name: sha256(body).hexdigest()[:12] for name, (_, body) in FILES.items()}
)


def static(name: str) -> str:
    """The path of a file; it changes when the file does, so that no browser shows yesterday's."""
    return f"/static/{name}?v={_HASHES[name]}"
