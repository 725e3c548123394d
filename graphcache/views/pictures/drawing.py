"""A picture as a page: one file that needs no network, or a fragment for a page of a server.

    page = standalone_page(package(picture_of_a_package))

Both are made of the same templates. A server that allows no inline script or style serves
`SCRIPT` and `STYLE` from `ASSETS`, and puts `fragment(picture, links)` into its page. Nothing in a
template has a `style=` attribute: what the script styles, it styles by CSSOM, which such a policy
allows.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from graphcache.views.spec_diff import shortened
from graphcache.words import counted

__all__ = ["standalone_page"]

ASSETS = Path(__file__).parent / "assets"
"""The folder of the script and the style sheet."""
SCRIPT, STYLE = "pictures.js", "pictures.css"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture before it is drawn."""

    title: str
    answer: str
    """The answer in a sentence or two."""
    template: str
    values: dict[str, Any]
    """What the template shows."""
    notes: Sequence[str] = ()
    """What is not known, or left out."""
    command: Sequence[str] = ()
    """The words of the command that draws it."""
    cypher: str = ""
    """A statement that shows the same as a graph in Neo4j Browser."""
    under: str = ""
    """What stands beside the title."""
    copied: dict[str, str] = field(default_factory=dict)
    """What can be copied, by what the button says."""


class Links:
    """Where names lead to: here nowhere, since a page that stands alone has no others beside it."""

    def spec(self, hash_: str) -> str | None:
        """The page of a spec; None where there is none."""
        return None

    def package(self, name: str) -> str | None:
        """The page of a package."""
        return None

    def stack(self, name: str) -> str | None:
        """The page of a stack."""
        return None

    def column(self, column: str, value: Any) -> str | None:
        """The page of a value in a column of an answer."""
        return None


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence, the first ones and how many more.

    >>> listed(["mpi", "compiler", "version"]), listed(list("abcdefgh"))
    ('mpi, compiler and version', 'a, b, c, d, e, f and 2 more')
    """
    more = len(names) - most
    if more > 1:
        return f"{', '.join(names[:most])} and {more:,} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def element_id(text: str) -> str:
    """A text as an id that needs no escape in an address.

    >>> element_id("gcc@12 +x"), element_id("a/b") == element_id("a_b")
    ('gcc.40.12.20..2b.x', False)
    """
    return re.sub(r"[^\w-]", lambda found: f".{ord(found.group()):x}.", text, flags=re.ASCII)


def short_number(number: int) -> str:
    """A number where there is little room; the script has the same.

    >>> short_number(999), short_number(3254), short_number(12500)
    ('999', '3.3k', '12k')
    """
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 9950 else f"{number // 1000}k"


def environment(*folders: Path) -> Environment:
    """The environment of templates, those of the folders first; all of it escapes."""
    made = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "thousands": "{:,}".format,
        "counted": counted,
        "listed": listed,
        "id": element_id,
        "short": short_number,
        "shortened": shortened,
    }
    made.globals["no_links"] = Links()
    return made


_ENVIRONMENT = environment()


def fragment(picture: Picture, links: Links | None = None) -> Markup:
    """The picture as a part of a page, without script and style."""
    text = _ENVIRONMENT.get_template("picture.html").render(
        picture=picture, to=links or Links(), command=shlex.join(picture.command)
    )
    return Markup(text)  # noqa: S704  the template has escaped all of it


def standalone_page(picture: Picture) -> str:
    """The picture as one page that fetches nothing: all is in it, and its policy allows no more."""
    style, script = (_asset(name) for name in (STYLE, SCRIPT))
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    return _ENVIRONMENT.get_template("page.html").render(
        policy=policy,
        title=picture.title,
        style=Markup(style),  # noqa: S704  our own
        script=Markup(script),  # noqa: S704
        body=fragment(picture),
    )


def _asset(name: str) -> str:
    return (ASSETS / name).read_bytes().decode("utf-8").replace("\r\n", "\n")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
