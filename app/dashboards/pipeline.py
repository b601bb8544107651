"""From the log and back to it: events, passes, commits, partitions."""

from __future__ import annotations

from app.dashboards.panel import OF, Dashboard, Panel, Query, Row


def quantiles(metric: str, by: str = "", name: str = "") -> tuple[Query, ...]:
    """The median of a histogram, and what one in a hundred exceeds; `by` one label that `name` shows."""
    grouped = f"le, {by}" if by else "le"
    return tuple(
        Query(
            f"histogram_quantile({share}, sum by ({grouped}) (rate({metric}_bucket{{{OF}}}[$__rate_interval])))",
            f"{name} {words}".strip(),
        )
        for share, words in ((0.5, "median"), (0.99, "99 in 100"))
    )


EVENTS = Row(
    "Events",
    (
        Panel(
            title="Events folded",
            says="Events that were decided, by worker.",
            queries=(
                Query(
                    f"sum by (instance) (rate(tactful_events_total{{{OF}}}[$__rate_interval]))",
                    "{{instance}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="Lag by partition",
            says="Events that stand in the log and are not decided. One partition alone: look for a flood or an open "
            "transaction; all of them: the machine, the brokers or the model.",
            queries=(Query(f"sum by (partition) (tactful_lag_events{{{OF}}})", "partition {{partition}}"),),
            steps=((10_000, "red"),),
        ),
        Panel(
            title="Fullness of the backlog",
            says="How far the fullest bound of what may wait undecided is reached: events, their bytes, or passes that "
            "wait for the model. From 1 on a partition receives nothing until half of it is decided.",
            queries=(
                Query(
                    f"max by (partition) (tactful_backlog_fullness_ratio{{{OF}}})", "partition {{partition}}"
                ),
            ),
            unit="percentunit",
            steps=((1.0, "red"),),
        ),
    ),
)

PASSES = Row(
    "Passes",
    (
        Panel(
            title="Passes",
            says="Looks at one person; most ask the model nothing and cost microseconds.",
            queries=(
                Query(
                    f"sum by (asked) (rate(tactful_passes_total{{{OF}}}[$__rate_interval]))",
                    "asked the model: {{asked}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="How long passes took that asked",
            says="From the first event to the decision, the wait for the model's slots included; 60 s is the limit.",
            queries=quantiles("tactful_pass_seconds"),
            unit="s",
        ),
        Panel(
            title="Passes that wait for the model, and undecided events",
            says="Other people's passes go on meanwhile, on the same partition too.",
            queries=(
                Query(f"sum(tactful_passes_in_flight{{{OF}}})", "passes"),
                Query(f"sum(tactful_undecided_events{{{OF}}})", "events"),
            ),
        ),
    ),
)

COMMITS = Row(
    "Commits",
    (
        Panel(
            title="Commits",
            says="One transaction holds the rows, the nudges, the outcomes, the maturity events and the position.",
            queries=(
                Query(
                    f"sum by (result) (rate(tactful_commits_total{{{OF}}}[$__rate_interval]))", "{{result}}"
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="How long commits took",
            says="A healthy broker takes some tens of milliseconds; 15 s is the limit.",
            queries=quantiles("tactful_commit_seconds"),
            unit="s",
        ),
        Panel(
            title="How long a heartbeat took through each stage",
            says="The canary's event in the slowest partition of a worker, what 95 in 100 need: appended, received, "
            "decided and durable, readable for those who read the outputs. It is looked for ten times a second.",
            queries=(
                Query(
                    "histogram_quantile(0.95, sum by (le, stage) "
                    f"(rate(tactful_heartbeat_seconds_bucket{{{OF}}}[5m])))",
                    "{{stage}}",
                ),
            ),
            unit="s",
        ),
    ),
)

PARTITIONS = Row(
    "Partitions",
    (
        Panel(
            title="Partitions at work by worker",
            says="Who has how many; the sum is the number that people are spread over.",
            queries=(Query(f"sum by (instance) (tactful_partitions_owned{{{OF}}})", "{{instance}}"),),
            stacked=True,
            width=6,
        ),
        Panel(
            title="Partitions not at work",
            says="By how they are: waiting for the group, being taken over, pausing after a doubt, refused or stopped.",
            queries=(Query(f"sum by (state) (tactful_partitions_unserved{{{OF}}})", "{{state}}"),),
            stacked=True,
            width=6,
        ),
        Panel(
            title="How long taking over took",
            says="Fencing the last owner and restoring the rows: the mean since each worker began, mostly "
            "of its first ones.",
            queries=(
                Query(
                    f"sum by (instance) (tactful_restore_seconds_sum{{{OF}}})"
                    f" / (sum by (instance) (tactful_restore_seconds_count{{{OF}}}) > 0)",
                    "{{instance}}",
                ),
            ),
            unit="s",
            width=6,
        ),
        Panel(
            title="Input blocked by somebody's transaction",
            says="How long a service's open transaction has kept what stands behind it from being read.",
            queries=(
                Query(
                    f"max by (partition) (tactful_input_blocked_seconds{{{OF}}})", "partition {{partition}}"
                ),
            ),
            unit="s",
            steps=((60, "red"),),
            width=6,
        ),
    ),
)

ODD = Row(
    "What is odd",
    (
        Panel(
            title="Dead letters",
            says="Records that could not be understood, by why.",
            queries=(
                Query(
                    f"sum by (reason) (increase(tactful_dead_letters_total{{{OF}}}[$__rate_interval]))",
                    "{{reason}}",
                ),
            ),
            stacked=True,
            width=6,
        ),
        Panel(
            title="Defects",
            says="Passes that raised and were taken again event by event, by the error's name, since the workers "
            "began. None is the good answer.",
            queries=(Query(f"sum by (error) (tactful_defects_total{{{OF}}})", "{{error}}"),),
            empty_when_well=True,
            width=6,
        ),
        Panel(
            title="In the wrong partition",
            says="Events that were forwarded home, by the service that wrote them, since the workers began: its "
            "partitioner is not murmur2. None is the good answer.",
            queries=(Query(f"sum by (source) (tactful_misrouted_events_total{{{OF}}})", "{{source}}"),),
            empty_when_well=True,
            width=6,
        ),
        Panel(
            title="What fell off full rows",
            says="A person's row is bounded; what falls off is counted, and a plan that it concerns is held, not sent.",
            queries=(
                Query(
                    f"sum by (what) (increase(tactful_dropped_total{{{OF}}}[$__rate_interval]))", "{{what}}"
                ),
            ),
            width=6,
        ),
    ),
)

PROCESS = Row(
    "The process",
    (
        Panel(
            title="Processor",
            says="Cores that each worker uses; it decides on one.",
            queries=(Query(f"rate(process_cpu_seconds_total{{{OF}}}[$__rate_interval])", "{{instance}}"),),
            decimals=2,
        ),
        Panel(
            title="Memory",
            says="Resident memory of each worker.",
            queries=(Query(f"process_resident_memory_bytes{{{OF}}}", "{{instance}}"),),
            unit="bytes",
        ),
        Panel(
            title="Versions and policies",
            says="Which version decides by which policy; two of either at a time only while a release goes out.",
            queries=(
                Query(f"count by (version, policy) (tactful_build_info{{{OF}}})", "{{version}} {{policy}}"),
            ),
            kind="table",
        ),
    ),
)

PIPELINE = Dashboard(
    name="pipeline",
    title="Tactful: pipeline",
    says="Whether events are read, decided and committed, and how fast.",
    rows=(EVENTS, PASSES, COMMITS, PARTITIONS, ODD, PROCESS),
)
