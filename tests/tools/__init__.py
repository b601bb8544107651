"""Programs that tests run and that Python's lock does not bring: one module each.

    from tests.tools import have
    from tests.tools.helm import helm
    program = have(helm)      # skips the test when it cannot be had; TACTFUL_REQUIRE_TOOLS=1 makes that a failure

What is fetched has a pinned version and a hash, and is kept in `.tools/`, which is safe to delete.
What only Debian brings is looked for on the PATH (`on_path`), and `.ci/run` installs it.
"""

from __future__ import annotations

from tests.tools.keeping import LackingError, environment, have, kept, on_path, wheel

__all__ = ["LackingError", "environment", "have", "kept", "on_path", "wheel"]
