"""curiosity and follow_up: a question about one subject."""

from __future__ import annotations

from datetime import timedelta

from agents.contract import Candidate, Open, Revoke, StandDown
from agents.curiosity import Curiosity
from agents.follow_up import FollowUp
from agents.situation import NOON, ONE_OF_EACH, SomePerson, SomePolicy, event, intent, sent
from topics.user_events import InterestNoticed, Message

CURIOSITY, FOLLOW_UP, POLICY = Curiosity(), FollowUp(), SomePolicy()


def test_an_interest_is_asked_about_after_a_delay() -> None:
    """The delay counts from the event's time, not from when it is read."""
    noticed = event("interest.noticed", InterestNoticed(topic="pottery"), at=NOON - timedelta(hours=2))
    assert CURIOSITY.consider(SomePerson(), noticed, NOON, POLICY) == [
        Open(subject="pottery", due_at=NOON - timedelta(hours=2) + timedelta(days=3))
    ]


def test_any_message_ends_curiosity() -> None:
    """A message about anything revokes every open question, and takes back none that was sent."""
    plans = tuple(intent("curiosity", topic) for topic in ("pottery", "chess"))
    person = SomePerson(intents=plans, nudged=(sent(intent("curiosity", "falconry"), NOON),))
    spoken = event("message.received", Message(text="Can you find me a train to Turku?"))
    assert CURIOSITY.consider(person, spoken, NOON, POLICY) == [Revoke(intent_id=p.intent_id) for p in plans]


def test_no_event_is_a_follow_ups_own() -> None:
    """Readings and requests open it: whatever happens, it proposes nothing itself."""
    assert all(FOLLOW_UP.consider(SomePerson(), one, NOON, POLICY) == [] for one in ONE_OF_EACH)


def test_their_facts_are_the_subject_and_a_known_name() -> None:
    """What may be told is the subject, and the name when there is one; never the words that raised it."""
    for agent in (CURIOSITY, FOLLOW_UP):
        plan = intent(agent.name, "the exam", importance=0.8, words="I'm scared.")
        assert agent.candidate(SomePerson(nudges_sent=2), plan, NOON, POLICY) == Candidate(
            importance=0.8, facts={"subject": "the exam"}, turn=2
        )
        named = agent.candidate(SomePerson(name="Ana"), plan, NOON, POLICY)
        assert isinstance(named, Candidate)
        assert named.facts == {"subject": "the exam", "name": "Ana"}


def test_without_a_subject_there_is_nothing_to_ask() -> None:
    """A request whose subject held nothing visible stands down."""
    for agent in (CURIOSITY, FOLLOW_UP):
        assert agent.candidate(SomePerson(), intent(agent.name, ""), NOON, POLICY) == StandDown(
            reason="missing_data"
        )


def test_an_interview_is_refused() -> None:
    """Two questions, or three sentences, are too much for a nudge; a greeting and the subject's marks are not."""
    candidate = Candidate(importance=0.5, facts={"subject": "Who? What? Why?"})
    for agent in (CURIOSITY, FOLLOW_UP):
        assert agent.check("How are you? And the exam?", candidate) == ["ask one question at most"]
        assert agent.check("So. There it is. The exam. Tell me.", candidate) == ["use two sentences at most"]
        assert agent.check(
            "I thought of the exam just this morning. How are you? Tell me soon.", candidate
        ) == ["use two sentences at most"]
        assert agent.check("How was it? I thought of you. Tell me.", candidate) == [
            "use two sentences at most"
        ]
        assert agent.check("Good morning, Ana. I thought of it. How is it?", candidate) == []
        assert agent.check("How did Dr. Abebe's talk on the 3. go? I am glad to listen.", candidate) == []
        assert agent.check("How is “Who? What? Why?” going? Tell me when you like.", candidate) == []
