"""JSON in which a key stands twice: a decoder keeps the last one, so the reader has to look."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import old_forms
import oracle
import pytest
from test_spack_dependencies import A, B, body, index, lock, of_form_1, spec_file

from graphcache import InputError, Report, Tables, read
from graphcache.sources.keys import frame, is_in_order, repeated_key
from graphcache.workflows import read_manifest

Json = dict[str, Any]
Place = tuple[str | int, ...]
FULL = body(
    "hdf5",
    A,
    {"name": "zlib", "hash": B, "type": ["link"], "parameters": {"deptypes": ["link"]}},
    parameters={"mpi": True, "cflags": ["-O2"]},
    external={"path": "/usr", "extra_attributes": {"compilers": {"c": "/usr/bin/gcc"}}},
    annotations={"original_specfile_version": 4, "compiler": {"name": "gcc", "version": "9"}},
    arch={
        "platform": "linux",
        "platform_os": "ubuntu20.04",
        "target": {"name": "zen2", "vendor": "AMD", "features": ["avx"], "parents": ["zen"]},
    },
)
DOCUMENTS: dict[str, Json] = {
    "index": index(FULL, body("zlib", B)),
    "lock": lock(
        FULL,
        body("zlib", B),
        roots=[{"hash": A, "spec": "hdf5"}],
        include_concrete={"/base.d": lock(body("xz", "d" * 32), roots=[{"hash": "d" * 32}])},
        spack={"version": "1.0"},
    ),
    "spec file": spec_file(FULL, body("zlib", B)),
    "spec file of form 1": {"spec": [of_form_1(FULL), of_form_1(body("zlib", B))]},
    **{f"old index {v}": old_forms.index(v) for v in (5, 7)},
}


def steps(value: Any) -> list[tuple[str | int, Any]]:
    """What is in a value, by key or number."""
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def objects(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where there are objects that have a key."""
    if isinstance(value, dict) and value:
        yield place
    for step, item in steps(value):
        yield from objects(item, (*place, step))


def text_of(value: Any, twice: Place | None, style: Json) -> str:
    """The value as JSON, in which the object at a place has its first key twice."""
    inside = [(step, text_of(item, within(twice, step), style)) for step, item in steps(value)]
    if isinstance(value, list):
        return f"[{', '.join(text for _, text in inside)}]"
    if not isinstance(value, dict):
        return json.dumps(value)
    pairs = [(json.dumps(key), text) for key, text in inside]
    if twice == ():
        key, text = pairs[0]
        escaped = f'"\\u{ord(key[1]):04x}{key[2:]}'
        pairs.append((escaped if style.get("escaped") else key, text))
    colon = style.get("spaced", "") + ": "
    return "{" + ", ".join(key + colon + text for key, text in pairs) + "}"


def within(place: Place | None, step: str | int) -> Place | None:
    return place[1:] if place and place[0] == step else None


def read_text(folder: Path, text: str) -> tuple[Tables | None, Report]:
    path = folder / "file"
    path.write_text(text)
    try:
        return read(path)
    except InputError as error:
        return None, error.report or Report()


CASES = [(kind, place) for kind, said in DOCUMENTS.items() for place in objects(said)]


@pytest.mark.slow
@pytest.mark.parametrize("style", [{}, {"spaced": " "}, {"spaced": "\n"}, {"escaped": True}])
def test_a_key_twice_in_any_object_is_rejected(tmp_path: Path, style: Json) -> None:
    """A file for each object, all read in one go: that takes a tenth of the time."""
    cases = {str(tmp_path / str(number)): case for number, case in enumerate(CASES)}
    for path, (kind, place) in cases.items():
        Path(path).write_text(text_of(DOCUMENTS[kind], place, style))
    _, report = read(*cases)
    said = {reject.file for reject in report.rejects if "stands twice" in reject.why}
    assert [case for path, case in cases.items() if path not in said] == []
    assert report.records == report.kept + sum(reject.record for reject in report.rejects)


