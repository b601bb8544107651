"""The consumer group, and where it stands in the input and in the rows."""

from __future__ import annotations

from app.doctor.finding import Fault

GROUP_SHARED = Fault(
    name="group_shared",
    about="group",
    state="wrong",
    what="the consumer group is used by another application: members that read other topics, or by other rules",
    why="partitions are given to a member that does not decide, or no worker may join (InconsistentGroupProtocol)",
    do="set TACTFUL_GROUP to a name that nobody else has: kafka-consumer-groups.sh --describe --members --group GROUP",
)
GROUP_LEFTOVERS = Fault(
    name="group_leftovers",
    about="group",
    state="note",
    what="the consumer group has offsets of topics that are not ours",
    why="another application used it, and may come back",
    do="set TACTFUL_GROUP to a name that nobody else has",
)
NOTHING_DECIDED = Fault(
    name="nothing_decided",
    about="positions",
    state="note",
    what="no worker of this group has decided anything yet",
    why="new, or the group is misspelt",
    do="start `tactful worker`",
)
NOBODY_AT_WORK = Fault(
    name="nobody_at_work",
    about="positions",
    state="note",
    what="events wait, and the group has no member",
    why="nobody decides: plans come due and are told late, or as too_late",
    do="start `tactful worker`",
)
FALLING_BEHIND = Fault(
    name="falling_behind",
    about="positions",
    state="wrong",
    what="the oldest undecided event has waited for more than 5 min though workers are there",
    why="what a person says now is heard late, and what comes due meanwhile is decided without it",
    do="look at /readyz and the log of the workers; if they are busy, start more of them (up to one a partition)",
)
MADE_ANEW = Fault(
    name="input_made_anew",
    about="positions",
    state="wrong",
    what="`user-events` ends before what is done already: it was made anew, or cut",
    why="no worker takes the partition, since it would pass new events over",
    do="bring it back, or begin anew with another TACTFUL_TOPIC_PREFIX",
)
RETENTION_FASTER = Fault(
    name="retention_faster",
    about="positions",
    state="note",
    what="retention has taken events that were not decided",
    why="they are counted (tactful_events_lost_total) and passed over",
    do="more workers, or a longer retention",
)
TRANSACTION_OPEN = Fault(
    name="transaction_open",
    about="positions",
    state="note",
    what="events stand behind somebody's open transaction",
    why="nobody reads them until it ends; after the timeout of its owner the brokers abort it",
    do="normal for some seconds; if it stays, find it with kafka-transactions.sh find-hanging",
)
ROWS_NEWER = Fault(
    name="rows_newer",
    about="rows",
    state="wrong",
    what="rows of `nudge-state` were written by a newer version than this one",
    why="this version cannot read them, and stops the partition rather than guess",
    do="run the newer version again: rolling back across a change of the rows is not possible",
)
ROWS_GONE = Fault(
    name="rows_gone",
    about="rows",
    state="wrong",
    what="a partition of `nudge-state` has no row of its own, though the group has decided events there",
    why="nudge-state was made anew or cut: a worker would begin at the first event and decide everything again",
    do="bring nudge-state back before a worker starts; or begin anew with another TACTFUL_TOPIC_PREFIX",
)
