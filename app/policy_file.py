"""The policy as a file: YAML 1.2, laid over the defaults, refused as a whole when a line of it is wrong."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from app.core.policy import Policy
from app.settings import SettingsError, complaints
from app.yaml12 import YamlError, load


def load_policy(path: Path | None) -> Policy:
    """The policy of this file, or the default one; SettingsError names the file and each wrong field."""
    if path is None:
        return Policy()
    try:
        return read_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    except SettingsError as error:
        raise SettingsError("\n".join(f"{path}: {line}" for line in str(error).splitlines())) from None


def read_policy(text: str) -> Policy:
    """The policy that a text holds; an empty one is the default."""
    try:
        document = load(text)
    except YamlError as error:
        raise SettingsError(str(error)) from None
    if not isinstance(document or {}, dict):
        raise SettingsError(f"a policy is a mapping of names, not {type(document).__name__}")
    try:
        return Policy.model_validate(document or {})
    except ValidationError as error:
        lines = complaints(error, lambda place: ".".join(str(part) for part in place))
        raise SettingsError("\n".join(lines)) from None
