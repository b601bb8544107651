"""A page as a browser would parse it, for tests that ask what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "img", "hr"})


@dataclass(slots=True)
class Element:
    """One element, its attributes and what is inside."""

    tag: str
    attributes: dict[str, str]
    inside: list[Element | str] = field(default_factory=list)

    def every(self, tag: str = "", **attributes: str) -> Iterator[Element]:
        """All elements below with this tag and these attributes."""
        for each in self.inside:
            if isinstance(each, Element):
                fits = not tag or each.tag == tag
                if fits and all(each.attributes.get(name) == value for name, value in attributes.items()):
                    yield each
                yield from each.every(tag, **attributes)

    @property
    def text(self) -> str:
        """All words below, on one line."""
        words = (each if isinstance(each, str) else each.text for each in self.inside)
        return " ".join(" ".join(words).split())

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("document", {})
        self.path = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.path[-1].inside.append(element)
        if tag not in VOID:
            self.path.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.path[-1].inside.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.path[-1].tag != tag:
            raise ValueError(f"</{tag}> closes <{self.path[-1].tag}> in line {self.getpos()[0]}")
        self.path.pop()

    def handle_data(self, data: str) -> None:
        self.path[-1].inside.append(data)


def parsed(html: str) -> Element:
    """The document; ValueError when elements do not nest."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    if len(builder.path) > 1:
        raise ValueError(f"<{builder.path[-1].tag}> is never closed")
    return builder.root
