"""Each producer that the docs show puts every person's events where the worker looks for them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.kafka.deployment import deployment
from tests.producers.snippets import (
    FOLDER,
    ON_KAFKA,
    astray,
    confluent_without_partitioner,
    curl,
    events,
    people,
)
from tests.worker.process import worker
from topics.murmur2 import partition_of
from topics.record import Record

PARTITIONS = 12  # no power of two: the whole hash counts
PEOPLE = 300


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_KAFKA)
async def test_a_producer_of_the_docs_finds_every_home(kafka: str, name: str) -> None:
    """Of 300 people each is in the partition that `topics.murmur2` says, once."""
    program = ON_KAFKA[name]()
    users = people(PEOPLE)
    async with deployment(kafka, PARTITIONS) as topics:
        await program.sends(events(users), kafka, topics.kafka.connection.prefix + "user-events")
        assert astray(await topics.records("user-events"), users, PARTITIONS) == []


@pytest.mark.slow
async def test_without_the_setting_most_go_astray(kafka: str, tmp_path: Path) -> None:
    """Librdkafka's own partitioner puts about eleven of twelve people elsewhere: the check above is able to fail."""
    program = confluent_without_partitioner(tmp_path)
    users = people(PEOPLE)
    async with deployment(kafka, PARTITIONS) as topics:
        await program.sends(events(users), kafka, topics.kafka.connection.prefix + "user-events")
        gone = astray(await topics.records("user-events"), users, PARTITIONS)
    # 275 by chance, with a standard deviation of 5.
    assert 240 < len(gone) < PEOPLE


@pytest.mark.slow
async def test_curl_leaves_the_home_to_the_worker(kafka: str, tmp_path: Path) -> None:
    """Events over HTTP stand in the partition of their person, each once."""
    program = curl()
    users = people(40)  # one request for each
    async with deployment(kafka, PARTITIONS) as topics:
        log = {"LOG": f"kafka://{kafka}", "TOPIC_PREFIX": topics.kafka.connection.prefix}
        async with worker(tmp_path, **log) as one:
            await program.sends(events(users), one.url)
        found = [one for one in await topics.records("user-events") if b'"producers"' in (one.value or b"")]
        assert astray(found, users, PARTITIONS) == []  # the worker's own canary writes there as well


def test_a_key_away_from_home_is_seen() -> None:
    """A record in another partition, a missing one and one too many are each told."""
    users = people(3)
    right = [
        Record("user-events", partition_of(user.encode(), PARTITIONS), n, user.encode(), b"{}", 0)
        for n, user in enumerate(users)
    ]
    assert astray(right, users, PARTITIONS) == []
    moved = msgspec.structs.replace(right[0], partition=(right[0].partition + 1) % PARTITIONS)
    assert len(astray([moved, *right[1:]], users, PARTITIONS)) == 1
    assert astray(right[1:], users, PARTITIONS) == ["3 were sent, 2 are there"]
    assert astray([*right, right[0]], users, PARTITIONS) == ["3 were sent, 4 are there"]


def test_every_producer_of_the_docs_is_tried() -> None:
    """No file lies in the folder that nothing here runs, and the page names each."""
    files = {file.name for file in FOLDER.iterdir() if file.suffix in {".py", ".java", ".js", ".go", ".sh"}}
    assert files == {*ON_KAFKA, "curl.sh"}
    page = (FOLDER.parent / "producers.md").read_text()
    assert [name for name in sorted(files) if f"producers/{name}" not in page] == []
