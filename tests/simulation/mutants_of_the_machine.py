"""What may be wrong about logs, rows, mailboxes and timers: one line each, as somebody might write it on a bad day."""

from __future__ import annotations

from tests.simulation.mutant import Mutant

MACHINE: tuple[Mutant, ...] = (
    # What is done
    Mutant(
        "the head stands one too far",
        "head",
        "max(self._position, self._high + 1)",
        "max(self._position, self._high + 2)",
    ),
    Mutant(
        "what waits for the model is called done",
        "head",
        "self._undecided | self._old_unfinished",
        "self._old_unfinished",
    ),
    Mutant(
        "what an earlier owner left is called done",
        "head",
        "self._undecided | self._old_unfinished",
        "self._undecided",
    ),
    Mutant(
        "what was done before a crash is taken again",
        "head",
        "            if offset not in self._old_unfinished:\n                return False\n",
        "",
    ),
    Mutant(
        "an offset handed on twice is taken twice",
        "head",
        "        elif offset <= self._high:\n            return False\n",
        "",
    ),
    Mutant(
        "a pass's events are done when it begins",
        "partition",
        "        running = self._running[user_id] = Running(user_id, known, mailbox, passing, now)\n",
        "        running = self._running[user_id] = Running(user_id, known, mailbox, passing, now)\n"
        "        for record in mailbox.records:\n            self._progress.done((record,))\n",
    ),
    Mutant(
        "a second commit begins before the first has ended",
        "partition",
        "if self._in_flight or not self.has_work:",
        "if not self.has_work:",
    ),
    Mutant(
        "a commit lacks somebody's row",
        "people",
        "for user in self._changed}",
        "for user in list(self._changed)[1:]}",
    ),
    Mutant("a decided row is not written", "people", "        self._changed.add(user_id)\n", ""),
    Mutant(
        "an uncommitted row leaves the cache",
        "people",
        "if user not in self._changed]",
        "if True]",
    ),
    Mutant(
        "a dead letter is not written",
        "arrival",
        "            out.append(dead_letter(record, event.reason, event.error, milliseconds(now)))\n",
        "",
    ),
    Mutant(
        "a forwarded record has no mark",
        "arrival",
        "(*record.headers, (FORWARDED_FROM, place))",
        "record.headers",
    ),
    # Passes
    Mutant(
        "two passes of one person at once",
        "partition",
        "            return\n        while user_id not in self._running and (mailbox",
        "        while (mailbox",
    ),
    Mutant(
        "a flood waits for the model",
        "partition",
        "if len(self._mailboxes[user_id].events) >= MAILBOX_LIMIT:",
        "if False:",
    ),
    Mutant("a pass has no deadline", "partition", "if one.deadline <= now]:", "if False]:"),
    Mutant(
        "an answer is taken twice",
        "requests",
        "running = self._waiting.pop(ask_id, None)",
        "running = self._waiting.get(ask_id)",
    ),
    Mutant(
        "who was woken takes room for ever",
        "partition",
        "            self._woken.discard(user_id)\n",
        "            pass\n",
    ),
    Mutant(
        "timers are not set anew",
        "partition",
        "            self._waiting.put(after, user_id)\n",
        "            pass\n",
    ),
    Mutant(
        "no timers after a crash", "partition", "                self._waiting.restored(seen, user_id)\n", ""
    ),
    Mutant(
        "an event that breaks a pass leaves no letter",
        "partition",
        'self._records.append(dead_letter(record, "defect", said, milliseconds(now)))',
        "pass",
    ),
    Mutant(
        "a pass taken again does not look who waits",
        "defects",
        "Flood() if waits else News()",
        "News()",
    ),
    Mutant(
        "a broken pass takes all its events with it",
        "defects",
        "        left -= 1\n",
        "        left -= 1\n        if left:\n            continue\n",
    ),
    Mutant(
        "the row does not say how far it is",
        "one_pass",
        "            ledger.row.applied_offset = event.offset\n",
        "            pass\n",
    ),
    Mutant(
        "an intent matures before it is due",
        "one_pass",
        'if intent.status == "due" or intent.wake_at > ledger.now:',
        'if intent.status == "due":',
    ),
    Mutant(
        "a maturity event that is lost is not written again",
        "waiting",
        "        elif matures is None or wake_at < matures:",
        '        elif intent.status == "open" and (matures is None or wake_at < matures):',
    ),
    Mutant(
        "the maturity event is not written",
        "written",
        "    if decided.matured is not None:\n",
        "    if False:\n",
    ),
    Mutant(
        "the outcome is not written",
        "written",
        "            for one in decided.outcomes\n",
        "            for one in decided.outcomes[:0]\n",
    ),
    # The queue and the timers
    Mutant(
        "everybody is woken at once",
        "waiting",
        "while self._queue and len(woken) < room:",
        "while self._queue:",
    ),
    Mutant("gauges forget what was open", "standing", "self._count(intent, -1)", "pass"),
    Mutant("who was not heard of waits for room", "waiting", "if user_id in counted:", "if False:"),
    Mutant(
        "held plans are not asked about again",
        "waiting",
        "            if looks is None or wake_at < looks:",
        "            if False:",
    ),
    Mutant(
        "a reading has no timer",
        "waiting",
        "looks = unread.read_at(row) if row.unread else None",
        "looks = None",
    ),
    Mutant(
        "who waits in a pass is woken for nothing",
        "waiting",
        "if user_id not in passed_over:",
        "if user_id in passed_over:",
    ),
    Mutant(
        "a timer cannot be brought forward",
        "timers",
        "if before is not None and before[0] <= at:",
        "if before is not None:",
    ),
    Mutant(
        "a plan that was moved keeps its old timer",
        "waiting",
        "        before.intents is after.intents\n        and before.unread",
        "        before.unread",
    ),
)
