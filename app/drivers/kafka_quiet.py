"""What the Kafka client says of itself, as often as a person wants to read it."""

from __future__ import annotations

import logging
import time

SAY_AGAIN_S = 10.0


class _Seldom(logging.Filter):
    """What aiokafka repeats with every attempt, some 200 times a second while a broker is away, is said once."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """The same sentence again after 10 s, and what is the usual course of things never."""
        if record.levelno < logging.WARNING:
            return True
        # After a commit this is the broker's word for markers that are still being written.
        if "NotEnoughReplicas" in str(record.args):
            return False
        key, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._said.get(key, float("-inf")) < SAY_AGAIN_S:
            return False
        self._said[key] = now
        return True


_SELDOM = _Seldom()
_TALKATIVE = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


def quieten() -> None:
    """Let aiokafka say each thing seldom; a filter that is there already is not added again."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_SELDOM)
