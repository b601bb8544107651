"""One value of each kind that a page shows: for whoever draws them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from msgspec.structs import replace

from app.console.frame_values import Asked, Frame, SignIn, Trouble
from app.console.operator_values import (
    AgentsView,
    AgentView,
    Audited,
    AuditView,
    Found,
    LettersView,
    LetterView,
    SearchView,
    TailLine,
    TailView,
)
from app.console.overview_values import (
    CostDay,
    Decided,
    Hour,
    Ledger,
    ModelTask,
    Overview,
    PartitionStanding,
    PlannedDay,
    PlannedNext,
    Unaccounted,
)
from app.console.values import HIDDEN, Note, PersonView
from app.explain.reasons import because
from tests.facts.console.told import Told, tell

STORY = """
name: A week of Ana's
start: 2026-03-02T09:00:00+01:00
users:
  ana: {timezone: Europe/Madrid, locale: en, name: Ana Ruiz, consents: ["*"]}
model:
  - ask: reading
    contains: "surgery on Thursday"
    reply:
      subjects:
        - {subject: upcoming procedure, agent: follow_up, when: 2026-03-06T18:00:00+01:00, importance: 0.9}
        - {subject: the new flat, agent: follow_up, when: 2026-03-03T11:00:00+01:00}
  - ask: reading
    contains: "went fine"
    reply:
      verdicts: [{intent: upcoming procedure, verdict: resolves, confidence: 0.97}]
      subjects: [{subject: marathon training, agent: follow_up, when: 2026-03-10T10:00:00+01:00}]
  - {ask: compose, contains: the new flat, attempt: 1, reply: {text: "Hi [name], how is the flat? See https://x.test"}}
  - {ask: compose, contains: the new flat, attempt: 2, reply: {text: "How is moving into the new flat going?"}}
timeline:
  - at: 2026-03-02T18:00:00+01:00
    user: ana
    event: message.received
    id: m-1
    data: {message_id: m-1, text: "Surgery on Thursday. I'm scared. At least we have the new flat."}
  - {at: 2026-03-02T18:01:00+01:00, user: ana, event: conversation.ended}
  - {at: 2026-03-03T11:20:00+01:00, user: ana, event: nudge.delivered, data: {nudge_id: last}}
  - {at: 2026-03-03T12:05:00+01:00, user: ana, event: nudge.opened, data: {nudge_id: last}}
  - at: 2026-03-04T08:00:00+01:00
    user: ana
    event: calendar.changed
    data: {calendar_event_id: c-1, title: Dentist, starts_at: 2026-03-04T22:30:00+01:00}
  - {at: 2026-03-04T09:00:00+01:00, user: ana, event: interest.noticed, data: {topic: pottery}}
  - {at: 2026-03-05T19:00:00+01:00, user: ana, event: digest.item, data: {item_id: i-1, title: A kiln nearby}}
  - at: 2026-03-05T20:00:00+01:00
    user: ana
    event: message.received
    data: {message_id: m-2, text: "It went fine, home already. From next week on I train again for the marathon."}
  - {until: 2026-03-06T12:00:00+01:00}
"""


@cache
def told() -> Told:
    """Ana's week, told once."""
    return tell(STORY)


def person(*, shown: bool = True, notes: tuple[Note, ...] = ()) -> PersonView:
    """Ana's page on Friday noon."""
    view = told().view("ana", shown=shown)
    return replace(view, notes=notes) if notes else view


NOW = datetime(2026, 3, 6, 11, 0, tzinfo=UTC)

BEHIND = Note(
    kind="undecided",
    says="the worker has not decided 3 events of this person, the oldest for 12 s: it restarts, its partition is "
    "being taken over, or it lags",
    do="ask again in a moment; if it stays, look at the worker's /readyz",
    seconds=12.0,
)
NOT_NOW = Note(
    kind="restoring",
    says="the console at http://10.0.0.7:8081 that has this person rebuilds its tables: 1,200 of 40,000 records left",
    do="ask again in a moment",
)


def not_now() -> PersonView:
    """Somebody whose console cannot be asked."""
    return PersonView(user_id="ana", now=NOW, zone="UTC", shown=False, partition=2, notes=(NOT_NOW,))


def frame(path: str = "/", *, paused: tuple[str, ...] = (), notice: str = "") -> Frame:
    return Frame(
        now=NOW,
        csrf="5f0c",
        path=path,
        log="kafka://localhost:9092",
        version="0.1.0",
        paused=paused,
        dead_letters=2,
        notice=notice,
    )


