"""Specs that are read at once, or their dependencies: the same comes of them as of each alone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from campaigns.inputs import DOCUMENTS
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st
from pairwise import all_pairs
from test_fuzz import EXAMPLES, Change, changes, json_values, places, put

from graphcache import InputError, Report, Tables, read
from graphcache.records import Labels, SpecList
from graphcache.sources import read_file
from graphcache.sources.inputs import InputFile
from graphcache.sources.plain_specs import PlainSpecs

ROOT = Path(__file__).parents[1]
SITE = ROOT / "examples/site"
A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def spec(spec_hash: str, name: str, *needs: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A spec as Spack 1 writes it, and what it needs, by hash and name."""
    return {
        "name": name,
        "version": "1.0",
        "arch": {"platform": "linux", "platform_os": "debian12", "target": "zen4"},
        "namespace": "builtin",
        "parameters": {"shared": True, "arch": ["80", "90"], "cflags": ["-O2"]},
        "package_hash": "d" * 52,
        **({"dependencies": [need(*one) for one in needs]} if needs else {}),
        "annotations": {"original_specfile_version": 5},
        "hash": spec_hash,
        **more,
    }


def need(spec_hash: str, name: str, **more: Any) -> dict[str, Any]:
    parameters = {"deptypes": ["build", "link"], "virtuals": ["mpi", "c"]}
    return {"name": name, "hash": spec_hash, "parameters": parameters, **more}


SPECS = {
    A: spec(A, "hdf5", (B, "zlib"), (C, "gcc")),
    B: spec(B, "zlib", (C, "gcc"), patches=["e" * 64]),
    C: spec(C, "gcc", external={"path": "/usr", "module": None, "extra_attributes": {"a": 1}}),
}


