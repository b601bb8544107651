"""`tactful eval`: how well the model's questions are answered, by a live model or in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import NO, USAGE, complain, examples, say_report
from app.cli.asked import (
    ANSWERS,
    AT_ONCE,
    BACKEND,
    CODES,
    EXPORT,
    LIMIT,
    MOST_USD,
    Exchange,
    files_told,
    note,
)
from app.cli.readings import read, situation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.core.asks import Ask
    from app.evaluation.exchange import Brought

Cases = Annotated[
    Path,
    typer.Option("--cases", metavar="FILE", help="JSON lines: a case each, with its label or without."),
]
Labels = Annotated[
    Path | None,
    typer.Option("--labels", metavar="FILE", help="The labels, where they are kept apart from the cases."),
]
Export = Annotated[Path | None, typer.Option("--export", metavar="FILE", help=EXPORT)]
Answers = Annotated[Path | None, typer.Option("--answers", metavar="FILE", help=ANSWERS)]
Backend = Annotated[str | None, typer.Option("--backend", metavar="WHO", help=BACKEND)]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help=LIMIT)]
MostUsd = Annotated[float | None, typer.Option("--most-usd", min=0, help=MOST_USD)]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, help=AT_ONCE)]
AsJson = Annotated[bool, typer.Option("--json", help="The report as one JSON object.")]

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _evaluation() -> None:
    """How well meaning is read: with a live model, or with answers that come in a file."""


@app.command(
    epilog=examples(
        "tactful eval resolution --cases cases.jsonl --export requests.jsonl",
        "tactful eval resolution --cases cases.jsonl --answers answers.jsonl",
        "tactful eval resolution --cases cases.jsonl --answers kept.jsonl --backend anthropic --limit 20 --json",
        codes=CODES,
    )
)
def resolution(  # noqa: PLR0917 - typer passes options by name
    cases: Cases,
    labels: Labels = None,
    export: Export = None,
    answers: Answers = None,
    backend: Backend = None,
    limit: Limit = None,
    most_usd: MostUsd = None,
    at_once: AtOnce = 4,
    least_f1: Annotated[
        float | None, typer.Option("--least-f1", min=0, max=1, help="Exit 1 when F1 is below.")
    ] = None,
    most_false: Annotated[
        int | None, typer.Option("--most-false", min=0, help="Exit 1 when more plans were wrongly closed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How well it is read what messages settle: plans wrongly closed and stale ones apart.

    Each case is put to the worker's own reading, and an answer goes through the worker's own checks: the schema, the
    closed answer space, the confidence and the cap on what one message may close.
    """
    from app.evaluation import told
    from app.evaluation.resolution import report

    exchange = Exchange(
        export=export, answers=answers, backend=backend, limit=limit, most_usd=most_usd, at_once=at_once
    )
    came = read(exchange, cases, labels)
    if came is None:
        return
    judged = report(came.where, came.asked, came.known, came.found, instructions=came.instructions)
    say_report(judged, told.resolution, as_json=as_json)
    if not judged.labelled:
        complain(f"{cases}: no case has a label: give --labels FILE", USAGE)
    unanswered = came.unanswered()
    too_many = most_false is not None and judged.scored.figures.false.count > most_false
    if unanswered or too_many or (least_f1 is not None and judged.scored.f1.value < least_f1):
        raise typer.Exit(NO)


@app.command(
    epilog=examples(
        "tactful eval subjects --cases cases.jsonl --labels labels.jsonl --answers answers.jsonl",
        "tactful eval subjects --cases memory_bank_en.json --format memorybank --export requests.jsonl",
        "tactful eval subjects --cases reward_test_data.jsonl --format proactivebench --answers kept.jsonl --json",
        codes=CODES,
    )
)
def subjects(  # noqa: PLR0917 - typer passes options by name
    cases: Cases,
    labels: Labels = None,
    form: Annotated[
        str, typer.Option("--format", metavar="FORM", help="cases, memorybank or proactivebench.")
    ] = "cases",
    export: Export = None,
    answers: Answers = None,
    backend: Backend = None,
    limit: Limit = None,
    most_usd: MostUsd = None,
    at_once: AtOnce = 4,
    as_json: AsJson = False,
) -> None:
    """How well it is read what is worth coming back to, and when: found, missed, raised for nothing, the right day.

    MemoryBank has no labels: what was raised is counted and listed. ProactiveBench says whether anything is worth it.
    """
    from app.evaluation import told
    from app.evaluation.subjects import report

    exchange = Exchange(
        export=export, answers=answers, backend=backend, limit=limit, most_usd=most_usd, at_once=at_once
    )
    came = read(exchange, cases, labels, form)
    if came is None:
        return
    judged = report(came.where, came.asked, came.known, came.found, instructions=came.instructions)
    say_report(judged, told.subjects, as_json=as_json)
    if came.unanswered():
        raise typer.Exit(NO)


