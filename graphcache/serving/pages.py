"""The pages of what is there: each reads the address, asks the store, and renders.

They are plain functions, which Starlette runs in threads, since a store blocks while it works.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from graphcache.analysis.pictures.package import FILTERS, package_picture
from graphcache.kinds import names
from graphcache.queries import NamedQuery
from graphcache.schema import node_type
from graphcache.serving import contents, links
from graphcache.serving.asked import Asked, SiteLinks, asking
from graphcache.serving.questions import QUESTIONS
from graphcache.serving.rendering import page
from graphcache.stores.base import Load
from graphcache.views.pictures import asked as pictures
from graphcache.views.pictures.drawing import fragment
from graphcache.views.pictures.package import package as draw_package
from graphcache.words import counted

SUGGESTED = 5_000
"""Names that a form offers for a field."""
_OFFERED = 12
"""What the search field offers while one types."""


def home(request: Request) -> Response:
    """What may be asked, what is in the store, and how fresh that is."""
    with asking(request) as asked:
        description = asked.store.describe()
        given = request.app.state.advisories
        offered = {
            kind: names(asked.store, kind, most=SUGGESTED, timeout=contents.SECONDS)
            for kind in ("release", "stack")
        }
        return page(
            "home.html",
            description=description,
            fresh=_fresh(description.loads, datetime.now(UTC)),
            stacks=contents.stacks(asked.store),
            queries=request.app.state.library,
            foreign=asked.store.foreign(),
            questions=QUESTIONS.values(),
            offered=offered,
            latest=offered["release"][-2:],
            given_advisories=len(given.found) if given else 0,
        )


def _fresh(loads: list[Load], now: datetime) -> str:
    """When the store was last loaded, and how long ago that is."""
    if not loads:
        return "It is not known when it was made."
    last = loads[-1]
    try:
        age = now - datetime.fromisoformat(last.time)
    except ValueError:
        return f"Last loaded {last.time}, by {last.command}."
    minutes = int(age.total_seconds() // 60)
    ago = counted(minutes, "minute")
    if minutes >= 120:
        ago = (
            counted(minutes // 60, "hour") if minutes < 48 * 60 else counted(minutes // 1440, "day")
        )
    return f"Last loaded {last.time[:16].replace('T', ' ')}, {ago} ago, by {last.command}."


def suggest(request: Request) -> Response:
    """Names that begin with a text, or have it in them, as JSON: for the search field."""
    text = request.query_params.get("q", "").strip()
    with asking(request) as asked:
        found = contents.search(asked.store, text, most=_OFFERED) if text else None
    offered = []
    if found is not None:
        offered = [
            *([name, "package"] for (name,) in found.packages.rows),
            *([name, "stack"] for (name,) in found.stacks.rows),
            *([f"/{key}", f"{name} {version or ''}"] for key, name, version in found.specs.rows),
        ]
    return Response(json.dumps(offered[:_OFFERED]), media_type="application/json")


def search(request: Request) -> Response:
    """Where a text is found; a whole name or a hash goes straight to its page.

    What is more than a name or a hash is a spec, as `find` takes it.
    """
    text = request.query_params.get("q", "").strip()
    if not text:
        return RedirectResponse("/", HTTPStatus.SEE_OTHER)
    with asking(request) as asked:
        found, foreign = contents.search(asked.store, text), asked.store.foreign()
        hash_ = contents.one_hash(asked.part, text) if contents.is_spec(text, found) else None
    if contents.is_spec(text, found):
        address = links.address("/find", spec=text) if hash_ is None else links.spec_address(hash_)
        return RedirectResponse(address, HTTPStatus.SEE_OTHER)
    whole = _whole(text, found)
    if len(whole) == 1:
        return RedirectResponse(whole[0], HTTPStatus.SEE_OTHER)
    return page("search.html", searched=text, text=text, found=found, foreign=foreign)


def _whole(text: str, found: contents.Found) -> list[str]:
    """The pages of what has just this name or hash; if nothing has, of all that was found."""
    hash_ = contents.hash_in(text)
    pages = [
        *((name == text, links.package_address(name)) for (name,) in found.packages.rows),
        *((name == text, links.stack_address(name)) for (name,) in found.stacks.rows),
        *((key == hash_, links.spec_address(key)) for key, *_ in found.specs.rows),
    ]
    return [page for same, page in pages if same] or [page for _, page in pages]


def package(request: Request) -> Response:
    """A package: in what its specs differ, chosen by the address; and what needs them."""
    name = request.query_params.get("name", "")
    chosen = {f: value for f in FILTERS if (value := request.query_params.get(f))}
    with asking(request) as asked:
        if not contents.has(asked.store, node_type("Package"), name):
            return _missing(asked, "Package", name)
        found = package_picture(asked.part(package_picture.reads), name, chosen)
        foreign = asked.store.foreign()
    return page(
        "package.html",
        searched=name,
        name=name,
        choices=contents.sorted_choices(found.choices),
        picture=fragment(draw_package(found), SiteLinks()),
        foreign=foreign,
        chosen=chosen,
        queries=queries_with(request, "package"),
    )


def spec(request: Request) -> Response:
    """All about a spec; the beginning of a hash goes to the spec, or to those that begin so."""
    hash_ = request.path_params["hash"]
    with asking(request) as asked:
        found, foreign = contents.spec_page(asked.store, hash_), asked.store.foreign()
        if found is None:
            hashes = contents.spec_of_prefix(asked.store, hash_)
            if not hashes:
                return _missing(asked, "Spec", hash_)
            one = links.spec_address(hashes[0]) if len(hashes) == 1 else None
            return RedirectResponse(one or links.address("/search", q=hash_), HTTPStatus.SEE_OTHER)
        # By its whole hash, which may be one that no text of a spec could name.
        picture = asked.drawn(("spec", hash_), lambda: pictures.of_hash(asked.part, hash_))
    return page(
        "spec.html",
        searched=found.properties["hash"],
        found=found,
        picture=picture,
        foreign=foreign,
        queries=queries_with(request, "hash"),
    )


def stack(request: Request) -> Response:
    """A stack's roots and what they bring, its packages, and what it is built with and for."""
    name = request.query_params.get("name", "")
    release = request.query_params.get("release") or None  # the form sends any as empty
    with asking(request) as asked:
        found, foreign = contents.stack_page(asked.store, name, release), asked.store.foreign()
        if found is None:
            return _missing(asked, "Stack", name)
        picture = asked.drawn(
            ("stack", name, release), lambda: pictures.of_stack(asked.part, name, release)
        )
    return page(
        "stack.html",
        searched=name,
        name=name,
        found=found,
        picture=picture,
        foreign=foreign,
        release=release,
        queries=queries_with(request, "stack"),
    )


def store(request: Request) -> Response:
    """The whole store: its stacks, and what they share."""
    with asking(request) as asked:
        picture = asked.drawn("store", lambda: pictures.of_store(asked.part, "/package?name="))
        foreign = asked.store.foreign()
    return page("picture_page.html", title="The whole store", picture=picture, foreign=foreign)


def _missing(asked: Asked, type_name: str, key: str) -> Response:
    """That there is no such node, and what is like it."""
    type_ = node_type(type_name)
    close = [] if type_name == "Spec" else contents.close_to(asked.store, key, type_)
    return page(
        "missing.html",
        status=HTTPStatus.NOT_FOUND,
        searched=key,
        type=type_name,
        key=key,
        close=close,
    )


def queries_with(request: Request, parameter: str) -> list[NamedQuery]:
    """The queries that need only a value that a page has."""
    library: dict[str, NamedQuery] = request.app.state.library
    return [
        query
        for query in library.values()
        if any(p.name == parameter for p in query.parameters)
        and all(p.name == parameter or not p.required for p in query.parameters)
    ]
