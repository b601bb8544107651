"""What a topic is: its name, how the broker keeps it, and what its keys and records mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """One topic of the contract; `name` stands without the deployment's prefix.

    `single_partition`: it has one partition; all others have the same number, which is fixed when
    `nudge-state` is first written.
    `settings` are the broker's settings beyond the cleanup policy and the retention.
    """

    name: str
    cleanup: Literal["delete", "compact"]
    key: str
    holds: str
    retention: timedelta | None = None
    settings: Mapping[str, str] = {}
    single_partition: bool = False

    @property
    def config(self) -> dict[str, str]:
        """All that is set on the broker for this topic, in the broker's own words."""
        config: dict[str, str] = {"cleanup.policy": self.cleanup}
        if self.retention is not None:
            config["retention.ms"] = milliseconds(self.retention)
        return config | dict(self.settings)

    def partitions(self, count: int) -> int:
        """How many partitions it has where people are spread over `count`."""
        return 1 if self.single_partition else count


def milliseconds(length: timedelta) -> str:
    """A length of time as the broker's settings want it."""
    return str(length // timedelta(milliseconds=1))


PERSON = "the person: `user_id` as UTF-8 bytes"
