"""The settings, the policy and the agents: everything that is wrong before anything is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.deployment import Deciding, deciding
from app.doctor.faults import settings as faults
from app.doctor.finding import Fault, Finding, fine
from app.http.access import Access
from app.settings import Settings, SettingsError, load_settings, unknown_variables

if TYPE_CHECKING:
    from app.core.policy import Policy


def settings() -> tuple[list[Finding], Settings | None]:
    """What the environment says; None when it cannot be read."""
    try:
        given = load_settings()
    except SettingsError as error:
        return [_of_setting(line).found(line) for line in str(error).splitlines()], None
    found = [faults.SETTING_UNKNOWN.found(f"{name} means nothing to us") for name in unknown_variables()]
    return [*found, *_http(given)] or [fine("settings", "every variable can be used")], given


def _of_setting(line: str) -> Fault:
    """By what the line says, which is all that pydantic tells."""
    if "_FILE: " in line:
        return faults.SECRET_UNREADABLE
    return faults.CERTIFICATE_MISSING if line.endswith(" is no file") else faults.SETTING_WRONG


def _http(given: Settings) -> Iterator[Finding]:
    try:
        Access(given.http)
    except SettingsError as error:
        yield faults.HTTP_OPEN.found(str(error).partition(": set ")[0])


def decides(given: Settings) -> tuple[list[Finding], Deciding | None]:
    """Policy and agents; None when a worker would refuse to start."""
    try:
        found = deciding(given)
    except SettingsError as error:
        return [_of_deciding(line).found(line) for line in str(error).splitlines()], None
    where = f"of {given.policy}" if given.policy is not None else "by default"
    policy = fine("policy", f"the policy {where} is version {found.policy.version}")
    agents = fine("agents", ", ".join(found.agents))
    shadows = [name for name in found.agents if found.policy.agent(name).mode == "shadow"]
    hidden = [faults.SHADOWS.found(f"{name} only shadows: it sends nothing") for name in shadows]
    return [policy, *_silent(found.policy, given), agents, *hidden], found


def _of_deciding(line: str) -> Fault:
    """As `_of_setting`."""
    if line.startswith("TACTFUL_AGENTS: "):
        return faults.AGENT_NOT_FOUND if "PYTHONPATH" in line else faults.AGENT_UNFIT
    if "there is no such agent" in line:
        return faults.POLICY_UNKNOWN_AGENT
    if "is not known: check its spelling" in line:
        return faults.POLICY_UNKNOWN_KEY
    unread = (" cannot be read: ", " a policy is a mapping", ": line ")
    return faults.POLICY_UNREADABLE if any(said in line for said in unread) else faults.POLICY_WRONG


def _silent(policy: Policy, given: Settings) -> Iterator[Finding]:
    """What may well be meant, and more often is not."""
    quiet, caps, holdout = policy.quiet_hours, policy.caps, policy.holdout
    if quiet.start == quiet.end:
        yield faults.QUIET_HOURS_NONE.found(f"quiet_hours start and end at {quiet.start}: there are none")
    if not (caps.per_day and caps.per_week):
        yield faults.CAPS_NOTHING.found(
            f"caps allow {caps.per_day} nudges a day and {caps.per_week} a week: there is never one"
        )
    if holdout.share >= 1:
        yield faults.HOLDOUT_EVERYBODY.found("holdout.share is 1: nobody is ever written to")
    if holdout.share > 0 and not holdout.salt:
        yield faults.HOLDOUT_UNSALTED.found(f"holdout.share is {holdout.share:g}, and holdout.salt is empty")
    if given.model.backend == "none":
        return
    budget = policy.budget
    if not (budget.calls_per_minute and budget.calls_per_person_per_day):
        yield faults.BUDGET_NOTHING.found("budget allows no request to the model")


def unpriced(policy: Policy, model: str) -> Iterator[Finding]:
    """Whether what the model costs can be told."""
    if model not in policy.prices:
        yield faults.PRICES_MISSING.found(f"the policy has no price for {model}")
