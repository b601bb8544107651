"""A record as a line of JSON: what `events tail --json` prints and what the worker's HTTP hands out."""

from __future__ import annotations

import msgspec

from app.outside.log import moment
from topics.record import NewRecord, Record


class Line(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Key, value and headers stand as text where they are text, and else in base64 beside it.

    A `value` that is JSON stands as it is; none at all is a null value. A new record has offset -1.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    at: str = ""
    """The timestamp again, for people."""
    key: str | None = None
    key_base64: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    headers_base64: tuple[tuple[str, bytes], ...] = ()
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value_base64: bytes | None = None


class LineError(ValueError):
    """The line is no record line; the message says why."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def to_line(record: Record | NewRecord) -> bytes:
    """The record as one line, without the line's end."""
    key, key_base64 = _text_or_bytes(record.key)
    headers = tuple((name, text) for name, data in record.headers if (text := _text(data)) is not None)
    value, value_base64 = _json_or_bytes(record.value)
    return _encoder.encode(
        Line(
            topic=record.topic,
            partition=record.partition or 0,
            offset=record.offset if isinstance(record, Record) else -1,
            timestamp_ms=record.timestamp_ms,
            at=moment(record.timestamp_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            key=key,
            key_base64=key_base64,
            headers=headers if len(headers) == len(record.headers) else (),
            headers_base64=() if len(headers) == len(record.headers) else tuple(record.headers),
            value=value,
            value_base64=value_base64,
        )
    )


def from_line(line: bytes) -> Record:
    """The record that a line holds; LineError when it holds none."""
    try:
        found = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineError(f"no record: {error}") from None
    value = found.value_base64
    if isinstance(found.value, msgspec.Raw):
        value = bytes(found.value)
    return Record(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        key=found.key_base64 if found.key is None else found.key.encode(),
        value=value,
        timestamp_ms=found.timestamp_ms,
        headers=found.headers_base64 or tuple((name, text.encode()) for name, text in found.headers),
    )


def _text_or_bytes(data: bytes | None) -> tuple[str | None, bytes | None]:
    if data is None:
        return None, None
    text = _text(data)
    return (None, data) if text is None else (text, None)


def _text(data: bytes) -> str | None:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _json_or_bytes(data: bytes | None) -> tuple[msgspec.Raw | msgspec.UnsetType, bytes | None]:
    """JSON that holds no line's end stands untouched; with one in it, without its white space."""
    if not data:
        return msgspec.UNSET, data
    try:
        msgspec.json.decode(data)
        data.decode()
    except (ValueError, RecursionError):
        return msgspec.UNSET, data
    if b"\n" in data or b"\r" in data:
        data = msgspec.json.format(data, indent=-1)
    return msgspec.Raw(data), None
