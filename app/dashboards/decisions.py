"""What was decided: who spoke, who kept quiet, and why."""

from __future__ import annotations

from app.dashboards.panel import OF, Dashboard, Panel, Query, Row

IN_RANGE = "[$__range]"

SUMS = Row(
    "In the time that is shown",
    (
        Panel(
            title="Nudges",
            says="Messages handed to the delivery services.",
            queries=(Query(f"sum(increase(tactful_nudges_total{{{OF}}}{IN_RANGE}))", "nudges"),),
            kind="stat",
            width=6,
            height=4,
            decimals=0,
        ),
        Panel(
            title="Plans that ended in silence",
            says="Of all plans that ended, the share that ended without a nudge. Silence is most of the work.",
            queries=(
                Query(
                    f'sum(increase(tactful_intents_closed_total{{{OF},outcome!="nudged"}}{IN_RANGE}))'
                    f" / (sum(increase(tactful_intents_closed_total{{{OF}}}{IN_RANGE})) > 0)",
                    "share",
                ),
            ),
            unit="percentunit",
            kind="stat",
            width=6,
            height=4,
            decimals=1,
        ),
        Panel(
            title="Plans struck out",
            says="Plans that a later event closed before they were due: what would have been said too late.",
            queries=(
                Query(
                    f'sum(increase(tactful_intents_closed_total{{{OF},outcome="revoked"}}{IN_RANGE}))',
                    "plans",
                ),
            ),
            kind="stat",
            width=6,
            height=4,
            decimals=0,
        ),
        Panel(
            title="Paused",
            says="Switches that are off now: agents, or `*` for all of them.",
            queries=(Query(f"sum(max by (agent) (tactful_agent_paused{{{OF}}}))", "switches"),),
            kind="stat",
            width=6,
            height=4,
            steps=((1.0, "orange"),),
        ),
    ),
)

ENDS = Row(
    "How plans end",
    (
        Panel(
            title="Outcomes",
            says="Plans that closed, by what became of them.",
            queries=(
                Query(
                    f"sum by (outcome) (rate(tactful_intents_closed_total{{{OF}}}[$__rate_interval]))",
                    "{{outcome}}",
                ),
            ),
            unit="ops",
            width=12,
            stacked=True,
        ),
        Panel(
            title="Nudges by agent",
            says="Who spoke, in messages handed over a second.",
            queries=(
                Query(f"sum by (agent) (rate(tactful_nudges_total{{{OF}}}[$__rate_interval]))", "{{agent}}"),
            ),
            unit="ops",
            width=12,
            stacked=True,
        ),
        Panel(
            title="Why it kept quiet",
            says="The reasons of plans that stood down, in the time that is shown; the fifteen most frequent.",
            queries=(
                Query(
                    "topk(15, sum by (reason) "
                    f'(increase(tactful_intents_closed_total{{{OF},outcome="stood_down"}}{IN_RANGE})) > 0)',
                    "{{reason}}",
                ),
            ),
            kind="bargauge",
            width=8,
            decimals=0,
        ),
        Panel(
            title="Why plans were struck out",
            says="The reasons of plans that were revoked, in the time that is shown.",
            queries=(
                Query(
                    "sort_desc(sum by (reason) "
                    f'(increase(tactful_intents_closed_total{{{OF},outcome="revoked"}}{IN_RANGE})) > 0)',
                    "{{reason}}",
                ),
            ),
            kind="bargauge",
            width=8,
            decimals=0,
        ),
        Panel(
            title="Each agent's plans",
            says="How the plans of each agent ended, in the time that is shown.",
            queries=(
                Query(
                    "sort_desc(sum by (agent, outcome) "
                    f"(increase(tactful_intents_closed_total{{{OF}}}{IN_RANGE})) > 0)",
                    "{{agent}} {{outcome}}",
                ),
            ),
            kind="table",
            width=8,
            decimals=0,
        ),
    ),
)

BEFORE = Row(
    "What they were decided from",
    (
        Panel(
            title="Plans opened by agent",
            says="What the agents plan, before anything is asked of the gates.",
            queries=(
                Query(
                    f"sum by (agent) (rate(tactful_intents_opened_total{{{OF}}}[$__rate_interval]))",
                    "{{agent}}",
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            title="Events by type",
            says="What happens in people's lives, as the services tell it.",
            queries=(
                Query(
                    f"sum by (type) (rate(tactful_events_total{{{OF}}}[$__rate_interval])) > 0", "{{type}}"
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            title="Events without effect",
            says="Repeated ones, and those that had nothing to do, by why. A service that repeats much shows here.",
            queries=(
                Query(
                    f"sum by (why) (increase(tactful_ignored_events_total{{{OF}}}[$__rate_interval]))",
                    "{{why}}",
                ),
                Query(f"sum(increase(tactful_duplicate_events_total{{{OF}}}[$__rate_interval]))", "repeated"),
            ),
        ),
    ),
)

DECISIONS = Dashboard(
    name="decisions",
    title="Tactful: decisions",
    says="Who spoke, who kept quiet, and why.",
    rows=(SUMS, ENDS, BEFORE),
)
