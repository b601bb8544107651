"""`tactful topics`: the contract with the broker and with everybody who reads or writes there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.answers import NO, USAGE, answer, complain, examples, say, say_json, table
from app.cli.opening import settings

if TYPE_CHECKING:
    from app.drivers.kafka_client import Kafka
    from app.drivers.kafka_topics import Report
    from topics import Topic

app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, add_completion=False)

PARTITIONS = 12
"""Workers that can share the people, at most; it divides well among 2, 3, 4, 6 and 12."""


@app.callback()
def _topics() -> None:
    """The topics that Tactful reads and writes: what they hold, and whether the broker has them so."""


@app.command("list", epilog=examples("tactful topics list", "tactful topics list --json"))
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a topic.")] = False,
) -> None:
    """Print the contract: every topic with its key, how long it is kept, and what it holds."""
    from topics import TOPICS

    prefix = settings().topic_prefix
    if as_json:
        for topic in TOPICS:
            say_json(_told(topic, prefix))
        return
    rows = [(prefix + topic.name, _kept(topic), _partitions(topic), topic.holds) for topic in TOPICS]
    for line in table(("topic", "kept", "partitions", "holds"), rows):
        say(line)


@app.command(
    epilog=examples(
        "tactful topics apply --dry-run",
        "TACTFUL_LOG=kafka://localhost:9092 tactful topics apply --partitions 12 --replication 3",
    )
)
def apply(
    partitions: Annotated[
        int,
        typer.Option(min=1, help="Over how many people are spread; fixed once the worker has written."),
    ] = PARTITIONS,
    replication: Annotated[
        int, typer.Option(help="Copies of each partition; -1 is the broker's own default.")
    ] = -1,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be created; create nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Create the topics that lack; what is there and differs is refused, since it may hold people's data."""

    async def work(kafka: Kafka) -> Report:
        from app.drivers import kafka_topics

        return await kafka_topics.apply(
            kafka, partitions=partitions, replication=replication, dry_run=dry_run
        )

    report = _on_brokers(work, "an embedded log makes its topics by itself: there is nothing to create")
    _tell(report, as_json=as_json, created="would be created" if dry_run else "created")


