"""On a real broker: an event that ends the process is put aside after three deaths, and its partition goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.core.deaths import DEATHS
from tests.kafka.deployment import Deployment
from tests.worker.supervised import DEADLY, deaths_until, poisoned


@pytest.mark.slow
async def test_it_dies_three_times_and_goes_on(topics: Deployment, tmp_path: Path) -> None:
    """Neighbours in the partition and in others are served; the letter keeps key and value, with its reason."""
    victim = topics.person_in(0)
    neighbour = next(
        user for user in (f"n-{n}" for n in range(1000)) if topics.home(user) == topics.home(victim)
    )
    records = poisoned("trap.sprung", victim, neighbour)
    elsewhere = poisoned("weather.changed", topics.person_in(1), topics.person_in(2))
    await topics.appender.append([*records, *elsewhere])
    connection = topics.kafka.connection

    async def all_nudged(_: str) -> bool:
        return len(await topics.records("nudges")) >= 4

    deaths = await deaths_until(
        all_nudged,
        tmp_path,
        at_most=DEATHS,
        LOG=f"kafka://{connection.bootstrap}",
        TOPIC_PREFIX=connection.prefix,
        GROUP="deadly",
        AGENTS=DEADLY,
        KAFKA__INSTANCE="one",
    )
    assert deaths == DEATHS
    (letter,) = await topics.records("dead-letter")
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (records[3].key, records[3].value)
    assert headers["tactful_reason"] == b"defect"
    assert headers["tactful_error"].startswith(b"KilledTheWorker: ")
    outcomes = [json.loads(one.value or b"") for one in await topics.records("nudge-outcome")]
    assert sorted(one["outcome"] for one in outcomes) == ["nudged"] * 4
