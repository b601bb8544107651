"""A broker that asks everybody who they are, and lets them do what they were granted by name."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1
from aiokafka.protocol.api import Request

from app.drivers.kafka_client import Connection, Kafka
from app.drivers.kafka_permissions import OPERATIONS, lacking
from app.settings import Settings, load_settings
from tests.kafka.broker import LocalKafka, NoBrokerError
from tests.kafka.security.certificates import Authority
from tests.ports import LOOPBACK
from topics.rights import ROLES, WORKER, Right

SASL = "org.apache.kafka.common.security"
LACKS = tuple(f"lacks-{number}" for number in range(len(WORKER.rights)))
"""Workers of which each lacks one right."""
USERS = (*ROLES, *LACKS)
TYPES = {"topic": 2, "group": 3, "transactional-id": 5}
LITERAL, PREFIXED = 3, 4
ALLOW = 3
"""The protocol's codes."""
HOLDS_WITHIN_S = 20.0
SESSION_S = 3
"""After so long the SCRAMONLY listener wants to know again who it is."""
PROTOCOLS = {
    "CLEAR": "SASL_PLAINTEXT",
    "SECURE": "SASL_SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SASL_SSL",
    "ELSEWHERE": "SASL_SSL",
    "SCRAMONLY": "SASL_SSL",
}


@dataclass
class Guarded:
    """The broker, who may come, and how."""

    broker: LocalKafka
    authority: Authority
    passwords: Mapping[str, str]
    folder: Path
    locked_with: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def secrets(self) -> list[str]:
        """What nobody may ever read anywhere."""
        return [*self.passwords.values(), self.locked_with]

    def env(self, user: str, listener: str, mechanism: str = "PLAIN", **more: str) -> dict[str, str]:
        """The variables of somebody who comes by a listener, with the password in a file."""
        protocol = PROTOCOLS[listener]
        given = {"SECURITY_PROTOCOL": protocol}
        if protocol != "SASL_PLAINTEXT":
            given["SSL_CAFILE"] = str(self.authority.certificate)
        if protocol.startswith("SASL"):
            password = self.folder / f"{user}.password"
            password.write_text(self.passwords[user] + "\n")
            given |= {
                "SASL_MECHANISM": mechanism,
                "SASL_USERNAME": user,
                "SASL_PASSWORD_FILE": str(password),
            }
        else:
            given |= self._certificate_of(user)
        brokers = {"TACTFUL_LOG": f"kafka://{self.broker.listeners[listener]}"}
        return brokers | {f"TACTFUL_KAFKA__{name}": value for name, value in (given | more).items()}

    def _certificate_of(self, user: str) -> dict[str, str]:
        """A certificate in the user's name; its key needs a password, which is in a file."""
        key, certificate = self.authority.sign(user)
        password = self.folder / "key.password"
        password.write_text(self.locked_with)
        return {
            "SSL_CERTFILE": str(certificate),
            "SSL_KEYFILE": str(self.authority.with_password(key, self.locked_with)),
            "SSL_KEY_PASSWORD_FILE": str(password),
        }

    def strangers(self) -> dict[str, str]:
        """Variables with a certificate that was signed by somebody whom the broker does not know."""
        other = Authority(self.folder / f"other-{secrets.token_hex(4)}")
        key, certificate = other.sign("worker")
        return {
            "TACTFUL_KAFKA__SSL_CERTFILE": str(certificate),
            "TACTFUL_KAFKA__SSL_KEYFILE": str(key),
            "TACTFUL_KAFKA__SSL_KEY_PASSWORD_FILE": "",
        }

    async def grant(self, user: str, rights: Sequence[Right]) -> None:
        """These besides what was granted before; they hold when this returns."""
        acls = [
            (*_resource(right), f"User:{user}", "*", OPERATIONS[right.operation], ALLOW) for right in rights
        ]
        answer = await self._asked(_Grant(acls))
        assert {code for code, _ in answer.creation_responses} <= {0}, answer
        # Whether a topic may be made is not told of one that is not there.
        await self.holds(user, [right for right in rights if right.operation != "Create"])

    async def revoke(self, user: str, right: Right) -> None:
        """One that was granted; it does not hold any more when this returns."""
        one = (*_resource(right), f"User:{user}", "*", OPERATIONS[right.operation], ALLOW)
        answer = await self._asked(_Revoke([one]))
        [(code, _, removed)] = answer.filter_responses
        assert (code, len(removed)) == (0, 1), answer
        await self._until(user, [right], [right])

    def comes(self, user: str, prefix: str = "") -> Connection:
        """Somebody by the listener without TLS."""
        return Connection(
            bootstrap=self.broker.listeners["CLEAR"],
            prefix=prefix,
            security_protocol="SASL_PLAINTEXT",
            sasl_username=user,
            sasl_password=self.passwords[user],
        )

    async def holds(self, user: str, rights: Sequence[Right]) -> None:
        """Return when the broker goes by these: it does so a moment after the controller has written them down."""
        await self._until(user, [], rights)

    async def _until(self, user: str, lacks: Sequence[Right], of: Sequence[Right]) -> None:
        kafka = Kafka(self.comes(user))
        async with asyncio.timeout(HOLDS_WITHIN_S):
            while await lacking(kafka, of) != lacks:  # noqa: ASYNC110 - a broker gives no event
                await asyncio.sleep(0.02)

    async def _asked(self, request: Request[Any]) -> Any:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker.address)
        try:
            await admin.start()
            return await admin._send_request(request)
        finally:
            await admin.close()