@pytest.mark.slow
@pytest.mark.parametrize("style", [{}, {"spaced": " "}])
def test_no_key_twice_is_no_reject(tmp_path: Path, style: Json) -> None:
    for said in DOCUMENTS.values():
        tables, report = read_text(tmp_path, text_of(said, None, style))
        assert report.rejects == []
        plain, _ = read_text(tmp_path, json.dumps(said))
        assert tables is not None
        assert plain is not None
        assert tables.digest() == plain.digest()


# What is said, and what is kept -------------------------------------------------------------------


def entries(*pairs: tuple[str, Json]) -> str:
    return "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(said)}" for key, said in pairs) + "}"


def installs(*pairs: tuple[str, Json]) -> str:
    inside = entries(*((key, {"spec": node, "in_buildcache": True}) for key, node in pairs))
    return f'{{"database": {{"version": "7", "installs": {inside}}}}}'


def locked(*pairs: tuple[str, Json]) -> str:
    meta = '{"lockfile-version": 4, "specfile-version": 2}'
    return f'{{"_meta": {meta}, "roots": [], "concrete_specs": {entries(*pairs)}}}'


NEW, OLD = body("zlib", A, version="99"), body("zlib", A, version="1")


@pytest.mark.parametrize(
    ("write", "place"),
    [(installs, "database.installs"), (locked, "concrete_specs")],
)
def test_of_a_hash_that_stands_twice_the_first_is_kept(
    tmp_path: Path, write: Any, place: str
) -> None:
    text = write((A, OLD), (B, body("xz", B)), (A, NEW), (A, body("zlib", A, version="2")))
    tables, report = read_text(tmp_path, text)
    assert tables is not None
    assert tables.nodes["Spec"]["version"].to_pylist() == ["1", "1.0"]
    assert [str(reject) for reject in report.rejects] == [
        f"{tmp_path}/file: {place}.{A}: stands twice: the first is kept"
    ] * 2
    assert (report.records, report.kept) == (4, 2)


def test_of_a_spec_file_too(tmp_path: Path) -> None:
    tables, report = read_text(tmp_path, json.dumps(spec_file(OLD, NEW)))
    assert tables is not None
    assert tables.nodes["Spec"]["version"].to_pylist() == ["1"]
    assert [(reject.field, reject.record) for reject in report.rejects] == [
        ("spec.nodes.1.hash", True)
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (installs((A, OLD))[:-1] + ', "database": {"version": "7", "installs": {}}}', "database"),
        (installs((A, OLD)).replace('"installs"', '"installs": {}, "installs"'),
         "database.installs"),
        (locked((A, OLD)).replace('"roots": []', '"concrete_specs": {}'), "concrete_specs"),
        (json.dumps(spec_file(OLD))[:-2] + ', "nodes": []}}', "spec.nodes"),
        (json.dumps(spec_file(OLD))[:-1] + ', "spec": {"nodes": []}}', "spec"),
    ],
)  # fmt: skip
def test_where_all_stands_twice_the_file_is_rejected(tmp_path: Path, text: str, why: str) -> None:
    tables, report = read_text(tmp_path, text)
    assert tables is None
    assert [str(reject) for reject in report.rejects] == [f"{tmp_path}/file: {why}: stands twice"]


def test_a_key_twice_in_a_spec_costs_no_other(tmp_path: Path) -> None:
    twice = json.dumps(index(FULL, body("zlib", B))).replace(
        '"platform": "linux"', '"platform": "linux", "platform": "darwin"', 1
    )
    tables, report = read_text(tmp_path, twice)
    assert tables is not None
    assert tables.nodes["Spec"]["name"].to_pylist() == ["zlib"]
    assert [str(reject) for reject in report.rejects] == [
        f'{tmp_path}/file: database.installs.{A}.spec.arch: key "platform" stands twice'
    ]


def test_a_key_twice_in_what_is_beside_the_specs(tmp_path: Path) -> None:
    text = locked((A, OLD))[:-1] + ', "spack": {"version": "1", "version": "2"}}'
    tables, report = read_text(tmp_path, text)
    assert tables is not None
    assert [str(reject) for reject in report.rejects] == [
        f"{tmp_path}/file: spack.version: stands twice: the last is read"
    ]