@app.command(epilog=examples("TACTFUL_LOG=kafka://localhost:9092 tactful topics check"))
def check(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Say what lacks on the broker and what differs from the contract; exit 1 if anything does."""

    async def work(kafka: Kafka) -> Report:
        from app.drivers import kafka_topics

        return await kafka_topics.check(kafka)

    _tell(
        _on_brokers(work, "an embedded log makes its topics by itself: there is nothing to check"),
        as_json=as_json,
    )


@app.command(
    epilog=examples(
        "tactful topics schemas > schemas.json",
        "tactful topics schemas | jq '.[\"nudges\"]'",
        "tactful topics schemas --to schemas",
    )
)
def schemas(
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write one file for each there, instead of printing them."),
    ] = None,
) -> None:
    """Print the JSON Schemas (draft-07) of what the topics hold, by topic; of user-events by type."""
    import msgspec

    from topics import TOPICS
    from topics.committed import TOPICS_FILE, contract, write
    from topics.user_events import USER_EVENTS

    files = contract(TOPICS)
    if to is not None:
        write(files, to)
        say(f"{len(files)} files written to {to}")
        return
    held: dict[str, Any] = {USER_EVENTS.name: {}}
    for file, text in files.items():
        name, schema = file.removesuffix(".json"), msgspec.json.decode(text)
        if name.startswith(f"{USER_EVENTS.name}."):
            held[USER_EVENTS.name][schema["title"]] = schema
        elif file != TOPICS_FILE:
            held[name] = schema
    say(msgspec.json.format(msgspec.json.encode(held), indent=2).decode())


@app.command(
    epilog=examples(
        "tactful topics asyncapi > asyncapi.json", "tactful topics asyncapi --to topics/asyncapi.json"
    )
)
def asyncapi(
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, instead of printing it.")
    ] = None,
) -> None:
    """Print the contract as an AsyncAPI 3 document: topics, messages with examples, who reads and writes."""
    from topics import TOPICS
    from topics.committed import asyncapi as made

    document = made(TOPICS)
    if to is None:
        say(document.decode().rstrip())
        return
    to.write_bytes(document)
    say(f"written: {to}")


@app.command(
    epilog=examples("tactful topics compatible", "tactful topics compatible --with v1.2-schemas --json")
)
def compatible(
    released: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="DIR",
            help="The schemas of one other version, as `topics schemas --to` writes them.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say whether these records still fit every released version's readers and writers; exit 1 where one does not.

    Fields, types of events and topics may be added. Nothing is taken away, renamed or narrowed, no new field is
    required, and what Tactful writes is never more than its readers know.
    """
    from topics import TOPICS
    from topics.committed import RELEASED, TOPICS_FILE, contract, every_release, parsed, read
    from topics.compatibility import breaks, topic_breaks

    if released is not None and not (released / TOPICS_FILE).is_file():
        complain(
            f"{released} has no {TOPICS_FILE}: give a folder that `tactful topics schemas --to` wrote", USAGE
        )
    versions = every_release() if released is None else {released.name: read(released)}
    if not versions:
        complain(f"{RELEASED} holds no released version, so there is nothing to be compatible with", USAGE)
    schemas, topics = parsed(contract(TOPICS))
    found = [
        problem
        for version, (old, kept) in versions.items()
        for problem in (*topic_breaks(version, kept, topics), *breaks(version, old, schemas))
    ]
    if as_json:
        said = [{"version": one.version, "where": one.where, "problem": one.problem} for one in found]
        say_json({"versions": list(versions), "compatible": not found, "breaks": said})
    else:
        for one in found:
            say(str(one))
        if not found:
            say(f"compatible with {', '.join(versions)}")
    if found:
        raise typer.Exit(NO)


def _on_brokers(work: Callable[[Kafka], Awaitable[Report]], otherwise: str) -> Report:
    """Ask the brokers of TACTFUL_LOG; with another log there is nothing to ask, and that is said."""
    from app.settings import KafkaAddress

    given = settings()
    if not isinstance(given.log, KafkaAddress):
        say(otherwise)
        raise typer.Exit

    async def asked() -> Report:
        from app.deployment import connection
        from app.drivers.kafka_topics import TopicError
        from app.outside.brokers import quiet_kafka, said

        at = connection(given)
        async with said(at):
            try:
                return await work(quiet_kafka(at))
            except TopicError as error:
                complain(f"the broker refuses: {error}", USAGE)

    return answer(asked())


def _tell(report: Report, *, as_json: bool, created: str = "created") -> None:
    if as_json:
        say_json(
            {
                "created": report.created,
                "lacking": report.lacking,
                "differing": [str(one) for one in report.differing],
                "unseen": report.unseen,
                "fine": report.fine,
            }
        )
    else:
        for name in report.created:
            say(f"{created}: {name}")
        for name in report.lacking:
            say(f"lacks: {name}: create it with `tactful topics apply`")
        for line in report.differing:
            say(f"differs: {line}")
        for name in report.unseen:
            say(f"not known: the settings of {name}: grant this user DescribeConfigs on it")
        if not (report.created or report.lacking or report.differing or report.unseen):
            say("all topics are there, as they should be")
    if not report.fine:
        raise typer.Exit(NO)


def _told(topic: Topic, prefix: str) -> dict[str, Any]:
    return {
        "name": prefix + topic.name,
        "key": topic.key,
        "holds": topic.holds,
        "partitions": 1 if topic.single_partition else None,
        "config": topic.config,
    }


def _kept(topic: Topic) -> str:
    return "the latest of each key" if topic.retention is None else f"{topic.retention.days} d"


def _partitions(topic: Topic) -> str:
    return "1" if topic.single_partition else "as all"
