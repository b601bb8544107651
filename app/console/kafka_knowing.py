"""Knowing on Kafka: this console's part of the table, and the way to the console that has another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from app.console import freshness
from app.console.faust_tables import Settled, TablePart, Tables
from app.console.finding import Finding, find
from app.console.finding import together as found_together
from app.console.knowing import Asking, Told, now, story_of, undecided, view_of
from app.console.overview_values import PartitionStanding
from app.console.overview_view import Share, together
from app.console.person_row import FOLLOWED, PersonRow
from app.console.projection import HeadSeen, buckets, head, person
from app.console.values import Note, PersonView
from app.deployment import Deciding
from app.drivers.kafka_client import KafkaError, Place
from app.drivers.kafka_reader import Reader
from topics.murmur2 import partition_of

log = logging.getLogger("tactful.console")

LOOK_S = 0.5
COMPACT_S = 24 * 3600.0
"""As `max.compaction.lag.ms` of the changelog: for so long files may hold what a row held before."""
STOP_WITHIN_S = 10.0
"""Faust may wait for ever when it is ended while it restores; what it had not written is folded again."""
ENDS_WITHIN_S = 3.0
"""A broker answers in milliseconds; a page does not wait for an election."""


class EndedError(Exception):
    """The Faust application cannot go on.

    Operator action: look at what it says; a new process begins where this one stopped.
    """


class KafkaKnowing:
    """See Knowing."""

    def __init__(self, settled: Settled, deciding: Deciding) -> None:
        self.tables = Tables(settled)
        self._settled = settled
        self._deciding = deciding
        self._reader = Reader(settled.kafka)
        self._started = asyncio.Event()

    async def run(self) -> None:
        await self._reader.start()
        try:
            await self.tables.start()
            self._started.set()
            compacted_at = asyncio.get_running_loop().time()
            while not (why := self.tables.ended):
                await asyncio.sleep(LOOK_S)
                if asyncio.get_running_loop().time() - compacted_at > COMPACT_S:
                    compacted_at = asyncio.get_running_loop().time()
                    await self.tables.compact()
            raise EndedError(why)
        finally:
            self._started.clear()
            try:
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self.tables.stop()
            except TimeoutError:
                log.warning("Faust has not ended within %g s: it is left as it is", STOP_WITHIN_S)
            await self._reader.stop()

    def ready(self) -> list[str]:
        if not self._started.is_set():
            return ["it has not joined the other consoles yet"]
        if left := self.tables.restoring:
            return [f"{left} records of the changelog are still to be read back"]
        return []

    # One person

    async def person(self, user_id: str, *, shown: bool, here: bool, ask: Asking) -> PersonView:
        number = partition_of(user_id.encode(), self._settled.partitions)
        shelf, notes = self._shelf(number)
        if shelf is not None and not notes:
            lag = await self._lag(number)
            # Read after the lag was measured, and at one instant: the row is at least as new as that says.
            row, seen = person(shelf, user_id), head(shelf, number)
            notes = [*lag, *freshness.worker_notes(seen, number, now(), row=row)]
            return self._view(user_id, number, row, seen, shown=shown, notes=notes)
        home = "" if notes or here else self._home(number)
        if home:
            view = "?show=text" if shown else ""
            try:
                body = await ask(home, f"/people/{quote(user_id, safe='')}/story.json{view}")
                return msgspec.json.decode(body, type=PersonView)
            except (OSError, msgspec.DecodeError) as error:
                notes = [freshness.unreachable(home, str(error) or type(error).__name__)]
        return self._view(user_id, number, None, None, shown=shown, notes=notes or [freshness.sharing()])

    async def story(self, user_id: str, *, here: bool, ask: Asking) -> str | Sequence[Note]:
        number = partition_of(user_id.encode(), self._settled.partitions)
        shelf, notes = self._shelf(number)
        if shelf is not None and not notes:
            return story_of(person(shelf, user_id), user_id, deciding=self._deciding)
        home = "" if notes or here else self._home(number)
        if not home:
            return notes or [freshness.sharing()]
        try:
            return (await ask(home, f"/people/{quote(user_id, safe='')}/scenario.yaml?show=text")).decode()
        except OSError as error:
            return [freshness.unreachable(home, str(error))]

    def _home(self, number: int) -> str:
        """The other console that has this partition; empty while nobody has."""
        home = self.tables.homes.get(number, "") if self._started.is_set() else ""
        return "" if home == self._settled.url else home

    def _view(
        self,
        user_id: str,
        number: int,
        row: PersonRow | None,
        seen: HeadSeen | None,
        *,
        shown: bool,
        notes: list[Note],
    ) -> PersonView:
        return view_of(
            row,
            user_id,
            deciding=self._deciding,
            shown=shown,
            partition=number,
            seen=seen,
            notes=notes,
        )

    def _shelf(self, number: int) -> tuple[TablePart | None, list[Note]]:
        """Our part, if it is ours; and why it cannot be believed yet."""
        if not self._started.is_set():
            return None, [freshness.restoring("this console", 1)]
        shelf = self.tables.shelf(number)
        if shelf is not None and (left := self.tables.restoring):
            return None, [freshness.restoring("this console", left)]
        return shelf, []

    async def _lag(self, number: int) -> list[Note]:
        try:
            ends = await self._ends([number])
            left = await self.tables.behind(number, ends)
        except (KafkaError, OSError, TimeoutError) as error:
            return [freshness.log_away(str(error) or type(error).__name__)]
        return [freshness.behind(left)] if left else []

    async def _ends(self, numbers: list[int]) -> Mapping[Place, int]:
        places = [self._settled.kafka.place(topic, number) for topic in FOLLOWED for number in numbers]
        async with asyncio.timeout(ENDS_WITHIN_S):
            return await self._reader.ends(places)

    # Everybody

    async def told(self, *, here: bool, ask: Asking) -> Told:
        own, notes = await self._own()
        if here:
            return Told(share=own, notes=notes)
        shares = [own]
        homes = self.tables.homes if self._started.is_set() else {}
        for url in sorted(set(homes.values()) - {self._settled.url}):
            try:
                shares.append(msgspec.json.decode(await ask(url, "/share.json"), type=Share))
            except (OSError, msgspec.DecodeError) as error:
                notes.append(freshness.unreachable(url, str(error) or type(error).__name__))
        share = together(shares)
        missing = sorted(set(range(self._settled.partitions)) - {one.partition for one in share.partitions})
        if missing and not notes:
            notes.append(freshness.sharing())
        lacking = tuple(
            PartitionStanding(
                partition=number, console=homes.get(number, ""), undecided=0, undecided_for_s=0, behind=0
            )
            for number in missing
        )
        everything = tuple(sorted((*share.partitions, *lacking), key=lambda one: one.partition))
        return Told(share=msgspec.structs.replace(share, partitions=everything), notes=notes)

    async def found(self, asked: str, *, here: bool, ask: Asking) -> Finding:
        numbers = sorted(self.tables.active) if self._started.is_set() else []
        parts = [shelf for number in numbers if (shelf := self._shelf(number)[0]) is not None]
        findings = [await find(shelf.rows, asked) for shelf in parts]
        if not self._started.is_set() or self.tables.restoring:
            restoring = freshness.restoring("this console", max(self.tables.restoring, 1))
            findings.append(Finding(whole=False, notes=(restoring,)))
        homes = {} if here or not self._started.is_set() else self.tables.homes
        for url in sorted(set(homes.values()) - {self._settled.url}):
            try:
                body = await ask(url, f"/found.json?q={quote(asked, safe='')}")
                findings.append(msgspec.json.decode(body, type=Finding))
            except (OSError, msgspec.DecodeError) as error:
                away = freshness.unreachable(url, str(error) or type(error).__name__)
                findings.append(Finding(whole=False, notes=(away,)))
        return found_together(findings)

    async def _own(self) -> tuple[Share, list[Note]]:
        numbers = sorted(self.tables.active) if self._started.is_set() else []
        parts = {number: shelf for number in numbers if (shelf := self._shelf(number)[0]) is not None}
        notes: list[Note] = []
        ends: Mapping[Place, int] = {}
        if not self._started.is_set() or self.tables.restoring:
            notes.append(freshness.restoring("this console", max(self.tables.restoring, 1)))
        try:
            ends = await self._ends(list(parts))
        except (KafkaError, OSError, TimeoutError) as error:
            notes.append(freshness.log_away(str(error) or type(error).__name__))
        shares = []
        for number, shelf in parts.items():
            standing = await self._standing(number, shelf, ends)
            shares.append(Share(buckets=dict(buckets(shelf, number)), partitions=(standing,)))
            notes += freshness.worker_notes(head(shelf, number), number, now())
        return together(shares), notes

    async def _standing(self, number: int, shelf: TablePart, ends: Mapping[Place, int]) -> PartitionStanding:
        return PartitionStanding(
            partition=number,
            console=self._settled.url,
            behind=await self.tables.behind(number, ends) if ends else 0,
            **undecided(shelf, number, now()),
        )
