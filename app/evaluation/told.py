"""The reports as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from app.evaluation import subjects as of_subjects
from app.evaluation import writing as of_writing
from app.evaluation.agreement import Agreement
from app.evaluation.figures import Share
from app.evaluation.resolution import Figures, Report, Scored

SHOWN_ERRORS = 40


def resolution(report: Report) -> Iterator[str]:
    """Line by line: how many, what went wrong of which sort, beside what simple answers come to."""
    models = ", ".join(report.models) or "nobody named"
    yield f"{report.answered} of {report.cases} cases, answered by {models}; instructions {report.instructions}"
    if report.unusable:
        yield f"{report.unusable} answers were unusable: nothing is closed by them, what is due is held"
    yield ""
    rows = [("answers", report.scored), *((name, one) for name, one in report.baselines.items())]
    yield from _table(
        (
            "",
            "F1 (95 %)",
            "closed, still open",
            "over, not closed",
            "of these stale",
            "held for nothing",
            "cases right",
        ),
        [_line(name, one) for name, one in rows],
    )
    wishes = report.wishes
    if wishes.put_off.of or wishes.muted.of:
        yield ""
        yield from _table(
            ("put off", "to the right day", "moved for nothing", "left alone"),
            [tuple(map(_share, (wishes.put_off, wishes.on_the_day, wishes.moved_for_nothing, wishes.muted)))],
        )
    for title, groups in (("kind", report.by_kind), ("language", report.by_language)):
        yield ""
        yield from _table(
            (title, "closed, still open", "over, not closed", "held for nothing"), _groups(groups)
        )
    yield ""
    yield from _table(
        ("confidence", "right"),
        [
            (f"{one.low:.2f} to {one.high:.2f}", _share(one.right))
            for one in report.confidence
            if one.right.of
        ],
    )
    yield ""
    yield from _table(
        (
            "reading.sure",
            "closed, still open",
            "over, not closed",
            "of these stale",
            "held for nothing",
            "F1",
        ),
        [
            (
                f"{one.sure:.2f}",
                str(one.false),
                str(one.missed),
                str(one.stale),
                str(one.held_open),
                f"{one.f1:.3f}",
            )
            for one in report.thresholds
        ],
    )
    if report.errors:
        yield ""
        yield "errors (--json has all of them)"
    for error in report.errors[:SHOWN_ERRORS]:
        should = "is over" if error.settled else "is still open"
        sure = "" if error.confidence is None else f" {error.confidence:.2f}"
        said = f"{error.verdict or 'no verdict'}{sure}"
        yield f"  {error.case} ({error.kind}): {error.intent} {should}, became {error.became}; {said}"


def subjects(report: of_subjects.Report) -> Iterator[str]:
    """Line by line: what was found, missed and raised for nothing, and whether the day is right."""
    models = ", ".join(report.models) or "nobody named"
    yield f"{report.answered} of {report.cases} cases, answered by {models}; instructions {report.instructions}"
    if report.unusable:
        yield f"{report.unusable} answers were unusable: nothing is raised by them"
    yield f"{report.raised} subjects raised, in {_share(report.raising)} of the cases"
    if report.when_worth.of or report.when_not.of:
        there, nothing = _share(report.when_worth), _share(report.when_not)
        yield f"raised where there is something: {there}; where there is nothing: {nothing}"
    if not report.looked_at:
        return
    yield ""
    groups = {"all": report.counts, **report.by_kind, **report.by_language}
    yield from _table(
        ("", "found", "raised for nothing", "on the right day"),
        [(name, _share(one.found), str(one.spare), _share(one.on_the_day)) for name, one in groups.items()],
    )
    wrong = [one for one in report.subjects if one.what in {"missed", "spare"} or one.on_the_day is False]
    if wrong:
        yield ""
        yield "errors (--json has all of them)"
    for one in wrong[:SHOWN_ERRORS]:
        day = f", due {one.due}" if one.due else ""
        should = f", should be {one.label_due}" if one.label_due else ""
        yield f"  {one.case} ({one.kind}) message {one.message}: {one.what} “{one.subject}”{day}{should}"


def writing(report: of_writing.Report) -> Iterator[str]:
    """Line by line: what the checks let through at which attempt, and what readers said before and after."""
    yield f"{report.written} of {report.cases} cases written; policy {report.policy}"
    yield ""
    groups = {"all": report.all, **report.by_agent, **report.by_locale}
    yield from _table(
        ("", "first draft passes", "second passes", "fallbacks", "silent"),
        [
            (name, _share(one.first_good), _share(one.second_good), str(one.fallbacks), str(one.silent))
            for name, one in groups.items()
        ],
    )
    if report.problems:
        yield ""
        yield from _table(("times", "found wrong"), [(str(n), text) for text, n in report.problems.items()])
    if not (report.all.before.of or report.all.own_words.of):
        return
    yield ""
    yield from _table(
        ("readers would send", "first drafts", "final texts", "own words"),
        [
            (name, _share(one.before), _share(one.after), _share(one.own_words))
            for name, one in groups.items()
        ],
    )
    yield f"bad drafts caught {_share(report.caught)}, good ones refused {_share(report.refused_for_nothing)}"
    if report.why_not:
        yield ""
        yield from _table(
            ("would not send, because", "first drafts", "final texts", "own words"),
            [(why, *map(str, stages.values())) for why, stages in report.why_not.items()],
        )


def agreement(found: Agreement) -> Iterator[str]:
    """Line by line: how often two labellers agree, and where they do not."""
    yield f"{found.intents} intents of {found.cases} cases"
    yield f"the same {_share(found.same)}, kappa {found.kappa:.3f}"
    yield f"whether it is over {_share(found.closing)}; the day {_share(found.days)}"
    for one in found.differences[:SHOWN_ERRORS]:
        yield f"  {one.case}: {one.intent} is {one.first} or {one.second}"


def _line(name: str, one: Scored) -> tuple[str, ...]:
    found = one.figures
    return (
        name,
        f"{one.f1.value:.3f} ({one.f1.low:.3f} to {one.f1.high:.3f})",
        _share(found.false),
        _share(found.missed),
        str(found.stale),
        str(found.held_open),
        _share(one.right),
    )


def _groups(groups: Mapping[str, Figures]) -> list[tuple[str, ...]]:
    return [(name, _share(one.false), _share(one.missed), str(one.held_open)) for name, one in groups.items()]


def _share(one: Share) -> str:
    return f"{one.count}/{one.of} ({one.low:.3f} to {one.high:.3f})" if one.of else "0/0"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    for row in (head, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
