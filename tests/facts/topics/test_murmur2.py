"""A key's partition is the one that Java's and aiokafka's producers choose."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis import strategies as st

from topics.murmur2 import murmur2, partition_of


@given(st.binary(max_size=200))
def test_the_hash_is_aiokafka_s(key: bytes) -> None:
    """Bit by bit, as an unsigned number."""
    assert murmur2(key) == theirs(key) & 0xFFFFFFFF


@given(st.binary(min_size=1, max_size=80), st.integers(1, 100))
def test_the_partition_is_aiokafka_s(key: bytes, partitions: int) -> None:
    """The sign bit is dropped before the remainder is taken."""
    assert partition_of(key, partitions) == (theirs(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize(
    ("key", "signed"),
    # The vectors of Kafka's own UtilsTest.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_java_s(key: bytes, signed: int) -> None:
    """By the vectors that Kafka tests itself with."""
    assert murmur2(key) == signed & 0xFFFFFFFF
