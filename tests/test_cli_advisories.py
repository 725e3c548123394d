"""The command `advisories`: what depends on what advisories mean, in each of its forms."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from command_line import Ended, assert_golden, run, succeed
from web_server import Web

import graphcache as gc
from graphcache.analysis import advisories, impact
from graphcache.analysis.advising.findings import COLUMNS, MORE_COLUMNS
from graphcache.records import Labels
from graphcache.spack.purl import parse_purl
from graphcache.views.sarif import to_sarif
from graphcache.workflows import build_from

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SITE = ROOT / "examples/site"
ADVISORIES = ROOT / "examples/advisories"
CURL = ADVISORIES / "CVE-2025-9086.json"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of the site's releases of September and October."""
    folder = tmp_path_factory.mktemp("site")
    releases = ("2026-09", "2026-10")
    sources = [(str(SITE / release), Labels(release)) for release in releases]
    build_from(folder / "graphcache.lbug", sources)
    return folder


def asked(folder: Path, *arguments: str | Path, format_: str = "json") -> Any:
    """What the command finds, which is something."""
    ended = run("advisories", *arguments, "--format", format_, cwd=folder)
    assert ended.code == 1, ended.err
    return json.loads(ended.out)


def osv(folder: Path, package: str, *events: Json, name: str = "CVE-1", **values: Any) -> Path:
    """An advisory of one package of upstream."""
    affected = {
        "package": {"ecosystem": "OSS-Fuzz", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    document = {"id": name, "modified": "2026-01-01", "affected": [affected], **values}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(document))
    return path


def test_golden_findings(folder: Path) -> None:
    for format_ in ("table", "csv", "json"):
        place = ("--stack", "io", "--release", "2026-09", "--format", format_)
        ended = run("advisories", ADVISORIES, *place, cwd=folder)
        assert ended.code == 1
        assert_golden(f"advisories/{format_}.txt", ended.out + ended.err)


def test_what_depends_is_what_impact_says(folder: Path) -> None:
    columns = ("self", "direct", "transitive", "build_only")
    found, _ = gc.read_advisories([ADVISORIES])
    with gc.open_store(folder / "graphcache.lbug") as store:
        tables = store.tables()
        of_store = store.advisories(found)
    findings = advisories(tables, found)
    assert of_store.answer == findings.answer
    for finding in findings.found:
        _, verb, spec, *types = shlex.split(finding.impact)
        assert [verb, *types] == ["impact", "--deptype", "link,run"]
        expected = impact(tables, spec, deptype="link,run").to_dicts()
        every = impact(tables, spec).to_dicts()
        rows = [row for row in findings.answer.to_dicts() if row["advisory"] == finding.advisory.id]
        assert [[row[column] for column in columns] for row in rows] == [
            [row[column] for column in columns] for row in expected
        ]
        assert [row["rebuild"] for row in rows] == [
            sum(row[column] for column in columns) for row in every
        ]
    assert advisories(tables, found, deptype="link", stack="io").answer.rows


def test_roots_are_those_that_have_it_in_them(folder: Path) -> None:
    with gc.open_store(folder / "graphcache.lbug") as store:
        graph = store.to_networkx()
    needs: nx.DiGraph[Any] = nx.DiGraph()
    for start, end, data in graph.edges(data=True):
        if {"link", "run"} & set(data.get("types", [])):
            needs.add_edge(start, end)
    rows = asked(folder, ADVISORIES)
    assert rows
    for row in rows:
        bad = {("Spec", spec["hash"]) for spec in row["specs"]}
        above = bad.union(*(nx.ancestors(needs, spec) for spec in bad))
        expected = {
            graph.nodes[spec]["name"]
            for spec in above
            for _, stack, data in graph.out_edges(spec, data=True)
            if stack == ("Stack", row["stack"]) and data["root"]
            if row["release"] in data["releases"]
        }
        assert set(row["roots"]) == expected


def test_fixed_versions_are_those_that_the_cache_holds(folder: Path) -> None:
    rows = {row["release"]: row for row in asked(folder, CURL, "--stack", "io")}
    assert rows.keys() == {"2026-09"}
    assert rows["2026-09"]["fixed"] == ["8.20.0"]
    (row,) = asked(folder, ADVISORIES / "CVE-2026-8932.json", "--stack", "io", "--release=2026-10")
    assert row["versions"] == ["8.20.0"]
    assert row["fixed"] == []


def test_nothing_found_is_exit_code_0(folder: Path, tmp_path: Path) -> None:
    path = osv(tmp_path, "curl", {"introduced": "0"}, {"fixed": "8.0.0"})
    ended = run("advisories", path, cwd=folder)
    assert ended == Ended(
        0,
        ",".join(COLUMNS) + "\n",
        "1 advisory of packages that are in the graph in other versions alone.\n"
        "1 advisory: none touches it.\n",
    )


def test_what_was_not_read_is_no_all_clear(folder: Path, tmp_path: Path) -> None:
    osv(tmp_path, "curl", {"introduced": "0"}, {"fixed": "8.0.0"})
    (tmp_path / "b.json").write_text('{"id": "CVE-2", "affected": [')
    ended = run("advisories", tmp_path, cwd=folder)
    assert ended.code == 3
    assert "b.json: an advisory that can't be read: Input data was truncated" in ended.err


def test_a_withdrawn_advisory_is_counted(folder: Path, tmp_path: Path) -> None:
    path = osv(tmp_path, "curl", {"introduced": "0"}, withdrawn="2026-02-01")
    ended = run("advisories", path, cwd=folder)
    assert ended.code == 0
    assert "1 advisory withdrawn by who wrote it: left out." in ended.err


def test_what_a_distribution_says_is_not_decided(folder: Path, tmp_path: Path) -> None:
    document = {
        "id": "DSA-1",
        "modified": "",
        "affected": [
            {
                "package": {"ecosystem": "Debian:12", "name": "curl"},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "0"}, {"fixed": "7.88.1-10+deb12u4"}],
                    }
                ],
            }
        ],
    }
    (tmp_path / "dsa.json").write_text(json.dumps(document))
    rows = asked(folder, tmp_path, "--stack", "io", "--release", "2026-10")
    assert [(row["verdict"], row["match"], row["because"]) for row in rows] == [
        ("not decided", "rule", "Debian's versions say nothing of upstream's")
    ]


