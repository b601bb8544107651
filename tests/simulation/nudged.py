"""What must be true of every nudge, by the person's log up to the moment at which it was decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from app.core.policy import Policy
from tests.simulation.book import Book, Nudge, Outcome, Pass, Sent
from tests.simulation.broken import Broken
from tests.simulation.log import Told
from tests.simulation.model import (
    ACTIVITY,
    OVERTAKES,
    Fate,
    Life,
    Plan,
    closes,
    derived,
    exits,
    folded,
    moves,
    opened_key,
)
from tests.simulation.owner import Owner

WEEK = timedelta(hours=168)
IGNORED_AFTER = timedelta(hours=24)
SHORTEST, LONGEST = 20, 400
# The one plan of re_engagement that follows from activity.
QUIET = "a quiet while"


class Nudged:
    """One nudge, its intent as it stood durable before, and all that was known when it was decided."""

    def __init__(
        self,
        book: Book,
        nudge: Nudge,
        outcome: Outcome,
        *,
        owner: Owner,
        passes: Mapping[str, Pass],
        policy: Policy,
        remembers: int,
    ) -> None:
        plan = book.plans.get(nudge.intent_id)
        if plan is None:
            raise Broken("I3", f"nudge {nudge.nudge_id} is of an intent that was not durable before")
        trace = passes.get(outcome.pass_id)
        if trace is None or trace.winner != nudge.intent_id:
            raise Broken("trace", f"nudge {nudge.nudge_id} has no pass that it won")
        self.plan: Plan = plan
        self._book, self._nudge, self._outcome, self._trace = book, nudge, outcome, trace
        self._owner, self._policy = owner, policy
        self._alone = len(passes) == 1  # an earlier one of this commit may have held it
        self.known = owner.known_at(book.user, nudge.decided_at)
        self._life: Life
        self._fates: list[Fate]
        self._life, self._fates = book.after(self.known, policy, remembers)

    def check(self) -> None:
        """Broken says which promise is not kept."""
        self._maturity()
        if self._book.uncertain:
            return
        self._revocations()
        self._overtaken()
        self._words()
        self._gates()
        self._gap_and_caps()
        self._best()

    def _broken(self, promise: str, how: str) -> Broken:
        nudge = self._nudge
        about = f"nudge {nudge.nudge_id} for {nudge.user_id} ({nudge.agent}: {nudge.subject}) at {nudge.decided_at}"
        return Broken(promise, f"{about}: {how}")

    def _applied(self, begin: int) -> Iterator[tuple[int, Told]]:
        for i in range(begin, self.known):
            if self._fates[i] == "applied":
                yield i, self._book.log[i]

    def _maturity(self) -> None:
        """It was woken by an event of the log that names it in this version, and not before it was due."""
        matured, at = self._outcome.matured_by, self._nudge.decided_at
        place = None if matured is None else self._book.index.get(matured.offset)
        if place is None or self._book.log[place].type != "intent.matured":
            raise self._broken("I3", "no maturity event of the person's log woke it")
        named = self._book.log[place].data["intents"]
        versions = [one["version"] for one in named if one["intent_id"] == self._nudge.intent_id]
        if not any(derived(self._nudge.intent_id, version) == self._nudge.nudge_id for version in versions):
            raise self._broken("I2", "its id is not that of the intent in the version that matured")
        if at < self._outcome.due_at and self.plan.status != "due":
            raise self._broken("I5", f"it was due only at {self._outcome.due_at}")
        if at >= self._nudge.not_after:
            raise self._broken("expiry", f"it had expired at {self._nudge.not_after}")
        self._matured_at = place

    def _window(self) -> int:
        """The first event that may close it: after the one that opened it, where that is an event by itself."""
        opener = self._book.index[self.plan.opened_by.offset]
        told = self._book.log[opener]
        direct = opened_key(told) is not None or told.type == "calendar.changed"
        return opener + 1 if direct else self._book.first_seen[self.plan.intent_id]

    def _revocations(self) -> None:
        plan = self.plan
        moved = max(
            (i for i, told in self._applied(self._window()) if moves(told, plan) and not self._is_copy(i)),
            default=-1,
        )
        if moved > self._matured_at:
            raise self._broken("I3", f"{self._book.log[moved].type} had moved it after its maturity event")
        for i, told in self._applied(self._window()):
            if closes(told, plan) or (i > moved and exits(told, plan)):
                place = "before" if i < self._matured_at else "after"
                raise self._broken(
                    "I3", f"{told.type} at {told.offset} revokes it, {place} its maturity event"
                )
        # What was held may have come due by an earlier owner's clock, which was ahead.
        if moved < 0 and not self._book.read.postponed and plan.status != "due":
            self._times_that_follow()

    def _is_copy(self, i: int) -> bool:
        """A later repeat of a request, even one that is out of the memory of events, asks for nothing anew."""
        return any(earlier.identity == self._book.log[i].identity for earlier in self._book.log[:i])

    def _times_that_follow(self) -> None:
        """Where events alone say when it is due, it is the last of them that counts."""
        plan = self.plan
        opener = self._book.log[self._book.index[plan.opened_by.offset]]
        if plan.subject_key == QUIET and opener.type in ACTIVITY:
            silent = self._life.last_activity
            if silent and silent + self._policy.agent(plan.agent).silent_for > self._nudge.decided_at:
                raise self._broken("I3", f"there was a sign of life at {silent}")
        if plan.agent == "calendar" and opener.type == "calendar.changed":
            starts = [
                datetime.fromisoformat(told.data["starts_at"])
                for _, told in self._applied(self._window() - 1)
                if told.type == "calendar.changed" and told.data["calendar_event_id"] == plan.subject_key
            ]
            if starts and starts[-1] != self._nudge.not_after:
                raise self._broken("I3", f"the appointment is at {starts[-1]}")

    def _overtaken(self) -> None:
        """Nothing of the kinds that always stop a nudge was handed on between the beginning of its pass and its end."""
        since = self._owner.known_at(self._book.user, self._trace.now)
        for _, told in self._applied(since):
            if told.type in OVERTAKES:
                raise self._broken(
                    "last look", f"{told.type} at {told.offset} came in while the words were written"
                )

    def _words(self) -> None:
        """Every message since it was opened was read, and no reading left a doubt."""
        opened = self._book.index[self.plan.opened_by.offset]
        kept: list[Told] = []
        life = Life()
        for i in range(self.known):
            told = self._book.log[i]
            if self._fates[i] == "applied":
                life.happen(told, self._policy, 1)
                if told.type.startswith("message.") and life.listens and i > opened:
                    kept.append(told)
                if not life.listens:
                    kept.clear()
        for told in kept:
            if told.at not in self._book.read.shown:
                raise self._broken("unread", f"{told.type} at {told.offset} was never read")
        if self._book.read.doubts(self.plan):
            raise self._broken("doubt", "a reading says that it may be settled")
        text = self._nudge.text
        if not SHORTEST <= len(text) <= LONGEST or "https:" in text:
            raise self._broken("words", f"its text is {text!r}")
        if folded(self._nudge.subject) in self._book.read.mutes:
            raise self._broken("mute", "the person asked not to be asked about this")

    def _gates(self) -> None:
        at, life, agent = self._nudge.decided_at, self._life, self._nudge.agent
        if not life.granted(agent):
            raise self._broken("consent", "there is no grant")
        if life.active_until is not None and life.active_until > at:
            raise self._broken("active", f"the person is active until {life.active_until}")
        if life.is_quiet(at, self._policy):
            raise self._broken("quiet hours", f"it is {life.local(at, self._policy)}")
        if {agent, "*"} & self._owner.paused_at(self._trace.now):
            raise self._broken("pause", "its agent is paused")
        if self._outcome.holdout:
            raise self._broken("holdout", "the person is held out")
        late = at - self.plan.ripe_at > self._policy.catch_up.late_by
        if late and self.plan.held_since is None and self._alone:
            raise self._broken("too late", f"it was due at {self.plan.ripe_at}")
        if self._policy.agent(agent).mode == "shadow":
            raise self._broken("shadow", "its agent is in shadow mode")

    def _gap_and_caps(self) -> None:
        at, policy = self._nudge.decided_at, self._policy
        standing = self._book.counted(self.known, self._fates)
        counted = [
            sent.nudge.decided_at for sent in standing if self._book.latest - sent.nudge.decided_at < WEEK
        ]
        today = self._life.local(at, policy).date()
        if any(at - before < policy.min_gap for before in counted):
            raise self._broken("I2", f"inside the minimum gap after {counted[-1]}")
        if sum(self._life.local(before, policy).date() == today for before in counted) >= policy.caps.per_day:
            raise self._broken("per_day", f"there were {counted}")
        if sum(before > at - WEEK for before in counted) >= policy.caps.per_week:
            raise self._broken("per_week", f"there were {counted}")
        last = next((sent for sent in reversed(standing) if sent.nudge.agent == self._nudge.agent), None)
        if last is None or policy.agent(self._nudge.agent).even_if_ignored:
            return
        ago = at - last.nudge.decided_at
        if IGNORED_AFTER < ago < WEEK and not any(
            told.type in ACTIVITY for _, told in self._applied(last.known)
        ):
            raise self._broken("ignored before", f"nobody has stirred since {last.nudge.decided_at}")
        unheeded = [
            sent
            for sent in standing
            if at - sent.nudge.decided_at < WEEK
            and not policy.agent(sent.nudge.agent).even_if_ignored
            and self._is_unheeded(sent)
        ]
        if len(unheeded) >= policy.budget.ignored_per_week:
            raise self._broken("interruptions", f"{len(unheeded)} of this week's were ignored")

    def _is_unheeded(self, sent: Sent) -> bool:
        """Nobody stirred for a day after it, or it was dismissed, and neither an opening nor a reply came since."""
        decided, ignored, answered = sent.nudge.decided_at, False, False
        for _, told in self._applied(sent.known):
            if told.type in ACTIVITY and not answered:
                answered, ignored = True, ignored or told.at - decided > IGNORED_AFTER
            if told.type == "nudge.replied" or told.data.get("in_reply_to"):
                ignored = False
            if told.data.get("nudge_id") == sent.nudge.nudge_id:
                ignored = told.type == "nudge.dismissed" or (ignored and told.type != "nudge.opened")
        return ignored or (not answered and self._nudge.decided_at - decided > IGNORED_AFTER)

    def _best(self) -> None:
        """Of all that no gate kept back, none had a higher priority or, with the same, a greater importance."""
        ranks = {one.intent_id: (one.priority, one.importance) for one in self._trace.candidates}
        for one in self._trace.candidates:
            free = all(gate["answer"] == "pass" for gate in one.gates)
            if free and ranks[one.intent_id] > ranks[self._nudge.intent_id]:
                raise self._broken("arbitration", f"{one.agent} with {ranks[one.intent_id]} lost to it")
