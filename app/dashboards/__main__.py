"""`python -m app.dashboards`, from the root of the repository: write everything that is written from here."""

from __future__ import annotations

from pathlib import Path

from app.dashboards.written import files


def main() -> None:
    """Write each file anew; nothing else is touched."""
    for path, text in files().items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
