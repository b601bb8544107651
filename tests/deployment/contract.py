"""What the chart has to know of the topics and of everybody's rights, from where both are defined.

`python -m tests.deployment.contract` writes helm/contract.json; a test compares it with what it would write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from topics import TOPICS
from topics.rights import ROLES, Right, Role

CHART = Path(__file__).parents[2] / "helm"
WRITTEN = CHART / "contract.json"
IN_STRIMZI = {"topic": "topic", "group": "group", "transactional-id": "transactionalId"}


def contract() -> dict[str, Any]:
    """Topics with their settings, and each role's rights, as templates want them."""
    return {
        "topics": [
            {"name": topic.name, "single_partition": topic.single_partition, "config": topic.config}
            for topic in TOPICS
        ],
        "roles": {name: list(_resources(role)) for name, role in ROLES.items()},
    }


def _resources(role: Role) -> Iterator[dict[str, Any]]:
    """One entry for each resource, with all that is done with it."""
    together: dict[tuple[str, str, bool], list[Right]] = {}
    for right in role.rights:
        together.setdefault((right.resource, right.name, right.prefixed), []).append(right)
    for (resource, name, prefixed), rights in together.items():
        yield {
            "type": IN_STRIMZI[resource],
            "name": name,
            "pattern": "prefix" if prefixed else "literal",
            "operations": [right.operation for right in rights],
            "why": "; ".join(right.why for right in rights),
        }


def text() -> str:
    """What stands in the file."""
    return json.dumps(contract(), indent=2) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(text())
