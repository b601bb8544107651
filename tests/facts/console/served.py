"""A console over the sample story, without any log of its own: what is written is a list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from app.console.audit import Audit
from app.console.desk import Desk
from app.console.door import Door
from app.console.embedded_knowing import Held
from app.console.finding import Finding, find
from app.console.knowing import Asking, Told, story_of, undecided, view_of
from app.console.overview_values import PartitionStanding
from app.console.overview_view import Share
from app.console.peers import Peers
from app.console.person_row import FOLLOWED
from app.console.projection import buckets, person, project
from app.console.site import Site
from app.console.switches import Switches
from app.console.tail import Tail
from app.console.values import Note, PersonView
from app.core.policy import Policy
from app.deployment import Deciding
from app.outside.log import Log
from app.setting_groups import ConsoleSettings
from tests.facts.console.sample import NOW, told
from tests.facts.console.told import AGENTS, KEEP
from topics.record import NewRecord, Record

DECIDING = Deciding(Policy(), AGENTS)


class Listed:
    """See Log: lists of records."""

    where = "a list"

    def __init__(self, records: Sequence[Record] = ()) -> None:
        self.records = list(records)
        self.written: list[NewRecord] = []

    async def partitions(self, topic: str) -> int:
        del topic
        return 1

    async def read(
        self,
        topic: str,
        *,
        since: datetime | None = None,
        begin: Mapping[int, int] | None = None,
        user: str | None = None,
        follow: bool = False,
    ) -> AsyncIterator[Record]:
        for record in list(self.records):
            if record.topic == topic and (user is None or record.key == user.encode()):
                yield record

    async def append(self, records: Sequence[NewRecord]) -> list[tuple[int, int]]:
        places = []
        for record in records:
            self.written.append(record)
            offset = sum(each.topic == record.topic for each in self.records)
            self.records.append(
                Record(record.topic, 0, offset, record.key, record.value, record.timestamp_ms, record.headers)
            )
            places.append((0, offset))
        return places


class StoryKnowing:
    """See Knowing: Ana's week."""

    def __init__(self) -> None:
        self.shelf = Held()
        self.notes: Sequence[Note] = ()
        for record in chain.from_iterable(told().records[topic] for topic in FOLLOWED):
            project(self.shelf, record, partitions=1, keep=KEEP)

    async def run(self) -> None:
        raise NotImplementedError

    async def person(self, user_id: str, *, shown: bool, here: bool, ask: Asking) -> PersonView:
        row = person(self.shelf, user_id)
        view = view_of(row, user_id, deciding=DECIDING, shown=shown, partition=0, seen=None, notes=self.notes)
        return replace(view, now=NOW)

    async def story(self, user_id: str, *, here: bool, ask: Asking) -> str | Sequence[Note]:
        return self.notes or story_of(person(self.shelf, user_id), user_id, deciding=DECIDING)

    async def told(self, *, here: bool, ask: Asking) -> Told:
        standing = PartitionStanding(partition=0, console="", behind=0, **undecided(self.shelf, 0, NOW))
        share = Share(buckets=dict(buckets(self.shelf, 0)), partitions=(standing,))
        return Told(share=share, notes=self.notes)

    async def found(self, asked: str, *, here: bool, ask: Asking) -> Finding:
        return replace(await find(self.shelf.rows, asked), notes=tuple(self.notes))

    def ready(self) -> list[str]:
        return [note.says for note in self.notes]


class Console:
    """A console that is being asked, and what it has done."""

    def __init__(self, client: TestClient, log: Listed, knowing: StoryKnowing, audit: Audit) -> None:  # type: ignore[type-arg]  # its application is any
        self.client = client
        self.log = log
        self.knowing = knowing
        self.audit = audit

    async def csrf(self) -> str:
        """The forms' secret of this session."""
        async with self.client.get("/audit", headers={"Accept": "application/json"}) as answer:
            return answer.headers["Tactful-Csrf"]


@asynccontextmanager
async def served(
    folder: Path, settings: ConsoleSettings | None = None, records: Sequence[Record] = ()
) -> AsyncIterator[Console]:
    """Started on a free port of this machine."""
    settings = settings or ConsoleSettings()
    log, knowing = Listed(records), StoryKnowing()
    audit = Audit(folder / "audit.jsonl")
    peers = Peers(settings)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Log]:
        yield log

    tail, switches = Tail(opened), Switches(opened)
    desk = Desk(
        knowing=knowing,
        door=Door(settings),
        audit=audit,
        deciding=DECIDING,
        switches=switches,
        tail=tail,
        acting=opened,
        where="a list",
        version="0",
        peers=peers,
        refresh_ms=settings.refresh // timedelta(milliseconds=1),
    )
    try:
        async with TestClient(TestServer(Site(desk).app)) as client:
            yield Console(client, log, knowing, audit)
    finally:
        await tail.stop()
        await switches.stop()
        await peers.close()
        audit.close()
