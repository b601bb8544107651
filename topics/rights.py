"""Who needs which rights on the brokers: for each role the least with which all of it works."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from topics.controls import NUDGE_CONTROLS
from topics.dead_letters import DEAD_LETTER
from topics.nudges import NUDGES
from topics.outcomes import NUDGE_OUTCOME
from topics.passes import NUDGE_PASS
from topics.state import NUDGE_STATE
from topics.user_events import USER_EVENTS

Resource = Literal["topic", "group", "transactional-id"]
Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
"""In the words of `kafka-acls.sh`. Read and Write imply Describe."""
GROUP = "GROUP"
"""Stands for a consumer group of the reader's own choice."""
CONSOLE_GROUP = "tactful-console"
"""The consoles' group; it begins with the topics' prefix, and their table's topic with it."""
ALL_TOPICS = (USER_EVENTS, NUDGES, NUDGE_OUTCOME, NUDGE_PASS, NUDGE_STATE, NUDGE_CONTROLS, DEAD_LETTER)


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """One operation on one resource; `why` says what does not work without it.

    `prefixed`: it has to hold for every name that begins so, not for the one name alone.
    """

    resource: Resource
    name: str
    operation: Operation
    why: str
    prefixed: bool = False

    def command(self, principal: str, servers: str) -> str:
        """What grants it, as an administrator types it."""
        pattern = " --resource-pattern-type prefixed" if self.prefixed else ""
        return (
            f"kafka-acls.sh --bootstrap-server {servers} --add --allow-principal {principal} "
            f"--operation {self.operation} --{self.resource} {self.name}{pattern}"
        )

    def __str__(self) -> str:
        return f"{self.operation} on {self.resource} {self.name}{'*' if self.prefixed else ''}"


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a user of their own on the brokers, and what they need with topics that have no prefix."""

    name: str
    holds: str
    rights: tuple[Right, ...]

    def on(self, *, prefix: str, group: str) -> tuple[Right, ...]:
        """The same in a deployment: its topics' prefix, and the group that the role reads in."""
        return tuple(
            msgspec.structs.replace(right, name=group if right.resource == "group" else prefix + right.name)
            for right in self.rights
        )


def _topic(name: str, **operations: str) -> tuple[Right, ...]:
    words: Mapping[str, Operation] = {
        "read": "Read",
        "write": "Write",
        "create": "Create",
        "settings": "DescribeConfigs",
    }
    return tuple(
        Right(resource="topic", name=name, operation=words[each], why=why) for each, why in operations.items()
    )


def _group(name: str, operation: Operation, why: str) -> Right:
    return Right(resource="group", name=name, operation=operation, why=why)


def _each(topics: Sequence[str], **operations: str) -> tuple[Right, ...]:
    return tuple(right for name in topics for right in _topic(name, **operations))


_NAMES = tuple(topic.name for topic in ALL_TOPICS)

WORKER = Role(
    name="worker",
    holds="`tactful worker`, and `tactful doctor` beside it",
    rights=(
        *_topic(
            USER_EVENTS.name,
            read="what happened, and how far it is done",
            write="its own `intent.matured`, events over HTTP, records that came to a wrong partition",
        ),
        *_topic(NUDGES.name, write="nudges and recalls"),
        *_topic(NUDGE_OUTCOME.name, write="one record for each plan that closes"),
        *_topic(NUDGE_PASS.name, write="the trace of each pass"),
        *_topic(
            NUDGE_STATE.name,
            read="people's rows, when it takes a partition over",
            write="people's rows, in each commit",
        ),
        *_topic(NUDGE_CONTROLS.name, read="which agents are paused"),
        *_topic(DEAD_LETTER.name, write="what cannot be understood"),
        _group("tactful", "Read", "sharing partitions out, and saying how far the input is done"),
        Right(
            resource="transactional-id",
            name=f"{NUDGE_STATE.name}-",
            operation="Write",
            why="one transaction a commit, by a producer for each partition",
            prefixed=True,
        ),
    ),
)
PRODUCER = Role(
    name="producer",
    holds="a service that says what happened; `tactful events send` and `import`",
    rights=_topic(
        USER_EVENTS.name, write="events, also by an idempotent producer; it speaks for every person"
    ),
)
DELIVERY = Role(
    name="delivery",
    holds="a service that brings nudges to people and says what became of them",
    rights=(
        *_topic(NUDGES.name, read="nudges and recalls"),
        *_topic(
            USER_EVENTS.name, write="`nudge.delivered` and what follows; it could speak for every person"
        ),
        _group(GROUP, "Read", "its own consumer group"),
    ),
)
DATA = Role(
    name="data",
    holds="the data team: what came of every plan",
    rights=(
        *_topic(NUDGE_OUTCOME.name, read="one record for each plan that closed"),
        _group(GROUP, "Read", "its own consumer group"),
    ),
)
CREATOR = Role(
    name="creator",
    holds="who runs `tactful topics apply` and `check`",
    rights=_each(
        _NAMES,
        create="making the topic, with its settings; no right on the cluster is needed",
        settings="comparing its settings with the contract",
    )
    + tuple(
        Right(resource="topic", name=name, operation="Describe", why="seeing whether it is there")
        for name in _NAMES
    ),
)
VIEWER = Role(
    name="viewer",
    holds="an operator who looks: `verify`, `events tail`, `person`, `intents`, `explain`, `dead-letter list`",
    rights=_each(_NAMES, read="looking into it"),
)
OPERATOR = Role(
    name="operator",
    holds="an operator who acts: what a viewer does, `agents pause` and `resume`, `dead-letter replay`",
    rights=(
        *VIEWER.rights,
        *_topic(NUDGE_CONTROLS.name, write="pausing and resuming"),
        *_topic(USER_EVENTS.name, write="putting dead letters back; it could speak for every person"),
    ),
)
CONSOLE = Role(
    name="console",
    holds="`tactful console`: what an operator does, and tables of its own",
    rights=(
        *OPERATOR.rights,
        *_topic(
            f"{CONSOLE_GROUP}-people-changelog",
            create="its table's own topic",
            read="its table, when it takes a part of it over",
            write="its table",
        ),
        _group(CONSOLE_GROUP, "Read", "sharing people out among consoles"),
    ),
)
ROLES: Mapping[str, Role] = {
    role.name: role for role in (WORKER, PRODUCER, DELIVERY, DATA, CREATOR, VIEWER, OPERATOR, CONSOLE)
}