def overview() -> Overview:
    hours = [NOW.replace(minute=0) - timedelta(hours=47 - n) for n in range(48)]
    return Overview(
        now=NOW,
        people=1_204,
        planned=tuple(
            PlannedDay(
                day=NOW.date() + timedelta(days=n - 1),
                by_agent={"follow_up": 40 - 3 * n, "digest": 100 * (n == 3), "re_engagement": 12 + n},
            )
            for n in range(9)
        ),
        overdue=3,
        held=2,
        next=tuple(
            PlannedNext(
                user_id=f"user-{n}",
                agent=("follow_up", "calendar", "curiosity")[n % 3],
                intent_id=f"{n:024x}",
                due_at=NOW + timedelta(minutes=7 * n),
            )
            for n in range(12)
        ),
        decisions=tuple(
            Decided(
                agent=agent,
                outcome=outcome,  # type: ignore[arg-type]  # five known words
                reason=reason,
                because=because(outcome, reason),
                last_hour=n,
                last_day=n * 17,
                last_week=n * 93,
            )
            for n, (agent, outcome, reason) in enumerate(
                [
                    ("follow_up", "nudged", "sent"),
                    ("follow_up", "revoked", "resolved"),
                    ("follow_up", "stood_down", "unverified_still_open"),
                    ("calendar", "nudged", "sent"),
                    ("calendar", "stood_down", "quiet_hours"),
                    ("re_engagement", "stood_down", "ignored_before"),
                    ("curiosity", "revoked", "exit_event"),
                    ("digest", "stood_down", "nothing_to_say"),
                    ("digest", "expired", "expired"),
                ],
                start=1,
            )
        ),
        ledger=Ledger(
            opened=4_311,
            closed=3_800,
            open=510,
            unaccounted=(
                Unaccounted(user_id="user-9", intent_id="00" * 12, since=NOW - timedelta(minutes=4)),
            ),
        ),
        model=(
            ModelTask(
                task="reading",
                asked=820,
                answered=812,
                failed={"timeout": 6, "overloaded": 2},
                mean_seconds=1.4,
                slowest_seconds=11.2,
                input_tokens=1_204_000,
                output_tokens=81_000,
                answered_last=NOW - timedelta(seconds=40),
            ),
            ModelTask(
                task="compose",
                asked=120,
                answered=120,
                failed={},
                mean_seconds=2.1,
                slowest_seconds=7.0,
                input_tokens=99_000,
                output_tokens=12_000,
                answered_last=NOW - timedelta(minutes=3),
            ),
        ),
        cost=tuple(
            CostDay(
                day=NOW.date() - timedelta(days=n),
                usd=None if n == 6 else 1.5 + n / 3,
                model_calls=900 + n,
                input_tokens=1_000_000,
                output_tokens=90_000,
            )
            for n in range(7)
        ),
        hours=tuple(
            Hour(
                at=at,
                nudges=(n * 7) % 11,
                silences=(n * 5) % 9,
                revoked=n % 4,
                recalls=int(n == 30),
                asked=20 + n % 8,
                unanswered=5 * (n in {20, 21}),
            )
            for n, at in enumerate(hours)
        ),
        fallbacks_last_day=4,
        recalls_last_day=1,
        partitions=(
            PartitionStanding(
                partition=0,
                console="http://127.0.0.1:8081",
                undecided=0,
                undecided_for_s=0.0,
                behind=0,
            ),
            PartitionStanding(
                partition=1,
                console="",
                undecided=12,
                undecided_for_s=31.0,
                behind=40,
            ),
        ),
        notes=(BEHIND,),
    )


def agents(*, everything: bool = False) -> AgentsView:
    names = {
        "calendar": 80,
        "follow_up": 60,
        "digest": 40,
        "re_engagement": 30,
        "curiosity": 20,
    }
    return AgentsView(
        now=NOW,
        agents=tuple(
            AgentView(
                name=name,
                decides=f"whether {name} speaks",
                subscribes=("message.received",),
                priority=priority,
                mode="shadow" if name == "curiosity" else "live",
                paused=everything or name == "digest",
                paused_at=NOW - timedelta(hours=2) if name == "digest" else None,
                paused_by="mira" if name == "digest" else "",
                open=priority * 3,
                last_week={"nudged": priority, "stood_down": 2 * priority, "revoked": 5},
            )
            for name, priority in names.items()
        ),
        everything_paused=everything,
        everything_paused_at=NOW if everything else None,
        everything_paused_by="mira" if everything else "",
    )


def letter(*, shown: bool = False) -> LetterView:
    return LetterView(
        partition=0,
        offset=17,
        at=NOW - timedelta(minutes=9),
        reason="invalid_data",
        error="data.text is missing",
        came_from="user-events-3@4711",
        key="ana",
        size=97,
        shown=shown,
        headers=(("content-type", "application/json"),) if shown else (),
        value='{"id": "1", "source": "chat", "type": "message.received", "data": {}}' if shown else HIDDEN,
        still_wrong="invalid_data: data.text is missing",
    )


def letters() -> LettersView:
    return LettersView(
        now=NOW, reason="", letters=(letter(), letter()), by_reason={"invalid_data": 2, "not_json": 0}
    )


def tail() -> TailView:
    return TailView(
        now=NOW,
        lines=tuple(
            TailLine(
                at=NOW - timedelta(seconds=3 * n),
                topic=topic,
                partition=n % 2,
                offset=100 - n,
                user_id=f"user-{n}",
                kind=kind,
                sentence=sentence,
                agent=agent,
            )
            for n, (topic, kind, sentence, agent) in enumerate(
                [
                    ("nudges", "nudge", "follow_up spoke, in the model's words", "follow_up"),
                    ("nudge-outcome", "nudged", "follow_up spoke: all gates were open", "follow_up"),
                    ("nudge-outcome", "stood_down", "digest stayed silent: nothing to say", "digest"),
                    ("user-events", "message.received", "message.received", ""),
                    ("nudge-pass", "pass", "looked at 2 plans, asked the model once", ""),
                ]
            )
        ),
    )


def search() -> SearchView:
    return SearchView(asked="an", found=(Found(user_id="ana", because="the id begins so"),))


def audit() -> AuditView:
    return AuditView(
        entries=(
            Audited(at=NOW, who="mira", what="show_text", about="ana"),
            Audited(at=NOW, who="mira", what="revoke", about="ana", detail="0f5c"),
        )
    )


def asked() -> Asked:
    return Asked(
        action="/people/ana/erase",
        question="Erase ana?",
        consequences=(
            "Open plans close as erased, and nudges that can still be recalled are recalled.",
            "It cannot be undone.",
        ),
        yes="Erase",
        back="/people/ana",
        type_this="ana",
    )


def trouble() -> Trouble:
    return Trouble(status=404, says="nothing is known of bob", do="check the id")


def sign_in() -> SignIn:
    return SignIn(next="/", wrong=True)
