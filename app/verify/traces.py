"""One exclusive look at a time: the traces of passes against each other and against what they decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from app.verify.finding import Broken, Given
from app.verify.seen import Seen
from topics.passes import NUDGE_PASS


def there(seen: Seen, given: Given) -> Iterator[Broken]:
    """What was sent, or composed for, has the trace of its pass; and who was sent is the one who won in it."""
    del given
    for outcome in seen.outcomes:
        value = outcome.value
        sent = value["outcome"] == "nudged"
        if not (sent or value["attempts"]):
            continue
        trace = seen.passes.get(value["pass_id"])
        if trace is None:
            if seen.reaches(NUDGE_PASS.name, outcome.partition, outcome.logged, NUDGE_PASS.retention):
                yield _broken(
                    value["pass_id"], outcome.key, f"it decided {value['intent_id']} without a trace"
                )
        elif sent and trace.winner != value["intent_id"]:
            says = f"{value['intent_id']} was sent, and its trace says that {trace.winner or 'nobody'} won"
            yield _broken(value["pass_id"], outcome.key, says)


def one_nudge(seen: Seen, given: Given) -> Iterator[Broken]:
    """At most one nudge came out of a pass."""
    del given
    sent = [outcome for outcome in seen.outcomes if outcome.value["outcome"] == "nudged"]
    people = {outcome.value["pass_id"]: outcome.key for outcome in sent}
    intents = {(outcome.value["pass_id"], outcome.value["intent_id"]) for outcome in sent}
    for pass_id, times in Counter(pass_id for pass_id, _ in intents).items():
        if times > 1:
            yield _broken(pass_id, people[pass_id], f"{times} nudges came out of one pass")


def reasoned(seen: Seen, given: Given) -> Iterator[Broken]:
    """A plan that a gate closed ends for the reason that this gate gave."""
    del given
    for outcome in seen.outcomes:
        value = outcome.value
        trace = seen.passes.get(value["pass_id"])
        said = trace.refused.get(value["intent_id"]) if trace else None
        if said and value["outcome"] in {"stood_down", "expired"} and value["reason"] not in said:
            says = (
                f"it ended as {value['reason']!r}, and the gate that closed it said {', '.join(sorted(said))}"
            )
            yield Broken(check="ledger", id=value["outcome_id"], user=outcome.key, says=says)


def apart(seen: Seen, given: Given) -> Iterator[Broken]:
    """A person's events are folded once and in their order: no pass goes back behind an earlier one."""
    del given
    for pass_id, user, offset, before in seen.overlapping:
        says = f"it folded offset {offset} after a pass that had folded {before}"
        yield _broken(pass_id, user, says)


def _broken(pass_id: str, user: str, says: str) -> Broken:
    return Broken(check="pass", id=pass_id, user=user, says=says)
