"""What an advisory says of a version and of a package, held against what publishers say."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st

from graphcache import InputError, read_advisories
from graphcache.analysis.advising.package_names import PackageNames
from graphcache.analysis.advising.ranges import Ruling
from graphcache.records.advisories import Advisory, Affected, AffectedRange, Event, NamedPackage
from graphcache.spack.versions import parse_version

DATA = Path(__file__).parent / "data/advisories"
with (DATA / "verdicts.csv").open(newline="") as file:
    VERDICTS = list(csv.DictReader(file))
Json = dict[str, Any]


def ruling(
    *events: Json, type_: str = "ECOSYSTEM", order: Any = "spack", versions: Any = None
) -> Ruling:
    """What an advisory says that has one range."""
    said = AffectedRange(type_, [Event(**event) for event in events])
    return Ruling.of(Affected(ranges=[said], versions=versions), order, "demo")


def state(of: Ruling, version: str | None) -> str:
    return of.verdict(version).state


def begins(version: str) -> Json:
    return {"introduced": version}


def ends(version: str) -> Json:
    return {"fixed": version}


# The truth ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_verdicts_are_what_publishers_say() -> None:
    advisories = {advisory.id: advisory for advisory in read_advisories([DATA / "osv"])[0]}
    names = PackageNames.load()
    wrong = []
    for row in VERDICTS:
        (affected,) = advisories[row["advisory"]].affected
        (match,) = names.matches(affected, {row["package"]}, lambda package, system: None)
        assert (match.package, match.how) == (row["package"], "rule")
        found = Ruling.of(affected, match.order, match.package).verdict(row["version"])
        if found.state != row["verdict"]:
            wrong.append((row, found))
        assert found.because or found.state == "not affected"
    assert not wrong
    assert len(advisories) >= 30
    assert len(VERDICTS) >= 300
    assert {row["advisory"] for row in VERDICTS} == set(advisories)
    assert all(row["source"].startswith("https://") and row["said"] for row in VERDICTS)


# Ranges -------------------------------------------------------------------------------------------


def test_events_are_sorted_before_they_are_read() -> None:
    said = ruling(ends("2.0.6"), begins("2.0.0"), ends("1.26.17"), begins("0"))
    expected = {"1.26.16": "affected", "1.26.17": "not affected", "2.0.5": "affected"}
    assert {version: state(said, version) for version in expected} == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("9.6p1", "affected"),
        ("9.7", "affected"),
        ("9.7p1", "not decided"),  # @9.7 holds it, the advisory does not name it
        ("9.8", "not affected"),
        ("develop", "not decided"),
        ("git.abc=9.7", "affected"),
        ("git.abc=9.8", "not affected"),
    ],
)
def test_the_last_that_is_affected(version: str, expected: str) -> None:
    assert state(ruling(begins("9.0"), {"last_affected": "9.7"}), version) == expected


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("git.0123abc", "not decided"),
        ("0123456789012345678901234567890123456789", "not decided"),
        ("git.v8.4.0=8.4.0-git.3", "not affected"),
        ("git.main=8.3.0", "affected"),
        ("latest", "not decided"),
        ("20230802", "not decided"),
        ("8.4.0-pre", "not decided"),
        ("8.4.0-DEV", "affected"),  # by SemVer, in which curl's versions are
        ("8.4.0-2", "not affected"),
        ("8-stable", "not decided"),
        ("7-stable", "not affected"),
        ("9.0-main", "not decided"),
        (None, "not decided"),
    ],
)
def test_versions_that_are_no_plain_numbers(version: str | None, expected: str) -> None:
    order = "semver" if version == "8.4.0-DEV" else "spack"
    said = ruling(begins("8.0.0"), ends("8.4.0"), order=order)
    assert state(said, version) == expected


def test_all_versions_are_affected_whatever_they_are() -> None:
    for version in ("1.0", "develop", "git.abc", "latest", None):
        assert state(ruling(begins("0")), version) == "affected"


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        ([], ""),
        ([ends("1.0")], ""),
        ([begins("2.0"), ends("1.0")], ""),
        ([begins("1.0"), ends("1.0")], ""),
        ([begins("0"), ends("not a version")], ""),
        ([{"introduced": "0", "fixed": "3"}], ""),
        ([{}], ""),
        ([begins("0"), ends("1.0.5"), ends("1.1")], "1.0.4"),
    ],
)
def test_a_broken_range_is_never_an_all_clear(events: list[Json], affected: str) -> None:
    said = ruling(*events)
    if affected:
        assert state(said, affected) == "affected"
    assert state(said, "1.0.9") == state(said, "7") == "not decided"
    assert "broken" in said.verdict("7").because


def test_limits() -> None:
    said = ruling(begins("1.0"), {"limit": "2.0"})
    assert [state(said, v) for v in ("0.9", "1.5", "2.0")] == [
        *("not affected", "affected", "not affected")
    ]
    assert state(ruling(begins("1.0"), {"limit": "*"}), "7") == "affected"


def test_git_commits_alone_decide_nothing() -> None:
    commits = begins("0" * 40), ends("f" * 40)
    assert state(ruling(*commits, type_="GIT"), "1.0") == "not decided"
    listed = ruling(*commits, type_="GIT", versions=["demo-1_0", "v1.1", "other-7.0"])
    expected = {
        "1.0": "affected",
        "1.1": "affected",
        "1.0.5": "not decided",  # a release that the list may have missed
        "0.9": "not decided",
        "1.2": "not affected",  # above all that are listed, and there is a fix
        "develop": "not decided",
    }
    assert {version: state(listed, version) for version in expected} == expected
    no_fix = ruling(commits[0], type_="GIT", versions=["v1.1"])
    assert state(no_fix, "1.2") == "not decided"


def test_a_tag_costs_no_more_than_it_is_long() -> None:
    listed = ["-" * 1_000, "demo" + "_." * 400] * 2_000
    commits = AffectedRange("GIT", [Event(introduced="0")])
    said = Ruling.of(Affected(ranges=[commits], versions=[*listed, "1.0"]), "spack", "demo")
    assert state(said, "1.0") == "affected"


def test_a_list_of_versions_says_all() -> None:
    said = Ruling.of(Affected(versions=["1.0", "1.1.0"]), "spack")
    assert [state(said, v) for v in ("1.0.0", "1.1", "1.2")] == [
        *("affected", "affected", "not affected")
    ]
    assert state(said, "develop") == state(said, "git.abc=1.2") == "not decided"
    unread = Ruling.of(Affected(versions=["1.0", "one"]), "spack")
    assert state(unread, "1.2") == "not decided"


def test_what_says_nothing_of_versions_is_not_decided() -> None:
    assert state(Ruling.of(Affected(), "spack"), "1.0") == "not decided"
    assert state(Ruling.of(Affected(broken="no list"), "spack"), "1.0") == "not decided"
    assert state(ruling(begins("0"), ends("1"), type_="OTHER"), "2.0") == "not decided"


numbers = st.lists(st.integers(0, 12), min_size=1, max_size=3).map(
    lambda parts: ".".join(map(str, parts))
)


@pytest.mark.slow
@tries(100)
@given(first=numbers, end=numbers, version=numbers)
def test_plain_numbers_are_compared_one_by_one(first: str, end: str, version: str) -> None:
    keys = [[*map(int, text.split(".")), 0, 0, 0][:3] for text in (first, version, end)]
    found = state(ruling(begins(first), ends(end)), version)
    if keys[0] < keys[2]:
        assert found == ("affected" if keys[0] <= keys[1] < keys[2] else "not affected")
    else:
        assert found == "not decided"


@tries(100)
@given(text=st.text(max_size=12), version=st.sampled_from(["1.2", "develop", "git.a=1.2", "x"]))
def test_no_text_as_a_version_raises_or_clears(text: str, version: str) -> None:
    verdict = ruling(begins("0"), ends(text)).verdict(version)
    if verdict.state == "not affected":
        assert parse_version(text.strip().lstrip("vV").partition("+")[0])


# Names --------------------------------------------------------------------------------------------


def matches(ecosystem: str, name: str, *packages: str, built: str | None = "") -> list[Any]:
    affected = Affected(NamedPackage(ecosystem, name))
    found = PackageNames.load().matches(
        affected, set(packages), lambda _, system: None if built is None else system == built
    )
    return [(match.package, match.how) for match in found]


@pytest.mark.parametrize(
    ("ecosystem", "name", "package"),
    [
        ("PyPI", "Pillow", "py-pillow"),
        ("PyPI", "ruamel.yaml", "py-ruamel-yaml"),
        ("PyPI", "backports_abc", "py-backports-abc"),
        ("CRAN", "data.table", "r-data-table"),
        ("Bioconductor", "BiocGenerics", "r-biocgenerics"),
        ("Debian:12", "xz-utils", "xz"),
        ("Alpine:v3.20", "tiff", "libtiff"),
        ("Ubuntu:24.04:LTS", "expat", "expat"),
        ("OSS-Fuzz", "libxml2", "libxml2"),
        ("Bitnami", "libpython", "python"),
        ("ConanCenter", "libcurl", "curl"),
        ("npm", "yarn", "yarn"),
    ],
)
def test_names_by_rule(ecosystem: str, name: str, package: str) -> None:
    assert matches(ecosystem, name, package, "other") == [(package, "rule")]


def test_a_name_that_is_merely_alike_is_a_guess_or_nothing() -> None:
    assert matches("ConanCenter", "fmt", "fmt") == [("fmt", "guess")]
    assert matches("Nowhere", "Zfp", "zfp") == [("zfp", "guess")]
    assert matches("npm", "openssl", "openssl") == []
    assert matches("Maven", "org.x:curl", "curl") == []
    assert matches("PyPI", "curl", "curl", built="autotools") == []


RUST = ".".join(("crates", "io"))
"""As OSV calls the ecosystem of Rust, after a domain."""


def test_what_a_language_builds_is_known_by_its_build_system() -> None:
    assert matches(RUST, "ripgrep", "ripgrep", built="cargo") == [("ripgrep", "rule")]
    assert matches(RUST, "openssl", "openssl", built="generic") == []
    assert matches(RUST, "ripgrep", "ripgrep", built=None) == [("ripgrep", "guess")]
    go = "github.com/junegunn/fzf/v2"
    assert matches("Go", go, "fzf", built="go") == [("fzf", "rule")]
    assert matches("PyPI", "meson", "meson", built="python_pip") == [("meson", "rule")]


def test_repositories_name_packages() -> None:
    def of(address: str, *packages: str) -> list[Any]:
        affected = Affected(ranges=[AffectedRange("GIT", [], address)])
        found = PackageNames.load().matches(affected, set(packages), lambda *_: None)
        return [(match.package, match.how) for match in found]

    assert of("https://github.com/curl/curl.git", "curl") == [("curl", "rule")]
    assert of("git://git.openssl.org/openssl.git", "openssl") == [("openssl", "rule")]
    assert of("https://example.org/some/fmt", "fmt") == [("fmt", "guess")]
    assert of("https://github.com/curl/curl", "zlib") == []


def test_no_name_in_the_rules_means_two_things_by_mistake() -> None:
    shared = {name: found for name, found in PackageNames.load().by_name.items() if found[1:]}
    assert shared == {"util-linux": ["util-linux", "util-linux-uuid"]}


# Reading ------------------------------------------------------------------------------------------


def osv(name: str = "CVE-1", **values: Any) -> Json:
    range_ = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}
    affected = [{"package": {"ecosystem": "OSS-Fuzz", "name": "zlib"}, "ranges": [range_]}]
    return {"id": name, "modified": "2026-01-01T00:00:00Z", "affected": affected, **values}


def written(folder: Path, *documents: Any) -> Path:
    for number, document in enumerate(documents):
        text = document if isinstance(document, str) else json.dumps(document)
        (folder / f"{number}.json").write_text(text)
    return folder


def test_lists_and_answers_of_the_api_are_read(tmp_path: Path) -> None:
    written(tmp_path, osv("A"), [osv("B"), osv("C")], {"vulns": [osv("D")]})
    found, report = read_advisories([tmp_path])
    assert [advisory.id for advisory in found] == ["A", "B", "C", "D"]
    assert not report.rejects


def test_of_one_name_the_last_counts(tmp_path: Path) -> None:
    later = osv(modified="2026-02-01T00:00:00Z", withdrawn="2026-02-01T00:00:00Z")
    found, _ = read_advisories([written(tmp_path, later, osv())])
    assert [advisory.withdrawn[:4] for advisory in found] == ["2026"]


@pytest.mark.parametrize(
    "broken",
    [
        {"ranges": "all"},
        {"ranges": [{"type": "SEMVER", "events": [{"introduced": 1}]}]},
        {"ranges": [{"type": "SEMVER"}]},
        {"versions": [1, 2]},
        {"versions": ["1"] * 20_000},
    ],
)
def test_a_part_that_is_broken_stays_and_decides_nothing(broken: Json, tmp_path: Path) -> None:
    package = {"ecosystem": "OSS-Fuzz", "name": "zlib"}
    document = osv(affected=[{"package": package, **broken}, *osv()["affected"]])
    (advisory,), report = read_advisories([written(tmp_path, document)])
    assert not report.rejects
    first, second = advisory.affected
    assert first.package == NamedPackage("OSS-Fuzz", "zlib")
    assert state(Ruling.of(first, "spack"), "9") == "not decided"
    assert state(Ruling.of(second, "spack"), "9") == "not affected"


def test_null_is_nothing(tmp_path: Path) -> None:
    document = osv(aliases=None, summary=None, references=None, withdrawn=None)
    document["affected"][0] |= {"versions": None}
    found, report = read_advisories([written(tmp_path, document, osv("B", affected=None))])
    assert [advisory.id for advisory in found] == ["B", "CVE-1"]
    assert not report.rejects
    assert found[0] == Advisory("B", [], modified="2026-01-01T00:00:00Z")


def test_what_is_no_advisory_is_said(tmp_path: Path) -> None:
    found, report = read_advisories([written(tmp_path, osv(), "{", {"a": 1}, {"id": 7})])
    assert len(found) == 1
    assert [reject.file[-6:] for reject in report.rejects] == ["1.json", "2.json", "3.json"]
    with pytest.raises(InputError, match=r"no advisory could be read: expected JSON in OSV's form"):
        read_advisories([tmp_path / "1.json"])
    with pytest.raises(InputError, match="there is no such file"):
        read_advisories([tmp_path / "none"])


def test_a_zip_is_read(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(3):
            archive.writestr(f"{number}.json", json.dumps(osv(f"CVE-{number}")))
        archive.writestr("README.md", "# no advisory")
    path = tmp_path / "all.zip"
    path.write_bytes(content.getvalue())
    found, report = read_advisories([path])
    assert [advisory.id for advisory in found] == ["CVE-0", "CVE-1", "CVE-2"]
    assert not report.rejects


def test_nothing_is_nested_too_deep(tmp_path: Path) -> None:
    deep = '{"id": "A", "modified": "", "affected": ' + "[" * 100_000 + "]" * 100_000 + "}"
    found, report = read_advisories([written(tmp_path, osv(), deep)])
    assert len(found) == 1
    assert len(report.rejects) == 1
