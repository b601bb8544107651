"""The end of a client of Kafka: who is done with it waits for no broker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def without_farewell(close: Callable[..., Any]) -> Callable[..., Any]:
    """What stands for the client's way to close a connection: over TLS it waits for nobody's last word.

    asyncio and uvloop wait for it for half a minute, and a broker may be beyond saying it; nothing is under way that
    would be lost, since every request is waited for before its connection is closed.
    """

    def hang_up(connection: Any, reason: Any = None, exc: Exception | None = None) -> Any:
        writer = connection._writer  # noqa: SLF001 - nobody else has it
        closing = close(connection, reason, exc)
        if writer is not None and connection._security_protocol in {"SSL", "SASL_SSL"}:  # noqa: SLF001 - as above
            writer.transport.abort()
        return closing

    return hang_up


async def closed(consumer: Any) -> None:
    """Stop a consumer, leaving its group.

    aiokafka awaits its fetches after cancelling them, and one that had not begun raises CancelledError into
    who asked for the stop, with the connections still open.
    """
    stopping = asyncio.create_task(consumer.stop())
    await asyncio.wait({stopping})
    if stopping.cancelled():
        await consumer._client.close()  # noqa: SLF001 - what `stop` did not come to
    else:
        stopping.result()


def look_at(future: asyncio.Future[Any]) -> None:
    """Or asyncio reports an error that nobody asked for, long after it was dealt with."""
    if future.done() and not future.cancelled():
        future.exception()
