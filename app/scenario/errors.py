"""What is wrong with a story file, said so that its author finds the line and knows what to write instead."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

Path = Sequence[str | int]


class StoryError(ValueError):
    """A story that cannot be run as it is written.

    Operator action: mend the file at the place that the message names.
    """


def from_validation(error: ValidationError, text: str, name: str) -> StoryError:
    """One line for each thing that is wrong: file, line, place in the document, what to do."""
    root = _composed(text)
    lines = []
    for found in error.errors(include_url=False):
        more = found.get("ctx") or {}
        line, said = _place(root, (*found["loc"], *more.get("path", ())))
        message = str(found["msg"]).removeprefix("Value error, ")
        message = {"missing": "is missing", "extra_forbidden": "is not a key of the format"}.get(
            str(found["type"]), message
        )
        lines.append(f"{name}:{line}: {said}: {message}" if said else f"{name}:{line}: {message}")
    return StoryError("\n".join(lines))


def _composed(text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    node: Node | None = yaml.compose(text)
    return node


def _place(root: Node | None, path: Path) -> tuple[int, str]:
    """The line where the value at this path stands, and the path as an author would say it.

    Parts of the path that the document does not have (names of alternatives, a missing key) are not walked;
    a missing last key is still said.
    """
    node, line, said = root, 1, ""
    for number, part in enumerate(path):
        below = _below(node, part)
        if below is None:
            last = number == len(path) - 1
            if (
                last
                and isinstance(part, str)
                and isinstance(node, MappingNode)
                and not part.startswith("entry:")
            ):
                said += f".{part}" if said else part
            continue
        line, node = below
        if isinstance(part, int):
            said += f" entry {part + 1}"
        else:
            said += f".{part}" if said else part
    return line, said


def _below(node: Node | None, part: str | int) -> tuple[int, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None
