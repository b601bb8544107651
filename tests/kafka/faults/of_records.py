"""What upstream services get wrong: records that nobody can read, among those that everybody can."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from app.drivers.kafka_append import Appender
from tests.kafka import raw
from tests.kafka.faults.ledger import records
from tests.kafka.faults.probes import probes, told
from tests.kafka.faults.scene import Scene, fault
from topics.murmur2 import partition_of
from topics.record import NewRecord

ROUNDS = 10
OF_EACH = 200
"""Records of each kind a round: 10 rounds of 200 are 30,000 that cannot be read."""

Headers = Sequence[tuple[str, bytes]]
JSON = "application/json"
RAW_OF_EACH = 20
"""Records a round, partition and codec that only another client would write."""
ODD_HEADERS: tuple[Headers, ...] = (
    (("", b""),),
    (("x" * 5_000, b"y" * 5_000),),
    tuple((f"h{n}", b"\xff\xfe") for n in range(300)),
    (("content-type", b"\xff\xfe\x00"),),
    (("content-type", b"application/cloudevents+avro; charset=klingon"),),
    (("content-type", b"application/json"), ("content-type", b"text/html")),
    (("traceparent", b"\xff" * 55), ("traceparent", b"00-1-2-3")),
    (("tactful_from", b"nowhere-99@-1"),),
    (("tactful_reason", b"defect"), ("tactful_offset", b"x")),
    (("ñandú \U0001f600", b"\x00"),),
)
"""Beside a good body in the plain form: headers are looked at, and none of these makes it unreadable."""


def _body(user: str, name: str, kind: str, data: object, **more: object) -> bytes:
    body = {"id": name, "source": "faults", "type": kind, "user_id": user, "data": data}
    return json.dumps(body | more).encode()


def _unreadable(user: str, name: str) -> Iterator[tuple[bytes | None, bytes | None, str, Headers]]:
    """Key, value, the reason that is to stand on its dead letter, and headers."""
    key, said = user.encode(), {"text": "hello"}
    binary = (("ce_specversion", b"1.0"), ("ce_id", b"\xff"), ("ce_source", b"s"), ("ce_type", b"app.opened"))
    yield key, b"\xff\xfe broken bytes", "not_json", ()
    yield key, b'{"id": "x", "sour', "not_json", ()
    yield key, b"[" * 20_000 + b"]" * 20_000, "not_json", ()
    yield key, b'"just a word"', "not_an_event", ()
    yield key, b'{"source": "faults", "type": "app.opened"}', "not_an_event", ()
    yield key, b"{}", "not_an_event", (("content-type", b"application/cloudevents+json"),)
    yield key, b"{}", "not_an_event", binary
    yield key, _body(user, name, "message.received", {"words": "wrong field"}), "invalid_data", ()
    yield key, _body(user, name, "message.received", said, time="2026-03-02T10:00:00"), "invalid_data", ()
    yield key, _body(user, name, "profile.updated", {"timezone": "Mars/Olympus"}), "invalid_data", ()
    yield None, _body(user, name, "user.erased", {}), "no_key", ()
    yield key, _body("somebody else", name, "user.erased", {}), "key_mismatch", ()
    yield key, None, "empty", ()
    yield f"{user}\x07".encode(), _body(user, name, "app.opened", {}), "bad_key", ()
    yield b"\xff\xfe\xfd", _body(user, name, "app.opened", {}), "bad_key", ()


def _round(number: int) -> tuple[list[NewRecord], Counter[str]]:
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    wanted: Counter[str] = Counter()
    written: list[NewRecord] = []
    for n in range(OF_EACH):
        user = f"garbled-{n}"
        for key, value, reason, headers in _unreadable(user, f"{user}-{number}"):
            wanted[reason] += 1
            written.append(NewRecord("user-events", key, value, now_ms, tuple(headers)))
        odd = ODD_HEADERS[n % len(ODD_HEADERS)]
        good = _body(user, f"{user}-odd-{number}", "weather.changed", {"sky": "grey"})
        written.append(NewRecord("user-events", user.encode(), good, now_ms, tuple(odd)))
    return written, wanted


async def _raw_round(scene: Scene, number: int) -> Counter[str]:
    """Whole batches in each codec, in which good records stand beside names of headers that are no UTF-8."""
    wanted: Counter[str] = Counter()
    codec = [*raw.CODECS][number % len(raw.CODECS)]
    for partition in range(scene.partitions):
        users = (f"raw-{n}" for n in range(1_000))
        user = next(each for each in users if partition_of(each.encode(), scene.partitions) == partition)
        entries: list[raw.Entry] = []
        for n in range(RAW_OF_EACH):
            good = _body(user, f"{user}-{number}-{n}", "weather.changed", {"sky": "grey"})
            entries.append((user.encode(), good, [(raw.RawName(b"\xff\xfe"), b"1")]))
            entries.append((user.encode(), good, [("h", None)]))
            wanted["not_an_event"] += 1
        now_ms = int(datetime.now(UTC).timestamp() * 1000)
        place = scene.kafka.place("user-events", partition)
        await raw.produce(scene.kafka.connection, place, raw.batch(entries, timestamp_ms=now_ms, codec=codec))
    return wanted


@fault("unreadable records", workers=2)
async def unreadable_records(scene: Scene) -> None:
    """Thirty thousand records of fifteen unreadable kinds are dead letters; two thousand with odd headers are none."""
    wanted: Counter[str] = Counter()
    appender = Appender(scene.kafka)
    await appender.start()
    async with probes(scene) as them:
        began = datetime.now(UTC).timestamp()
        try:
            for number in range(ROUNDS):
                written, reasons = _round(number)
                await appender.append(written)
                scene.hit(reasons.total())
                wanted += reasons + await _raw_round(scene, number)
                await asyncio.sleep(0.3)
        finally:
            await appender.stop()
        until = datetime.now(UTC).timestamp()
        await scene.until(lambda: not them.unheard(until), "everybody who was due has heard", 60)
        await scene.until(lambda: _still(scene), "no more dead letters come", 60)
    letters = await records(scene.cluster.bootstrap, scene.prefix, "dead-letter", 1)
    found = Counter(dict(letter.headers)["tactful_reason"].decode() for letter in letters)
    scene.expect(found == wanted, f"dead letters {dict(found)}, not {dict(wanted)}")
    scene.notes.append(f"{wanted.total():,} dead letters; others meanwhile: {told(them.waits(began, until))}")


async def _still(scene: Scene) -> bool:
    """Whether no more dead letters are being written."""

    async def counted() -> float:
        return sum(
            [await scene.fleet.metric(number, "tactful_dead_letters_total") for number in scene.workers]
        )

    before = await counted()
    await asyncio.sleep(3)
    return before == await counted()
