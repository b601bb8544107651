"""People's words as data: subjects, titles and names on one line, messages in a bound, nothing invisible."""

from __future__ import annotations

import re
from unicodedata import normalize

NAME_LIMIT = 120
"""Characters of a subject, a title or a name: what a notification shows without cutting it."""

# Controls that are no white space, lone surrogates, and characters that are not seen: bidirectional controls,
# zero-width spaces, fillers, annotations and tags (which can smuggle words past a reader's eye).
# Two stay, because Persian and emoji are written with them: the zero-width joiner and non-joiner.
_JOINERS = "\u200c\u200d"
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_WITHIN_LINE = str.maketrans("\t\x1f", "  ")
_ENDS = " \n" + _JOINERS


def clean(text: str, limit: int = NAME_LIMIT) -> str:
    """One line of at most `limit` characters, nothing unseen in it, white space collapsed."""
    if len(text) <= limit and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    words = " ".join(_UNSEEN.sub("", text).split()).strip(_ENDS)
    return words[:limit].rstrip(_ENDS)


def fold(text: str) -> str:
    """The form in which subjects are compared: compatibility forms, case and spaces make no difference."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding the case can bring back what the normal form had composed, hence the second time.
    seen = _UNSEEN.sub("", text).replace("\u200c", "").replace("\u200d", "")
    return " ".join(normalize("NFKC", normalize("NFKC", seen).casefold()).split())


def clean_body(text: str, limit_bytes: int) -> str:
    """A message's words: lines stay, controls and unseen characters go; at most `limit_bytes` of UTF-8."""
    if len(text) <= limit_bytes and text.isascii() and text.isprintable():
        return text.strip(" ")
    lines = _UNSEEN.sub("", _LINE_END.sub("\n", text)).translate(_WITHIN_LINE).strip(_ENDS)
    encoded = lines.encode()
    if len(encoded) <= limit_bytes:
        return lines
    return encoded[:limit_bytes].decode(errors="ignore").rstrip(_ENDS)
