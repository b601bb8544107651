"""Why brokers do not let us in: asked step by step, since the client library only says that they do not."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

from app.drivers.kafka_client import Connection

WITHIN_S = 5.0
"""For each step; a broker that is there takes milliseconds."""
SASL_HANDSHAKE, ITS_VERSION = 17, 1
NOT_ENABLED, NO_SASL_HERE = 33, 34
"""The protocol's error codes: the mechanism is not among those of this listener; it has none at all."""
LONGEST_ANSWER = 10_000
"""Bytes; a list of mechanisms takes some fifty. What is longer is no answer to this question."""
EXPIRED, NOT_YET, OTHER_NAME, OTHER_ADDRESS = 10, 9, 62, 64
"""OpenSSL's codes of what is wrong with a certificate; all others mean that nobody we trust vouches for it."""
PROTOCOL = "TACTFUL_KAFKA__SECURITY_PROTOCOL"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is wrong, by the name that the doctor has for it, and what to do about it."""

    name: str
    says: str
    do: str


class _Closed(Exception):
    """The connection ended instead of an answer."""


async def refusal(connection: Connection) -> Refusal | None:
    """Of the first broker that could be spoken to, else of the last; None when one lets us in by now."""
    last: Refusal | None = None
    for server in connection.bootstrap.split(","):
        host, _, port = server.rpartition(":")
        try:
            return await _Door(connection, host.strip("[]"), int(port)).asked()
        except TimeoutError:
            last = Refusal(
                "broker_silent", f"{server} does not answer", "look at the broker, and at what is between"
            )
        except socket.gaierror:
            do = "mend the name in TACTFUL_LOG, or the name service"
            last = Refusal("broker_name_unknown", f"no address is known of {server}", do)
        except OSError as error:
            why = "" if isinstance(error, ConnectionRefusedError) else f" ({error.strerror or error})"
            do = "start it, or mend TACTFUL_LOG"
            last = Refusal(
                "broker_not_there", f"no broker answers at kafka://{connection.bootstrap}{why}", do
            )
    return last


class _Door:
    """One broker's listener, and us with our settings before it."""

    def __init__(self, connection: Connection, host: str, port: int) -> None:
        self._connection = connection
        self._host = host
        self._port = port
        self._where = f"{host}:{port}"
        self._tls = connection.tls()
        self._sasl = connection.security_protocol.startswith("SASL")

    async def asked(self) -> Refusal | None:
        """First whether anybody listens at all (OSError), then TLS, then SASL, then whether it knows us."""
        await _hung_up((await self._open(None))[1])
        if self._tls is None:
            return await self._in_the_clear()
        try:
            code, mechanisms = await self._mechanisms(self._tls)
        except ssl.SSLCertVerificationError as error:
            return self._certificate(error)
        except (_Closed, OSError) as error:
            return await self._without_tls(error)
        return await self._signed_in(code, mechanisms)

    async def _in_the_clear(self) -> Refusal | None:
        try:
            code, mechanisms = await self._mechanisms(None)
        except TimeoutError:
            raise  # it listens, and says nothing
        except (_Closed, OSError):
            if not await self._speaks_tls():
                says = f"{self._where} closes the connection without an answer"
                return Refusal(
                    "broker_is_none", says, "check that a Kafka broker listens there, and what it logs"
                )
            other = self._connection.security_protocol.replace("PLAINTEXT", "SSL")
            says = f"{self._where} speaks TLS, and {self._connection.security_protocol} does not"
            return Refusal(
                "tls_wanted", says, f"set {PROTOCOL}={other}, or the port of a listener without TLS"
            )
        return await self._signed_in(code, mechanisms)

    async def _without_tls(self, error: Exception) -> Refusal:
        """TLS was not agreed on, or ended at once: the other side has none, or will not have us."""
        try:
            await self._mechanisms(None)
        except (_Closed, OSError):
            pass
        else:
            other = self._connection.security_protocol.replace("SSL", "PLAINTEXT")
            says = f"{self._where} does not speak TLS, and {self._connection.security_protocol} wants it"
            return Refusal("tls_unknown", says, f"set {PROTOCOL}={other}, or the port of a listener with TLS")
        if self._connection.cert_file is None:
            says = (
                f"{self._where} ends TLS at once: it probably wants a certificate of ours, and there is none"
            )
            return Refusal(
                "certificate_wanted", says, "set TACTFUL_KAFKA__SSL_CERTFILE and TACTFUL_KAFKA__SSL_KEYFILE"
            )
        reason = getattr(error, "reason", None) or "it said no more"
        says = f"{self._where} refuses our certificate ({reason})"
        do = (
            "check that its authority is in the brokers' truststore and that it has not expired: openssl x509 "
            f"-noout -issuer -dates -in {self._connection.cert_file}"
        )
        return Refusal("certificate_refused", says, do)

    def _certificate(self, error: ssl.SSLCertVerificationError) -> Refusal:
        match error.verify_code:
            case code if code == EXPIRED:
                says = f"the certificate of {self._where} has expired"
                return Refusal("certificate_expired", says, "give the broker a new one")
            case code if code == NOT_YET:
                do = "check this machine's clock, and the certificate's dates"
                return Refusal(
                    "certificate_too_young", f"the certificate of {self._where} is not valid yet", do
                )
            case code if code in {OTHER_NAME, OTHER_ADDRESS}:
                says = f"the certificate of {self._where} was made for another host: {error.verify_message}"
                do = f"write the broker in TACTFUL_LOG by a name of its certificate, or add {self._host} to that"
                return Refusal("certificate_of_another", says, do)
            case _:
                given = self._connection.ca_file
                who = f"the authorities in {given}" if given else "the authorities of this machine"
                says = f"the certificate of {self._where} is signed by none of {who}"
                do = "set TACTFUL_KAFKA__SSL_CAFILE to the certificate of the brokers' authority"
                return Refusal("authority_unknown", f"{says} ({error.verify_message})", do)

    async def _signed_in(self, code: int, mechanisms: Sequence[str]) -> Refusal | None:
        ours = self._connection
        if not self._sasl:
            if code == NO_SASL_HERE:
                return None
            says = f"{self._where} wants a user and a password ({', '.join(mechanisms)})"
            tls = "SASL_PLAINTEXT" if self._tls is None else "SASL_SSL"
            do = f"set {PROTOCOL}={tls}, TACTFUL_KAFKA__SASL_MECHANISM, __SASL_USERNAME and __SASL_PASSWORD_FILE"
            return Refusal("password_wanted", says, do)
        if code == NO_SASL_HERE:
            plain = ours.security_protocol.removeprefix("SASL_")
            says = f"{self._where} asks for no password, and {ours.security_protocol} gives one"
            return Refusal(
                "password_unwanted", says, f"set {PROTOCOL}={plain}, or the port of a listener with SASL"
            )
        if code == NOT_ENABLED or ours.sasl_mechanism not in mechanisms:
            says = f"{self._where} does not take {ours.sasl_mechanism}: it takes {', '.join(mechanisms)}"
            return Refusal(
                "mechanism_refused",
                says,
                "set TACTFUL_KAFKA__SASL_MECHANISM to one of these, or enable it there",
            )
        return await self._known()

    async def _known(self) -> Refusal | None:
        """The whole of it, as every client does it."""
        options = self._connection.options()
        del options["bootstrap_servers"]
        try:
            made = await create_conn(
                self._host, self._port, request_timeout_ms=int(WITHIN_S * 1000), **options
            )
        except KafkaError:
            ours = self._connection
            says = f"{self._where} does not know {ours.sasl_username}, or another password of theirs"
            do = "check TACTFUL_KAFKA__SASL_USERNAME and the password that is in TACTFUL_KAFKA__SASL_PASSWORD_FILE"
            if ours.sasl_mechanism.startswith("SCRAM"):
                do += (
                    f"; a user has to have been given a password for {ours.sasl_mechanism}: kafka-configs.sh "
                    f"--describe --entity-type users --entity-name {ours.sasl_username}"
                )
            return Refusal("password_wrong", says, do)
        await made.close()
        return None

    # The wire

    async def _open(self, tls: ssl.SSLContext | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(WITHIN_S):
            return await asyncio.open_connection(self._host, self._port, ssl=tls)

    async def _speaks_tls(self) -> bool:
        """Whoever they are: nothing is said to them."""
        anybody = ssl.create_default_context()
        anybody.check_hostname = False
        anybody.verify_mode = ssl.CERT_NONE
        try:
            await _hung_up((await self._open(anybody))[1])
        except OSError:
            return False
        return True

    async def _mechanisms(self, tls: ssl.SSLContext | None) -> tuple[int, list[str]]:
        """What the listener says to our mechanism: an error's code, and those that it has."""
        reader, writer = await self._open(tls)
        try:
            writer.write(_handshake(self._connection.sasl_mechanism if self._sasl else "none"))
            async with asyncio.timeout(WITHIN_S):
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                if not 0 < size < LONGEST_ANSWER:
                    raise _Closed
                return _answer(await reader.readexactly(size))
        except (asyncio.IncompleteReadError, struct.error, UnicodeDecodeError) as error:
            raise _Closed from error
        finally:
            await _hung_up(writer)


async def _hung_up(writer: asyncio.StreamWriter) -> None:
    """Without the farewell of TLS, for which the other side might let us wait."""
    writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


def _handshake(mechanism: str) -> bytes:
    """A SaslHandshake request, which every listener answers, whoever asks."""
    header = struct.pack(">hhih", SASL_HANDSHAKE, ITS_VERSION, 1, -1)
    body = header + struct.pack(">h", len(mechanism)) + mechanism.encode()
    return struct.pack(">i", len(body)) + body


def _answer(body: bytes) -> tuple[int, list[str]]:
    """Its error code, and the mechanisms that are enabled."""
    _, code, count = struct.unpack_from(">ihi", body)
    at, mechanisms = 10, []
    for _ in range(count):
        (length,) = struct.unpack_from(">h", body, at)
        mechanisms.append(body[at + 2 : at + 2 + length].decode())
        at += 2 + length
    return code, mechanisms
