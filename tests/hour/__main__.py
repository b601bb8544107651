"""`python -m tests.hour`: goes through the operator's hour and writes the page that shows it.

Without `--kafka HOST:PORT` a broker of its own is started.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.hour.stage import hour
from tests.hour.steps import whole
from tests.kafka.broker import broker

PAGE = Path(__file__).parents[2] / "app" / "docs" / "operators-hour.md"
HEAD = """# An operator's hour

What an operator does with a deployment, tried.
`python -m tests.hour` goes through all of it on a real broker and writes this page; a test goes through it each time.
The manifests are the chart's, rendered by Helm and held against the schemas of Kubernetes.
There is no cluster here: the workers run as processes, with the variables of their containers and a folder for each
volume.
In a cluster the commands run in a worker's pod (`kubectl -n people exec -it it-tactful-worker-0 -- tactful ...`), or
anywhere with the same variables.
Long answers are trimmed."""


async def _gone_through(address: str, folder: Path) -> str:
    async with hour(address, "", folder) as one:
        one.page.tell(HEAD)
        await whole(one, folder, load_s=5.0)
        return one.page.text()


def main() -> None:
    """Go through it, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.hour", description=__doc__)
    parser.add_argument("--kafka", metavar="HOST:PORT", help="a broker without topics of ours")
    parser.add_argument("--to", type=Path, default=PAGE, help="the page (default: %(default)s)")
    given = parser.parse_args()
    with ExitStack() as stack:
        address = given.kafka or stack.enter_context(broker("local"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tactful-hour-")))
        given.to.write_text(asyncio.run(_gone_through(address, folder)).replace(str(folder), "."))
    sys.stdout.write(f"wrote {given.to}\n")


if __name__ == "__main__":
    main()