def _resource(right: Right) -> tuple[int, str, int]:
    return TYPES[right.resource], right.name, PREFIXED if right.prefixed else LITERAL


class _Grant(Request[CreateAclsRequest_v1]):
    """Many at once, which aiokafka's own request cannot say."""

    API_KEY = 30

    def __init__(self, acls: list[tuple[Any, ...]]) -> None:
        self._acls = acls

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        return CreateAclsRequest_v1(self._acls)


class _Revoke(Request[DeleteAclsRequest_v1]):
    """As `_Grant`, the other way round."""

    API_KEY = 31

    def __init__(self, filters: list[tuple[Any, ...]]) -> None:
        self._filters = filters

    def build(self, request_struct_class: type[DeleteAclsRequest_v1]) -> DeleteAclsRequest_v1:
        return DeleteAclsRequest_v1(self._filters)


@contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    """One broker for all tests; whoever comes by its PLAINTEXT listener, as the tests themselves do, may do all."""
    authority = Authority(folder / "authority")
    passwords = {user: secrets.token_hex(8) for user in USERS}
    try:
        broker = LocalKafka(listeners=PROTOCOLS, scram_users={role: passwords[role] for role in ROLES})
    except NoBrokerError as missing:
        pytest.skip(f"only a broker of our own can be guarded: {missing}")
    here = f"IP:{LOOPBACK}"
    keys = {
        "SECURE": authority.sign("broker", address=here),
        "MUTUAL": authority.sign("mutual-broker", address=here),
        "SCRAMONLY": authority.sign("scram-broker", address=here),
        "EXPIRED": authority.sign("expired", address=here, until="20200102000000Z"),
        "ELSEWHERE": authority.sign("elsewhere", address="DNS:elsewhere.example"),
    }
    broker._more = _properties(authority, passwords, keys)
    with broker:
        yield Guarded(broker, authority, passwords, folder)


def _properties(
    authority: Authority, passwords: Mapping[str, str], keys: Mapping[str, tuple[Path, Path]]
) -> dict[str, str]:
    plain = " ".join(f'user_{name}="{password}"' for name, password in passwords.items())
    found = {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:ANONYMOUS",
        "listener.name.scramonly.connections.max.reauth.ms": str(SESSION_S * 1000),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.mutual.ssl.truststore.type": "PEM",
        "listener.name.mutual.ssl.truststore.location": str(authority.certificate),
        "listener.name.mutual.ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
    }
    for name, protocol in PROTOCOLS.items():
        ours = f"listener.name.{name.lower()}"
        if protocol.startswith("SASL"):
            mechanisms = (
                ("SCRAM-SHA-512",) if name == "SCRAMONLY" else ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
            )
            found[f"{ours}.sasl.enabled.mechanisms"] = ",".join(mechanisms)
            for each in mechanisms:
                module = (
                    f"{SASL}.plain.PlainLoginModule" if each == "PLAIN" else f"{SASL}.scram.ScramLoginModule"
                )
                users = f" {plain}" if each == "PLAIN" else ""
                found[f"{ours}.{each.lower()}.sasl.jaas.config"] = f"{module} required{users};"
        if name in keys:
            found[f"{ours}.ssl.keystore.type"] = "PEM"
            found[f"{ours}.ssl.keystore.location"] = str(authority.together(name, *keys[name]))
    return found


def settings(env: Mapping[str, str]) -> Settings:
    """What a process with these variables would have, for one that is not begun."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        return load_settings()
