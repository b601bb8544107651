"""Knowing on an embedded log: the same fold in this process, fed by the worker that has the folder open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from app.console import freshness
from app.console.finding import Finding, find
from app.console.knowing import Asking, Told, now, story_of, undecided, view_of
from app.console.overview_values import PartitionStanding
from app.console.overview_view import Share
from app.console.person_row import FOLLOWED
from app.console.projection import buckets, head, person, project, swept
from app.console.values import Note, PersonView
from app.deployment import Deciding
from app.drivers.rocks import StoreError, StoreLocked
from app.outside.folder import FolderLog
from app.outside.log import MadeAnewError, OutOfReachError, milliseconds
from app.outside.running import WorkerLog, is_meant
from topics.record import Record
from topics.state import NUDGE_STATE

LOOK_S = 0.5
SWEEP_S = 3600.0
ROWS_AT_LEAST_S = 1.0
ROWS_SHARE = 20
"""An embedded log keeps no history of rows: all of them are asked for again, for a twentieth of the time at most."""
AT_ONCE = 200
"""Records folded before others on the event loop get their turn."""


class Held:
    """See Shelf: in memory. The log itself lies on this machine, and is read again at each start."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self._values[key] = value

    def delete(self, key: bytes) -> None:
        self._values.pop(key, None)

    def rows(self, begin: bytes) -> Iterator[tuple[bytes, bytes]]:
        """As of now, from a key on, in order."""
        return iter(sorted(each for each in self._values.items() if each[0] >= begin))

    def sweep(self, oldest_ms: int) -> None:
        """Let go of what is older."""
        for key, value in list(self._values.items()):
            kept = swept(key, value, oldest_ms)
            if kept is None:
                del self._values[key]
            else:
                self._values[key] = kept


class EmbeddedKnowing:
    """See Knowing. Without a worker nothing happens on the log, and what was read last is shown, with a note."""

    def __init__(self, worker: WorkerLog, path: Path, deciding: Deciding, *, keep: timedelta) -> None:
        self._worker = worker
        self._path = path
        self._deciding = deciding
        self._keep = keep
        self._shelf = Held()
        self._next = dict.fromkeys(FOLLOWED, 0)
        self._rows: dict[bytes, bytes] = {}
        self._folded_rows = 0
        self._rows_at = float("-inf")
        self._read_at = now()
        self._trouble = "it was not read yet"
        self._was_read = False

    async def run(self) -> None:
        """Follow the worker; while none runs, the folder is read once and then left to whoever wants to start."""
        folder_read, swept_at = False, asyncio.get_running_loop().time()
        while True:
            try:
                theirs = await self._worker.folder()
                if theirs is not None and is_meant(theirs, self._path):
                    await self._take(self._worker)
                    self._trouble, folder_read = "", True
                else:
                    if not folder_read:
                        await self._from_folder()
                        folder_read = True
                    self._trouble = f"no worker with {self._path} answers at TACTFUL_HTTP"
            except MadeAnewError:
                self._forget()
            except (OutOfReachError, StoreError) as error:
                self._trouble = str(error)
            if asyncio.get_running_loop().time() > swept_at + SWEEP_S:
                swept_at = asyncio.get_running_loop().time()
                self._shelf.sweep(milliseconds(now() - self._keep))
            await asyncio.sleep(LOOK_S)

    def ready(self) -> list[str]:
        """Without a worker it shows what there is: nobody is sent elsewhere for that."""
        return [] if self._was_read else [self._trouble]

    async def person(self, user_id: str, *, shown: bool, here: bool, ask: Asking) -> PersonView:
        del here, ask
        seen = head(self._shelf, 0)
        row = person(self._shelf, user_id)
        return view_of(
            row,
            user_id,
            deciding=self._deciding,
            shown=shown,
            partition=0,
            seen=seen,
            notes=self._notes() or freshness.worker_notes(seen, 0, now(), row=row),
        )

    async def story(self, user_id: str, *, here: bool, ask: Asking) -> str | Sequence[Note]:
        del here, ask
        return story_of(person(self._shelf, user_id), user_id, deciding=self._deciding)

    async def told(self, *, here: bool, ask: Asking) -> Told:
        del here, ask
        standing = PartitionStanding(partition=0, console="", behind=0, **undecided(self._shelf, 0, now()))
        share = Share(buckets=dict(buckets(self._shelf, 0)), partitions=(standing,))
        return Told(share=share, notes=self._notes())

    async def found(self, asked: str, *, here: bool, ask: Asking) -> Finding:
        del here, ask
        return replace(await find(self._shelf.rows, asked), notes=tuple(self._notes()))

    def _notes(self) -> list[Note]:
        if not self._trouble:
            return []
        seconds = (now() - self._read_at).total_seconds()
        return [
            Note(
                kind="no_worker",
                says=f"{self._trouble}: what is shown is {seconds:.0f} s old, and nothing is decided meanwhile",
                do="start `tactful worker`, or set TACTFUL_HTTP (and its token) as it has them",
                seconds=seconds,
            )
        ]

    def _forget(self) -> None:
        """The log is another one now: what was known is of the old one."""
        self._shelf, self._rows = Held(), {}
        self._next = dict.fromkeys(FOLLOWED, 0)
        self._rows_at = float("-inf")

    async def _from_folder(self) -> None:
        if not self._path.exists():
            return
        try:
            folder = FolderLog(self._path)
        except StoreLocked:
            return  # somebody has just opened it: a worker, most likely
        try:
            await self._take(folder)
        finally:
            folder.close()

    async def _take(self, log: WorkerLog | FolderLog) -> None:
        """All that is new, topic by topic; rows last, so that their outcomes are known."""
        for topic in FOLLOWED:
            if topic == NUDGE_STATE.name:
                await self._take_rows(log)
                continue
            count = 0
            async for record in log.read(topic, begin={0: self._next[topic]}):
                self._fold(record)
                self._next[topic] = record.offset + 1
                count += 1
                if count % AT_ONCE == 0:
                    await asyncio.sleep(0)
        self._read_at, self._was_read = now(), True

    async def _take_rows(self, log: WorkerLog | FolderLog) -> None:
        clock = asyncio.get_running_loop().time
        if clock() < self._rows_at:
            return
        began, there = clock(), dict[bytes, bytes]()
        async for key, value in _rows(log):
            there[key] = value
        for key, value in there.items():
            if self._rows.get(key) != value:
                self._fold(self._row(key, value))
        for key in self._rows.keys() - there.keys():
            self._fold(self._row(key, None))
        self._rows = there
        self._rows_at = clock() + max(ROWS_AT_LEAST_S, ROWS_SHARE * (clock() - began))

    def _row(self, key: bytes, value: bytes | None) -> Record:
        """A row that is another than before, as the next record of a log of rows."""
        self._folded_rows += 1
        return Record(NUDGE_STATE.name, 0, self._folded_rows, key, value, milliseconds(now()))

    def _fold(self, record: Record) -> None:
        project(self._shelf, record, partitions=1, keep=self._keep)


async def _rows(log: WorkerLog | FolderLog) -> AsyncIterator[tuple[bytes, bytes]]:
    async for record in log.read(NUDGE_STATE.name):
        if record.key is not None and record.value is not None:
            yield record.key, record.value
