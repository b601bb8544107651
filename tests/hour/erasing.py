"""A person is erased, and what is left of them is looked for in every place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.drivers.forgetting import forget
from app.drivers.local_rows import LocalRows
from app.drivers.rocks import Store
from tests.hour.stage import Hour, eventually
from tests.hour.traces import in_files, in_topics
from topics import TOPICS

WORDS = b"zebrafinch"
"""What nora says, and nobody else."""


async def erase(one: Hour) -> None:
    """A person is erased; what is left stands in topics, and goes with their retention."""
    page = one.page
    page.heading("Erase a person")
    await _lives_of_nora(one)
    connection, folder = one.kafka.connection, one.installation.folder
    before = await in_topics(connection, "nora", WORDS)
    files_before = in_files(folder, WORDS)
    assert before.row is not None
    assert WORDS in (before.row.value or b"").lower()
    page.tell(
        "nora has told of her ill zebrafinch; there is a plan about it, a nudge that was sent, an appointment, and "
        "a dead letter.",
    )
    await one.shows("intents nora")
    await one.shows("events send --user nora --type user.erased --id erase-nora", only=["erase-nora", "nora"])

    async def gone() -> bool:
        found = await in_topics(connection, "nora", WORDS)
        return found.row_is_stub

    await eventually(gone)
    await one.shows("person nora", code=1)
    await one.shows("intents nora", code=1)
    await one.shows("explain nora", only=["gave", "took"])
    page.tell(
        "The other lines of `explain` are what the topics still hold of the time before, such as the nudge that was "
        "sent.",
    )
    for pod in one.pods:
        assert WORDS not in (await pod.metrics()).lower()
        await pod.end()
    after = await in_topics(connection, "nora", WORDS)
    files_after = in_files(folder, WORDS)
    for pod in one.pods:
        for store in sorted((folder / pod.name / "state").glob("*/CURRENT")):
            await _forgotten(store.parent)
    files_in_the_end = in_files(folder, WORDS)
    assert files_before != []
    assert files_in_the_end == []
    assert after.row_is_stub
    newest = {name: after.records[name] - before.records[name] for name in after.records}
    assert {name: more for name, more in newest.items() if more} == {}, "the erasure itself tells her words"
    kept = {topic.name: topic.retention for topic in TOPICS}
    rows = [
        (
            f"`{name}`",
            str(before.records[name]),
            str(after.records[name]),
            f"{kept[name].days} d" if kept[name] else "see below",  # type: ignore[union-attr]  # asked before
        )
        for name in after.records
    ]
    page.tell("How many records hold her words, before and after, and when they go:")
    page.table(("topic", "before", "after", "goes after"), rows)
    page.tell(
        "Nothing that was written since holds a word of hers: the plans that were open closed as `erased` with an "
        "empty subject, the nudge that might still have been delivered was recalled with an empty subject.",
        "What stands in the topics was published before, and goes with each topic's retention: outcomes last, "
        "after 90 days.",
    )
    page.tell(
        "* **Her row** in `nudge-state` is a stub: her id, the time of the erasure, and hashes by which repeated "
        "events are known. It keeps events from before the erasure out for 30 days, then a tombstone takes its "
        "place. The versions before it are taken out by the broker's compaction: segments are closed after 24 h "
        "and may wait for 24 h more (`segment.ms`, `max.compaction.lag.ms`), and a tombstone is gone 7 days "
        "later (`delete.retention.ms`).",
        f"* **The workers' copies**: files that held her words before the erasure: {len(files_before)}; after it, "
        f"and a stop of both workers: {len(files_after)}; after the copies were written anew, which a worker does "
        f"every 24 h: {len(files_in_the_end)}. So they are gone within a day and the minutes that take it.",
        "* **Files beside the copies**: `*.folding` holds the id of whoever was folded last, `*.deaths` ids of "
        "those at whom a worker died; no words.",
        "* **Memory**: a worker's cache of rows has the stub from the commit on.",
        "* **Logs and metrics** of both workers: no words, here or ever.",
        "* **Dead letters** as they came: 30 days. They are not searched: what could not be understood is nobody's "
        "for sure.",
        "* **An embedded log** deletes nothing: there everything that was published stays until its folder is "
        "deleted; only the row is a stub.",
        "* **Elsewhere**: services, the data team's copies of `nudge-outcome`, the model's provider and backups of "
        "the brokers have rules of their own.",
    )


async def _lives_of_nora(one: Hour) -> None:
    await one.event("nora", "profile.updated", name="Nora", timezone="UTC")
    await one.event("nora", "consent.changed", agent="*", granted=True)
    await one.event("nora", "message.received", text="My zebrafinch is ill.", message_id="n1")
    starts = datetime.now(UTC) + timedelta(days=3)
    await one.event(
        "nora",
        "calendar.changed",
        calendar_event_id="vet",
        title="the zebrafinch at the vet's",
        starts_at=starts.isoformat(),
    )
    await one.asks("nora", "the zebrafinch's cage")
    await one.raw("nora", b'{"note": "zebrafinch"')
    await one.outcome("nora", "sent")
    wanted = {"the ill zebrafinch", "the zebrafinch at the vet's"}

    async def planned() -> bool:
        return await one.planned("nora") >= wanted

    await eventually(planned)

    async def on_the_disk() -> bool:
        """A copy is written with a commit, and at most once a second."""
        await one.event("nora", "app.opened")
        return bool(in_files(one.installation.folder, WORDS))

    await eventually(on_the_disk)


async def _forgotten(folder: Path) -> None:
    """As a worker does every day."""
    rows = LocalRows(Store(folder))
    try:
        await forget(rows)
    finally:
        rows.close()


def said_nothing_of_her(one: Hour) -> None:
    """In no line of any worker."""
    for pod in one.pods:
        assert WORDS not in pod.log.read_bytes().lower()
