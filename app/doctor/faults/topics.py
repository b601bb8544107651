"""The topics and the brokers' own settings."""

from __future__ import annotations

from app.doctor.finding import Fault

TOPIC_MISSING = Fault(
    name="topic_missing",
    about="topics",
    state="wrong",
    what="a topic of the contract is not there",
    why="a worker ends at its start",
    do="create it with `tactful topics apply`",
)
PARTITIONS_DIFFER = Fault(
    name="partitions_differ",
    about="topics",
    state="wrong",
    what="a topic has another number of partitions than `nudge-state`",
    why="people would be in other partitions than their rows, so a worker refuses",
    do="the number is fixed when nudge-state is first written: to have another, move to new topics with another "
    "TACTFUL_TOPIC_PREFIX",
)
PARTITIONS_ADDED = Fault(
    name="partitions_added",
    about="topics",
    state="wrong",
    what="the rows were written for another number of partitions than there are now",
    why="half of the people would be in other partitions than their rows, so every partition is refused",
    do="give the topics their old number again (topics made anew, data copied back), or move to new topics with "
    "another TACTFUL_TOPIC_PREFIX",
)
CLEANUP_DIFFERS = Fault(
    name="cleanup_differs",
    about="topics",
    state="wrong",
    what="a topic's `cleanup.policy` is not the contract's",
    why="`delete` on nudge-state loses open plans; `compact` on the others loses all but a person's last record",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config cleanup.policy=POLICY",
)
RETENTION_DIFFERS = Fault(
    name="retention_differs",
    about="topics",
    state="wrong",
    what="a topic's `retention.ms` (of nudge-state: `max.compaction.lag.ms`, `delete.retention.ms`) is not the "
    "contract's",
    why="what was promised about how long a person's data is kept is not so, or events go before they are decided",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config retention.ms=MILLISECONDS",
)
TIMESTAMPS_DIFFER = Fault(
    name="timestamps_differ",
    about="topics",
    state="wrong",
    what="a topic's `message.timestamp.type` or `message.timestamp.after.max.ms` is not the contract's",
    why="the log's timestamp is the time by which a clock that runs ahead is told: an event could be dated anyhow",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config "
    "message.timestamp.type=CreateTime",
)
SETTING_DIFFERS = Fault(
    name="topic_setting_differs",
    about="topics",
    state="wrong",
    what="another setting of a topic is not the contract's",
    why="the contract says what it is for: topics/README.md",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config KEY=VALUE",
)
MESSAGES_TOO_SMALL = Fault(
    name="messages_too_small",
    about="topics",
    state="wrong",
    what="a topic's `max.message.bytes` is below 1,048,588 (the broker's default)",
    why="a commit with a large row or a full batch is refused, and its partition begins again and again",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config max.message.bytes=1048588",
)
COPIES_TOO_FEW = Fault(
    name="copies_too_few",
    about="topics",
    state="wrong",
    what="a topic's `min.insync.replicas` is above the number of its replicas",
    why="every write is refused (NotEnoughReplicas), so nothing is ever committed",
    do="kafka-configs.sh --alter --entity-type topics --entity-name TOPIC --add-config min.insync.replicas=NUMBER",
)
COPIES_BEHIND = Fault(
    name="copies_behind",
    about="topics",
    state="wrong",
    what="fewer replicas of a partition are in sync than `min.insync.replicas`",
    why="its writes are refused until they have caught up",
    do="bring the brokers back that hold the others",
)
NO_LEADER = Fault(
    name="no_leader",
    about="topics",
    state="wrong",
    what="a partition has no leader",
    why="nobody can read or write it",
    do="bring the brokers back that hold its replicas: kafka-topics.sh --describe --unavailable-partitions",
)
ONE_COPY = Fault(
    name="one_copy",
    about="topics",
    state="note",
    what="topics have one replica, though there are several brokers",
    why="when that broker's disk goes, people's events and plans go with it",
    do="kafka-reassign-partitions.sh, or apply anew under another prefix: tactful topics apply --replication 3",
)
SETTINGS_UNSEEN = Fault(
    name="topic_settings_unseen",
    about="topics",
    state="note",
    what="this user may not see the settings of a topic",
    why="whether they are the contract's is not known",
    do="ask `tactful topics check` as somebody who may DescribeConfigs",
)
TRANSACTIONS_TOO_SHORT = Fault(
    name="transactions_too_short",
    about="transactions",
    state="wrong",
    what="the brokers' `transaction.max.timeout.ms` is below the 15 s of a commit",
    why="the brokers refuse our producers (InvalidTransactionTimeout), so no partition can be taken over",
    do="set transaction.max.timeout.ms=900000 (the default) on the brokers",
)
TRANSACTIONS_AWAY = Fault(
    name="transactions_away",
    about="transactions",
    state="wrong",
    what="the brokers have no coordinator for transactions",
    why="no partition can be taken over: `__transaction_state` could not be made, or has no leader",
    do="set transaction.state.log.replication.factor to at most the number of brokers, or bring brokers back",
)
SESSION_REFUSED = Fault(
    name="session_refused",
    about="group",
    state="wrong",
    what="`TACTFUL_KAFKA__SESSION_TIMEOUT` is outside what the brokers allow",
    why="the brokers refuse every worker (InvalidSessionTimeout)",
    do="set it between the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms",
)
