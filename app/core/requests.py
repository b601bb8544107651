"""The requests to the model that are out, each with the pass that waits for it."""

from __future__ import annotations

from app.core.asks import Ask, Reply, task_of
from app.core.commit import PendingAsk
from app.core.mailbox import Running
from app.core.tally import Tally

_UNREACHABLE = Reply(failed="unreachable")
_TOO_LATE = Reply(failed="timeout", sent=False)


class Requests:
    """What is to be handed out, what is waited for, and what nobody waits for any more."""

    def __init__(self, *, has_model: bool) -> None:
        """Without a model every request is unreachable at once, and none is handed out."""
        self._has_model = has_model
        self._number = 0
        self._waiting: dict[int, Running] = {}
        self._to_hand_out: list[PendingAsk] = []
        self._dropped: list[int] = []

    def put(self, running: Running, ask: Ask, tally: Tally) -> Reply | None:
        """The pass waits for this from now on; or the reply, where there is nobody to ask or no time."""
        if running.late:
            return _TOO_LATE
        running.asked = True
        if not self._has_model:
            task = task_of(ask.question)
            tally.count("tactful_model_calls_total", task, "unreachable")
            tally.observe("tactful_model_seconds", 0.0, task)
            return _UNREACHABLE
        self._number += 1
        running.ask_id = self._number
        self._waiting[self._number] = running
        self._to_hand_out.append(PendingAsk(self._number, ask, running.deadline))
        return None

    def answered(self, ask_id: int) -> Running | None:
        """The pass that waits for this answer, and no longer does; None when it has ended without it."""
        running = self._waiting.pop(ask_id, None)
        if running is not None:
            running.ask_id = None
        return running

    def drop(self, running: Running) -> None:
        """The pass goes on without its answer, if it waits for one."""
        if running.ask_id is not None:
            del self._waiting[running.ask_id]
            self._dropped.append(running.ask_id)
            self._to_hand_out = [one for one in self._to_hand_out if one.ask_id != running.ask_id]
            running.ask_id = None

    def take(self) -> list[PendingAsk]:
        """Those that were not handed out yet."""
        taken, self._to_hand_out = self._to_hand_out, []
        return taken

    def take_dropped(self) -> list[int]:
        """Those that were handed out and are waited for no more, since the last call."""
        dropped, self._dropped = self._dropped, []
        return dropped
