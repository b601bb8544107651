"""`tactful person USER`: who somebody is to us, and what may be sent to them now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import examples, say, say_json, told

if TYPE_CHECKING:
    from app.core.row import Row
    from app.explain.standing import Standing

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(epilog=examples("tactful person ana", "tactful person ana --json"))
def person(
    user: Annotated[str, typer.Argument(metavar="USER", help="The person's id, the records' key.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print a person's profile, consents and mutes, and what the caps and gaps still allow."""
    from app.cli.opening import found_row, settings
    from app.deployment import deciding
    from app.explain.standing import standing
    from app.http.people import profile
    from app.outside.log import now

    given = settings()
    with told():
        policy = deciding(given).policy
    row = found_row(given, user)
    stands = standing(row, policy, now())
    if as_json:
        say_json({**profile(row), "standing": stands})
        return
    for line in _lines(row, stands):
        say(line)


def _lines(row: Row, stands: Standing) -> Iterator[str]:
    from app.cli.times import shown

    known = [part for part in (row.name, row.locale, stands.timezone) if part]
    yield f"{row.user_id} ({', '.join(known)})"
    if row.erased_at is not None:
        yield f"  erased        {shown(row.erased_at)}; nothing older counts"
    yield f"  consents      {_consents(row)}"
    whose = "their own" if stands.quiet_hours_are_theirs else "the policy's"
    now = f"; quiet now, until {shown(stands.quiet_until)}" if stands.quiet_until else ""
    yield f"  quiet hours   {stands.quiet_hours.start} to {stands.quiet_hours.end}, {whose}{now}"
    yield f"  nudges        {stands.today} of {stands.per_day} today, {stands.this_week} of {stands.per_week} in 7 days"
    if stands.ignored_this_week:
        yield f"  ignored       {stands.ignored_this_week} of {stands.ignored_per_week} in 7 days, before we keep quiet"
    if stands.gap_until:
        yield f"  next nudge    not before {shown(stands.gap_until)}: the minimum gap"
    if stands.active_until:
        yield f"  active        until {shown(stands.active_until)}: no nudge meanwhile"
    yield f"  model         {stands.calls_today} of {stands.calls_per_day} requests today"
    yield f"  unread        {len(row.unread)} messages wait for a reading"
    for subject, until in row.mutes.items():
        yield f"  muted         “{subject}” until {shown(until)}"
    yield f"  planned       {len(row.intents)}: see `tactful intents {row.user_id}`"
    for nudge in row.nudges[-5:]:
        answered = "active since" if nudge.answered else "no activity since"
        yield f"  was sent      {shown(nudge.at)} by {nudge.agent}, {answered} ({nudge.nudge_id})"


def _consents(row: Row) -> str:
    granted = [("every agent" if name == "*" else name) for name, yes in row.consents.items() if yes]
    denied = [("any agent" if name == "*" else name) for name, yes in row.consents.items() if not yes]
    if not granted:
        return "none: nobody may reach out"
    return ", ".join(granted) + (f"; not {', '.join(denied)}" if denied else "")
