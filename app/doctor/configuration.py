"""The settings, the policy and the agents: everything that is wrong before anything is reached."""

from __future__ import annotations

from collections.abc import Iterator

from app.deployment import Deciding, deciding
from app.doctor.finding import Finding, fine, note, wrong
from app.http.access import Access
from app.settings import PREFIX, Settings, SettingsError, load_settings, unknown_variables

MEND = "mend what the line names, and ask again"


def settings() -> tuple[list[Finding], Settings | None]:
    """What the environment says; None when it cannot be read."""
    try:
        given = load_settings()
    except SettingsError as error:
        return [wrong("settings", line, MEND) for line in str(error).splitlines()], None
    found = [
        note(
            "settings",
            f"{name} means nothing to us",
            f"check its spelling, or unset it if it is not for {PREFIX}*",
        )
        for name in unknown_variables()
    ]
    return [*found, *_http(given)] or [fine("settings", "every variable can be used")], given


def _http(given: Settings) -> Iterator[Finding]:
    try:
        Access(given.http)
    except SettingsError as error:
        says, _, do = str(error).partition(": set ")
        yield wrong("settings", says, f"set {do}")


def decides(given: Settings) -> tuple[list[Finding], Deciding | None]:
    """Policy and agents; None when a worker would refuse to start."""
    try:
        found = deciding(given)
    except SettingsError as error:
        return [wrong("policy and agents", line, MEND) for line in str(error).splitlines()], None
    where = f"of {given.policy}" if given.policy is not None else "by default"
    policy = fine("policy", f"the policy {where} is version {found.policy.version}")
    shadows = [name for name in found.agents if found.policy.agent(name).mode == "shadow"]
    agents = fine("agents", ", ".join(found.agents))
    hidden = [note("agents", f"{name} only shadows: it sends nothing") for name in shadows]
    return [policy, agents, *hidden], found
