"""Settings that belong together: where the worker and the console listen, and who may speak to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, field_validator, model_validator

from app.core.policy import Duration

SERVER = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


SESSION_SECRET_AT_LEAST = 16
"""Characters: who can guess it can forge a session."""


def address(value: str) -> str:
    """An address to listen on, as it was given; ValueError when it is none."""
    match = SERVER.fullmatch(value)
    if match is None or int(match[2]) > 65_535:
        raise ValueError(f"{value!r} is no address to listen on: write it like 127.0.0.1:8080")
    return value


def _listen(value: object) -> object:
    return address(value) if isinstance(value, str) else value


class Group(BaseModel):
    """Variables that belong together; a secret may be given as the path of a file that holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        for name in [name for name in values if name.endswith("_file") and name[:-5] in cls.model_fields]:
            secret, path = name[:-5], Path(str(values.pop(name)))
            if values.get(secret) is not None:
                raise ValueError(f"give {secret.upper()} or {name.upper()}, not both")
            try:
                values[secret] = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ValueError(f"{name.upper()}: {path} cannot be read ({error.strerror})") from None
            if not values[secret]:
                raise ValueError(f"{name.upper()}: {path} is empty")
        return values


class HttpSettings(Group):
    """Where the worker listens, and the bearer token that `POST /events` and people's pages ask for."""

    listen: Annotated[str, BeforeValidator(_listen)] = "127.0.0.1:8080"
    token: SecretStr | None = None
    health_only: bool = False
    """Serve `/healthz`, `/readyz` and `/metrics` alone: what else there is needs a token off this machine."""

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


SHORTEST_REFRESH = timedelta(milliseconds=100)
"""Below, an open page would ask again before it has its answer."""


class ConsoleSettings(Group):
    """Where `tactful console` listens, who may look, and how long it keeps what it shows."""

    listen: Annotated[str, BeforeValidator(_listen)] = "127.0.0.1:8081"
    token: SecretStr | None = None
    """Asked for at the door; consoles use it among themselves, too."""
    user_header: str | None = None
    """The header in which an authenticating proxy in front says who it is, and which it takes from everybody else."""
    session_secret: SecretStr | None = None
    """What sessions and forms are signed with, the same for all consoles behind one proxy; None: by the token."""
    url: str | None = None
    """Where other consoles of this deployment reach this one; None: by the address it listens on."""
    keep: Duration = timedelta(days=30)
    """How long a person's records are kept; none of them is the only copy."""
    refresh: Duration = timedelta(seconds=5)
    """How often an open page is asked for anew."""
    audit: Path | None = None
    """Where each action is written down, one JSON object a line; None: `console/audit.jsonl` in the state folder."""

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])

    @field_validator("refresh")
    @classmethod
    def _a_pause(cls, value: timedelta) -> timedelta:
        if value < SHORTEST_REFRESH:
            raise ValueError("pages asked for so often leave no time for anything else: at least 100ms")
        return value

    @field_validator("session_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SESSION_SECRET_AT_LEAST:
            raise ValueError(
                f"it has fewer than {SESSION_SECRET_AT_LEAST} characters: make one by `openssl rand -hex 32`"
            )
        return value

    @field_validator("url")
    @classmethod
    def _a_url(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s]+", value):
            raise ValueError(f"{value!r} is no address of a console: write it like http://10.0.0.7:8081")
        return value

    @field_validator("user_header")
    @classmethod
    def _a_header(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9-]+", value):
            raise ValueError(f"{value!r} is no header's name: write it like X-Forwarded-User")
        return value
