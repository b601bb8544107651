"""The colours of the pages, in both modes: far enough from the ground that they stand on."""

from __future__ import annotations

import re

import pytest

from app.console.pages.static import FILES

CSS = FILES["console.css"][1].decode()
WRITES = (
    "ink",
    "soft",
    "link",
    "sent",
    "silent",
    "struck",
    "plan",
    "expired",
    "failed",
    "event",
    "now",
    "accent",
)
DRAWS = ("a1", "a2", "a3", "a4", "a5", "a6")
GROUNDS = ("card", "ground", "sunk", "later", "night")
TAGS = {"done-ground": "sent", "warn-ground": "silent", "stop-ground": "failed", "info-ground": "plan"}


def colours(mode: str) -> dict[str, str]:
    """The names of colours and what they are; dark ones stand over the light ones."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if mode == "dark" else {})


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_the_most_there_is() -> None:
    """The measure itself: 21 for black on white, 1 for a colour on itself."""
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert contrast("#123456", "#123456") == 1


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_writes_can_be_read(mode: str) -> None:
    """Every colour that writes keeps 4.5 : 1 from every ground, also where a scan cannot see it, as in drawings."""
    known = colours(mode)
    pairs = [(colour, ground) for colour in WRITES for ground in GROUNDS]
    pairs += [*((colour, ground) for ground, colour in TAGS.items()), *(("ink", ground) for ground in TAGS)]
    pairs += [("card", colour) for colour in ("accent", "failed", "now", "ink")]  # words on a filled button
    low = {pair: round(contrast(known[pair[0]], known[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_what_draws_can_be_seen(mode: str) -> None:
    """Columns and bars keep 3 : 1 from the card that they stand on."""
    known = colours(mode)
    assert {name: ratio for name in DRAWS if (ratio := contrast(known[name], known["card"])) < 3} == {}
