"""The first page to look at: is it keeping its promises?"""

from __future__ import annotations

from app.dashboards.panel import OF, Dashboard, Panel, Query, Row

RED_FROM_ONE = ((1.0, "red"),)

NOW = Row(
    "Now",
    (
        Panel(
            title="Oldest heartbeat",
            says="How long ago the canary's last event was sent that went the whole way, in the worker where that is "
            "longest. Beats come every 30 s; above two minutes events do not get through.",
            queries=(
                Query(
                    f'max(time() - tactful_heartbeat_timestamp_seconds{{{OF},stage="readable"}})', "oldest"
                ),
            ),
            unit="s",
            kind="stat",
            width=4,
            height=4,
            steps=((60, "orange"), (120, "red")),
            decimals=0,
        ),
        Panel(
            title="Oldest overdue plan",
            says="How long the plan that has waited longest for its turn has been due; 0 when none waits.",
            queries=(
                Query(
                    f"max((time() - tactful_oldest_overdue_due_timestamp_seconds{{{OF}}})"
                    f" * (tactful_oldest_overdue_due_timestamp_seconds{{{OF}}} > bool 0))",
                    "oldest",
                ),
            ),
            unit="s",
            kind="stat",
            width=4,
            height=4,
            steps=((300, "orange"), (1800, "red")),
            decimals=0,
        ),
        Panel(
            title="Ledger out of balance",
            says="Plans that ended without an outcome, or have two. Anything but 0 is a defect: see the runbook.",
            queries=(Query(f"sum(tactful_ledger_imbalance_intents{{{OF}}})", "plans"),),
            kind="stat",
            width=4,
            height=4,
            steps=RED_FROM_ONE,
        ),
        Panel(
            title="Partitions served by nobody",
            says="Partitions that people are spread over, less those that a worker has at work.",
            queries=(
                Query(
                    "sum("
                    f"max by (namespace, job) (tactful_partitions{{{OF}}})"
                    f" - sum by (namespace, job) (tactful_partitions_owned{{{OF}}}))",
                    "partitions",
                ),
            ),
            kind="stat",
            width=4,
            height=4,
            steps=RED_FROM_ONE,
        ),
        Panel(
            title="Events lost",
            says="Events that retention deleted before they were decided, since the workers began.",
            queries=(Query(f"sum(tactful_events_lost_total{{{OF}}})", "events"),),
            kind="stat",
            width=4,
            height=4,
            steps=RED_FROM_ONE,
        ),
        Panel(
            title="Alerts that are firing",
            says="Of all deployments; each has its paragraph in the runbook. None is the good answer.",
            queries=(Query('count(ALERTS{alertname=~"Tactful.*",alertstate="firing"})', "alerts"),),
            kind="stat",
            width=4,
            height=4,
            empty_when_well=True,
            steps=RED_FROM_ONE,
        ),
    ),
)

EVERY_PLAN_ENDS = Row(
    "Nothing ends in silence unrecorded",
    (
        Panel(
            title="Plans opened and closed",
            says="Both lines lie on each other over the days; between them lie the plans that wait.",
            queries=(
                Query(f"sum(rate(tactful_intents_opened_total{{{OF}}}[$__rate_interval]))", "opened"),
                Query(f"sum(rate(tactful_intents_closed_total{{{OF}}}[$__rate_interval]))", "closed"),
            ),
            unit="ops",
        ),
        Panel(
            title="Open plans by agent",
            says="Plans that can still be revoked.",
            queries=(Query(f"sum by (agent) (tactful_open_intents{{{OF}}})", "{{agent}}"),),
            stacked=True,
        ),
        Panel(
            title="Ledger out of balance, over time",
            says="What was open, plus opened, less closed, against what stands in the rows; by worker. A flat zero.",
            queries=(Query(f"tactful_ledger_imbalance_intents{{{OF}}}", "{{instance}}"),),
            steps=RED_FROM_ONE,
        ),
    ),
)

IN_TIME = Row(
    "In time",
    (
        Panel(
            title="Lateness of plans that came due",
            says="How long after its due time, or the end of its deferral, a plan was looked at: the median, and what "
            "one in a hundred exceeds. While the model's budget is spent plans wait on purpose.",
            queries=tuple(
                Query(
                    f"histogram_quantile({share}, "
                    f"sum by (le) (rate(tactful_maturity_lateness_seconds_bucket{{{OF}}}[$__rate_interval])))",
                    name,
                )
                for share, name in ((0.5, "median"), (0.99, "99 in 100"))
            ),
            unit="s",
        ),
        Panel(
            title="Plans that wait",
            says="Overdue: due, and waiting for their turn. Held: due, and a message is unread or unsure, so nothing "
            "is said before it is read.",
            queries=(
                Query(f"sum(tactful_overdue_intents{{{OF}}})", "overdue"),
                Query(f"sum(tactful_held_intents{{{OF}}})", "held"),
            ),
        ),
        Panel(
            title="Age of the heartbeat by stage",
            says="How old the newest proof is that events get this far; the first line that climbs is where they stop.",
            queries=(
                Query(
                    f"max by (stage) (time() - tactful_heartbeat_timestamp_seconds{{{OF}}})",
                    "{{stage}}",
                ),
            ),
            unit="s",
            steps=((120, "red"),),
        ),
    ),
)

NEVER_TWICE = Row(
    "Never twice, never stale",
    (
        Panel(
            title="Partitions taken from their holder",
            says="How often a worker found that another one has taken a partition which it still held. The fence keeps "
            "both from sending; again and again means two deployments on the same topics.",
            queries=(
                Query(
                    f"sum by (instance) (increase(tactful_fenced_total{{{OF}}}[$__rate_interval]))",
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            title="Commits in doubt",
            says="Each starts a partition again from its last commit: nothing is lost or doubled, but time passes.",
            queries=(
                Query(
                    "sum by (instance) "
                    f'(increase(tactful_commits_total{{{OF},result="failed"}}[$__rate_interval]))',
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            title="Recalls",
            says="Nudges that were taken back, because something that happened afterwards would have stopped them.",
            queries=(
                Query(
                    f"sum by (agent) (increase(tactful_recalls_total{{{OF}}}[$__rate_interval]))", "{{agent}}"
                ),
            ),
            stacked=True,
        ),
    ),
)

PROMISES = Dashboard(
    name="promises",
    title="Tactful: is it keeping its promises?",
    says="Events get through, every plan ends in one outcome, in time, and nothing goes out twice.",
    rows=(NOW, EVERY_PLAN_ENDS, IN_TIME, NEVER_TWICE),
)
