"""Every agent keeps the contract, whatever it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import FIVE
from agents.contract import Agent, Candidate, Move, Open, Revoke
from agents.held_to import held_to
from agents.situation import NOON, SomePerson, SomePolicy, closed, event, intent, sent
from app.core.assessment import problems
from topics.user_events import KNOWN_TYPES

every_agent = pytest.mark.parametrize("agent", FIVE, ids=lambda agent: agent.name)
times = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
names = st.text(max_size=120)


def assess(text: str, facts: Mapping[str, object], locale: str) -> list[str]:
    return problems(text, facts=facts, locale=locale, last_text="")


@every_agent
def test_it_is_held_to_the_contract(agent: Agent) -> None:
    """Each of the five is pure, minds its own plans, and its words pass every check in every language."""
    assert held_to(agent, assess) == []


@every_agent
@pytest.mark.parametrize("locale", ["en", "es", "de"])
def test_two_in_a_row_are_said_differently(agent: Agent, locale: str) -> None:
    """The fallbacks of a person's n-th and next nudge differ, and a third one differs from both."""
    facts: dict[str, object] = {"subject": "the exam", "items": ["Rink opens"]}
    said = [agent.fallback(Candidate(importance=0.5, facts=facts, turn=turn), locale) for turn in range(3)]
    assert None not in said
    assert len(set(said)) == 3


@every_agent
def test_a_locale_falls_back_to_its_language_and_then_to_english(agent: Agent) -> None:
    """`es-MX` is spoken to in Spanish, `pt-BR`, for which there are no words, in English."""
    candidate = Candidate(importance=0.5, facts={"subject": "the exam", "items": ["Rink opens"]})
    assert agent.fallback(candidate, "es-MX") == agent.fallback(candidate, "es")
    assert agent.fallback(candidate, "es_ES") == agent.fallback(candidate, "es")
    assert agent.fallback(candidate, "pt-BR") == agent.fallback(candidate, "en")
    assert agent.fallback(candidate, "de") != agent.fallback(candidate, "en")


@every_agent
def test_a_name_is_said_only_when_it_is_known(agent: Agent) -> None:
    """With a name the words hold it, without one there is no gap, and an absurd one is not used."""
    facts: dict[str, object] = {"subject": "the exam", "items": ["Rink opens"]}
    named = agent.fallback(Candidate(importance=0.5, facts={**facts, "name": "Ana"}), "en")
    unnamed = agent.fallback(Candidate(importance=0.5, facts=facts), "en")
    absurd = agent.fallback(Candidate(importance=0.5, facts={**facts, "name": "n" * 100}), "en")
    assert named is not None
    assert "Ana" in named
    assert unnamed is not None
    assert "  " not in unnamed
    assert absurd == unnamed


@every_agent
@pytest.mark.parametrize(
    "draft",
    [
        "I was thinking of {subject}. How is it going?",
        "How are things going with that? Tell me whenever you like.",
        "It has been a quiet while. How was the busy week?",
        "How did the piano recital feel? I would love to hear about it.",
    ],
)
def test_plain_friendly_words_pass_the_agents_own_checks(agent: Agent, draft: str) -> None:
    """An agent refuses only what is clearly bad: it does not demand the subject's words."""
    candidate = Candidate(
        importance=0.5, facts={"subject": "the exam", "starts_at": "2026-03-04T16:00+01:00", "days_ahead": 0}
    )
    assert agent.check(draft.format(subject="the exam"), candidate) == []


def data_of(type_: str) -> st.SearchStrategy[Any]:
    struct = KNOWN_TYPES[type_]
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(struct):
        given_one: st.SearchStrategy[Any] = {
            "starts_at": times | st.none(),
            "ends_at": times | st.none(),
            "due_at": times,
            "expires_at": times | st.none(),
            "timezone": st.sampled_from(["Europe/Madrid", "Pacific/Apia", "UTC"]) | st.none(),
            "granted": st.booleans(),
            "importance": st.floats(0, 1),
            "status": st.sampled_from(["confirmed", "cancelled"]),
            "quiet_hours": st.none(),
            "exit_on": st.just(()),
            "intents": st.just(()),
            "agent": st.sampled_from(["*", "digest", "calendar"]),
            "calendar_event_id": st.sampled_from(["c1", "c2"]),
        }.get(field.name, names)
        fields[field.name] = given_one
    return st.builds(struct, **fields)


@st.composite
def people(draw: st.DrawFn, agent: str) -> SomePerson:
    keys = ["c1", "a quiet while", "this week", "pottery"]
    plans = [
        intent(agent, draw(names), due_at=draw(times), subject_key=key, intent_id=f"i-{key}")
        for key in draw(st.lists(st.sampled_from(keys), unique=True, max_size=4))
    ]
    past = [
        intent(agent, "x", due_at=draw(times), subject_key=key)
        for key in draw(st.lists(st.sampled_from(keys)))
    ]
    endings = [("nudged", "sent"), ("revoked", "exit_event"), ("stood_down", "nothing_to_say")]
    return SomePerson(
        timezone=draw(st.sampled_from(["", "America/Halifax", "Pacific/Apia", "Asia/Kathmandu"])),
        last_activity=draw(st.none() | times),
        intents=tuple(plans),
        closed=tuple(closed(one, *draw(st.sampled_from(endings)), draw(times)) for one in past),
        nudged=tuple(sent(one, draw(times)) for one in past[:2]),
    )


@every_agent
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_known_event_makes_it_raise(agent: Agent, data: st.DataObject) -> None:
    """Any event of a known type has an answer about the agent's own plans, every time with a zone."""
    type_ = data.draw(st.sampled_from([*sorted(KNOWN_TYPES), *sorted(agent.subscribes) * 3]))
    person, now = data.draw(people(agent.name)), data.draw(times)
    what = event(type_, data.draw(data_of(type_)), at=data.draw(times))
    own = {one.intent_id for one in person.intents} | {one.intent.intent_id for one in person.nudged}
    for proposal in agent.consider(person, what, now, SomePolicy()):
        match proposal:
            case Open():
                assert proposal.due_at.utcoffset() == timedelta(0)
            case Move():
                assert proposal.due_at.utcoffset() == timedelta(0)
                assert proposal.intent_id in own
            case Revoke():
                assert proposal.intent_id in own


@every_agent
def test_it_never_looks_at_what_it_is_not_given(agent: Agent) -> None:
    """Two people alike in all but their id are answered alike."""
    plan = intent(agent.name, "the exam")
    one, other = SomePerson(user_id="ana"), SomePerson(user_id="ben")
    policy = SomePolicy()
    assert agent.candidate(one, plan, NOON, policy) == agent.candidate(other, plan, NOON, policy)
