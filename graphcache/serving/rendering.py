"""Pages from templates. Autoescape is on for every template, whatever its name."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from graphcache.serving import links
from graphcache.version import __version__
from graphcache.words import counted

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
    package_address=links.package_address,
    spec_address=links.spec_address,
    stack_address=links.stack_address,
    query_address=links.query_address,
    address_in_column=links.address_in_column,
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
