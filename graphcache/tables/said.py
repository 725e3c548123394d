"""Who says of a spec that it is there, and where: one row per claim, spec and stack.

By these rows an update knows what another kind of source said, and leaves that as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from graphcache.records import Claim, Page, SourceKind, SpecList
from graphcache.tables.columns import SEPARATOR, anti_join, joined_texts, map_unique

UNION = "root"
"""What pages and manifests call the union index of a release; it is no stack."""
PAGE_CLAIM: SourceKind = "page"
"""The kind with which the text of a page's claim begins, and that of no other."""

SAID = pa.schema(
    [
        ("row", pa.int64()),  # of the specs
        ("claim", pa.string()),
        ("in_buildcache", pa.bool_()),
        ("stack", pa.string()),
        ("release", pa.string()),
        ("root", pa.bool_()),  # of the edge to the stack
        ("listed", pa.bool_()),  # by the union index: `root` of the edge to the release
    ]
)


def claim_text(claim: Claim) -> str:
    r"""A claim as one text, its kind first. Files, which nothing replaces, are all one.

    >>> claim_text(Claim("index", None, "e4s"))
    'index\x1f\x1fe4s'
    """
    name = "" if claim.kind == "file" else claim.name
    return SEPARATOR.join((claim.kind, claim.release or "", name))


def claim_of(text: str) -> Claim:
    """The claim of which `claim_text` made a text.

    >>> claim_of(claim_text(Claim("index", None, "e4s")))
    Claim(kind='index', release=None, name='e4s')
    """
    kind, release, name = text.split(SEPARATOR, 2)
    return Claim(cast(SourceKind, kind), release or None, name)


def page_claims(releases: Any, packages: Any) -> pa.Array:
    """The texts of what pages claim, whose releases and packages are given; null is no release.

    >>> list(map(claim_of, page_claims(pa.array([None, "v1"]), pa.array(["a", "b"])).to_pylist()))
    [Claim(kind='page', release=None, name='a'), Claim(kind='page', release='v1', name='b')]
    """
    return joined_texts(PAGE_CLAIM, pc.fill_null(releases, ""), packages)


def kinds_of(claims: Any) -> Any:
    """The kinds of sources in a column of claims as texts.

    >>> kinds_of(pa.array([claim_text(Claim("lock", "v1", "e4s"))])).to_pylist()
    ['lock']
    """
    return pc.list_element(pc.split_pattern(claims, SEPARATOR, max_splits=1), 0)


def parts_of(claims: Any) -> tuple[Any, Any, Any]:
    """Kinds, releases (null where none is named) and names in a column of claims as texts.

    >>> [part.to_pylist() for part in parts_of(pa.array([claim_text(Claim("lock", None, "e4s"))]))]
    [['lock'], [None], ['e4s']]
    """
    parts = pc.split_pattern(claims, SEPARATOR, max_splits=2)
    kind, release, name = (pc.list_element(parts, at) for at in range(3))
    return kind, pc.if_else(pc.equal(release, ""), pa.scalar(None, pa.string()), release), name


def are_by_pages(claims: Any) -> Any:
    """Which of a column of claims as texts are of pages.

    >>> are_by_pages(page_claims(pa.array(["v1"]), pa.array(["zlib"]))).to_pylist()
    [True]
    """
    return pc.starts_with(claims, PAGE_CLAIM)


def claims_of(said: pa.Table) -> list[Claim]:
    """What is claimed in the column `claim`, each once."""
    return list(map(claim_of, pc.unique(said["claim"]).to_pylist()))


def lock_claims(said: pa.Table) -> list[Claim]:
    """What lock files claim."""
    return [claim for claim in claims_of(said) if claim.kind == "lock"]


def holds_no_root(said: pa.Table, index: Claim) -> bool:
    """Whether an index lists none of the roots that a lock file names of its stack and release."""
    lock = claim_text(Claim("lock", index.release, index.name))
    of_lock = said.filter(pc.equal(said["claim"], lock))
    roots = of_lock["row"].filter(pc.fill_null(of_lock["root"], False))
    listed = said["row"].filter(pc.equal(said["claim"], claim_text(index)))
    return len(roots) > 0 and len(listed) > 0 and not pc.any(pc.is_in(roots, listed)).as_py()


def with_names(said: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Who says what, with other names of stacks."""

    def stack(name: str) -> str:
        return names.get(name, name)

    def claim(text: str) -> str:
        named = claim_of(text)
        return claim_text(named._replace(name=stack(named.name)))

    for column, renamed in (("claim", claim), ("stack", stack)):
        texts = map_unique(said[column], renamed, pa.string())
        said = said.set_column(said.column_names.index(column), column, texts)
    return said


def in_stack(said: pa.Table) -> pa.Table:
    """Row, stack, release and whether it is a root, of what is in a stack."""
    chosen = said.filter(pc.is_valid(said["stack"]))
    return chosen.select(["row", "stack", "release", "root"])


def in_release(said: pa.Table) -> pa.Table:
    """Row, release and whether the union index lists it (`root`), of what is in a release."""
    chosen = said.filter(pc.is_valid(said["release"]))
    return chosen.select(["row", "release", "listed"]).rename_columns(["row", "release", "root"])


def said_by_pages(pages: list[Page], page_of: pa.Array, stacks: pa.Array) -> pa.Table:
    """What pages say: of each record, in order, the position of its page and its stacks."""
    claims = [page.claim("") for page in pages]
    row, stack = pc.list_parent_indices(stacks).cast(pa.int64()), pc.list_flatten(stacks)
    is_union = pc.equal(stack, UNION)
    pairs = pa.table({"row": row, "stack": stack}).filter(pc.invert(is_union))
    rows = pa.table({"row": pa.array(range(len(page_of)), pa.int64())})
    alone = anti_join(rows, rows["row"], pairs["row"])
    pairs = pa.concat_tables([pairs, alone], promote_options="default")
    at = page_of.take(pairs["row"].combine_chunks())

    def per_page(values: list[Any], type_: pa.DataType) -> Any:
        return pa.array(values, type_).take(at)

    columns = {
        "row": pairs["row"],
        "claim": per_page([claim and claim_text(claim) for claim in claims], pa.string()),
        "in_buildcache": per_page([page.in_buildcache for page in pages], pa.bool_()),
        "stack": pairs["stack"],
        "release": per_page([page.release for page in pages], pa.string()),
        "root": pa.nulls(len(at), pa.bool_()),
        "listed": pc.is_in(pairs["row"], row.filter(is_union)),
    }
    said = pa.table(columns, schema=SAID)
    # A page that only mentions specs claims nothing.
    return said.filter(pc.is_valid(said["claim"]))


def said_by_lists(lists: list[SpecList]) -> pa.Table:
    """What Spack's own files say; what a cache only needs, and does not hold, is nowhere."""
    rows: list[tuple[Any, ...]] = []
    for list_ in lists:
        claim, union = claim_text(list_.claim("")), list_.stack == UNION
        place = (None if union else list_.stack, list_.release)
        listed = (union and list_.release is not None) or None
        for entry in list_.entries:
            held = entry.in_buildcache
            if held is False or entry.only_needed:
                rows.append((len(rows), claim, held, None, None, None, None))
            else:
                root = entry.root if place[0] else None
                rows.append((len(rows), claim, held, *place, root, listed))
    columns = zip(*rows, strict=True) if rows else [() for _ in SAID]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SAID, strict=True)], schema=SAID)
