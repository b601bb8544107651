"""The page of the documentation that lists every metric."""

from __future__ import annotations

from collections.abc import Sequence

from agents import FIVE
from app.metric_list import DELIVERY, METRICS, NAMES_AT_MOST, VALUES, Metric
from topics.dead_letters import DEAD_REASONS

OF_LABELS = {
    "agent": f"the agents of this deployment: {', '.join(f'`{agent.name}`' for agent in FIVE)} and those of "
    "`TACTFUL_AGENTS`; `tactful_agent_paused` has `*` besides",
    "outcome": "as in the records of `nudge-outcome`, with the reasons that each may have",
    "reason": "of a dead letter: " + ", ".join(f"`{reason}`" for reason in DEAD_REASONS),
    "result": "of a request to the model: `answered`, or why it was not (`budget`: the worker's minute was spent, and "
    "nothing was sent); of a commit: `committed` or `failed`",
    "partition": "a number; it goes when the partition goes to another worker",
    "source": f"what a service calls itself, the first {NAMES_AT_MOST} of them, then `other`",
    "error": f"the name of a Python exception, the first {NAMES_AT_MOST} of them, then `other`",
    "model": f"what the model calls itself, if the policy has a price for it; the first {NAMES_AT_MOST}, then `other`",
    "version": "of the worker",
    "policy": "the hash of the policy that stands in every outcome",
}

BEFORE = """# Metrics

Written from the list in `app/metric_list.py` by `python -m app.dashboards`; a test holds this page and a working
worker's own page against that list.

`GET /metrics` on the worker's address (`TACTFUL_HTTP`, by default `127.0.0.1:8080`) answers in Prometheus' text format.
No label ever holds a user id.
Every pair of labels whose values are known is there from the start, at 0.
Counters begin at 0 with each process.
They count what was decided: what was decided and not committed when a worker died is decided, and counted, again.
What must hold exactly is recomputed from the topics, from outside, by `tactful verify`.

How they are looked at: [Dashboards](dashboards.md). What they call somebody for: [Runbook](runbook.md).

| metric | kind | means |
|---|---|---|
"""

ABOUT = """
Python's own `process_*` metrics (memory, CPU, open files, start time) stand beside them.

## Three that need more than a sentence

**`tactful_ledger_imbalance_intents`.**
Each partition counts its plans twice.
Once by the ledger: what was open when its rows were restored, plus `tactful_intents_opened_total`, less
`tactful_intents_closed_total`.
Once by the rows: a plan that stands in no row any more is not open, whatever closed it.
The gauge is the difference, without its sign, summed over the worker's partitions; anything but 0 means that a plan
ended without an outcome, or has two.
It is computed in the worker because the counters cannot tell: they begin at 0 with each process and the plans do not,
so `opened - closed - open` over a fleet is no constant across restarts.
It sees nothing of what happened before its partition was restored; `tactful verify` does, from the topics.

**`tactful_heartbeat_timestamp_seconds`.**
Every 30 s each worker sends an event of a canary person to each of its partitions and follows it.
A stage shows when the last event was *sent* that has passed it in all partitions of this worker, so that
`time() - tactful_heartbeat_timestamp_seconds` is how old the newest proof is that events get this far.
`appended`: all in-sync replicas have it.
`received`: the worker has read it.
`decided`: its effect is durable, the transaction is committed.
`readable`: every topic that the worker writes can be read past that point by committed records alone; on the embedded
log that is the same as `decided`.
A beat that has not passed a stage within 15 s is missed there.
The canary leaves no nudge, outcome or pass.

**`tactful_overdue_intents`.**
Plans whose time has come wait in the timer index until there is room for them (see the pacing of maturity in
[Promises](promises.md)), where they can still be revoked.
A plan that is deferred by a gate is not overdue before the deferral ends, and one that is held for a reading is
counted by `tactful_held_intents` instead.

## The delivery service

`tactful deliver --listen 127.0.0.1:8082` ([Delivering](delivering.md)) is a process of its own and serves `/metrics`,
`/healthz` and `/readyz` there, without a token and without anybody's words or id.
How far behind it is has two numbers: what it has not read, and since when what it has read waits for its receiver.

| metric | kind | means |
|---|---|---|
"""

LABELS = """
## Labels

"""


def markdown() -> str:
    """The whole page."""
    labels = dict.fromkeys(label for metric in (*METRICS, *DELIVERY) for label in metric.labels)
    told = "".join(f"* `{label}`: {_values(label)}.\n" for label in labels)
    return BEFORE + _rows(METRICS) + ABOUT + _rows(DELIVERY) + LABELS + told


def _rows(metrics: Sequence[Metric]) -> str:
    return "".join(f"| `{_signature(one)}` | {one.kind} | {one.sentence} |\n" for one in metrics)


def _signature(metric: Metric) -> str:
    return metric.name + ("{" + ",".join(metric.labels) + "}" if metric.labels else "")


def _values(label: str) -> str:
    if label in OF_LABELS:
        return OF_LABELS[label]
    return ", ".join(f"`{value}`" for value in VALUES[label])
