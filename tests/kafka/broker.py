"""A real Kafka for the tests: one that is named, a container, or a broker of our own from Maven's jars.

`TACTFUL_TEST_KAFKA` chooses: `auto` (default), `container`, `local` or `external:HOST:PORT`.
`python -m tests.kafka.broker` starts a local one and prints its address until Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kafka import container
from tests.kafka.local import LocalKafka, NoBrokerError, wait_until_answering

__all__ = ["LocalKafka", "NoBrokerError", "broker"]


@contextmanager
def broker(wanted: str) -> Iterator[str]:
    """The address of a broker by what `TACTFUL_TEST_KAFKA` wants; NoBrokerError when none can be had."""
    if wanted.startswith("external:"):
        address = wanted.removeprefix("external:")
        wait_until_answering(address, limit=20)
        yield address
    elif wanted not in {"auto", "container", "local"}:
        raise ValueError(f"TACTFUL_TEST_KAFKA={wanted!r}: say auto, container, local or external:HOST:PORT")
    elif wanted != "local" and container.engine_answers():
        with container.kafka() as address:
            yield address
    elif wanted == "container":
        raise NoBrokerError("no Docker engine answers: start one, or say TACTFUL_TEST_KAFKA=local")
    else:
        with LocalKafka() as local:
            yield local.address


def main() -> None:
    """Start a broker, print its address, wait for Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka.broker", description=main.__doc__)
    parser.add_argument("--port", type=int, help="the port to listen on (default: a free one)")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the data here, for the next start too"
    )
    parser.add_argument("--heap", default="384m", help="the broker's heap (default: %(default)s)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with LocalKafka(port=given.port, folder=given.keep, heap=given.heap) as local:
            print(local.address, flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    except NoBrokerError as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
