"""Settings: environment variables with the prefix `TACTFUL_`, `__` between levels, `*_FILE` for secrets.

`TACTFUL_HTTP`, `TACTFUL_CONSOLE` and `TACTFUL_MODEL` are each one word and a group: the word is what the group is
about (`TACTFUL_HTTP=127.0.0.1:8080`), the group holds the rest (`TACTFUL_HTTP__TOKEN_FILE=...`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as UnreadableValue

from app.core.policy import Duration
from app.setting_groups import SERVER, ConsoleSettings, Group, HttpSettings

PREFIX = "TACTFUL_"


class SettingsError(Exception):
    """Something that the operator set cannot be used; one line a mistake, each with what is expected.

    Operator action: mend what the lines name, and start again; a retry without that does not help.
    """


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """`kafka://host:port,host:port`: brokers to begin with."""

    servers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EmbeddedAddress:
    """`embedded:PATH`: a folder on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class MemoryAddress:
    """`memory:`: nothing outlives the process; for stories."""


LogAddress = KafkaAddress | EmbeddedAddress | MemoryAddress


def log_address(value: object) -> LogAddress:
    """Read `kafka://host:port,host:port`, `embedded:PATH` or `memory:`; ValueError says what is expected."""
    if isinstance(value, LogAddress):
        return value
    match str(value).partition(":"):
        case "kafka", ":", rest if rest.startswith("//"):
            servers = tuple(server.strip() for server in rest[2:].rstrip("/").split(","))
            wrong = [server for server in servers if not SERVER.fullmatch(server)]
            if wrong:
                raise ValueError(f"{wrong[0]!r} is no broker: write kafka://host:port,host:port")
            return KafkaAddress(servers)
        case "embedded", ":", path if path:
            return EmbeddedAddress(Path(path).expanduser())
        case "memory", ":" | "", "":
            return MemoryAddress()
        case _:
            raise ValueError(f"{value!r} is no log: write kafka://host:port,host:port or embedded:PATH")


def _separated(value: object) -> object:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _import_path(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z_][\w.]*(:[A-Za-z_]\w*)?", value):
        raise ValueError(f"{value!r} is no import path: write it like package.module:agent")
    return value


def _prefix(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9._-]{0,100}", value):
        raise ValueError(f"{value!r} cannot begin a topic's name: letters, digits, `.`, `_` and `-`")
    return value


class ModelSettings(Group):
    """Who answers: `anthropic` (the SDK's own variables hold), `scripted` (not for production) or `none`."""

    backend: Literal["anthropic", "scripted", "none"] = "anthropic"
    name: str | None = None
    """None: the client's default."""
    effort: str | None = None
    slots: Annotated[int, Field(ge=1)] = 16
    limit: Duration = timedelta(seconds=25)
    script: Path | None = None
    """A story file whose `model` rules the scripted server follows."""


class KafkaSettings(Group):
    """How to reach the brokers, and who this worker is to them."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_key_password: SecretStr | None = None
    client_id: str = "tactful"
    instance: str | None = None
    """A static member's name, the pod's: a restart then costs no rebalance."""
    session_timeout: Duration = timedelta(seconds=10)
    """After this long without a sign of life a worker's partitions go to others; brokers refuse less than 6 s."""

    @model_validator(mode="after")
    def _fits_together(self) -> KafkaSettings:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"{self.security_protocol} needs SASL_USERNAME and SASL_PASSWORD (or SASL_PASSWORD_FILE)"
            )
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            raise ValueError("SSL_CERTFILE and SSL_KEYFILE belong together: give both or none")
        for path in (self.ssl_cafile, self.ssl_certfile, self.ssl_keyfile):
            if path is not None and not path.is_file():
                raise ValueError(f"{path} is no file")
        return self


MAIN = {"http": "listen", "model": "backend", "console": "listen"}
"""What the bare variable of a group means."""


class _Environment(EnvSettingsSource):
    """Lets `TACTFUL_HTTP=...` stand beside `TACTFUL_HTTP__TOKEN_FILE=...`."""

    def prepare_field_value(
        self,
        field_name: str,
        field: FieldInfo,
        value: Any,
        value_is_complex: bool,  # noqa: FBT001 - the base's signature
    ) -> Any:
        if field_name in MAIN and isinstance(value, str):
            return {MAIN[field_name]: value} | self.explode_env_vars(field_name, field, self.env_vars)
        return super().prepare_field_value(field_name, field, value, value_is_complex)


class Settings(BaseSettings):
    """All that is set from outside; what people are told, and when, stands in the policy."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        env_ignore_empty=True,
        validate_default=True,
    )

    log: Annotated[LogAddress, NoDecode, BeforeValidator(log_address)] = EmbeddedAddress(Path(".tactful/log"))
    kafka: KafkaSettings = KafkaSettings()
    topic_prefix: Annotated[str, BeforeValidator(_prefix)] = ""
    group: Annotated[str, Field(min_length=1)] = "tactful"
    state_dir: Path = Path(".tactful/state")
    policy: Path | None = None
    agents: Annotated[
        tuple[Annotated[str, BeforeValidator(_import_path)], ...], NoDecode, BeforeValidator(_separated)
    ] = ()
    model: ModelSettings = ModelSettings()
    http: HttpSettings = HttpSettings()
    console: ConsoleSettings = ConsoleSettings()
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: Literal["none", "otlp"] = "none"
    """Whether spans go to a collector; where it is, the `OTEL_*` variables say."""
    drain_within: Duration = timedelta(seconds=20)
    """Below the chart's 30 s of grace: 10 s are left for leaving the group and closing files."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment; no other file is read than the ones that are named."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, _Environment(settings_cls)


def load_settings() -> Settings:
    """The settings of this process; SettingsError names each variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("\n".join(complaints(error, _variable))) from None
    except UnreadableValue as error:
        raise SettingsError(f"{error}: write each part as a variable of its own, with `__` between") from None


FOR_TESTS = (f"{PREFIX}TEST_", f"{PREFIX}REQUIRE_")
"""What tells the tests of this repository where their broker is, and what must be there."""


OF_COMMANDS = frozenset({"TACTFUL_WEBHOOK_SECRET", "TACTFUL_WEBHOOK_SECRET_FILE"})
"""Variables of one command alone: `tactful deliver`."""


def unknown_variables() -> list[str]:
    """Variables with our prefix that mean nothing: misspelt, or set by others (a Kubernetes service)."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | OF_COMMANDS
    ours = [name for name in os.environ if name.startswith(PREFIX) and not name.startswith(FOR_TESTS)]
    return sorted(name for name in ours if name.split("__")[0] not in known)


def complaints(error: ValidationError, name: Any) -> list[str]:
    """One line a mistake: `name` of the place, then what is expected there."""
    lines = []
    for one in error.errors(include_url=False):
        said = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            said = "is not known: check its spelling"
        lines.append(f"{name(one['loc'])}: {said}" if one["loc"] else said)
    return lines


def _variable(place: tuple[int | str, ...]) -> str:
    parts = [str(part) for part in place if isinstance(part, str)]
    if len(parts) > 1 and MAIN.get(parts[0]) == parts[1]:
        parts = parts[:1]
    return PREFIX + "__".join(part.upper() for part in parts)