@app.command(
    epilog=examples(
        "tactful eval writing --cases cases.jsonl --export requests.jsonl",
        "tactful eval writing --cases cases.jsonl --answers answers.jsonl --export next.jsonl",
        "tactful eval writing --cases cases.jsonl --answers kept.jsonl --backend anthropic --texts texts.jsonl",
        "tactful eval writing --cases cases.jsonl --answers kept.jsonl --ratings ratings.jsonl --json",
        codes=CODES,
    )
)
def writing(  # noqa: PLR0917 - typer passes options by name
    cases: Annotated[
        Path, typer.Option("--cases", metavar="FILE", help="JSON lines: who is to be written to about what.")
    ],
    export: Export = None,
    answers: Answers = None,
    backend: Backend = None,
    texts: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write drafts and final texts, for a reader to rate blind."),
    ] = None,
    ratings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What readers said: lines with `id` and `send`.")
    ] = None,
    limit: Limit = None,
    most_usd: MostUsd = None,
    at_once: AtOnce = 4,
    as_json: AsJson = False,
) -> None:
    """How well it is written: drafts against the worker's checks and its judge, and against what readers say.

    Each case goes through the worker's own composing. A second attempt is asked for when the first was refused, so
    answers come in rounds: --export holds what is to be asked next.
    """
    import msgspec

    from app.cli.opening import settings
    from app.evaluation import told
    from app.evaluation.writing import Written, read_cases, read_ratings, report, to_rate, write

    exchange = Exchange(
        export=export, answers=answers, backend=backend, limit=limit, most_usd=most_usd, at_once=at_once
    )
    given = settings()
    where = situation(given)
    exchange.check(where.policy)
    with files_told():
        asked = read_cases(cases, where.roster.names)
        said = {} if ratings is None else read_ratings(ratings)

    def came(found: Mapping[str, Brought]) -> list[Written | tuple[str, Ask]]:
        return [write(one, found, policy=where.policy, roster=where.roster) for one in asked]

    brought = exchange.rounds(
        given, where.policy, lambda found: [one for one in came(found) if not isinstance(one, Written)]
    )
    if answers is None:
        return
    written = [one for one in came(brought) if isinstance(one, Written)]
    if texts is not None:
        with files_told():
            texts.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in to_rate(written)))
    judged = report(asked, written, said, policy=where.policy)
    say_report(judged, told.writing, as_json=as_json)
    if len(written) < len(asked):
        note(f"{len(asked) - len(written)} cases wait for an answer")
        raise typer.Exit(NO)


@app.command(
    epilog=examples(
        "tactful eval agreement --cases cases.jsonl --labels ours.jsonl --second theirs.jsonl",
        codes="Exit codes: 0 fine, 1 they agree less than --least-kappa, 2 usage.",
    )
)
def agreement(
    cases: Cases,
    labels: Annotated[Path, typer.Option("--labels", metavar="FILE", help="The first labeller's labels.")],
    second: Annotated[Path, typer.Option("--second", metavar="FILE", help="The second labeller's.")],
    least_kappa: Annotated[
        float | None, typer.Option("--least-kappa", help="Exit 1 when kappa is below.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How far two who labelled the same cases agree, intent by intent, and where they do not."""
    from app.evaluation import told
    from app.evaluation.agreement import agreement as compared
    from app.evaluation.cases import read_cases, read_labels

    with files_told():
        asked, _ = read_cases(cases)
        found = compared(asked, read_labels(labels, asked), read_labels(second, asked))
    say_report(found, told.agreement, as_json=as_json)
    if least_kappa is not None and found.kappa < least_kappa:
        raise typer.Exit(NO)