# Other JSON of Spack's ----------------------------------------------------------------------------


def test_meta_of_a_page(tmp_path: Path) -> None:
    meta = '{"num_specs": 7, "num_specs": 1}'
    _, report = read_text(tmp_path, oracle.page_text(records=[oracle.record(A)], meta=meta))
    (warning,) = report.warnings
    assert warning.endswith('meta: key "num_specs" stands twice, so nothing was checked by it')


def test_a_page_of_2021(tmp_path: Path) -> None:
    text = "zlib@1.0%gcc@9 arch=linux-rhel7-zen"
    said = f'[{{"{text}": "a.json", "{text}": "b.json"}}]'
    _, report = read_text(tmp_path, f"---\ntitle: zlib\nspec_files: {said}\n---\n")
    assert [reject.field for reject in report.rejects] == ["spec_files[0]"]


@pytest.mark.parametrize("name", ["index/index", "spec/zlib/zlib-1.0.spec"])
def test_a_manifest_of_a_mirror(tmp_path: Path, name: str) -> None:
    kind = "db.v7+json" if name == "index/index" else "spec.v2+json"
    document = index(OLD) if name == "index/index" else spec_file(OLD)
    data = gzip.compress(json.dumps(document).encode())
    digest = hashlib.sha256(data).hexdigest()
    path = tmp_path / "blobs/sha256" / digest[:2] / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    one = (
        f'{{"contentLength": {len(data)}, "mediaType": "application/vnd.spack.{kind}", '
        f'"checksumAlgorithm": "sha256", "checksum": "{digest}"}}'
    )
    path = tmp_path / f"v3/manifests/{name}.manifest.json"
    path.parent.mkdir(parents=True)
    (tmp_path / "v3/layout.json").write_text("{}")
    path.write_text(f'{{"version": 3, "data": [{one}]}}')
    assert read(tmp_path)[0].node_counts()["Spec"] == 1
    path.write_text(f'{{"version": 3, "data": [], "data": [{one}]}}')
    with pytest.raises(InputError, match=r"manifest.json: data: stands twice"):
        read(tmp_path)


def test_a_manifest_of_indexes(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text('{"develop": [], "develop": [{"label": "a", "url": "b"}]}')
    nobody: Any = None  # who is asked for addresses
    with pytest.raises(InputError, match="develop: stands twice"):
        read_manifest(str(path), nobody)


# How it is found ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "b": {"a": 2}}', None),
        ('{"a": "\\"a\\":", "b": "\\":"}', None),
        ('{"a": "\\u0022:", "b": 1}', None),
        ('{"a": 1, "a": "\\u0022\\u0022"}', ((), "a")),
        ('{"a": 1, "\\u0061": 2}', ((), "a")),
        ('{"a" : 1, "b": {"c": [1, {"d": 1, "d" : 1}]}}', (("b", "c", 1), "d")),
        ('[{"a": 1}, {"a": 1}]', None),
        ('{"a": 123456789012345678901234567890, "a": 1}', ((), "a")),
        ('{"": 1, "": 2}', ((), "")),
    ],
)
def test_the_first_key_that_stands_twice(text: str, found: Any) -> None:
    assert repeated_key(text.encode()) == found


def test_what_is_written_as_usual_is_not_looked_at_pair_by_pair() -> None:
    for said in DOCUMENTS.values():
        for text in (json.dumps(said), json.dumps(said, indent=1)):
            assert is_in_order(text.encode())


def test_a_frame_has_no_entries() -> None:
    from graphcache.sources.documents import Document, decode

    for space in (None, 1):
        data = json.dumps(DOCUMENTS["index"], indent=space).encode()
        database = decode(decode(data, Document, "")["database"], Document, "")
        specs = decode(database["installs"], Document, "")
        bare = json.loads(frame(data, [specs.values()]))
        assert bare == {"database": {"version": "7", "installs": {A: 0, B: 0}}}
