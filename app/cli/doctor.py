"""`tactful doctor`: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.answers import NO, OUT_OF_REACH, USAGE, answer, complain, examples, say, say_json

if TYPE_CHECKING:
    from app.doctor.finding import Finding
    from app.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(
    epilog=examples(
        "tactful doctor",
        "TACTFUL_LOG=kafka://localhost:9092 tactful doctor --json",
        "tactful doctor --ask-model",
        "TACTFUL_LOG=kafka://localhost:9092 tactful doctor --rights worker --principal User:tactful",
        codes="Exit codes: 0 a worker would do its work, 1 something has to be mended, 3 something cannot be reached.",
    )
)
def doctor(
    ask_model: Annotated[
        bool, typer.Option("--ask-model", help="Put one real question to the model; it costs some tokens.")
    ] = False,
    rights: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="Look at nothing; print the kafka-acls.sh commands that grant a role the least it needs: worker, "
            "producer, delivery, data, creator, viewer, operator or console.",
        ),
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option(
            help="With --rights: who is granted them, and for delivery and data also the name of their group. By "
            "default User: and the role's name."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a finding.")] = False,
) -> None:
    """Look at configuration, policy, agents, log, rights and model with the settings of a worker; change nothing."""
    if rights is not None:
        _print_rights(rights, principal, as_json=as_json)
        return
    if principal is not None:
        complain("--principal says whom --rights grants something: give both", USAGE)

    async def looked() -> list[str]:
        states: list[str] = []
        async for finding in _findings(ask_model=ask_model):
            _print(finding, as_json=as_json)
            states.append(finding.state)
        return states

    states = answer(looked())
    if not as_json:
        say(_summed_up(states))
    if "away" in states:
        raise typer.Exit(OUT_OF_REACH)
    if "wrong" in states:
        raise typer.Exit(NO)


def _summed_up(states: Sequence[str]) -> str:
    """The last line: whether there is something to be done."""
    notes = states.count("note")
    known = f", {notes} thing{'s' if notes > 1 else ''} to know" if notes else ""
    if bad := len(states) - states.count("fine") - notes:
        return f"{bad} thing{'s' if bad > 1 else ''} to mend{known}"
    return f"nothing to mend{known}"


def _print_rights(role: str, principal: str | None, *, as_json: bool) -> None:
    """What an administrator of the brokers types, with this deployment's names."""
    from app.cli.opening import settings
    from app.settings import KafkaAddress
    from topics.rights import CONSOLE, CONSOLE_GROUP, ROLES, WORKER

    if role not in ROLES:
        complain(f"{role!r} is no role: there are {', '.join(ROLES)}", USAGE)
    given = settings()
    whom = principal or f"User:{role}"
    own = whom.removeprefix("User:")
    groups = {WORKER.name: given.group, CONSOLE.name: given.topic_prefix + CONSOLE_GROUP}
    group = groups.get(role, own)
    servers = ",".join(given.log.servers) if isinstance(given.log, KafkaAddress) else "HOST:PORT"
    for right in ROLES[role].on(prefix=given.topic_prefix, group=group):
        command = right.command(whom, servers)
        if as_json:
            say_json(
                {
                    "resource": right.resource,
                    "name": right.name,
                    "prefixed": right.prefixed,
                    "operation": right.operation,
                    "why": right.why,
                    "do": command,
                }
            )
        else:
            say(command)


async def _findings(*, ask_model: bool) -> AsyncIterator[Finding]:
    from app.doctor import configuration, model
    from app.doctor.machine import address, machine
    from app.doctor.running import running, told

    for finding in machine():
        yield finding
    found, given = configuration.settings()
    for finding in found:
        yield finding
    if given is None:
        return
    told_of, decides = configuration.decides(given)
    for finding in told_of:
        yield finding
    worker = await running(given.http)
    version = decides.policy.version if decides is not None else ""
    for finding in address(given.http) if worker is None else told(given.http, worker, version):
        yield finding
    agents = decides.agents if decides is not None else {}
    async for finding in _log(given, agents, at_work=worker is not None):
        yield finding
    policy = decides.policy if decides is not None else None
    async for finding in model.model(given.model, policy, ask=ask_model):
        yield finding


async def _log(given: Settings, agents: Collection[str], *, at_work: bool) -> AsyncIterator[Finding]:
    from app.doctor.faults.deployment import STATE_IN_USE
    from app.doctor.faults.settings import LOG_IN_MEMORY
    from app.doctor.folder import folder
    from app.doctor.state import in_use, room
    from app.settings import EmbeddedAddress, KafkaAddress

    match given.log:
        case KafkaAddress():
            from app.deployment import connection
            from app.doctor.brokers import brokers

            for finding in room("state folder", given.state_dir):
                yield finding
            if not at_work and (theirs := in_use(given.state_dir)) is not None:
                says = f"{theirs} is open in another process, and no worker answers at {given.http.listen}"
                yield STATE_IN_USE.found(says)
            async for finding in brokers(connection(given), given, agents):
                yield finding
        case EmbeddedAddress(path):
            async for finding in folder(path, given.http, agents):
                yield finding
        case _:
            yield LOG_IN_MEMORY.found("TACTFUL_LOG is memory:")


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        say_json(finding)
        return
    say(f"{finding.state:5}  {finding.about}: {finding.says}")
    if finding.why:
        say(f"       {finding.why}")
    if finding.do:
        say(f"       -> {finding.do}")