def test_an_external_may_have_been_mended(folder: Path, tmp_path: Path) -> None:
    path = osv(tmp_path, "glibc", {"introduced": "2.34"}, {"fixed": "2.39"})
    rows = asked(folder, path)
    assert {row["verdict"] for row in rows} == {"not decided"}
    assert {row["because"] for row in rows} == {
        "it is an external: whoever built it may have mended it"
    }


def test_a_guess_is_told_apart(folder: Path, tmp_path: Path) -> None:
    path = osv(tmp_path, "fftw", {"introduced": "0"})
    ended = run("advisories", path, "--format", "json", cwd=folder)
    assert {row["match"] for row in json.loads(ended.out)} == {"guess"}
    assert "1 package is found by name alone (match: guess)" in ended.err


def test_hostile_text_reaches_no_terminal(folder: Path, tmp_path: Path) -> None:
    evil = "CVE-\x1b[31m\u202e<script>|\n"
    osv(tmp_path, "curl", {"introduced": "0"}, name="x")
    document = json.loads((tmp_path / "x.json").read_text()) | {"id": evil, "summary": evil}
    document["references"] = [{"type": "ADVISORY", "url": "javascript:alert(1)"}]
    (tmp_path / "x.json").write_text(json.dumps(document))
    table = run("advisories", tmp_path, "--format", "table", cwd=folder)
    assert "\x1b" not in table.out + table.err
    rows = asked(folder, tmp_path)
    assert {row["advisory"] for row in rows} == {evil}
    sarif = asked(folder, tmp_path, format_="sarif")
    (rule,) = sarif["runs"][0]["tool"]["driver"]["rules"]
    assert "helpUri" not in rule
    assert rule["id"] == evil


@pytest.mark.network
def test_an_address_is_read(folder: Path, web: Web, tmp_path: Path) -> None:
    web.files["/osv/CVE-2025-9086"] = CURL.read_bytes()
    address, kept = f"{web.url}/osv/CVE-2025-9086", {"GRAPHCACHE_CACHE": str(tmp_path)}
    ended = run("advisories", address, "--format", "json", cwd=folder, env=kept)
    assert ended.code == 1
    assert {row["advisory"] for row in json.loads(ended.out)} == {"CVE-2025-9086"}
    assert web.paths == ["/osv/CVE-2025-9086"]


