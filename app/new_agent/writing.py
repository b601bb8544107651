"""An agent's file and its story, under a name of its own."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Mapping
from importlib.resources import files
from pathlib import Path

from agents.held_to import NAME

TEMPLATES: Mapping[str, str] = {"template.py": ".py", "template.yaml": ".yaml"}
"""What is copied, and how the copies' names end."""


def problem_with(name: str, taken: Collection[str]) -> str:
    """Why an agent cannot be called so; empty when it can."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        return f"{name!r} is no name for an agent: lower case letters, digits and underscores, such as late_parcel"
    return f"there is an agent called {name!r} already" if name in taken else ""


def copies(name: str, folder: Path) -> dict[Path, str]:
    """The files of a new agent and what stands in them."""
    called = "".join(part.title() for part in name.split("_"))
    found = {}
    for template, ending in TEMPLATES.items():
        text = files(__package__).joinpath(template).read_text(encoding="utf-8")
        found[folder / f"{name}{ending}"] = text.replace("my_agent", name).replace("MyAgent", called)
    return found
