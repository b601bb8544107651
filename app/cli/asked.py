"""What every `tactful eval` command does with its requests: write them out, have them answered, take answers back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.cli.answers import OUT_OF_REACH, USAGE, answer, complain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from app.core.asks import Ask
    from app.core.policy import Policy
    from app.evaluation.exchange import Brought
    from app.evaluation.live import Spent
    from app.settings import Settings

EXPORT = "Write the requests as the worker would send them: lines of a message batch, with no label."
ANSWERS = (
    "Score these answers: lines with `custom_id` and `answer`, or of a batch's results. With --backend what is not "
    "in it yet is asked, and added."
)
BACKEND = "Ask a model: anthropic, or scripted (to try the way)."
LIMIT = "Ask at most so many requests now."
MOST_USD = "Stop asking when so much is spent (needs `prices` in the policy)."
AT_ONCE = "Requests at the same time."
CODES = "Exit codes: 0 fine, 1 some cases have no answer, or a bound was not met, 2 usage, 3 no model."


BYTES_A_TOKEN = 4
"""Of English, about; enough to know beforehand what a run costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Where requests go and answers come from."""

    export: Path | None
    answers: Path | None
    backend: str | None
    limit: int | None
    most_usd: float | None
    at_once: int

    def check(self, policy: Policy) -> None:
        """The command ends when these options do not go together."""
        if self.export is None and self.answers is None:
            complain("give --export FILE, --answers FILE, or --answers FILE with --backend anthropic", USAGE)
        if self.backend is None:
            return
        if self.backend not in {"anthropic", "scripted"}:
            complain(f"--backend {self.backend}: there is anthropic, and scripted (to try the way)", USAGE)
        if self.answers is None:
            complain("--backend keeps its answers in --answers FILE, and asks what is not in it yet", USAGE)
        if self.most_usd is not None and not policy.prices:
            complain("--most-usd: the policy has no `prices`, so nobody can tell what is spent", USAGE)

    def brought(self, given: Settings, policy: Policy, asks: Sequence[tuple[str, Ask]]) -> dict[str, Brought]:
        """The answers by the names of what was asked; nothing when there was only to export."""
        with files_told():
            return self._brought(given, policy, asks)

    def rounds(
        self,
        given: Settings,
        policy: Policy,
        pending: Callable[[Mapping[str, Brought]], Sequence[tuple[str, Ask]]],
    ) -> Mapping[str, Brought]:
        """The answers by their requests' ids, where a request may depend on an earlier answer.

        `pending` says what is to be asked once these answers are there; what is left of it in the end is exported.
        """
        with files_told():
            found = self._answers()
            asks = pending(found)
            while self.backend is not None and self.answers is not None and asks:
                self._live(given, policy, asks, self.answers)
                before, found = found, self._answers()
                asks = pending(found)
                if self.limit is not None or len(found) == len(before):
                    break
            self._export(asks)
        return found

    def _answers(self) -> dict[str, Brought]:
        from app.evaluation.exchange import read_answers

        if self.answers is None:
            return {}
        if self.backend is not None:
            self.answers.touch()
        return read_answers(self.answers)

    def _export(self, asks: Sequence[tuple[str, Ask]]) -> None:
        from app.evaluation.exchange import exported

        if self.export is not None:
            lines = list(exported(asks))
            self.export.write_bytes(b"".join(lines))
            about = sum(map(len, lines)) // BYTES_A_TOKEN
            note(f"{len(asks)} requests written to {self.export}: about {about:,} tokens to read")

    def _brought(
        self, given: Settings, policy: Policy, asks: Sequence[tuple[str, Ask]]
    ) -> dict[str, Brought]:
        from app.evaluation.exchange import request_id

        ids = {name: request_id(name, ask.question) for name, ask in asks}
        self._export(asks)
        if self.answers is None:
            return {}
        found = self._answers()
        if self.backend is not None:
            open_ones = [(name, ask) for name, ask in asks if ids[name] not in found]
            self._live(given, policy, open_ones, self.answers)
            found = self._answers()
        strangers = len(set(found) - set(ids.values()))
        if strangers:
            note(f"{strangers} answers are to requests that are not among these, and were left out")
        return {name: found[one] for name, one in ids.items() if one in found}

    def _live(self, given: Settings, policy: Policy, asks: Sequence[tuple[str, Ask]], kept: Path) -> None:
        """Ask the model; the command ends when it cannot be reached."""
        from app.evaluation.live import Live
        from app.model import chosen

        settings = given.model.model_copy(update={"backend": self.backend})
        limit_s = settings.limit.total_seconds()

        async def ask() -> Spent:
            async with chosen.backend(settings) as model:
                live = Live(model, kept, limit_s=limit_s, prices=policy.prices, most_usd=self.most_usd)
                return await live.run(asks[: self.limit], at_once=self.at_once, progress=_progress)

        spent = answer(ask())
        if spent.stopped == "unreachable":
            complain(
                "the model cannot be reached: check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL, and run this again; "
                "what was answered is kept",
                OUT_OF_REACH,
            )
        if spent.stopped == "cost":
            note("stopped: --most-usd is spent; what was answered is kept")


@contextmanager
def files_told() -> Iterator[None]:
    """A file that cannot be used is named, and the command ends."""
    from app.evaluation.cases import CasesError

    try:
        yield
    except CasesError as error:
        complain(str(error), USAGE)
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}", USAGE)


def note(text: str) -> None:
    """A word beside the answer, on stderr."""
    print(text, file=sys.stderr)


def _progress(spent: Spent) -> None:
    done = spent.answered + spent.failed
    cost = "cost unknown (no `prices`)" if spent.cost_usd is None else f"{spent.cost_usd:.4f} USD"
    tokens = f"{spent.input_tokens:,} + {spent.output_tokens:,} tokens"
    more = sys.stderr.isatty() and done < spent.requests
    print(
        f"{done}/{spent.requests} asked, {spent.failed} failed, {tokens}, {cost}",
        end="\r" if more else "\n",
        file=sys.stderr,
        flush=True,
    )