def test_a_graph_of_pages_says_what_it_does_not_know(example_store: Path, tmp_path: Path) -> None:
    path = osv(tmp_path, "rocblas", {"introduced": "0"}, {"fixed": "6.2"})
    ended = run("advisories", path, "--format", "json", cwd=example_store.parent)
    rows = json.loads(ended.out)
    assert rows
    assert {row["rebuild"] for row in rows} == {row["direct"] for row in rows} == {None}
    assert [row["roots"] for row in rows] == [None] * len(rows)
    assert "What depends on them is not known: no source tells what any spec needs." in ended.err


def test_unknown_places_are_refused(folder: Path) -> None:
    ended = run("advisories", CURL, "--stack", "oi", cwd=folder)
    assert ended.code == 2
    assert "oi: no such stack in the graph. Did you mean io?" in ended.err


# Differences --------------------------------------------------------------------------------------


def changes(folder: Path, *arguments: str | Path) -> set[tuple[str, ...]]:
    printed = succeed("diff", *arguments, "--format", "json", cwd=folder)
    return {
        (
            row["change"],
            row["advisory"],
            " ".join(row["old_versions"]),
            " ".join(row["new_versions"]),
        )
        for row in json.loads(printed)
    }


def test_diff_says_what_came_in_and_what_was_mended(folder: Path) -> None:
    of = ("--advisories", ADVISORIES)
    remains = {
        ("remains", "CVE-2026-28387", "3.4.4", "3.6.1"),
        ("remains", "CVE-2026-8932", "8.15.0", "8.20.0"),
    }
    assert changes(folder, "2026-09", "2026-10", *of) == {
        *remains,
        ("mended", "CVE-2025-9086", "8.15.0", ""),
    }
    back = changes(folder, "2026-10", "2026-09", *of)
    assert ("came in", "CVE-2025-9086", "", "8.15.0") in back
    assert {row[0] for row in changes(folder, "io", "tools", *of)} == {"remains"}


def test_diff_of_stores_says_what_is_gone(folder: Path, tmp_path: Path) -> None:
    gc.build_store(tmp_path / "pages.lbug", ROOT / "examples/pages")
    stores = (folder / "graphcache.lbug", tmp_path / "pages.lbug")
    found = changes(tmp_path, *stores, "--advisories", CURL)
    assert found == {("gone", "CVE-2025-9086", "8.15.0", "")}


def test_diff_of_advisories_in_other_forms(folder: Path) -> None:
    of = ("diff", "2026-09", "2026-10", "--advisories", ADVISORIES)
    for format_ in ("markdown", "csv"):
        assert_golden(
            f"advisories/diff.{format_}.txt", succeed(*of, "--format", format_, cwd=folder)
        )
    assert run(*of, "--exit-code", cwd=folder).code == 1
    assert run(*of, "--details", cwd=folder).code == 2
    same = ("diff", "2026-09", "2026-09", "--advisories", ADVISORIES, "--exit-code")
    assert run(*same, cwd=folder).code == 0


# OpenVEX ------------------------------------------------------------------------------------------


def looked_at(path: Path, *statements: Json) -> Path:
    document = {"@context": "https://openvex.dev/ns/v0.2.0", "statements": list(statements)}
    path.write_text(json.dumps(document))
    return path


def statement(status: str, *products: Any, name: str = "CVE-2025-9086") -> Json:
    return {"vulnerability": {"name": name}, "status": status, "products": list(products)}


def test_what_is_found_can_be_given_back_as_looked_at(folder: Path, tmp_path: Path) -> None:
    found = asked(folder, CURL, format_="openvex")
    assert found == asked(folder, CURL, format_="openvex")
    (said,) = found["statements"]
    assert said["status"] == "affected"
    assert "8.20.0" in said["action_statement"]
    purl = parse_purl(said["products"][0]["@id"])
    assert purl is not None
    assert (purl.name, purl.version, purl.namespace) == ("curl", "8.15.0", "builtin")
    path = tmp_path / "vex.json"
    path.write_text(json.dumps(found))
    assert asked(folder, CURL, "--ignore", path)  # affected is not looked at
    path.write_text(json.dumps(found).replace('"status": "affected"', '"status": "not_affected"'))
    ended = run("advisories", CURL, "--ignore", path, cwd=folder)
    assert ended.code == 0
    assert ended.err == (
        "1 spec is ignored, by what --ignore says of an advisory and a spec.\n"
        "1 advisory: none touches it.\n"
    )


