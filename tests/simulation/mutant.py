"""One way in which the core could be wrong."""

from __future__ import annotations

import msgspec


class Mutant(msgspec.Struct, frozen=True):
    """In `app.core.<module>`, `old` (which stands there once) becomes `new`."""

    name: str
    module: str
    old: str
    new: str
