"""Standard Webhooks: the three headers by which a receiver knows who posted, and that it is the same message again."""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
LEAST, MOST = 24, 64
"""Bytes of a secret, by the specification."""


class SecretError(ValueError):
    """The secret is none.

    Operator action: give `whsec_` and 24 to 64 random bytes in base64, the same that the receiver has.
    """


def secret_of(text: str) -> bytes:
    """The key behind `whsec_...`; the message never holds what was given."""
    given = text.strip()
    if not given.startswith(PREFIX):
        raise SecretError(f"the secret does not begin with {PREFIX}")
    try:
        key = b64decode(given.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise SecretError(f"what stands after {PREFIX} is no base64") from None
    if not LEAST <= len(key) <= MOST:
        raise SecretError(f"the secret has {len(key)} bytes: it needs {LEAST} to {MOST}")
    return key


def headers(key: bytes, message_id: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """For one attempt: the id stays the same over all of them, time and signature do not."""
    seconds = int(at.timestamp())
    signed = b".".join((message_id.encode(), str(seconds).encode(), body))
    signature = b64encode(hmac.digest(key, signed, sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