@pytest.mark.parametrize(
    ("statements", "code"),
    [
        ([statement("not_affected", {"@id": "pkg:spack/curl"})], 0),
        ([statement("fixed", "pkg:spack/builtin/curl@8.15.0")], 0),
        ([statement("not_affected", {"@id": "pkg:spack/curl@8.14.0"})], 1),
        ([statement("not_affected", {"@id": "pkg:spack/other/curl"})], 1),
        ([statement("not_affected", {"@id": "pkg:spack/curl"}, name="CVE-1")], 1),
        ([statement("under_investigation", {"@id": "pkg:spack/curl"})], 1),
        (
            [
                statement("not_affected", {"@id": "pkg:spack/curl"}),
                statement("affected", {"@id": "pkg:spack/curl@8.15.0"}),
            ],
            1,
        ),
        (
            [
                statement(
                    "not_affected",
                    {"@id": "pkg:oci/image", "subcomponents": [{"@id": "pkg:spack/curl"}]},
                )
            ],
            0,
        ),
    ],
)
def test_statements_are_of_specs(
    statements: list[Json], code: int, folder: Path, tmp_path: Path
) -> None:
    path = looked_at(tmp_path / "vex.json", *statements)
    assert run("advisories", CURL, "--ignore", path, cwd=folder).code == code


def test_a_statement_of_nothing_of_spacks_counts_for_nothing(folder: Path, tmp_path: Path) -> None:
    path = looked_at(tmp_path / "vex.json", statement("not_affected", {"@id": "pkg:deb/curl"}))
    ended = run("advisories", CURL, "--ignore", path, cwd=folder)
    assert ended.code == 1
    assert "statement 1 names no package URL of Spack's" in ended.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "expected an OpenVEX document"),
        ('{"statements": []}', "found ''"),
        ('{"@context": "https://openvex.dev/ns", "statements": []}', "found none"),
        ("[]", "expected an OpenVEX document"),
    ],
)
def test_what_is_no_openvex_is_refused(text: str, why: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "vex.json"
    path.write_text(text)
    ended = run("advisories", CURL, "--ignore", path, cwd=folder)
    assert ended.code == 1
    assert why in ended.err
    bad = looked_at(path, statement("harmless", {"@id": "pkg:spack/curl"}))
    ended = run("advisories", CURL, "--ignore", bad, cwd=folder)
    assert "expected a status of not_affected, fixed, affected, under_investigation" in ended.err


# SARIF --------------------------------------------------------------------------------------------


def test_sarif_has_a_result_for_each_row(folder: Path) -> None:
    rows = asked(folder, ADVISORIES)
    (sarif,) = asked(folder, ADVISORIES, format_="sarif")["runs"]
    rules = [rule["id"] for rule in sarif["tool"]["driver"]["rules"]]
    assert len(sarif["results"]) == len(rows)
    prints = set()
    for row, result in zip(rows, sarif["results"], strict=True):
        assert rules[result["ruleIndex"]] == result["ruleId"] == row["advisory"]
        assert result["level"] == "error"
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri == f"{row['stack']}/{row['package']}@{row['versions'][0]}"
        assert len(location["logicalLocations"]) == row["self"]
        prints.add(result["partialFingerprints"]["graphcache/v1"])
    assert len(prints) == len(rows)


def test_what_is_in_no_stack_and_release_is_so_in_a_row_and_in_sarif(tmp_path: Path) -> None:
    arch = {"platform": "linux", "platform_os": "debian12", "target": "zen4"}
    spec = {"name": "curl", "version": "8.15.0", "arch": arch, "hash": "a" * 32}
    installs = {spec["hash"]: {"spec": spec, "in_buildcache": True}}
    index = tmp_path / "index.json"
    index.write_text(json.dumps({"database": {"version": "8", "installs": installs}}))
    found, _ = gc.read_advisories([CURL])
    findings = advisories(gc.read(index)[0], found)
    (place,) = findings.found[0].places
    assert place.stack is place.release is None
    (row,) = findings.answer.to_dicts()
    assert row["stack"] == row["release"] == ""
    (result,) = to_sarif(findings)["runs"][0]["results"]
    assert result["properties"]["release"] == ""
    assert result["partialFingerprints"]["graphcache/v1"] == "CVE-2025-9086|curl|affected||"


def test_rows_have_the_columns_that_are_documented(folder: Path) -> None:
    (row, *_) = asked(folder, CURL)
    assert list(row) == [*COLUMNS, *MORE_COLUMNS]
    head = run("advisories", CURL, cwd=folder).out.partition("\n")[0]
    assert head.split(",") == COLUMNS
    assert succeed("impact", *shlex.split(row["impact"])[2:], cwd=folder)
