"""A record decided again under its own policy differs in nothing: every story we have, to the microsecond."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.backtest.record import RecordError, read
from app.backtest.run import backtest, report
from tests.facts.backtest.recording import AGENTS, TOPICS, lived, story_of, written
from tests.scenarios.test_stories import STORIES

EXACTLY = timedelta(0)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_decided_alike(path: Path, tmp_path: Path) -> None:
    """Crashes, downtimes, pauses, failures of the model and all: the same decisions, in order and time."""
    story = story_of(path)
    world = lived(story)
    file = written(tmp_path / "record.jsonl", world)
    if not world.records("nudge-pass") and not world.records("nudge-outcome"):
        with pytest.raises(RecordError, match="nothing of `nudge-pass`"):
            read([file])
        return
    found = report(backtest(read([file]), story.policy, AGENTS, within=EXACTLY), limit=None, by_agent=False)
    assert found["differences"] == []
    assert found["not_compared"] == {}
    assert found["missing_answers"] == {}
    assert found["pieced_answers"]["readings"] == 0
    assert found["decided"] == found["recorded"]
    assert found["same"] == len(world.records("nudge-outcome"))


SENT_TO = [
    path for path in STORIES if path.stem in {"sunday_at_five", "one_after_the_other", "in_the_shadow"}
]


@pytest.mark.parametrize("path", SENT_TO, ids=lambda path: path.stem)
def test_the_traces_alone_tell_what_was_sent(path: Path, tmp_path: Path) -> None:
    """Without the outcomes what won or stood down is compared, and the rest is counted as not known."""
    story = story_of(path)
    world = lived(story)
    topics = [topic for topic in TOPICS if topic not in {"nudges", "nudge-outcome"}]
    recorded = read([written(tmp_path / "record.jsonl", world, topics)])
    found = backtest(recorded, story.policy, AGENTS, within=timedelta(milliseconds=1))
    assert found.differences == []
    assert found.recorded_decided["sent"] == found.decided["sent"] == len(world.records("nudges"))
