"""Who somebody is to us, what is planned for them, and why something was or was not sent."""

from __future__ import annotations

from typing import get_args

import pytest

from app.explain.reasons import REASONS as TOLD
from app.explain.reasons import because
from tests.facts.cli.terminal import Terminal
from tests.facts.verify.shown import changed, instead, told, value_of, with_value
from topics.outcomes import REASONS, OutcomeKind
from topics.record import Record


@pytest.fixture
def after_the_story(terminal: Terminal) -> Terminal:
    """The log as `tests/facts/verify/story.yaml` leaves it, and the policy that decided there."""
    _, topics = told()
    terminal.holds(topics)
    policy = terminal.folder / "policy.yaml"
    policy.write_text(
        '{min_gap: 1h, quiet_hours: {start: "00:00", end: "00:00"}, agents: {curiosity: {delay: 2h}}}'
    )
    terminal.env["TACTFUL_POLICY"] = str(policy)
    return terminal


def test_a_person_is_profile_consents_and_caps(after_the_story: Terminal) -> None:
    """What they said of themselves, who may reach out, and what the caps and gaps still allow."""
    said = after_the_story.tactful("person", "ana")
    assert said.code == 0
    assert said.lines[0] == "ana (en, Europe/Madrid)"
    assert "  consents      every agent" in said.lines
    assert "  quiet hours   00:00 to 00:00, the policy's" in said.lines
    known = after_the_story.tactful("person", "ana", "--json").object
    assert known["consents"] == {"*": True}
    assert known["standing"]["per_day"] == 2
    assert [nudge["agent"] for nudge in known["nudges"]] == ["follow_up"]


def test_plans_are_shown_by_due_time(after_the_story: Terminal) -> None:
    """From what they follow, and until when they hold; as JSON what the worker says over HTTP."""
    said = after_the_story.tactful("intents", "gil")
    assert said.code == 0
    assert said.lines[0].startswith("2026-03-05 11:00:00Z  follow_up  “the fourth”  (")
    assert said.lines[1:] == [
        "    open",
        "    planned 2026-03-02 09:00:00Z because of scenario/8, expires 2026-03-12 11:00:00Z",
    ]
    (planned,) = after_the_story.tactful("intents", "gil", "--json").object["intents"]
    assert (planned["subject"], planned["status"]) == ("the fourth", "open")
    assert after_the_story.tactful("intents", "cem").out.startswith("nothing is planned for cem")


@pytest.mark.parametrize("command", ["person", "intents", "explain"])
def test_nobody_is_an_answer(after_the_story: Terminal, command: str) -> None:
    """Exit 1: nothing is known of somebody by this id."""
    said = after_the_story.tactful(command, "nobody")
    assert (said.code, said.out, said.err) == (1, "", "nothing is known of nobody\n")


@pytest.mark.parametrize("command", ["person", "intents"])
def test_somebody_whose_events_wait_is_not_nobody(terminal: Terminal, command: str) -> None:
    """Without a worker nothing is known of them yet, which is another thing than never having heard of them."""
    terminal.tactful("events", "send", "--user", "ana", "--type", "app.opened")
    said = terminal.tactful(command, "ana")
    assert said.code == 1
    assert said.err.startswith(
        "nothing is known of ana yet, though events of theirs are on the log: no worker"
    )


def test_the_erased_are_nobody(after_the_story: Terminal) -> None:
    """Nothing is left of them but that they were erased; what was decided before stays without its subject."""
    assert "they were erased" in after_the_story.tactful("person", "fay").err
    assert after_the_story.tactful("explain", "fay").lines[-1] == (
        "2026-03-02 10:00:00Z  follow_up gave (erased) up: the person was erased (scenario/13)"
    )


def test_every_decision_is_a_sentence(after_the_story: Terminal) -> None:
    """From the opening to what became of it, in the order of time."""
    because_of, words = "because of intent.requested", "“I was thinking of the moving van. How is it going?”"
    assert after_the_story.tactful("explain", "ana").lines == [
        f"2026-03-02 09:00:00Z  follow_up planned “the moving van” for 2026-03-02 11:00:00Z, {because_of} (scenario/1)",
        f"2026-03-02 11:00:00Z  follow_up spoke about “the moving van”, in the model's words: {words}",
        "2026-03-02 11:30:00Z  follow_up took its words about “the moving van” back: a later event overtook them",
    ]


