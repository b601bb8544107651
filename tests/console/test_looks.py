"""What the audit says of somebody who looks at a person's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.console.looks import AGAIN_AFTER, REMEMBERED, Looks

AT = datetime(2026, 3, 6, tzinfo=UTC)


def test_a_page_that_stays_open_is_one_look() -> None:
    """Looking again within a quarter of an hour is the same look; later it is noted again."""
    looks = Looks()
    assert not looks.is_noted("s", "mira", "ana", AT)
    looks.noted("s", "mira", "ana", AT)
    assert looks.is_noted("s", "mira", "ana", AT + AGAIN_AFTER - timedelta(seconds=1))
    assert not looks.is_noted("s", "mira", "ana", AT + AGAIN_AFTER)


def test_somebody_else_and_somebody_elses_words_are_other_looks() -> None:
    """Another session, another name and another person are each noted."""
    looks = Looks()
    looks.noted("s", "mira", "ana", AT)
    assert not looks.is_noted("t", "mira", "ana", AT)
    assert not looks.is_noted("s", "noor", "ana", AT)
    assert not looks.is_noted("s", "mira", "ben", AT)


def test_what_is_forgotten_is_noted_once_more() -> None:
    """Memory is bounded, and what falls out of it makes a second note and never a missing one."""
    looks = Looks()
    for number in range(REMEMBERED + 1):
        looks.noted("s", "mira", f"user-{number}", AT)
    assert not looks.is_noted("s", "mira", "user-0", AT)
    assert looks.is_noted("s", "mira", "user-1", AT)
