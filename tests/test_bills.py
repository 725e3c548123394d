"""Bills of material: what is in them, that both libraries call them valid, and others read them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from command_line import run
from conftest import tries
from graphs import NASTY
from hypothesis import given
from hypothesis import strategies as st
from lib4sbom.parser import SBOMParser
from packageurl import PackageURL
from spdx_tools.spdx.parser import parse_anything
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

import graphcache as gc
from graphcache.analysis import sbom
from graphcache.analysis.bills import Bill, BillPart
from graphcache.records import Labels
from graphcache.spack.purl import Purl, parse_purl
from graphcache.views.cyclonedx import to_cyclonedx
from graphcache.views.spdx import to_spdx
from graphcache.workflows import build_from

SITE = Path(__file__).parents[1] / "examples/site"
DATA = Path(__file__).parent / "data"
DAY = datetime(2026, 11, 26, tzinfo=UTC)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of the site's releases of September and October."""
    folder = tmp_path_factory.mktemp("site")
    releases = ("2026-09", "2026-10")
    sources = [(str(SITE / release), Labels(release)) for release in releases]
    build_from(folder / "graphcache.lbug", sources)
    return folder


@pytest.fixture(scope="module")
def tables(folder: Path) -> gc.Tables:
    with gc.open_store(folder / "graphcache.lbug") as store:
        return store.tables()


def check_cyclonedx(text: str) -> Json:
    """What CycloneDX's own library calls valid; to import it takes seconds."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None, problem
    found: Json = json.loads(text)
    return found


def check_spdx(text: str, folder: Path) -> Json:
    """What SPDX's own library reads, and calls valid."""
    path = folder / "bill.spdx.json"
    path.write_text(text)
    problems = validate_full_spdx_document(parse_anything.parse_file(str(path)))
    assert not problems, problems[:2]
    found: Json = json.loads(text)
    return found


# What is in them ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_bill_has_all_that_a_spec_needs(tables: gc.Tables) -> None:
    graph = tables.to_networkx()
    needs = nx.DiGraph((s, e) for s, e, key in graph.edges(keys=True) if key == "DEPENDS_ON")
    carried = nx.DiGraph(
        (start, end)
        for start, end, key, data in graph.edges(keys=True, data=True)
        if key == "DEPENDS_ON" and {"link", "run"} & set(data["types"])
    )
    found = sbom(tables, "netcdf-c", release="2026-10")
    (root,) = (("Spec", hash_) for hash_ in found.roots)
    assert {("Spec", part.hash) for part in found.parts} == {root, *nx.descendants(needs, root)}
    used = {("Spec", part.hash) for part in found.parts if part.is_used}
    assert used == {root, *nx.descendants(carried, root)}
    for part in found.parts:
        spec = graph.nodes["Spec", part.hash]
        assert part.name == spec["name"]
        assert part.version == spec["version"]
        edges = graph.out_edges(("Spec", part.hash), keys=True, data=True)
        told = {end[1]: data["types"] for _, end, key, data in edges if key == "DEPENDS_ON"}
        assert part.needs == told


@pytest.mark.slow
def test_a_bill_of_a_stack_has_its_members_and_roots(tables: gc.Tables) -> None:
    graph = tables.to_networkx()
    found = sbom(tables, stack="io", release="2026-09")
    edges = graph.in_edges(("Stack", "io"), data=True)
    members = [(spec, data) for spec, _, data in edges if "2026-09" in data["releases"]]
    assert {spec[1] for spec, _ in members} <= found.by_hash.keys()
    assert set(found.roots) == {spec[1] for spec, data in members if data["root"]}
    externals = [part for part in found.parts if part.external]
    assert {part.name for part in externals} >= {"glibc", "gcc"}
    assert not any(part.properties.get("in_buildcache") for part in externals)


@pytest.mark.slow
def test_each_root_has_a_bill_of_its_own(tables: gc.Tables) -> None:
    whole = sbom(tables, stack="io", release="2026-10")
    bills = {one.roots[0]: one for one in whole.each()}
    assert list(bills) == whole.roots
    for root, one in bills.items():
        alone = sbom(tables, f"/{root}")
        assert (one.roots, one.parts) == (alone.roots, alone.parts)


