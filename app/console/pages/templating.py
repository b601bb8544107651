"""The one place where templates are loaded: what a template prints is escaped unless it is Markup of ours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console.frame_values import Frame
from app.console.pages.clock import Clock
from app.console.pages.static import static
from app.console.values import Note


def person_path(user_id: str) -> str:
    """The page of a person; an id may hold anything."""
    return f"/people/{quote(user_id, safe='')}"


def with_query(path: str, **changes: str | None) -> str:
    """The same path with some of its query changed; None takes a part away."""
    parts = urlsplit(path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        else:
            query[name] = value
    return parts.path + (f"?{urlencode(query)}" if query else "")


def query_of(path: str) -> dict[str, str]:
    """A path's query; of a name that comes twice the last value counts."""
    return dict(parse_qsl(urlsplit(path).query))


def plural(number: int, one: str, many: str = "") -> str:
    """`1 plan`, `2 plans`, `12,000 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
ENVIRONMENT.filters["compact"] = lambda value: msgspec.json.encode(value).decode()
ENVIRONMENT.globals.update(
    static=static, person_path=person_path, with_query=with_query, plural=plural, quoted=quote
)


def page(
    template: str,
    frame: Frame,
    *,
    title: str,
    zone: str = "UTC",
    notes: tuple[Note, ...] = (),
    **values: object,
) -> str:
    """A whole page, or a part of one where the template says so; times are shown as the clocks of `zone` show them."""
    return ENVIRONMENT.get_template(template).render(
        frame=frame, title=title, clock=Clock(zone, frame.now), notes=notes, **values
    )
