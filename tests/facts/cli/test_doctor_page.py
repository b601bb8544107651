"""The list of faults: the docs are made of it, and each of them is made real by some test."""

from __future__ import annotations

from pathlib import Path

from app.doctor.faults import BY_NAME, FAULTS
from app.doctor.page import ABOUT, page
from app.drivers import kafka_refusal
from app.outside import brokers

ROOT = Path(__file__).parents[3]
TESTS = [*ROOT.glob("tests/facts/cli/test_doctor*.py"), *ROOT.glob("tests/kafka/**/test_*.py")]


def test_the_page_is_made_of_the_list() -> None:
    """Write it anew with `python -m app.doctor.page > app/docs/doctor.md`."""
    assert (ROOT / "app/docs/doctor.md").read_text() == page()


def test_every_fault_stands_on_the_page_once() -> None:
    """Under the heading of what it is about."""
    assert len(BY_NAME) == len(FAULTS)
    assert {fault.about for fault in FAULTS} == set(ABOUT)
    assert [page().count(f"| `{fault.name}` |") for fault in FAULTS] == [1] * len(FAULTS)


def test_every_fault_has_a_test() -> None:
    """Its name stands in a test of the doctor, in quotes."""
    texts = "".join(path.read_text() for path in TESTS if path.name != Path(__file__).name)
    assert [fault.name for fault in FAULTS if f'"{fault.name}"' not in texts] == []


def test_every_refusal_is_a_fault() -> None:
    """What keeps somebody from coming in has the doctor's name for it."""
    for module in (kafka_refusal, brokers):
        text = Path(module.__file__ or "").read_text()
        named = {part.split('"', 1)[0] for part in text.split('Refusal("')[1:]}
        named |= {part.split('"', 1)[0] for part in text.split('name="')[1:]}
        assert named
        assert named <= set(BY_NAME)


def test_a_sentence_ends_without_a_stop_and_says_what_to_do() -> None:
    """They stand in lines and cells, not in prose."""
    for fault in FAULTS:
        for text in (fault.what, fault.why, fault.do):
            assert text.strip() == text
            assert text
            assert not text.endswith("."), fault.name
