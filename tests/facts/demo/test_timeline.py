"""A person's timeline: local times, human words, and a line from what struck a plan out to the plan."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text

from app.core.policy import FIVE
from app.demo import wording
from app.demo.screen import WIDTH
from app.demo.shelf import shelf
from tests.facts.demo.told import timeline, told
from topics.outcomes import REASONS

ROOT = Path(__file__).parents[3]
STORIES = sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))
HEAD = """
name: A story
start: 2026-03-02T09:00:00+01:00
users: {ana: {name: Ana, timezone: Europe/Madrid, consents: [follow_up, calendar]}}
"""


@pytest.mark.parametrize("path", [*STORIES, *shelf().values()], ids=lambda path: path.stem)
def test_every_story_can_be_told(path: Path) -> None:
    """On a page of 80 columns, with each message, each silence and each plan that was struck out."""
    telling = told(path)
    ending = telling.result.ending
    kinds = [fact.kind for fact in telling.facts]
    assert kinds.count("sent") == len(ending.nudges)
    assert kinds.count("recalled") == len(ending.recalls)
    ends = [outcome["outcome"] for outcome in ending.outcomes]
    assert kinds.count("struck") == ends.count("revoked")
    assert kinds.count("quiet") >= sum(end not in {"revoked", "nudged"} for end in ends)
    assert telling.ledger.balances
    for line in telling.page():
        assert len(line.plain) <= WIDTH
        assert line.plain == line.plain.rstrip()


def test_a_sentence_strikes_out_the_plan_that_it_settles() -> None:
    """The line goes from the words up to the plan, which cannot be read without seeing that it is struck out."""
    page = told(shelf()["surgery"]).page()
    assert "\n".join(line.plain for line in page) == (
        " Ana in Madrid · quiet hours 21:00–09:00 · lets follow_up write\n"
        " Mon  2 Mar 18:00     Ana: “Surgery on Thursday. I'm scared.”\n"
        "            18:01 ╭─✗ ~~follow_up plans to ask about upcoming procedure on\n"
        "                  │   Fri 18:00~~\n"
        " Thu  5 Mar 20:00 ╰── Ana: “It went fine, home already”\n"
        "            20:01   ✗ struck out: “It went fine, home already” (resolves, 0.97)\n"
        " Fri  6 Mar 18:00   ○ follow_up keeps quiet: its plan was struck out"
    )


def test_the_readme_shows_what_the_demo_prints() -> None:
    """Its picture of a timeline is the first story's page, to the letter."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    page = "\n".join(line.plain for line in told(shelf()["surgery"]).page())
    assert f"```\n{page}\n```" in readme


def test_a_terminal_strikes_the_words_themselves() -> None:
    """There is no need of marks around them then."""
    page = told(shelf()["surgery"]).page(bare=False)
    (plan,) = [line for line in page if "plans to ask" in line.plain]
    assert "~~" not in plan.plain
    assert "strike" in style_at(plan, "plans")


def style_at(line: Text, word: str) -> str:
    """How a word is drawn."""
    at = line.plain.index(word)
    return " ".join(str(span.style) for span in line.spans if span.start <= at < span.end)


def test_each_person_has_their_own_time() -> None:
    """What happened to everybody stands in each timeline, at the local time of that person."""
    page = timeline("""
name: Two cities
start: 2026-03-02T09:00:00+00:00
users:
  lou: {timezone: Europe/London}
  tom: {timezone: Asia/Tokyo}
timeline:
  - {at: 2026-03-02T10:00:00+00:00, do: model_down}
  - {at: 2026-03-02T11:00:00+00:00, do: crash}
""")
    london, tokyo = page.split("\n\n")
    assert london.startswith(" Lou in London")
    assert "Mon  2 Mar 10:00   ! the model goes down" in london
    assert "19:00   ! the model goes down" in tokyo
    assert "20:00   ! the worker is killed" in tokyo


def test_one_appointment_is_mentioned_by_its_title_throughout() -> None:
    """Also where the calendar's event has only its id."""
    page = timeline(f"""{HEAD}
timeline:
  - {{at: 2026-03-02T10:00:00+01:00, user: ana, event: calendar.changed,
     data: {{calendar_event_id: c, title: chess, starts_at: 2026-03-03T18:00:00+01:00}}}}
  - {{at: 2026-03-02T11:00:00+01:00, user: ana, event: calendar.changed,
     data: {{calendar_event_id: c, title: chess, starts_at: 2026-03-04T18:00:00+01:00}}}}
  - {{at: 2026-03-02T12:00:00+01:00, user: ana, event: calendar.changed,
     data: {{calendar_event_id: c, status: cancelled}}}}
""")
    told_lines = [line[22:] for line in page.splitlines() if "in the calendar" in line]
    assert told_lines == [
        "in the calendar: chess on Tue 18:00",
        "in the calendar: chess is moved to Wed 18:00",
        "in the calendar: chess is cancelled",
    ]
    assert "├─✗ ~~calendar moves its plan to say a word before chess to" in page


def test_two_plans_struck_out_by_one_event_hang_on_one_line() -> None:
    """It branches."""
    page = timeline(f"""{HEAD}
timeline:
  - {{at: 2026-03-02T10:00:00+01:00, user: ana, event: intent.requested,
     data: {{agent: follow_up, subject: tea, due_at: 2026-03-05T12:00:00+01:00}}}}
  - {{at: 2026-03-02T10:01:00+01:00, user: ana, event: intent.requested,
     data: {{agent: follow_up, subject: jam, due_at: 2026-03-05T13:00:00+01:00}}}}
  - {{at: 2026-03-02T12:00:00+01:00, user: ana, event: consent.changed, data: {{agent: "*", granted: false}}}}
""")
    drawn = [line[18:22].rstrip() for line in page.splitlines()[1:7]]
    assert drawn == ["", "╭─✗", "│", "├─✗", "╰──", "  ✗"]


def test_what_makes_no_sense_is_told_as_that() -> None:
    """A record that is put aside has its reason, and disturbs no other line."""
    page = timeline(f"""{HEAD}
timeline:
  - {{at: 2026-03-02T10:00:00+01:00, user: ana, event: intent.requested, data: {{agent: follow_up}}}}
  - {{at: 2026-03-02T10:01:00+01:00, key: ana, raw: "no json"}}
  - {{at: 2026-03-02T10:02:00+01:00, user: ana, event: weather.changed, data: {{to: rain}}}}
expect: {{dead_letters: 2}}
""")
    assert "a record that cannot be understood is put aside (invalid_data)" in " ".join(page.split())
    assert "(not_json)" in page
    assert "weather.changed" in page


@pytest.mark.parametrize("reason", sorted(REASONS["stood_down"] | REASONS["expired"]))
def test_every_silence_has_words(reason: str) -> None:
    """No reason is left to be guessed from its code."""
    assert reason in wording.SILENCES


@pytest.mark.parametrize("reason", sorted(REASONS["revoked"]))
def test_every_revocation_has_words(reason: str) -> None:
    """Also where no sentence was the evidence."""
    assert reason in wording.STRUCK


@pytest.mark.parametrize("agent", sorted(FIVE))
def test_every_agent_of_ours_plans_in_words(agent: str) -> None:
    """As an infinitive; others speak of their subject."""
    assert agent in wording.PLANS
    assert wording.plan("somebody_elses", "the tide") == "speak of the tide"
