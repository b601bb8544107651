"""A promise that was not kept."""

from __future__ import annotations


class Broken(AssertionError):
    """Which promise, and how that shows."""

    def __init__(self, promise: str, how: str) -> None:
        super().__init__(f"{promise}: {how}")
        self.promise = promise
