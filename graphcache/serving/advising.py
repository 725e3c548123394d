"""The pages of what advisories touch, and the bills of material of what a cache holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from graphcache.analysis.advising.findings import Findings
from graphcache.analysis.advising.findings import advisories as find
from graphcache.analysis.bills import sbom as find_bill
from graphcache.errors import NotKnownError, UsageError
from graphcache.kinds import Kind
from graphcache.records import Report
from graphcache.records.advisories import Advisory
from graphcache.serving import links
from graphcache.serving.asked import Given, SiteLinks, asking, form, given
from graphcache.serving.named import ROWS_SHOWN, as_file, offered
from graphcache.serving.questions import DEPTYPES
from graphcache.serving.rendering import page
from graphcache.serving.sent import FORMATS, Sent, as_path, sent
from graphcache.sources.advisories import read_advisories
from graphcache.views import bills
from graphcache.views.pictures.answer import answer as draw_answer
from graphcache.views.pictures.drawing import Picture, fragment
from graphcache.words import counted

_TITLE = "What do advisories touch?"
_LINKED = "link,run"
"""Along which dependencies what an advisory means is followed, if nothing else is said."""
_PLACES = {"stack": "", "release": "", "deptype": _LINKED}
"""What narrows an answer, with what stands for nothing said."""
_SUGGESTED: list[Kind] = ["release", "stack"]
_SHOWN = [
    *("advisory", "package", "versions", "stack", "release", "self", "direct", "transitive"),
    *("build_only", "rebuild", "roots", "fixed", "targets", "match", "verdict", "because"),
]
"""The columns of an answer in the order in which a page has them: what counts first."""
_MOST_NOT_READ = 10
_PASTED = "ADVISORY.json"
_WRONG = (NotKnownError, UsageError)


@dataclass(frozen=True, slots=True)
class GivenAdvisories:
    """Advisories, and by which words a command gets them."""

    words: Sequence[str]
    found: Sequence[Advisory]
    not_read: Sequence[str]
    """What of them was not read, a line each: nobody is to take it for an all-clear."""

    @classmethod
    def read(cls, paths: Iterable[str]) -> GivenAdvisories:
        """Those that the server is started with.

        Raises:
            InputError: there are none.
        """
        words = list(paths)
        found, report = read_advisories(words)
        return cls(words, found, _not_read(report))


def _not_read(report: Report) -> list[str]:
    lines = [f"Not read: {reject}" for reject in report.rejects[:_MOST_NOT_READ]]
    if report.rejected > _MOST_NOT_READ:
        lines.append(f"And {report.rejected - _MOST_NOT_READ:,} more that were not read.")
    return lines


async def advisories(request: Request) -> Response:
    """What advisories touch: those that are sent, or those that the server was started with."""
    if request.method == "POST":
        form_sent = await sent(request)
        return await run_in_threadpool(_of_sent, request, form_sent)
    return await run_in_threadpool(_of_start, request)


def _of_start(request: Request) -> Response:
    wanted = form(request, FORMATS)
    texts = given(request, "format")
    places = _places({name: values[-1] for name, values in texts.items()})
    held: GivenAdvisories | None = request.app.state.advisories
    if held is None:
        if wanted != "html":
            raise UsageError(
                "no advisories: send them in the form of this page, or start the server with "
                "'graphcache serve --advisories FOLDER'"
            )
        return _page(request, places)
    return _answered(request, held, places, wanted, texts)


def _of_sent(request: Request, form_sent: Sent) -> Response:
    places = _places(form_sent.fields)
    try:
        held = _read_sent(form_sent)
    except UsageError as error:
        return _page(request, places, error=error.at_shell)
    return _answered(request, held, places, form_sent.format, None)


def _read_sent(form_sent: Sent) -> GivenAdvisories:
    content = form_sent.content("advisory")
    if not content:
        raise UsageError("expected an advisory in OSV's form, pasted or as a file, found nothing")
    name = form_sent.file_name or "what was pasted"
    with as_path(content, name) as path:
        found, report = read_advisories([path])
        not_read = [line.replace(str(path), name) for line in _not_read(report)]
    return GivenAdvisories([form_sent.file_name or _PASTED], found, not_read)


def _places(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields.get(name, "").strip() or default for name, default in _PLACES.items()}


def _answered(
    request: Request,
    held: GivenAdvisories,
    places: Mapping[str, str],
    wanted: str,
    texts: Given | None,
) -> Response:
    """The answer; `texts` is the query string of a page whose address says all."""
    try:
        with asking(request) as asked:
            found = find(
                asked.part(find.reads),
                held.found,
                stack=places["stack"] or None,
                release=places["release"] or None,
                deptype=places["deptype"],
            )
    except _WRONG as error:
        if wanted != "html":
            raise
        return _page(request, places, error=error.at_shell)
    if wanted != "html":
        return as_file("advisories", found.detailed if wanted == "json" else found.answer, wanted)
    command = ["graphcache", "advisories", *held.words]
    for name, default in _PLACES.items():
        if places[name] != default:
            command += [f"--{name}", places[name]]
    return _page(request, places, _drawn(found, held, command), command, texts)


def _drawn(found: Findings, held: GivenAdvisories, command: Sequence[str]) -> Picture:
    at = [found.answer.columns.index(name) for name in _SHOWN]
    rows = [tuple(row[number] for number in at) for row in found.answer.rows]
    shown = draw_answer(
        replace(found.answer, columns=_SHOWN, rows=rows),
        _TITLE,
        _said(found, held),
        rows=ROWS_SHOWN,
        tidy=True,
    )
    return replace(
        shown,
        notes=[*held.not_read, *shown.notes],
        under=counted(len(held.found), "advisory", "advisories"),
    )


def _said(found: Findings, held: GivenAdvisories) -> str:
    """The answer in a sentence: no all-clear as long as something was not read."""
    if not found:
        said = f"{counted(len(held.found), 'advisory', 'advisories')}: none touches it"
        return f"{said}, but not all could be read." if held.not_read else f"{said}."
    affected = [one for one in found.found if one.state == "affected"]
    touched = {spec["hash"] for one in affected for spec in one.specs}
    names = {one.advisory.id for one in affected}
    said = (
        f"{counted(len(names), 'advisory touches', 'advisories touch')} "
        f"{counted(len(touched), 'spec')} of "
        f"{counted(len({one.package for one in affected}), 'package')}."
        if affected
        else "Nothing is sure to be affected."
    )
    unsure = {one.advisory.id for one in found.found if one.state != "affected"}
    if unsure:
        said += f" Of {counted(len(unsure), 'advisory', 'advisories')} it can't be decided."
    return said


def _page(
    request: Request,
    places: Mapping[str, str],
    picture: Picture | None = None,
    command: Sequence[str] = (),
    texts: Given | None = None,
    *,
    error: str | None = None,
) -> Response:
    held: GivenAdvisories | None = request.app.state.advisories
    return page(
        "advisories.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        title=_TITLE,
        token=request.app.state.token,
        places=places,
        deptypes=DEPTYPES,
        offered=offered(request, _SUGGESTED),
        held=held,
        picture=fragment(picture, SiteLinks()) if picture else None,
        command=shlex.join(command),
        as_format=None
        if texts is None
        else lambda kind: links.address("/advisories", **{**texts, "format": kind}),
        error=error,
    )


# Bills of material --------------------------------------------------------------------------------


def sbom(request: Request) -> Response:
    """The bill of material of a spec or of a stack, as a file."""
    format_ = form(request, tuple(bills.ENDINGS))
    texts = {name: values[-1] for name, values in given(request, "format").items()}
    spec, stack, release = (texts.get(name) or None for name in ("spec", "stack", "release"))
    write = bills.writer(format_)
    with asking(request) as asked:
        loads = asked.store.describe().loads
        bill = find_bill(
            asked.part(find_bill.reads), [spec] if spec else [], stack=stack, release=release
        )
    name = bills.file_name("-".join(filter(None, (bill.name, bill.release)))) or "bill"
    text = write(bill, bills.created(loads[-1].time if loads else ""))
    return Response(
        text,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name[:100]}{bills.ENDINGS[format_]}"'
        },
    )
