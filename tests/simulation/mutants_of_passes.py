"""What may be wrong about plans, readings, gates and words: one line each, as somebody might write it on a bad day."""

from __future__ import annotations

from tests.simulation.mutant import Mutant

PASSES: tuple[Mutant, ...] = (
    # The ledger
    Mutant(
        "an intent closes without an outcome",
        "ledger",
        "        self.row.forget_doubts(intent.intent_id)\n        self._record(intent, ending)\n",
        "        self.row.forget_doubts(intent.intent_id)\n",
    ),
    Mutant(
        "a closed intent stays in the row", "ledger", "        self.row.drop_intent(intent.intent_id)\n", ""
    ),
    Mutant(
        "a plan that closed is not counted",
        "ledger",
        '        self.tally.count("tactful_intents_closed_total", intent.agent, ending.outcome, ending.reason)\n',
        "",
    ),
    Mutant(
        "a closed intent opens again",
        "ledger",
        "        if self._is_known(intent_id):\n            return None\n",
        "",
    ),
    Mutant(
        "a request needs no grant",
        "ledger",
        "        if not granted:\n            refusal",
        "        if False:\n            refusal",
    ),
    Mutant(
        "an agent needs no grant",
        "proposals",
        "        if row.granted(agent.name):\n            for",
        "        if True:\n            for",
    ),
    Mutant("a mute is forgotten", "ledger", "return until is not None and until > self.now", "return False"),
    Mutant("there may be any number of plans", "ledger", "elif len(row.intents) >= OPEN_INTENTS or", "elif"),
    Mutant(
        "a nudge takes no slot",
        "ledger",
        "remembered((*row.nudges, PastNudge(nudge_id, intent.agent, now)), now)",
        "row.nudges and remembered(row.nudges, now)",
    ),
    Mutant(
        "a nudge's id knows no version",
        "ledger",
        "nudge_id = derived(intent.intent_id, intent.version)",
        "nudge_id = derived(intent.intent_id)",
    ),
    Mutant("a nudge can be recalled twice", "ledger", "        self.keep_as_sent(sent.nudge_id)\n", ""),
    Mutant(
        "a nudge that was seen is recalled", "fold", "    if event.type in _ENDS_RECALL:\n", "    if False:\n"
    ),
    Mutant(
        "nothing is recalled when consent ends",
        "fold",
        "        if not row.granted(sent.intent.agent):\n            ledger.recall(sent)\n",
        "        pass\n",
    ),
    # The life of an intent
    Mutant(
        "a move keeps the version",
        "life_cycle",
        'after(intent.status, "moved"), intent.version + 1\n',
        'after(intent.status, "moved"), intent.version\n',
    ),
    Mutant(
        "a deferral keeps the version",
        "life_cycle",
        '_NEW_VERSION = frozenset({"too_early", "deferred"})',
        '_NEW_VERSION = frozenset({"too_early"})',
    ),
    Mutant(
        "an outdated maturity event wakes",
        "fold",
        'intent.status != "maturing" or intent.version != named.version:',
        'intent.status != "maturing":',
    ),
    Mutant(
        "a forged maturity event wakes",
        "fold",
        'if intent is None or intent.status != "maturing" or intent.version != named.version:',
        "if intent is None or intent.version != named.version:",
    ),
    Mutant("a maturity event is believed too early", "fold", "if intent.ripe_at > ledger.now:", "if False:"),
    # Folding
    Mutant("an event is not remembered", "fold", "        row.note_seen(known)\n", "        pass\n"),
    Mutant(
        "what an erasure covers comes back",
        "fold",
        "if (known and event.time <= erased_at) or (ours and row.is_stub):",
        "if ours and row.is_stub:",
    ),
    Mutant("an erasure forgets what was seen", "erasure", "        seen=row.seen,\n", ""),
    Mutant(
        "an erasure leaves nudges in the world",
        "erasure",
        "    for sent in list(row.sent_nudges):\n        ledger.recall(sent, erased=True)\n",
        "",
    ),
    Mutant(
        "withdrawn consent closes nothing",
        "fold",
        '            ledger.revoke(intent, "consent_withdrawn", ref)\n',
        "            pass\n",
    ),
    Mutant(
        "everybody's consent leaves the named ones",
        "fold",
        'row.consents = {"*": data.granted}',
        'row.consents["*"] = data.granted',
    ),
    Mutant(
        "an exit event closes nothing", "fold", "if intent.exit_on and exits(intent, event):", "if False:"
    ),
    Mutant(
        "a key is not enough to revoke",
        "fold",
        "    return intent.subject_key == (revoked.subject_key if intent.keyed else folded(revoked.subject_key))",
        "    return False",
    ),
    Mutant(
        "a late activity turns the clock back",
        "fold",
        "if row.last_activity is None or at > row.last_activity:",
        "if True:",
    ),
    Mutant("the end of a conversation ends no spell", "fold", "    row.active_until = None\n", ""),
    Mutant(
        "a failed nudge keeps its slot",
        "interruptions",
        "tuple(nudge for nudge in nudges if nudge.nudge_id != nudge_id)",
        "nudges",
    ),
    # Reading
    Mutant(
        "what was not read counts as read",
        "holding",
        "if not row.unread and not row.unverified(intent):",
        "if not row.unverified(intent):",
    ),
    Mutant(
        "a doubt is no reason to wait",
        "holding",
        "if not row.unread and not row.unverified(intent):",
        "if not row.unread:",
    ),
    Mutant(
        "a failed reading takes the words with it",
        "reading",
        "        if answer is None:\n            break\n",
        "        if answer is None:\n            ledger.row.unread = []\n            break\n",
    ),
    Mutant(
        "the assistant's words close plans",
        "verdicts",
        'if given.verdict in REASONS and message.speaker == "assistant":',
        "if False:",
    ),
    Mutant(
        "an unsure verdict is dropped",
        "verdicts",
        "        doubts.add(ledger, thing.intent_id, message)\n    elif",
        "        pass\n    elif",
    ),
    Mutant(
        "any verdict is sure",
        "verdicts",
        "sure = verdict.confidence >= ledger.policy.reading.sure",
        "sure = True",
    ),
    Mutant(
        "lost words leave no trace",
        "row",
        "        self.unread_lost = max([self.unread_lost, *(message.origin.ref.offset for message in lost)])\n",
        "",
    ),
    Mutant("a doubt that fell off is forgotten", "row", "lost.message.origin.ref.offset, *opened)", "-1)"),
    Mutant(
        "a doubt that fell off holds older plans only",
        "row",
        "origin.ref.offset, *opened)",
        "origin.ref.offset)",
    ),
    # Gates and arbitration
    Mutant(
        "quiet hours are over",
        "gates",
        'return Defer(until=until, reason="quiet_hours") if until > at else None',
        "return None",
    ),
    Mutant(
        "an active person is disturbed",
        "gates",
        "if until is not None and until > at else None",
        "if False else None",
    ),
    Mutant(
        "a gap of any length will do",
        "gates",
        'return Defer(until=until, reason="min_gap") if until > at else None',
        "return None",
    ),
    Mutant("the day has no cap", "gates", "if count < ledger.policy.caps.per_day:", "if True:"),
    Mutant("the week has no cap", "gates", "    if len(recent) < cap:\n", "    if True:\n"),
    Mutant(
        "a pause is not heard of",
        "gates",
        "if intent.agent not in paused and EVERYBODY not in paused:",
        "if True:",
    ),
    Mutant(
        "the holdout gets nudges",
        "gates",
        'return StandDown(reason="holdout") if ledger.held_out else None',
        "return None",
    ),
    Mutant(
        "what has expired is sent",
        "gates",
        "return Expire() if now >= intent.expires_at else None",
        "return None",
    ),
    Mutant(
        "nothing is too late", "gates", 'return StandDown(reason="too_late") if late else None', "return None"
    ),
    Mutant(
        "who never answers is asked again",
        "gates",
        'return StandDown(reason="ignored_before")',
        "return None",
    ),
    Mutant(
        "a plan is put off for ever",
        "verdicts",
        "if times > ledger.policy.reading.postpone:",
        "if times < 0:",
    ),
    Mutant(
        "who ignores nudges hears more of them",
        "interruptions",
        "return ignored_this_week(nudges, now, policy) >= policy.budget.ignored_per_week",
        "return False",
    ),
    Mutant(
        "the worst wins",
        "arbitration",
        "return (-priority, -one.answer.importance,",
        "return (priority, one.answer.importance,",
    ),
    Mutant(
        "an outranked plan is closed at once",
        "arbitration",
        "    if until >= loser.intent.expires_at:\n",
        "    if True:\n",
    ),
    # Speaking
    Mutant("nobody takes a last look", "speaking", "    if coming:\n", "    if False:\n"),
    Mutant(
        "the gates are asked once only",
        "speaking",
        "        if ledger.now == weighed_at:\n            return winner\n",
        "        return winner\n",
    ),
    Mutant(
        "a change of consent is not looked at",
        "overtaken",
        '"user.erased", "consent.changed", "profile.updated"}',
        '"user.erased", "profile.updated"}',
    ),
    Mutant(
        "what stops a nudge leaves it due",
        "speaking",
        "        give_back(ledger, [intent, *rest], wake_at, reason)\n",
        "        pass\n",
    ),
    Mutant(
        "a loser is left as it is",
        "speaking",
        "            ledger.put(life_cycle.deferred(loser.intent, answer.until, answer.reason))\n",
        "            pass\n",
    ),
    Mutant(
        "a third attempt",
        "composing",
        "enumerate(self._agent.approaches, start=1)",
        "enumerate((*self._agent.approaches, 'again'), start=1)",
    ),
    Mutant(
        "the second attempt is like the first",
        "composing",
        "enumerate(self._agent.approaches, start=1)",
        "enumerate(self._agent.approaches[:1] * 2, start=1)",
    ),
    Mutant(
        "a refused draft is sent",
        "composing",
        "        if wrong:\n            self._note",
        "        if False:\n            self._note",
    ),
)
