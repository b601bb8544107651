"""What the settings say of a deployment, for the worker and the commands alike: who decides, and where its brokers are.

Commands import this and not `app.wiring`, which brings the model's whole SDK with it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agents import AgentError, load
from app.policy_file import load_policy
from app.settings import KafkaAddress, Settings, SettingsError

if TYPE_CHECKING:
    from agents.contract import Agent
    from app.core.policy import Policy
    from app.drivers.kafka_client import Connection


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides in this deployment."""

    policy: Policy
    agents: Mapping[str, Agent]


def deciding(settings: Settings) -> Deciding:
    """Policy and agents; SettingsError names what cannot be used."""
    policy = load_policy(settings.policy)
    try:
        agents = load(settings.agents)
    except AgentError as error:
        raise SettingsError(f"TACTFUL_AGENTS: {error}") from None
    unknown = sorted(set(policy.agents) - set(agents))
    if unknown:
        raise SettingsError(
            f"{settings.policy}: agents.{unknown[0]}: there is no such agent; there are {', '.join(agents)}: "
            "mend its name, or add its import path to TACTFUL_AGENTS"
        )
    return Deciding(policy, agents)


def decides(agent: Agent) -> str:
    """The first line of what its module, or its class, says of itself."""
    for documented in (sys.modules.get(type(agent).__module__), type(agent)):
        said = (documented.__doc__ or "").strip().splitlines() if documented is not None else []
        if said:
            return said[0].removeprefix(f"{agent.name} decides ").removesuffix(".")
    return ""


def connection(settings: Settings) -> Connection:
    """How to reach the brokers of TACTFUL_LOG; SettingsError when it names none."""
    from app.drivers.kafka_client import Connection  # noqa: PLC0415 - who has no brokers needs no client

    if not isinstance(settings.log, KafkaAddress):
        raise SettingsError("TACTFUL_LOG: this needs brokers: write kafka://host:port,host:port")
    kafka = settings.kafka

    def path(of: Path | None) -> str | None:
        return None if of is None else str(of)

    return Connection(
        bootstrap=",".join(settings.log.servers),
        prefix=settings.topic_prefix,
        client_id=kafka.client_id,
        security_protocol=kafka.security_protocol,
        sasl_mechanism=kafka.sasl_mechanism,
        sasl_username=kafka.sasl_username,
        sasl_password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        ca_file=path(kafka.ssl_cafile),
        cert_file=path(kafka.ssl_certfile),
        key_file=path(kafka.ssl_keyfile),
        key_password=kafka.ssl_key_password.get_secret_value() if kafka.ssl_key_password else None,
    )