def compact(value: Any) -> bytes:
    """As Spack writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


def index_of(specs: dict[str, Any], version: str = "8") -> bytes:
    installs = {
        key: {"spec": one, "ref_count": 1, "in_buildcache": True} for key, one in specs.items()
    }
    return compact({"database": {"version": version, "installs": installs}})


def lock_of(specs: dict[str, Any], version: int = 6) -> bytes:
    meta = {"file-type": "spack-lockfile", "lockfile-version": version, "specfile-version": 5}
    roots = [{"hash": A, "spec": "hdf5"}]
    return compact({"_meta": meta, "roots": roots, "concrete_specs": specs})


def shortened(file: Path) -> bytes:
    """A real file with its first specs alone, which need others that it does not have."""
    whole = json.loads(gzip.decompress(file.read_bytes()))
    specs = whole["concrete_specs"] if "concrete_specs" in whole else whole["database"]["installs"]
    for key in list(specs)[8:]:
        del specs[key]
    return compact(whole)


def closed(file: Path) -> bytes:
    """A real file with the specs alone that need nothing but what is kept."""
    whole = json.loads(gzip.decompress(file.read_bytes()))
    installs = whole["database"]["installs"]
    while gone := [
        key
        for key, one in installs.items()
        if any(d["hash"] not in installs for d in one["spec"].get("dependencies", ()))
        or len(one["spec"].get("dependencies", ())) > 6
    ]:
        for key in gone:
            del installs[key]
    return compact(whole)


REAL = [
    shortened(SITE / "my-env/spack.lock.gz"),
    shortened(SITE / "develop/io/index.json.gz"),
    closed(SITE / "develop/io/index.json.gz"),
    index_of(SPECS),
    lock_of(SPECS),
]


def told(report: Report) -> tuple[Any, ...]:
    return (
        report.files,
        report.records,
        list(map(str, report.rejects)),
        list(report.warnings.items()),
        report.skipped,
    )


def read_all_ways(file: Path) -> list[tuple[Tables, tuple[Any, ...]] | str]:
    """What is read; where no index is plain as a whole; and where no spec is taken for plain."""
    outcomes: list[tuple[Tables, tuple[Any, ...]] | str] = []
    nothing: Callable[..., None] = lambda plain, *data: None  # noqa: E731
    for careful in ((), ("index",), ("index", "spec", "install")):
        with pytest.MonkeyPatch.context() as patch:
            for way in careful:
                patch.setattr(PlainSpecs, way, nothing)
            try:
                tables, report = read(file)
            except InputError as error:
                outcomes.append(str(error))
            else:
                outcomes.append((tables, told(report)))
    return outcomes


def assert_same(file: Path, document: bytes) -> tuple[Tables, tuple[Any, ...]] | str:
    file.write_bytes(document)
    fast, *careful = read_all_ways(file)
    assert careful == [fast, fast]
    return fast


def plain(document: bytes) -> int:
    """How many specs of a document are plain; -1 where what they need is in doubt."""
    whole = json.loads(document)
    specs = PlainSpecs(document)
    found: list[Any] = []
    if "database" in whole:
        for one in whole["database"]["installs"].values():
            found.append(specs.install(compact(one)))
    else:
        for one in whole["concrete_specs"].values():
            found.append(specs.spec(compact(one)))
    return sum(one is not None for one in found)


def test_specs_as_spack_writes_them_are_plain() -> None:
    assert [plain(document) for document in REAL] == [8, 8, 44, 3, 3]


def test_an_index_of_plain_specs_is_plain_as_a_whole() -> None:
    read_at_once = [PlainSpecs(document).index() for document in REAL]
    assert [one and len(one[1]) for one in read_at_once] == [None, 8, 44, 3, None]


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(SITE.rglob("*.gz")), ids=lambda file: str(file.parent.name))
def test_real_files_are_read_the_same_all_ways(tmp_path: Path, file: Path) -> None:
    found = assert_same(tmp_path / "spack.lock", gzip.decompress(file.read_bytes()))
    assert not isinstance(found, str)
    assert found[0].edge_counts()["DEPENDS_ON"] > 100


@pytest.mark.parametrize("file", sorted(SITE.rglob("*.gz")), ids=lambda file: str(file.parent.name))
def test_what_specs_of_real_files_need_is_read_at_once(file: Path) -> None:
    data = gzip.decompress(file.read_bytes())
    (said,), _ = read_file(InputFile(str(file), data, True), Labels())
    assert isinstance(said, SpecList)
    assert said.needs is not None
    assert said.needs.num_rows == data.count(b'"deptypes":')


def change_document(steps: list[float], value: Any) -> Change:
    """One value replaced by another, and the rest as compact as it was."""

    def change(document: bytes) -> bytes:
        try:
            whole = put(json.loads(document), steps, value)
            return compact(whole)
        except (ValueError, RecursionError, TypeError):
            return document

    return change


in_values = st.builds(change_document, st.lists(places, min_size=3, max_size=8), json_values)


@pytest.mark.slow
@tries(EXAMPLES or 250)
@given(
    document=st.sampled_from([*REAL, *DOCUMENTS]),
    damage=st.lists(in_values | changes, min_size=1, max_size=3),
)
def test_damaged_documents_are_read_the_same_all_ways(
    tmp_path: Path, document: bytes, damage: list[Change]
) -> None:
    for change in damage:
        document = change(document)
    assert_same(tmp_path / "document", document)


TEXTS: dict[str, tuple[str, str]] = {
    "key twice": ('"version": "1.0"', '"version": "2", "version": "1.0"'),
    "key twice, one escaped": ('"version": "1.0"', '"versio\\u006e": "2", "version": "1.0"'),
    "key twice, one before a space": ('"version": "1.0"', '"version" :"2", "version": "1.0"'),
    "key twice in place of another": ('"namespace": "builtin"', '"name": "x"'),
    "key twice in arch": ('"target": "zen4"', '"target": "x", "target": "zen4"'),
    "key twice in parameters": ('"shared": true', '"shared": false, "shared": true'),
    "key twice in a dependency": ('"name": "zlib"', '"name": "x", "name": "zlib"'),
    "key twice in kinds": ('"virtuals": ["mpi"', '"virtuals": [], "virtuals": ["mpi"'),
    "key twice in an install": ('"ref_count": 1', '"ref_count": 1, "ref_count": 1'),
    "unknown key": ('"version": "1.0"', '"version": "1.0", "x": {"y": 1}'),
    "unknown key in a dependency": ('"name": "zlib"', '"name": "zlib", "x": 1'),
    "older hash": ('"version": "1.0"', f'"version": "1.0", "full_hash": "{"e" * 32}"'),
    "no such hash": (f'"hash": "{B}", "parameters"', f'"hash": "{"e" * 32}", "parameters"'),
    "no hash": (f'"hash": "{B}", "parameters"', '"hash": null, "parameters"'),
    "unknown type": ('"deptypes": ["build"', '"deptypes": ["other"'),
    "null for a type": ('"deptypes": ["build"', '"deptypes": [null'),
    "empty virtual": ('"virtuals": ["mpi"', '"virtuals": [""'),
    "long virtual": ('"virtuals": ["mpi"', f'"virtuals": ["{"x" * 1_001}"'),
    "virtual twice": ('"virtuals": ["mpi"', '"virtuals": ["c"'),
    "no kinds": (', "parameters": {"deptypes"', ', "other": {"deptypes"'),
    "form 0": ('"original_specfile_version": 5', '"original_specfile_version": 0'),
    "form of text": ('"original_specfile_version": 5', '"original_specfile_version": "5"'),
    "written target": ('"target": "zen4"', '"target": {"name": "zen4", "features": ["avx"]}'),
    "object for dependencies": ('"dependencies": [', '"dependencies": {"x": ['),
    "null for dependencies": ('"dependencies": [', '"dependencies": null, "x": ['),
    "another spec in the line": (
        '"virtuals": ["mpi", "c"]}}]',
        '"virtuals": []}}]}, {"row": 1, "needs": []',
    ),
    "end of a need in a virtual": ('"mpi"', '"}},{"'),
    "end of a need in a virtual, escaped": ('"mpi"', '"\\"]}},{\\"name\\":"'),
    "kinds in a virtual": ('"mpi"', '",\\"parameters\\":"'),
    "two needs as one": ('{"name": "zlib"', '{"name": "zlib"}},{"name": "zlib"'),
    "no need between commas": ("}}, {", "}}, , {"),
    "five keys twice": (
        '"parameters": {"deptypes": ["build", "link"], "virtuals": ["mpi", "c"]}}',
        '"name": "zlib", "name": "zlib", "name": "zlib", "parameters": {"deptypes": [], '
        '"deptypes": [], "deptypes": [], "virtuals": []}}',
    ),
    "key of a colon": ('"namespace": "builtin"', '"namespace": ":builtin"'),
    "five colons": ('"patches": ["', f'"patches": [{", ".join(5 * [chr(34) + ":" + chr(34)])}, "'),
    "key twice in an external": ('"path": "/usr"', '"path": "/", "path": "/usr"'),
    "key twice below an external": ('{"a": 1}', '{"a": 1, "a": 2}'),
    "null for an external": ('"external": {', '"external": null, "x": {'),
    "compiler": (
        '"namespace": "builtin"',
        '"namespace": "builtin", "compiler": {"name": "gcc", "version": "12.1.0"}',
    ),
    "key twice in a compiler": (
        '"namespace": "builtin"',
        '"namespace": "builtin", "compiler": {"name": "gcc", "version": "1", "version": "2"}',
    ),
    "compiler noted": (
        '"original_specfile_version": 5',
        '"original_specfile_version": 4, "compiler": "gcc@=10.5.0"',
    ),
    "spliced": (
        '"namespace": "builtin"',
        f'"namespace": "builtin", "build_spec": {{"name": "hdf5", "hash": "{B}"}}',
    ),
    "an installation": (
        '"in_buildcache": true',
        '"installed": true, "path": null, "explicit": true, "installation_time": 1.5',
    ),
    "number for a variant": ('"shared": true', '"shared": 1e999'),
    "beyond ASCII": ('"version": "1.0"', '"version": "é"'),
    "hidden character": ('"version": "1.0"', '"version": "\\u0001"'),
    "hash of another": (f'"hash": "{B}", "patches"', f'"hash": "{A}", "patches"'),
    "hash of another, and what it needs is wrong": (
        '"virtuals": ["mpi", "c"]}}], "annotations": {"original_specfile_version": 5}, '
        f'"hash": "{B}"',
        f'"virtuals": {{}}}}}}], "annotations": {{"original_specfile_version": 5}}, "hash": "{A}"',
    ),
    "hash in capitals": (f'"hash": "{A}"', f'"hash": "{"A" * 32}"'),
}


@pytest.mark.parametrize(
    ("name", "spaced", "form"), [*all_pairs([*TEXTS], ["compact", "spaced"], ["index", "lock"])]
)
def test_what_is_not_as_spack_writes_it_is_read_the_same_all_ways(
    tmp_path: Path, name: str, spaced: str, form: str
) -> None:
    document = index_of(SPECS) if form == "index" else lock_of(SPECS)
    old, new = TEXTS[name]
    if spaced == "spaced":
        document = json.dumps(json.loads(document)).encode()
    else:
        old, new = (text.replace(": ", ":").replace(", ", ",") for text in (old, new))
    changed = document.replace(old.encode(), new.encode(), 1)
    if "install" not in name or b"database" in document:
        assert changed != document
    assert_same(tmp_path / "document", changed)


@pytest.mark.parametrize("behind", [b" \n", b"\x0c", b"\x0b", b"\0", b"{}"])
@pytest.mark.parametrize("document", [index_of(SPECS), lock_of(SPECS)], ids=["index", "lock"])
def test_what_stands_behind_a_document_is_read_the_same_all_ways(
    tmp_path: Path, document: bytes, behind: bytes
) -> None:
    found = assert_same(tmp_path / "document", document + behind)
    assert isinstance(found, str) == bool(behind.strip(b" \n"))


@pytest.mark.parametrize("version", [1, 3, 4, 5, 7, 8])
def test_lock_files_of_other_versions_are_read_the_same_all_ways(
    tmp_path: Path, version: int
) -> None:
    assert_same(tmp_path / "spack.lock", lock_of(SPECS, version))


def test_what_specs_need_is_read_with_types_and_virtuals(tmp_path: Path) -> None:
    found = assert_same(tmp_path / "index.json", index_of(SPECS))
    assert not isinstance(found, str)
    tables, (_, records, rejects, warnings, _) = found
    assert (records, rejects, warnings) == (3, [], [])
    assert tables.edges["DEPENDS_ON"].to_pylist() == [
        {"from": start, "to": end, "types": ["build", "link"], "virtuals": ["c", "mpi"]}
        for start, end in ((A, B), (A, C), (B, C))
    ]
