"""The page of the audit: what was done from here, by whom and when."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from app.console.frame_values import Frame
from app.console.operator_values import AuditView
from app.console.pages.templating import page

DEEDS: Mapping[str, str] = MappingProxyType(
    {
        "show_text": "looked at the words of",
        "copy_scenario": "copied as a scenario:",
        "revoke": "revoked a plan of",
        "erase": "erased",
        "pause": "paused",
        "resume": "resumed",
        "look_at_letter": "looked at the dead letter",
        "send_letter": "sent again the dead letter",
    }
)
_OF_PEOPLE = frozenset({"show_text", "copy_scenario", "revoke", "erase"})


def render(view: AuditView, frame: Frame) -> str:
    """The whole page."""
    return page("audit.html.jinja", frame, title="Audit", view=view, deeds=DEEDS, of_people=_OF_PEOPLE)
