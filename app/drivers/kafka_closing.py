"""The end of a client of Kafka: who is done with it waits for no broker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

CLOSED_WITHIN_S = 2.0
"""The end of a TLS connection waits for the other side's last word: in asyncio and uvloop for up to 30 s."""


def closes_soon(connections: Any) -> None:
    """Have a client's connections let go after CLOSED_WITHIN_S, whatever the brokers say to that."""
    close = connections.close

    async def soon() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSED_WITHIN_S):
                await close()

    connections.close = soon


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
