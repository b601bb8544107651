"""Which partition is a person's home: the murmur2 hash of Java's default partitioner, 32 bits wide."""

from __future__ import annotations

from struct import Struct

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995
_R = 24
_SEED = 0x9747B28C
_words = Struct("<I")


def murmur2(key: bytes) -> int:
    """The hash as an unsigned number; Java's is the same 32 bits, signed."""
    length = len(key)
    h = _SEED ^ length
    whole = length & ~3
    for (word,) in _words.iter_unpack(key[:whole]):
        k = (word * _M) & _MASK
        k = ((k ^ (k >> _R)) * _M) & _MASK
        h = ((h * _M) & _MASK) ^ k
    if whole < length:
        h = ((h ^ int.from_bytes(key[whole:], "little")) * _M) & _MASK
    h = ((h ^ (h >> 13)) * _M) & _MASK
    return h ^ (h >> 15)


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Java's and aiokafka's producers choose for this key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
