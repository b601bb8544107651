"""digest: whether this week's summary is worth sending."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.contract import Candidate, Item, Move, Open, StandDown
from agents.digest import Digest
from agents.situation import NOON, SomePerson, SomePolicy, SomeSettings, closed, event, intent
from topics.user_events import DigestItem, IntentMatured, IntentRevoked, ProfileUpdated

AGENT, POLICY = Digest(), SomePolicy()
DAY = timedelta(days=1)
SUNDAY = datetime(2026, 3, 8, 17, 0, tzinfo=UTC)
ITEM = event("digest.item", DigestItem(item_id="i1", title="New tram stop"))
MATURED = event("intent.matured", IntentMatured(intents=()), at=SUNDAY)
PLAN = intent("digest", "this week", due_at=SUNDAY, opened_at=NOON)


def items(*titles: str, at: datetime = NOON, importance: float = 0.5) -> dict[str, Item]:
    return {
        f"i{n}": Item(item_id=f"i{n}", title=title, importance=importance, at=at, offset=n)
        for n, title in enumerate(titles)
    }


def told(person: SomePerson, now: datetime = SUNDAY) -> Candidate:
    candidate = AGENT.candidate(person, PLAN, now, POLICY)
    assert isinstance(candidate, Candidate)
    return candidate


def test_the_first_item_plans_the_week() -> None:
    """It is due at the next weekly hour of the person's zone, strictly after the item."""
    person = SomePerson(timezone="Europe/Berlin", items=items("New tram stop"))
    assert AGENT.consider(person, ITEM, NOON, POLICY) == [
        Open(subject="this week", due_at=datetime.fromisoformat("2026-03-08T17:00+01:00"))
    ]
    on_the_hour = event("digest.item", DigestItem(item_id="i1", title="x"), at=SUNDAY)
    assert AGENT.consider(SomePerson(), on_the_hour, SUNDAY, POLICY) == [
        Open(subject="this week", due_at=SUNDAY + 7 * DAY)
    ]


def test_a_further_item_plans_nothing_more() -> None:
    """One digest is open at a time."""
    assert AGENT.consider(SomePerson(intents=(PLAN,), items=items("a", "b")), ITEM, NOON, POLICY) == []


def test_an_item_that_came_too_late_plans_nothing() -> None:
    """An item of more than 14 days ago is nothing to tell, nor a reason for a digest."""
    assert AGENT.consider(SomePerson(), ITEM, NOON + 15 * DAY, POLICY) == []


def test_what_is_left_is_planned_for_the_next_week() -> None:
    """The event that closed a digest plans the next one when live items are left, and none otherwise."""
    last = closed(PLAN, "stood_down", "nothing_to_say", SUNDAY)
    left = SomePerson(items=items("New tram stop"), closed=(last,))
    assert AGENT.consider(left, MATURED, SUNDAY, POLICY) == [
        Open(subject="this week", due_at=SUNDAY + 7 * DAY)
    ]
    assert AGENT.consider(SomePerson(closed=(last,)), MATURED, SUNDAY, POLICY) == []
    stale = SomePerson(items=items("New tram stop", at=SUNDAY - 15 * DAY), closed=(last,))
    assert AGENT.consider(stale, MATURED, SUNDAY, POLICY) == []


def test_a_week_that_was_called_off_is_not_planned_again() -> None:
    """A digest revoked on Wednesday comes back on the Sunday after the one it was revoked for."""
    person = SomePerson(items=items("a", "b"), closed=(closed(PLAN, "revoked", "requested", NOON),))
    revoked = event("intent.revoked", IntentRevoked(intent_id=PLAN.intent_id))
    assert AGENT.consider(person, revoked, NOON, POLICY) == [
        Open(subject="this week", due_at=SUNDAY + 7 * DAY)
    ]


