"""`tactful events`: onto the log as a service would, and what stands on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli import events_import, events_tail
from app.cli.answers import NO, USAGE, answer, complain, examples, say, say_json
from app.cli.files import EventFile, Format, on_disk, read

if TYPE_CHECKING:
    from agents.contract import Agent

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)


@app.callback()
def _events() -> None:
    """Events onto the log as a service would write them, and what stands on it."""


@app.command(
    epilog=examples(
        'tactful events send --user ana --type consent.changed --data \'{"agent": "*", "granted": true}\'',
        'tactful events send --user ana --type message.received --data \'{"text": "Surgery on Thursday."}\'',
    )
)
def send(  # noqa: PLR0917 - typer passes options by name
    user: Annotated[str, typer.Option(help="Whom it is about.")],
    event_type: Annotated[str, typer.Option("--type", help="What happened, such as message.received.")],
    data: Annotated[str, typer.Option(metavar="JSON", help="The type's own fields.")] = "{}",
    event_id: Annotated[
        str,
        typer.Option(
            "--id", help="With the source its identity: the same one twice is one event. [default: a new one]"
        ),
    ] = "",
    source: Annotated[str, typer.Option(help="Who says so.")] = "tactful-cli",
    time: Annotated[
        str,
        typer.Option(metavar="TIME", help="When it happened, with an offset. [default: when the log has it]"),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print where it stands as JSON.")] = False,
) -> None:
    """Write one event, checked as the worker will check it; a field that is wrong is named, and nothing written."""
    import uuid

    import msgspec

    from app.cli.opening import agents_of, opened, settings
    from app.outside.log import milliseconds, now
    from topics.http_events import BadEvent, plain_record

    try:
        event: dict[str, Any] = {"id": event_id or uuid.uuid4().hex, "source": source, "type": event_type}
        event |= {"time": time} if time else {}
        event |= {"user_id": user, "data": msgspec.json.decode(data)}
    except msgspec.DecodeError as error:
        complain(f"--data: is no JSON: {error}", USAGE)
    given = settings()
    agents = agents_of(given)
    heard = _heard(event_type, agents.values())
    try:
        record = plain_record(
            msgspec.json.encode(event), agents=frozenset(agents), now_ms=milliseconds(now())
        )
    except BadEvent as bad:
        complain(f"{bad.field}: {bad.message}; nothing was written", USAGE)

    async def write() -> tuple[int, int]:
        async with opened(given, create=True) as log:
            return (await log.append([record]))[0]

    partition, offset = answer(write())
    if as_json:
        say_json({"partition": partition, "offset": offset, "id": event["id"], "source": source})
    else:
        unheard = "" if heard else "; no agent listens to this type"
        say(f"{event_type} of {user} stands at user-events-{partition}@{offset} (id {event['id']}){unheard}")


def _heard(event_type: str, agents: Iterable[Agent]) -> bool:
    """Whether anybody knows the type; the command ends when it is one letter from a known one, and nobody does.

    Elsewhere an unknown type is no error. Typed by hand it is: `user.erase` would erase nobody, and look as if it had.
    """
    from difflib import get_close_matches

    from agents import A_SLIP
    from topics.user_events import KNOWN_TYPES

    if event_type in KNOWN_TYPES or any(event_type in agent.subscribes for agent in agents):
        return True
    close = get_close_matches(event_type, KNOWN_TYPES, n=1, cutoff=A_SLIP)
    if close:
        complain(f"type: {event_type!r} is unknown: did you mean {close[0]!r}? Nothing was written", USAGE)
    return False


@app.command(
    epilog=examples(
        "tactful events check events.jsonl",
        "tactful events check --format memorybank memory_bank_en.json",
    )
)
def check(
    file: EventFile,
    form: Format = "plain",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each bad line, then one for all.")
    ] = False,
) -> None:
    """Hold a file of events against the contract: each line that the worker would put aside is named."""
    from app.cli.opening import registered, settings
    from app.sources.files import Bad

    good, wrong = 0, 0
    with on_disk(file) as kept:
        for one in read(kept, form, registered(settings())):
            if not isinstance(one, Bad):
                good += 1
                continue
            wrong += 1
            if as_json:
                say_json({"line": one.line, "field": one.field, "problem": one.problem})
            else:
                say(f"line {one.line}: {one.field}: {one.problem}")
    if as_json:
        say_json({"good": good, "bad": wrong})
    else:
        say(f"{good} good, {wrong} bad" if wrong else f"all {good} are good")
    if wrong:
        raise typer.Exit(NO)


app.command("import", epilog=events_import.EXAMPLES)(events_import.import_)
app.command(epilog=events_tail.EXAMPLES)(events_tail.tail)
