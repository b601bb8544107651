"""YAML 1.2 core: `on`, `no` and `17:00` are text, and so is a time, which keeps its offset."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError


class YamlError(ValueError):
    """The text is no YAML. Operator action: mend the line that the message names."""


class _Constructor(SafeConstructor):
    """Times and merge keys are not in YAML 1.2's core schema: both are text."""


for _tag in ("timestamp", "merge"):
    _Constructor.add_constructor(f"tag:yaml.org,2002:{_tag}", SafeConstructor.construct_yaml_str)


def load(text: str) -> Any:
    """The one document in the text; YamlError names the line that cannot be read."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise YamlError(f"line {line}: {error.problem or error.context or 'cannot be read'}") from None
    except YAMLError as error:
        raise YamlError(f"line 1: {error}") from None