def test_one_nudge_is_told_with_its_own_plan_only(after_the_story: Terminal) -> None:
    """`--nudge` leaves everything else out; an unknown one is an answer of its own."""
    every = after_the_story.tactful("explain", "eve", "--json").objects
    first, second = [each["nudge_id"] for each in every if each["kind"] == "closed"]
    words = "“I was thinking of the first. How is it going?”"
    said = after_the_story.tactful("explain", "eve", "--nudge", first)
    assert [line.partition("  ")[2] for line in said.lines] == [
        "follow_up planned “the first” for 2026-03-02 11:00:00Z, because of intent.requested (scenario/5)",
        f"follow_up spoke about “the first”, in the model's words: {words}",
        "follow_up heard of its words about “the first”: it could not be delivered, and counts as not sent",
    ]
    assert "the second" in after_the_story.tactful("explain", "eve", "--nudge", second).out
    assert after_the_story.tactful("explain", "eve", "--nudge", "another").code == 1


def test_verbose_has_every_gate_and_attempt(after_the_story: Terminal) -> None:
    """What each gate answered, what was attempted, which events it follows from."""
    details = [line.strip() for line in after_the_story.tactful("explain", "ben", "--verbose").lines]
    assert any(
        line.startswith("gates: relevance pass, person_active pass, quiet_hours pass") for line in details
    )
    assert any(line.startswith("attempt natural: good by ") for line in details)
    assert any(line.startswith("matured by user-events-0@") for line in details)


def test_a_deferral_says_until_when_and_why(terminal: Terminal) -> None:
    """A gate that will open later is a decision too."""
    _, topics = told()

    at_once = {"answer": "defer", "until": "2026-03-02T11:30:00Z", "gate": "min_gap", "reason": "min_gap"}
    latest = {
        "answer": "defer",
        "until": "2026-03-02T12:00:00Z",
        "gate": "quiet_hours",
        "reason": "quiet_hours",
    }

    def deferring(records: list[Record]) -> list[Record]:
        record = next(each for each in records if each.key == b"dora")
        (candidate,) = value_of(record)["candidates"]
        put_off = candidate | {"gates": [latest, at_once]}
        return [with_value(record, pass_id="another", candidates=[put_off], winner="")]

    terminal.holds(changed(topics, "nudge-pass", deferring))
    said = terminal.tactful("explain", "dora")
    assert "calendar put “the dentist” off until 2026-03-02 12:00:00Z: quiet hours" in said.out


def test_every_reason_has_its_words() -> None:
    """What stands in an outcome can be said in a sentence, whatever it is."""
    assert {outcome: set(reasons) for outcome, reasons in TOLD.items()} == {
        k: set(v) for k, v in REASONS.items()
    }
    assert set(TOLD) == set(get_args(OutcomeKind))
    assert because("stood_down", "outranked", "calendar").startswith("calendar had the word")
    assert because("stood_down", "of_a_newer_worker") == "of_a_newer_worker"


def test_verify_says_that_all_was_kept(after_the_story: Terminal) -> None:
    """Exit 0, with the ledger; after the story's end also that nothing is left to do."""
    said = after_the_story.tactful("verify", "--expect-idle", "--at", "2026-03-02T14:00:00+01:00")
    assert said.code == 0
    assert said.lines[1:] == [
        "opened 8 = closed 7 + still open 1",
        "every promise that can be seen from here was kept",
    ]


def test_verify_names_what_is_broken(terminal: Terminal) -> None:
    """Exit 1 with the offending ids, in words and as JSON."""
    _, topics = told()
    terminal.holds(instead(topics, "dora", "user.erased"))
    said = terminal.tactful("verify")
    assert said.code == 1
    assert said.lines[-1] == "1 broken"
    assert said.lines[-2].startswith("BROKEN revocable: ")
    report = terminal.tactful("verify", "--json").object
    (broken,) = report["broken"]
    assert (broken["check"], broken["user"], report["nudges"]) == ("revocable", "dora", 6)
    assert terminal.tactful("verify", "--since", "soon").code == 2
