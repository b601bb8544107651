"""The rights of each role, as they are printed and as the page says them."""

from __future__ import annotations

from pathlib import Path

from topics import TOPICS
from topics.rights import ALL_TOPICS, GROUP, ROLES, WORKER, Right

PAGE = Path(__file__).parents[3] / "app" / "docs" / "security.md"


def row(right: Right) -> str:
    """One line of the page's tables."""
    name = f"`{right.name}`" if right.name != GROUP else "its own"
    pattern = "prefixed" if right.prefixed else "literal"
    return f"| {right.resource} | {name} | {pattern} | {right.operation} | {right.why} |"


def section(role: str) -> list[str]:
    """The rows below the role's heading."""
    _, _, text = PAGE.read_text().partition(f"\n### {role}\n")
    rows = text.partition("\n#")[0].splitlines()
    return [line for line in rows if line.startswith("| ") and not line.startswith("| resource ")]


def test_the_page_has_each_roles_rights() -> None:
    """Each role's table on the security page is what the doctor prints and the brokers are asked for."""
    assert {name: section(name) for name in ROLES} == {
        name: [row(right) for right in role.rights] for name, role in ROLES.items()
    }


def test_a_deployments_names_are_its_own() -> None:
    """The prefix stands before topics and transactional ids, and before no group."""
    names = {right.resource: right.name for right in WORKER.on(prefix="ours-", group="workers")}
    assert names == {
        "topic": "ours-dead-letter",
        "group": "workers",
        "transactional-id": "ours-nudge-state-",
    }


def test_a_right_is_granted_by_one_command() -> None:
    """As an administrator types it; what has to hold for every name that begins so says that too."""
    right = WORKER.rights[-1]
    assert right.command("User:tactful", "broker:9092") == (
        "kafka-acls.sh --bootstrap-server broker:9092 --add --allow-principal User:tactful --operation Write "
        "--transactional-id nudge-state- --resource-pattern-type prefixed"
    )


def test_every_topic_has_somebody_who_looks_and_somebody_who_makes_it() -> None:
    """Viewer and creator know all topics of the contract."""
    assert ALL_TOPICS == TOPICS
    for role in ("viewer", "creator"):
        assert {right.name for right in ROLES[role].rights} == {topic.name for topic in TOPICS}


def test_only_the_worker_writes_what_is_the_workers() -> None:
    """Nobody else may write nudges, outcomes, passes, rows or dead letters."""
    theirs = {"nudges", "nudge-outcome", "nudge-pass", "nudge-state", "dead-letter"}
    others = [right for role in ROLES.values() if role is not WORKER for right in role.rights]
    assert [right for right in others if right.operation == "Write" and right.name in theirs] == []
