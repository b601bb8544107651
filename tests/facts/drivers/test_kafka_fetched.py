"""What stands for the client's own class of records."""

from __future__ import annotations

from dataclasses import fields

from aiokafka.consumer import fetcher
from aiokafka.structs import ConsumerRecord

from app.drivers import kafka_client  # noqa: F401 - importing it puts ours in the place of theirs
from app.drivers.kafka_fetched import Fetched


def test_a_fetched_record_has_the_clients_own_fields_in_their_order() -> None:
    """The client makes it by position: a field that it adds or moves must fail here, not in a person's row."""
    assert Fetched.__struct_fields__ == tuple(field.name for field in fields(ConsumerRecord))
    assert fetcher.ConsumerRecord is Fetched
