"""Pages from templates. Autoescape is on for every template, whatever its name."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from graphcache.schema import node_type
from graphcache.serving import links
from graphcache.version import __version__
from graphcache.words import counted


def shown_size(size: int) -> str:
    """Bytes as a person reads them, and exactly.

    >>> shown_size(999), shown_size(1_234_567)
    ('999 bytes', '1.2 MB (1,234,567 bytes)')
    """
    exact = counted(size, "byte")
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= limit:
            return f"{size / limit:.1f} {unit} ({exact})"
    return exact


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters["thousands"] = "{:,}".format
_TEMPLATES.filters["counted"] = counted
_TEMPLATES.globals.update(
    version=__version__,
    address=links.address,
    address_in_column=links.address_in_column,
    package_address=links.package_address,
    spec_address=links.spec_address,
    stack_address=links.stack_address,
    query_address=links.query_address,
    bill_links=links.bill_links,
    bill_command=links.bill_command,
    explained={p.name: p.doc for p in node_type("Spec").properties},
    size_of=shown_size,
)


def page(
    template: str,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    searched: str = "",
    foreign: str | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page from a template and what it shows.

    `searched` stands in the search field, `foreign` above the content: what `Store.foreign` says.
    """
    shown = {"searched": searched, "foreign": foreign, **values}
    text = _TEMPLATES.get_template(template).render(shown)
    return HTMLResponse(text, status, headers)
