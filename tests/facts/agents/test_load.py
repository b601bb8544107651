"""More agents than the five: found by import path, refused with a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agents import FIVE, AgentError, load
from agents.held_to import held_to
from app.scenario import story
from tests.facts.agents.test_contract import assess

README = (Path(__file__).parents[3] / "agents" / "README.md").read_text(encoding="utf-8")
EXAMPLE = README.split("```python\n")[1].split("```")[0]
STORY = README.split("```yaml\n")[1].split("```")[0]
OTHER = EXAMPLE.replace('name = "parcel"', 'name = "other"')

Write = Callable[[str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module of its own name and says what that is."""
    monkeypatch.syspath_prepend(tmp_path)
    written: list[str] = []

    def write(text: str) -> str:
        name = f"tried_agent_{len(written)}_{tmp_path.name.replace('-', '_')}"
        tmp_path.joinpath(f"{name}.py").write_text(text, encoding="utf-8")
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def refusal(path: str) -> str:
    with pytest.raises(AgentError) as refused:
        load([path])
    return str(refused.value)


def test_without_paths_there_are_the_five() -> None:
    """The five decide, in the order in which the README names them."""
    assert list(load([])) == [agent.name for agent in FIVE]
    assert {agent.name for agent in FIVE} == {"follow_up", "re_engagement", "digest", "calendar", "curiosity"}


def test_the_readmes_example_is_an_agent(module: Write) -> None:
    """What the README shows can be loaded, by module or by object, and keeps the contract."""
    name = module(EXAMPLE)
    agent = load([name])["parcel"]
    assert agent is load([f" {name}:agent"])["parcel"]
    assert held_to(agent, assess) == []


def test_the_readmes_story_can_be_told() -> None:
    """The story beside the example is one that the runner understands."""
    assert story.parse(STORY).name == "The parcel is late"


def test_a_class_is_taken_for_its_one_instance(module: Write) -> None:
    """`module:Parcel` is what people write when they mean an object of it."""
    assert "parcel" in load([module(EXAMPLE) + ":Parcel"])


def test_several_agents_are_loaded_beside_the_five(module: Write) -> None:
    """Each import path adds one."""
    assert list(load([module(EXAMPLE), module(OTHER)]))[-2:] == ["parcel", "other"]


def test_a_path_that_leads_nowhere_says_so(module: Write) -> None:
    """A misspelled module, object or path is refused by its name."""
    name = module(EXAMPLE)
    assert "PYTHONPATH" in refusal("no_such_module:agent")
    assert "has no 'agnet'" in refusal(f"{name}:agnet")
    assert "is no import path" in refusal(":agent")
    assert "name it after a colon" in refusal(module("x = 1\n"))


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('name = "parcel"', 'name = "digest"', "an agent called 'digest' already"),
        ('name = "parcel"', 'name = "Parcel Post"', "lower case letters"),
        ('("natural", "plain")', '("plain", "plain")', "two different names"),
        ("def check(", "def examine(", "no method `check`"),
        ('frozenset({"parcel.delayed", "parcel.delivered"})', '"parcel.delayed"', "no set of event types"),
        ('"parcel.delayed",', '"message.recieved",', "did you mean 'message.received'?"),
    ],
)
def test_what_is_no_agent_is_refused(module: Write, was: str, becomes: str, said: str) -> None:
    """Each refusal names what to change."""
    assert said in refusal(module(EXAMPLE.replace(was, becomes)))


def test_a_declared_type_may_look_like_a_known_one(module: Write) -> None:
    """`message.receive` is accepted from an agent that says it means it."""
    text = EXAMPLE.replace('"parcel.delayed",', '"message.receive",')
    declared = text.replace(
        '    name = "parcel"', '    declares = frozenset({"message.receive"})\n    name = "parcel"'
    )
    assert "did you mean" in refusal(module(text))
    assert "parcel" in load([module(declared)])


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("except msgspec.ValidationError", "except KeyError", "`consider` raises"),
        ('facts={"subject": intent.subject}', "facts={}", "facts lack `subject`"),
        (
            "importance=intent.importance",
            "importance=self.__dict__.setdefault('n', []).append(0) or len(self.n)",
            "differently the second time",
        ),
        ('.format(subject=candidate.facts["subject"])', "", "fails a check"),
        ("return []\n        planned", "return None\n        planned", "no list of Open, Move and Revoke"),
    ],
)
def test_a_breach_of_the_contract_is_found(module: Write, was: str, becomes: str, said: str) -> None:
    """What a worker could only find out in production is found by trying."""
    text = EXAMPLE.replace(was, becomes)
    assert text != EXAMPLE
    agent = load([module(text)])["parcel"]
    assert any(said in breach for breach in held_to(agent, assess))
