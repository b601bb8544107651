"""The model: whether it answers, how fast, what it costs, and what happens without it."""

from __future__ import annotations

from app.dashboards.panel import OF, Dashboard, Panel, Query, Row
from app.dashboards.pipeline import quantiles

NOW = Row(
    "Now",
    (
        Panel(
            title="Workers that leave it alone",
            says="Workers whose circuit is open: five requests in a row were not answered, and none since.",
            queries=(Query(f"sum(tactful_model_circuit_open{{{OF}}})", "workers"),),
            kind="stat",
            width=6,
            height=4,
            steps=((1.0, "red"),),
        ),
        Panel(
            title="Answers that could be used",
            says="Of the requests that were sent in the time that is shown.",
            queries=(
                Query(
                    f'sum(increase(tactful_model_calls_total{{{OF},result="answered"}}[$__range]))'
                    f' / (sum(increase(tactful_model_calls_total{{{OF},result!="budget"}}[$__range])) > 0)',
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
            title="Nudges in the agents' own words",
            says="The share of fallbacks among the nudges of the time that is shown.",
            queries=(
                Query(
                    f'sum(increase(tactful_nudges_total{{{OF},written_by="fallback"}}[$__range]))'
                    f" / (sum(increase(tactful_nudges_total{{{OF}}}[$__range])) > 0)",
                    "share",
                ),
            ),
            unit="percentunit",
            kind="stat",
            width=6,
            height=4,
            steps=((0.05, "orange"), (0.2, "red")),
            decimals=1,
        ),
        Panel(
            title="Cost",
            says="In the time that is shown, by the policy's prices; models without a price are not in it.",
            queries=(Query(f"sum(increase(tactful_model_cost_usd_total{{{OF}}}[$__range]))", "USD"),),
            unit="currencyUSD",
            kind="stat",
            width=6,
            height=4,
            empty_when_well=True,
            decimals=2,
        ),
    ),
)

ANSWERS = Row(
    "Requests",
    (
        Panel(
            title="Requests by question",
            says="Readings of new messages, drafts, judgements of drafts.",
            queries=(
                Query(
                    f'sum by (task) (rate(tactful_model_calls_total{{{OF},result!="budget"}}[$__rate_interval]))',
                    "{{task}}",
                ),
            ),
            unit="ops",
            stacked=True,
        ),
        Panel(
            title="Requests that brought nothing",
            says="By what came instead; after two attempts the agent's own words go out, or a plan is held.",
            queries=(
                Query(
                    "sum by (result) "
                    f'(increase(tactful_model_calls_total{{{OF},result!="answered"}}[$__rate_interval]))',
                    "{{result}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            title="How long answers took",
            says="By question, without the wait for a slot; 25 s is the limit unless set otherwise.",
            queries=quantiles("tactful_model_seconds", "task", "{{task}}"),
            unit="s",
        ),
    ),
)

BOUNDS = Row(
    "Bounds",
    (
        Panel(
            title="Slots",
            says="Requests on their way, and how many there may be: at the bound the next ones wait for their turn.",
            queries=(
                Query(f"sum(tactful_model_requests_in_flight{{{OF}}})", "on their way"),
                Query(f"sum(tactful_model_slots{{{OF}}})", "slots"),
            ),
        ),
        Panel(
            title="The minute's budget",
            says="Requests that the policy allows in a minute, and what is left of them; at 0 plans wait.",
            queries=(
                Query(f"sum(tactful_model_budget_left_requests{{{OF}}})", "left"),
                Query(f"sum(tactful_model_budget_requests{{{OF}}})", "budget"),
            ),
        ),
        Panel(
            title="People whose day is spent",
            says="Requests that were not made because the person's calls of the day were used up.",
            queries=(
                Query(
                    f"sum by (task) (increase(tactful_day_budget_spent_total{{{OF}}}[$__rate_interval]))",
                    "{{task}}",
                ),
            ),
        ),
    ),
)

COST = Row(
    "Cost",
    (
        Panel(
            title="Tokens",
            says="What the model reported, a second.",
            queries=(
                Query(
                    f"sum by (task, direction) (rate(tactful_model_tokens_total{{{OF}}}[$__rate_interval]))",
                    "{{task}} {{direction}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            title="US dollars an hour",
            says="At the rate of the moment, by model; only for models that the policy has a price for.",
            queries=(
                Query(
                    f"sum by (model) (rate(tactful_model_cost_usd_total{{{OF}}}[$__rate_interval])) * 3600",
                    "{{model}}",
                ),
            ),
            unit="currencyUSD",
            empty_when_well=True,
        ),
        Panel(
            title="Tokens for each nudge",
            says="All tokens of the last hour, those of silence included, over the nudges of the last hour.",
            queries=(
                Query(
                    f"sum(increase(tactful_model_tokens_total{{{OF}}}[1h]))"
                    f" / (sum(increase(tactful_nudges_total{{{OF}}}[1h])) > 0)",
                    "tokens",
                ),
            ),
            decimals=0,
        ),
    ),
)

WITHOUT = Row(
    "What waits for it",
    (
        Panel(
            title="Unread messages",
            says="Messages that no reading has covered; they are read when their conversation has settled.",
            queries=(Query(f"sum(tactful_reading_debt_messages{{{OF}}})", "messages"),),
            width=12,
        ),
        Panel(
            title="Plans that are held",
            says="Due, and nothing is said before what is unread or unsure has been read; after `reading.hold` they "
            "stand down.",
            queries=(Query(f"sum(tactful_held_intents{{{OF}}})", "plans"),),
            width=12,
        ),
    ),
)

MODEL = Dashboard(
    name="model",
    title="Tactful: model and cost",
    says="Whether the model answers, how fast, what it costs, and what happens without it.",
    rows=(NOW, ANSWERS, BOUNDS, COST, WITHOUT),
)