def test_a_new_zone_moves_it_to_its_hour_there() -> None:
    """The same Sunday at 17:00 in New York; a profile that says nothing of the zone moves nothing."""
    moved = SomePerson(timezone="America/New_York", intents=(PLAN,))
    there = event("profile.updated", ProfileUpdated(timezone="America/New_York"), at=NOON + DAY)
    # Summer time begins in New York on that very Sunday.
    due_at = datetime.fromisoformat("2026-03-08T17:00-04:00")
    assert AGENT.consider(moved, there, NOON + DAY, POLICY) == [Move(intent_id=PLAN.intent_id, due_at=due_at)]
    renamed = event("profile.updated", ProfileUpdated(name="Ruth"))
    assert AGENT.consider(moved, renamed, NOON, POLICY) == []
    same = SomePerson(timezone="UTC", intents=(PLAN,))
    assert AGENT.consider(same, there, NOON, POLICY) == []


def test_a_new_zone_does_not_plan_it_before_its_first_item() -> None:
    """Where the hour has passed on the day of the item, it is the next week's."""
    item_at = SUNDAY - timedelta(hours=1)
    plan = intent("digest", "this week", due_at=SUNDAY, opened_at=item_at)
    east = SomePerson(timezone="Asia/Tokyo", intents=(plan,))
    there = event("profile.updated", ProfileUpdated(timezone="Asia/Tokyo"), at=item_at)
    due_at = datetime.fromisoformat("2026-03-15T17:00+09:00")
    assert AGENT.consider(east, there, item_at, POLICY) == [Move(intent_id=plan.intent_id, due_at=due_at)]


def test_a_new_zone_plans_nothing_for_nobody() -> None:
    """Without an open digest a profile changes nothing, even when items are left."""
    there = event("profile.updated", ProfileUpdated(timezone="Asia/Tokyo"))
    assert AGENT.consider(SomePerson(items=items("a", "b")), there, NOON, POLICY) == []


def test_too_little_is_nothing_to_say() -> None:
    """Fewer live items than `at_least` stand down; the same item twice never was two."""
    one = SomePerson(items=items("Rink opens"))
    assert AGENT.candidate(one, PLAN, SUNDAY, POLICY) == StandDown(reason="nothing_to_say")
    stale = SomePerson(items={**items("a", "b", at=SUNDAY - 15 * DAY)})
    assert AGENT.candidate(stale, PLAN, SUNDAY, POLICY) == StandDown(reason="nothing_to_say")
    enough = SomePolicy(settings=SomeSettings(at_least=1))
    assert isinstance(AGENT.candidate(one, PLAN, SUNDAY, enough), Candidate)


def test_it_tells_the_five_most_important() -> None:
    """By importance, then the latest; what was told is named, so that it is used up."""
    some = items("a", "b", "c", "d", "e", "f")
    some["i1"] = Item(item_id="i1", title="Bus strike", importance=0.9, at=NOON, offset=1)
    candidate = told(SomePerson(items=some))
    assert candidate.facts["items"] == ["Bus strike", "f", "e", "d", "c"]
    assert candidate.told == ("i1", "i5", "i4", "i3", "i2")
    assert candidate.importance == 0.9


def test_its_words_tell_every_item_within_the_length() -> None:
    """Five titles of 120 characters are cut at words, and still all five are told in 400 characters."""
    long = [f"Number {n}: " + "many words that go on and on " * 3 for n in range(5)]
    candidate = told(SomePerson(name="n" * 40, items=items(*[title.strip() for title in long])))
    for locale in ("en", "es", "de"):
        text = AGENT.fallback(candidate, locale)
        assert text is not None
        assert len(text) <= 400
        assert all(f"Number {n}" in text for n in range(5))


def test_one_thing_is_not_spoken_of_as_many() -> None:
    """The words agree with the number of things in every language."""
    one = Candidate(importance=0.5, facts={"subject": "this week", "items": ["Rink opens"]})
    two = Candidate(importance=0.5, facts={"subject": "this week", "items": ["Rink opens", "Night market"]})
    assert (
        AGENT.fallback(one, "en")
        == "I kept one thing for you: Rink opens – would you like to hear more about it?"
    )
    assert AGENT.fallback(two, "en") == (
        "I kept a few things for you: Rink opens; Night market – which one would you like to hear more about?"
    )
    assert AGENT.fallback(one, "de") != AGENT.fallback(two, "de")
    assert AGENT.fallback(Candidate(importance=0.5, facts={"subject": "this week"}), "en") is None
