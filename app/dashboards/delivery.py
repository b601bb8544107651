"""From the topic to the person and back: what the delivery service does, and what people make of it."""

from __future__ import annotations

from app.dashboards.panel import OF, Dashboard, Panel, Query, Row
from app.dashboards.pipeline import quantiles

RECEIPTS = "nudge.delivered|nudge.failed"
REACTIONS = "nudge.opened|nudge.replied|nudge.dismissed"

NOW = Row(
    "Now",
    (
        Panel(
            title="Oldest nudge that waits",
            says="How long ago the oldest nudge was decided that `tactful deliver` has read and not brought to an end; "
            "0 when none waits. It climbs while the receiver is away.",
            queries=(
                Query(
                    f"max((time() - tactful_delivery_oldest_waiting_timestamp_seconds{{{OF}}})"
                    f" * (tactful_delivery_oldest_waiting_timestamp_seconds{{{OF}}} > bool 0))",
                    "oldest",
                ),
            ),
            unit="s",
            kind="stat",
            width=6,
            height=4,
            steps=((300, "orange"), (900, "red")),
            decimals=0,
        ),
        Panel(
            title="Nudges that wait",
            says="Nudges and recalls that `tactful deliver` has read and not brought to an end.",
            queries=(Query(f"sum(tactful_delivery_waiting_nudges{{{OF}}})", "nudges"),),
            kind="stat",
            width=6,
            height=4,
        ),
        Panel(
            title="Not read yet",
            says="Records of the topic that `tactful deliver` has not read, counted up to 1,000: its lag. It is looked "
            "for every 15 seconds.",
            queries=(Query(f"sum(tactful_delivery_unread_nudges{{{OF}}})", "records"),),
            kind="stat",
            width=6,
            height=4,
            steps=((100, "orange"), (1_000, "red")),
        ),
        Panel(
            title="Delivery services without their log",
            says="How many cannot read the topic or report receipts; `/readyz` of each says why.",
            queries=(Query(f"sum(tactful_delivery_log_away{{{OF}}})", "services"),),
            kind="stat",
            width=6,
            height=4,
            steps=((1.0, "red"),),
        ),
    ),
)

LOOP = Row(
    "The loop, with whichever delivery service",
    (
        Panel(
            title="Nudges and their receipts",
            says="What the workers sent, and what they were told became of it. Sent alone and no receipts: nobody "
            "delivers, or whoever does reports nothing.",
            queries=(
                Query(f"sum(rate(tactful_nudges_total{{{OF}}}[$__rate_interval]))", "sent"),
                Query(
                    "sum by (type) "
                    f'(rate(tactful_events_total{{{OF},type=~"{RECEIPTS}"}}[$__rate_interval]))',
                    "{{type}}",
                ),
            ),
            unit="ops",
            width=12,
        ),
        Panel(
            title="What people made of them",
            says="Receipts that only the provider can see: opened, replied, dismissed.",
            queries=(
                Query(
                    "sum by (type) "
                    f'(rate(tactful_events_total{{{OF},type=~"{REACTIONS}"}}[$__rate_interval]))',
                    "{{type}}",
                ),
            ),
            unit="ops",
            width=12,
        ),
    ),
)

POSTS = Row(
    "Posts of tactful deliver",
    (
        Panel(
            title="Posts by their answer",
            says="What answers mean. `accepted`: the receiver has it. `refused`: it has not, and is asked again. "
            "`unknown`: it may have, and is asked again with the same key. `rejected`: it never wants it.",
            queries=(
                Query(
                    f"sum by (answer) (rate(tactful_delivery_attempts_total{{{OF}}}[$__rate_interval]))",
                    "{{answer}}",
                ),
            ),
            unit="ops",
            stacked=True,
            width=6,
        ),
        Panel(
            title="How they ended",
            says="Nudges and recalls that are over. `too_late` and `rejected` never reached anybody; `recalled` was "
            "taken back before it was sent.",
            queries=(
                Query(
                    f"sum by (end) (increase(tactful_delivery_ended_total{{{OF}}}[$__rate_interval]))",
                    "{{end}}",
                ),
            ),
            stacked=True,
            width=6,
        ),
        Panel(
            title="How long posts took",
            says="One attempt, until the receiver has answered or the limit is over.",
            queries=quantiles("tactful_delivery_attempt_seconds"),
            unit="s",
            width=6,
        ),
        Panel(
            title="From decision to delivery",
            says="How long after it was decided a nudge was taken by the receiver.",
            queries=quantiles("tactful_delivery_delay_seconds"),
            unit="s",
            width=6,
        ),
    ),
)

DELIVERY = Dashboard(
    name="delivery",
    title="Tactful: delivery",
    says="Whether what was decided reaches people, and what they make of it.",
    rows=(NOW, LOOP, POSTS),
    shown_by=("tactful_build_info", "tactful_delivery_waiting_nudges"),
)
