"""Names and hashes in a spec that the graph does not have: never an empty success, wherever."""

from __future__ import annotations

import pytest

import graphcache as gc
from graphcache import UsageError
from graphcache.analysis import find, impact, usable, why
from graphcache.analysis.matching.names import the_spec

LOCK, PAGES = "tests/data/spack/radiuss.v6.spack.lock.gz", "examples/pages"


@pytest.fixture(scope="module")
def told() -> gc.Tables:
    """A graph of which all that specs need is known."""
    return gc.read(LOCK)[0]


@pytest.fixture(scope="module")
def mixed() -> gc.Tables:
    """The same, with specs of pages beside them, of which nothing that they need is known."""
    return gc.read(LOCK, PAGES)[0]


WRONG = [
    ("hdf5 ^/zzzzzzz", "^*/zzzzzzz: no such spec in the graph"),
    ("hdf5 %/zzzzzzz", "%*/zzzzzzz: no such spec in the graph"),
    ("zlib-ng/qqqqqqq", "zlib-ng/qqqqqqq: no such spec in the graph"),
    ("zlib-ng/bu5ezzz", "Hashes that begin with bu5e:\n  zlib-ng@2.3.2/bu5ehkv"),
    ("hdf5 ^zlib-ng/bu5ezzz", "Hashes that begin with bu5e:\n  zlib-ng@2.3.2/bu5ehkv"),
    ("hdf5 ^zlib-nf", "zlib-nf: no such package in the graph. Did you mean zlib-ng"),
    ("hdf5 %gccc", "gccc: no such package or compiler in the graph. Did you mean gcc"),
    ("hdf5 %c=gccc", "gccc: no such package or compiler in the graph. Did you mean gcc"),
    ("hdf5 %cxxx=gcc", "cxxx: no such virtual package in the graph. Did you mean cxx"),
    ("hdf5 ^[virtuals=mpii] openmpi", "mpii: no such virtual package in the graph. Did you mean m"),
    ("builtn.hdf5", "builtn: no such namespace in hdf5. Did you mean builtin?"),
    ("hdf5 ^builtn.zlib-ng", "builtn: no such namespace in zlib-ng. Did you mean builtin?"),
    ("hdf5 ^zlib-ng os=ubuntu2", "ubuntu2: no such operating system in the graph"),
    ("hdf5 ^zlib-ng target=zen44", "zen44: no such target in the graph. Did you mean zen4"),
    ("hdf5 platform=linuxx", "linuxx: no such platform in the graph. Did you mean linux?"),
    ("hdf5 ++sharedd", "sharedd: no such variant in the graph. Did you mean shared"),
    ("hdf5 %[when=+mpii] cmake", "mpii: no such variant in hdf5. Did you mean mpi"),
    (
        "hdf5 %[when='^zlib-nf'] cmake",
        "zlib-nf: no such package in the graph. Did you mean zlib-ng",
    ),
    ("hdf5 %[when='target=zen44'] cmake", "zen44: no such target in the graph. Did you mean zen4"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_name_that_is_not_there_is_an_error_with_the_nearest(
    told: gc.Tables, mixed: gc.Tables, text: str, said: str
) -> None:
    for tables in (told, mixed):
        for ask in (find, why, impact):
            with pytest.raises(UsageError) as caught:
                ask(tables, text)
            assert said in str(caught.value)
        with pytest.raises(UsageError) as caught:
            usable(tables, text, "zen4")
        assert said in str(caught.value)


@pytest.mark.parametrize("text", ["^zlib-nf", "%gccc", "^[virtuals=mpii] openmpi"])
def test_what_no_source_tells_may_have_any_name(mixed: gc.Tables, text: str) -> None:
    answer = find(mixed, f"py-ml-dtypes {text}")
    assert answer.rows == []
    assert answer.notes[0].startswith("66 specs may fit too: no source tells whether they are ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hdf5+mpii", "hdf5 has no variant mpii. Did you mean mpi or "),
        ("hdf5 ~mpii", "hdf5 has no variant mpii. Did you mean mpi or "),
        ("hdf5 zzz=1", "hdf5 has no variant zzz."),
        ("+mpii", "No spec has a variant mpii. Did you mean mpi"),
        ("hdf5 ^zlib-ng+sharedd", "zlib-ng has no variant sharedd. Did you mean shared"),
        ("hdf5 cflag=-O3", "hdf5 has no variant cflag. Did you mean cflags"),
    ],
)
def test_a_variant_that_no_spec_has_is_said(told: gc.Tables, text: str, said: str) -> None:
    answer = find(told, text)
    assert answer.rows == []
    assert [note for note in answer.notes if note.startswith(said)]


def test_a_variant_that_others_have_is_not_called_unknown(told: gc.Tables) -> None:
    (note,) = find(told, "hdf5+mpi~shared api=v18").notes
    assert note.startswith("none: no hdf5 in the graph is")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hdf5+mpii", "no hdf5 in the graph is +mpii. hdf5 has no variant mpii. Did you mean mpi"),
        ("zlib-ng@9", "no zlib-ng in the graph is @9; there are 2.3.2"),
        ("hdf5+mpi ^zlib-ng@9", "no hdf5 in the graph is ^zlib-ng@9"),
    ],
)
def test_where_one_spec_is_meant_and_nothing_fits_the_error_says_why(
    text: str, said: str, told: gc.Tables
) -> None:
    """As `find` says it in a note: what the error is of in `view` and `diff`."""
    (why_none, *_) = find(told, text).notes
    with pytest.raises(UsageError) as caught:
        the_spec(told, text)
    assert str(caught.value).startswith(f"{text}: {said}")
    assert why_none.removeprefix("none: ") in str(caught.value)