def test_no_release_is_none_and_the_digest_says_it_as_it_always_did() -> None:
    said = b'{"name":"none","release":"","roots":[],"parts":[]}'
    assert Bill("none", None, [], []).digest == hashlib.sha256(said).hexdigest()


def test_one_part_that_is_not_known_is_counted_as_one() -> None:
    told = {"dependencies_known": False}
    part = BillPart("a" * 32, "zlib", "1.3", "builtin", False, True, told)
    said = "What 1 part of 1 needs is not known, and left out."
    assert said in Bill("zlib", None, [part.hash], [part]).notes


@pytest.mark.slow
def test_what_is_not_known_is_counted(tmp_path: Path) -> None:
    with pytest.raises(gc.NotKnownError, match="of none of 216 specs they are known"):
        sbom(gc.read("examples/pages")[0], "rocblas")
    tables, _ = gc.read(DATA / "spack/mirrors/v3", "examples/pages")
    found = sbom(tables, "rocblas@6.1.2")
    assert f"What {len(found.unknown)} parts of {len(found.parts)} need is not known" in str(
        found.notes
    )
    document = check_cyclonedx(to_cyclonedx(found, DAY))
    said = [prop["value"] for prop in document["metadata"]["properties"]]
    assert said == found.notes


@pytest.mark.slow
def test_what_makes_no_bill_is_refused(folder: Path) -> None:
    for arguments, why in {
        (): "expected the specs to make a bill of, or a stack",
        ("curl", "--stack", "io"): "and not both",
        ("--stack", "oi"): "oi: no such stack in the graph. Did you mean io?",
        ("curlz",): "curlz: no such package",
        ("curl@7",): "curl@7: the graph holds nothing of it",
        ("curl@8.15", "--release", "2026-10"): "nothing of it release 2026-10",
    }.items():
        ended = run("sbom", *arguments, cwd=folder)
        assert ended.code == 2
        assert why in ended.err


# The two forms ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_cyclonedx_is_valid_and_whole(tables: gc.Tables) -> None:
    found = sbom(tables, stack="io", release="2026-09")
    document = check_cyclonedx(to_cyclonedx(found, DAY))
    whole = document["metadata"]["component"]
    assert (whole["name"], whole["version"]) == ("io", "2026-09")
    assert document["metadata"]["timestamp"] == "2026-11-26T00:00:00+00:00"
    parts = {component["bom-ref"]: component for component in document["components"]}
    assert parts.keys() == found.by_hash.keys()
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    assert needs.pop(whole["bom-ref"]) == found.roots
    assert needs == {part.hash: list(part.needs) for part in found.parts}
    for part in found.parts:
        component = parts[part.hash]
        told = {prop["name"]: prop["value"] for prop in component["properties"]}
        assert component["purl"] == str(part.purl)
        assert component["scope"] == ("required" if part.is_used else "excluded")
        assert told["spack:hash"] == part.hash
        assert ("spack:external" in told) == part.external
        linked = told.get("spack:link", "").split()
        assert linked == [hash_ for hash_, types in part.needs.items() if "link" in types]


@pytest.mark.slow
def test_spdx_is_valid_and_whole(tables: gc.Tables, tmp_path: Path) -> None:
    found = sbom(tables, "zlib-ng", release="2026-09")
    document = check_spdx(to_spdx(found, DAY), tmp_path)
    packages = {package["SPDXID"]: package for package in document["packages"]}
    assert len(packages) == len(found.parts)
    for package in packages.values():
        (reference,) = package["externalRefs"]
        purl = parse_purl(reference["referenceLocator"])
        assert purl is not None
        part = found.by_hash[purl.hash]
        assert (package["name"], package["versionInfo"]) == (part.name, part.version)
        assert package["supplier"] == "NOASSERTION"
        assert f"spack:hash={part.hash}" in package["comment"].splitlines()
    related = {
        (one["spdxElementId"], one["relationshipType"], one["relatedSpdxElement"])
        for one in document["relationships"]
    }
    assert {kind for _, kind, _ in related} == {
        *("DESCRIBES", "BUILD_DEPENDENCY_OF", "DEPENDENCY_OF"),
    }
    assert len(related) == len(found.roots) + sum(
        len(types) for part in found.parts for types in part.needs.values()
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("write", "type_"), [(to_cyclonedx, "cyclonedx"), (to_spdx, "spdx")])
def test_another_tool_reads_them(
    write: Callable[[Bill, datetime], str], type_: str, tables: gc.Tables
) -> None:
    found = sbom(tables, "curl", release="2026-10")
    parser = SBOMParser()
    parser.parse_string(write(found, DAY))
    assert parser.get_type() == type_
    read = {(package["name"], package["version"]) for package in parser.get_packages()}
    # It keeps what a CycloneDX document is of apart from its components.
    kept = [part for part in found.parts if type_ == "spdx" or part.hash not in found.roots]
    assert read == {(part.name, part.version) for part in kept}


