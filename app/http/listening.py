"""Listening at an address, and what is said when it cannot be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from typing import Self


class CannotListen(Exception):
    """The address is taken, or is none of this machine's.

    Operator action: stop who listens there, or choose another address; port 0 takes a free one.
    """

    @classmethod
    def at(cls, where: str, error: OSError) -> Self:
        """`where` names the address as its operator gave it."""
        return cls(
            f"{where}: {error.strerror or error}: stop who listens there, or choose another address; "
            "port 0 takes a free one"
        )


async def listen(runner: web.AppRunner, host: str, port: int, *, where: str) -> str:
    """Set the runner up and serve; its URL. CannotListen, with the runner cleaned up, when that cannot be."""
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise CannotListen.at(where, error) from None
    taken, number = runner.addresses[0][:2]
    return f"http://[{taken}]:{number}" if ":" in taken else f"http://{taken}:{number}"
