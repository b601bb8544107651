"""What the hour shows, as a page: sentences, commands as they were typed, and what they answered."""

from __future__ import annotations

from collections.abc import Sequence

MOST_LINES = 14
"""More is trimmed, which is shown."""


class Page:
    """Parts of Markdown in their order."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.commands: list[str] = []

    def heading(self, text: str) -> None:
        self.parts.append(f"## {text}")

    def tell(self, *sentences: str) -> None:
        """One line each."""
        self.parts.append("\n".join(sentences))

    def shows(self, command: str, output: str, *, only: Sequence[str] = (), most: int = MOST_LINES) -> None:
        """`only`: of the output the lines that hold one of these."""
        lines = output.rstrip().splitlines()
        shown = [line for line in lines if any(part in line for part in only)] if only else lines
        cut = len(lines) - len(shown[:most])
        body = [f"$ {command}", *shown[:most], *([f"... ({cut} more lines)"] if cut else [])]
        self.commands.append(command)
        self.parts.append("```\n" + "\n".join(body) + "\n```")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
        self.parts.append("\n".join(f"| {line} |" for line in lines))

    def text(self) -> str:
        return "\n\n".join(self.parts) + "\n"
