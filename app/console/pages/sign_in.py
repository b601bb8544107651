"""The page that asks for the token."""

from __future__ import annotations

from app.console.frame_values import Frame, SignIn
from app.console.pages.templating import page


def render(asked: SignIn, frame: Frame) -> str:
    """The whole page."""
    return page("sign_in.html.jinja", frame, title="Sign in", asked=asked)