@tries(30)
@given(text=st.sampled_from(NASTY) | st.text(min_size=1, max_size=8))
def test_hostile_text_makes_no_form_invalid(text: str) -> None:
    text = text.encode(errors="replace").decode()
    told = {"dependencies_known": True, "variants": [text], "os": text}
    part = BillPart("a" * 32, text, text, text, False, True, told, {"b" * 32: ["link"]})
    other = BillPart("b" * 32, "b", "", "", True, False, {"dependencies_known": False}, {})
    found = Bill(text, text, ["a" * 32], [part, other])
    document = json.loads(to_cyclonedx(found, DAY))
    assert document["metadata"]["component"]["name"] == text
    assert [package["name"] for package in json.loads(to_spdx(found, DAY))["packages"]] == [
        *(text, "b")
    ]


@tries(50)
@given(
    text=st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters="/"),
        min_size=1,
        max_size=8,
    )
)
def test_package_urls_are_written_as_others_write_them(text: str) -> None:
    purl = Purl("zlib", text, "builtin", "abc")
    expected = PackageURL("spack", "builtin", "zlib", text, {"sha": "abc"}).to_string()
    assert str(purl) == expected
    assert parse_purl(expected) == purl
    assert parse_purl(str(Purl(text))) == Purl(text)


# The command --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built_twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two stores of one graph."""
    folder = tmp_path_factory.mktemp("twice")
    for name in ("one", "two"):
        gc.build_store(folder / f"{name}.lbug", SITE / "2026-09/io", release="2026-09")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["cyclonedx", "spdx"])
def test_the_same_graph_gives_the_same_bytes(format_: str, built_twice: Path) -> None:
    def asked(name: str, **told: str) -> str:
        arguments = ("sbom", "curl", "--format", format_, "--store", f"{name}.lbug")
        return run(*arguments, cwd=built_twice, env=told).out

    assert asked("one") == asked("one") != ""
    texts = [asked(name, SOURCE_DATE_EPOCH="1700000000") for name in ("one", "two")]
    assert texts[0] == texts[1]
    assert "2023-11-14T22:13:20" in texts[0]


@pytest.mark.slow
def test_each_root_is_a_file(folder: Path, tmp_path: Path) -> None:
    asked = ("sbom", "--stack", "io", "--release", "2026-10", "--each-root")
    ended = run(*asked, "-o", tmp_path / "boms", cwd=folder)
    assert ended.code == 0
    files = sorted(path.name for path in (tmp_path / "boms").iterdir())
    assert len(files) == 8
    assert files[0].startswith("adios2-2.12.1-")
    assert files[0].endswith(".cdx.json")
    check_cyclonedx((tmp_path / "boms" / files[0]).read_text())
    assert run(*asked, cwd=folder).code == 2
    (tmp_path / "file").write_text("")
    ended = run(*asked, "-o", tmp_path / "file", cwd=folder)
    assert ended.code == 1
    assert "can't be made a folder" in ended.err


@pytest.mark.slow
def test_the_store_is_not_written_over(folder: Path) -> None:
    ended = run("sbom", "curl", "-o", "graphcache.lbug", cwd=folder)
    assert ended.code == 2
    bad = run("sbom", "curl", cwd=folder, env={"SOURCE_DATE_EPOCH": "today"})
    assert (bad.code, "SOURCE_DATE_EPOCH: expected seconds since 1970" in bad.err) == (2, True)
