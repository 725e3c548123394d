"""From what a person writes to what it names: hashes, and specs with a hash."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcache import Tables
from graphcache.analysis.matching.names import the_spec
from graphcache.errors import UsageError
from graphcache.schema import node_type
from graphcache.tables.columns import conform

HASHES = {
    "abcd" + "a" * 28: ("zlib", "1.3.1"),
    "abce" + "a" * 28: ("zlib", "1.2.13"),
    "abcf" + "a" * 28: ("hdf5", "1.14.3"),
    "b" * 32: ("hdf5", "1.14.3"),
}


def specs_of(specs: dict[str, tuple[str | None, str | None]]) -> Tables:
    """A graph of specs without edges."""
    rows = [{"hash": h, "name": n, "version": v} for h, (n, v) in sorted(specs.items())]
    type_ = node_type("Spec")
    made = Tables.empty()
    return Tables(made.nodes | {"Spec": conform(pa.Table.from_pylist(rows), type_)}, made.edges)


GRAPH = specs_of(dict(HASHES))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("/b", "bbb"),
        ("b", "bbb"),
        (" /b ", "bbb"),
        ("hdf5/a", "abcf"),
        ("hdf5 /a", "abcf"),
        ("zlib@1.3/abc", "abcd"),
        ("zlib@1.2:1.2/abc", "abce"),
        ("zlib@=1.2.13/abc", "abce"),
        ("/" + "b" * 32, "bbb"),
    ],
)
def test_a_text_with_a_hash_is_one_spec(text: str, begins: str) -> None:
    assert the_spec(GRAPH, text).startswith(begins)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an empty text: expected one spec, found none"),
        ("/", "/: expected a part of a spec, at character 1: '/'"),
        ("zlib/", "zlib/: expected a part of a spec, at character 5: '/'"),
        ("/zz", "/zz: no such spec in the graph, whose 4 specs have other hashes"),
        (
            "/abczz",
            "/abczz: no such spec in the graph. Hashes that begin with abc:\n"
            "  hdf5@1.14.3/abcfaaa\n  zlib@1.2.13/abceaaa\n  zlib@1.3.1/abcdaaa",
        ),
        ("zlib/b", "zlib/b: no such spec in the graph. The hash is of:\n  hdf5@1.14.3/bbbbbbb"),
        ("zlip/b", "zlip: no such package in the graph. Did you mean zlib?"),
        (
            "zlib@1.9/abcd",
            "zlib@1.9/abcd: no such spec in the graph. The hash is of:\n  zlib@1.3.1/abcdaaa",
        ),
        (
            "zlib/abc",
            "zlib/abc: expected one spec, found 2 specs:\n"
            "  zlib@1.2.13/abceaaa\n  zlib@1.3.1/abcdaaa",
        ),
    ],
)
def test_a_text_that_is_not_one_spec_says_what_there_is(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        the_spec(GRAPH, text)
    assert str(caught.value) == message


def test_an_error_lists_ten_specs_at_most() -> None:
    many = specs_of({f"a{at:031}": ("zlib", None) for at in range(1200)})
    with pytest.raises(UsageError) as caught:
        the_spec(many, "/a")
    lines = str(caught.value).splitlines()
    assert lines[0] == "/a: expected one spec, found 1,200 specs:"
    # Seven characters do not tell these apart.
    assert lines[1] == f"  zlib/a{0:031}"
    assert len(lines) == 12
    assert lines[-1] == "  … and 1,190 more"


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text("ab", min_size=8, max_size=8),
        st.tuples(st.sampled_from(["zlib", "hdf5"]), st.sampled_from(["1.2", "1.3"])),
        min_size=1,
        max_size=9,
    ),
    st.text("ab", min_size=1, max_size=4),
    st.sampled_from([None, ("zlib", None), ("zlib", "1.2"), ("hdf5", "1.3")]),
)
def test_the_spec_is_the_one_that_fits_in_all(
    specs: dict[str, tuple[str, str]], prefix: str, asked: tuple[str, str | None] | None
) -> None:
    name, version = asked or (None, None)
    text = f"{name or ''}{f'@={version}' if version else ''}/{prefix}"
    fitting = [
        hash_
        for hash_, said in specs.items()
        if hash_.startswith(prefix) and name in (None, said[0]) and version in (None, said[1])
    ]
    graph = specs_of(dict(specs))
    if len(fitting) == 1:
        assert the_spec(graph, text) == fitting[0]
    else:
        with pytest.raises(UsageError):
            the_spec(graph, text)
