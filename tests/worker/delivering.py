"""`tactful deliver` as a process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.facts.deliver.nudging import SECRET
from tests.worker.process import COMMAND, killed_at_last


@asynccontextmanager
async def deliver(
    folder: Path, url: str, *more: str, **env: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`tactful deliver` as an operator starts it; killed in the end if it has not ended."""
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    words = (
        "deliver",
        "--webhook",
        url,
        "--secret-file",
        str(secret),
        "--state",
        str(folder / "delivered"),
        *more,
    )
    given = os.environ | {f"TACTFUL_{name}": value for name, value in env.items()}
    with (folder / "deliver.log").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            str(COMMAND), *words, "--json", env=given, stderr=said, stdout=said
        )
    async with killed_at_last(process):
        yield process
