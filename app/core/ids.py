"""Derived ids: the same history gives the same ids, whoever works it out and however often."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

# 12 bytes: among 10^9 intents a collision has a chance of about 10^-11.
_ID_BYTES = 12
# 8 bytes tell apart the 256 events that one row remembers.
IDENTITY_BYTES = 8
# A copy of one that has seen nothing costs half of a new one.
_ID = blake2b(digest_size=_ID_BYTES)
_IDENTITY = blake2b(digest_size=IDENTITY_BYTES)


def derived(*parts: object) -> str:
    """24 hexadecimal digits over the parts; each is length-prefixed, so that no two lists of parts run together."""
    joined = "".join([f"{len(text)}:{text}" for text in map(str, parts)])
    digest = _ID.copy()
    if joined.isascii():  # the usual case: as many bytes as characters
        digest.update(joined.encode())
    else:
        texts = [str(part).encode("utf-8", "surrogatepass") for part in parts]
        digest.update(b"".join([b"%d:%b" % (len(text), text) for text in texts]))
    return digest.hexdigest()


def identity(source: str, event_id: str) -> bytes:
    """An event's `source` + `id` as 64 bits, for the row's memory of what it has seen."""
    digest = _IDENTITY.copy()
    digest.update(_before_the_id(source) + event_id.encode("utf-8", "surrogatepass"))
    return digest.digest()


@lru_cache(maxsize=1024)
def _before_the_id(source: str) -> bytes:
    return f"{len(source)}:{source}".encode("utf-8", "surrogatepass")


def share_of(user_id: str, salt: str) -> float:
    """A stable number in [0, 1) for a person: below the holdout's share means held out."""
    text = f"{len(salt)}:{salt}{user_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big") / 2**64
