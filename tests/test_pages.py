"""Pages of every form, and front matter that is YAML in other forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oracle
import pytest
import yaml
from conftest import Read, WriteSnapshot

from graphcache import Tables, UsageError, read

RECORDS = [
    oracle.record("a" * 32, versions=["5.10"], variants=["+x", "k:=v", "cflags=\"-O2 -D'x'\""]),
    oracle.record("b" * 32, compiler="none", stacks=["root"], variants=[]),
    oracle.record("c" * 32, os="été", variants=["k=null", "l=true", "m=1e3"], size="12"),
]
PAGE = oracle.page_text("zlib", "develop", RECORDS)


def spec(tables: Tables, spec_hash: str) -> dict[str, Any]:
    """The properties of one spec."""
    return dict(tables.to_networkx().nodes["Spec", spec_hash])


def test_the_example_pages_are_read_whole(example_pages: Path) -> None:
    tables, report = read(example_pages)
    assert (report.files, report.records, report.kept) == (6, 216, 216)
    assert tables.node_counts()["Spec"] == 216
    assert report.rejects == []
    assert report.skipped == []
    a, b = (example_pages / f"py-pdm-backend.develop.2025-{date}.md" for date in "ab")
    assert report.warnings == {
        f"{b}: py-pdm-backend in release develop stands in {a} too, with other records: "
        "the two are joined": 1
    }


def test_a_page_of_2023(example_pages: Path) -> None:
    tables, report = read(example_pages / "fixesproto.v0.18.0.md")
    assert (report.kept, report.rejects, dict(report.warnings)) == (1, [], {})
    found = spec(tables, "dt3vwwyjm63hgzprhddiz3wh5zf7w7zd")
    assert re.fullmatch("[0-9a-f]{16}", found.pop("configuration"))
    assert found == {
        "type": "Spec",
        "hash": "dt3vwwyjm63hgzprhddiz3wh5zf7w7zd",
        "name": "fixesproto",
        "version": "5.0",
        "label": "5.0/dt3vwwy",
        "platform": "linux",
        "os": "ubuntu18.04",
        "variants": [],
        "tarball": "https://binaries.spack.io/v0.18.0/build_cache/linux-ubuntu18.04-x86_64/"
        "gcc-7.5.0/fixesproto-5.0/"
        "linux-ubuntu18.04-x86_64-gcc-7.5.0-fixesproto-5.0-dt3vwwyjm63hgzprhddiz3wh5zf7w7zd.spack",
        "in_buildcache": True,
        "derived": False,
        "dependencies_known": False,
    }


@pytest.mark.parametrize(
    ("date", "notation"), [("2025-03-23", "amdgpu_target="), ("2025-03-30", "amdgpu_target:=")]
)
def test_old_and_new_notation_give_the_same_variant(
    example_pages: Path, date: str, notation: str
) -> None:
    page = example_pages / f"rocblas.develop-{date}.md"
    assert f'"{notation}gfx90a"' in page.read_text()
    tables, _ = read(page)
    variants = tables.nodes["Spec"]["variants"].to_pylist()
    assert sorted(name for names in variants for name in names if "amdgpu" in name) == [
        "amdgpu_target=auto",
        "amdgpu_target=gfx90a",
    ]
    assert tables.nodes["Compiler"]["spec"].to_pylist() == ["gcc@11.4.0", "gcc@13.2.0"]
    assert tables.nodes["Release"].to_pylist() == [{"name": f"develop-{date}", "date": date}]


@pytest.mark.parametrize("form", ["specs", "index"])
def test_pages_of_2021_and_2022(legacy_pages: Path, form: str) -> None:
    tables, report = read(legacy_pages / f"mooring.{form}.md")
    assert (report.records, report.kept, report.rejects) == (1, 1, [])
    assert dict(report.warnings) == {}
    graph = tables.to_networkx()
    names = {graph.nodes[node]["name"]: node for node in graph if node[0] == "Spec"}
    assert names.keys() == {"mooring", "keelson"}
    for name, version, variants in (
        ("mooring", "main", ["build_type=Release", "levels=2"]),
        (
            "keelson",
            "4.0.3",
            ["+atomics", "+threads", "fabrics=ofi,ucx", "~debug", "~trace"],
        ),
    ):
        found = graph.nodes[names[name]]
        assert found["derived"] is True
        assert re.fullmatch("[a-z2-7]{32}", found["hash"])
        assert (found["version"], found["variants"]) == (version, variants)
        assert (found["platform"], found["os"]) == ("linux", "sles15")
        # Only of its own package does a page say that the cache holds it.
        assert found.get("in_buildcache") is (True if name == "mooring" else None)
    from_specs = [edge for edge in graph.edges(keys=True) if edge[0][0] == "Spec"]
    assert sorted(from_specs) == sorted(
        [
            (names["mooring"], names["keelson"], "DEPENDS_ON"),
            *[
                (names[name], end, key)
                for name in names
                for end, key in (
                    (("Package", name), "OF_PACKAGE"),
                    (("Compiler", "gcc@10.3.0"), "BUILT_WITH"),
                    (("Target", "zen2"), "FOR_TARGET"),
                )
            ],
        ]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["page", "a b.zip"])
def test_the_content_counts_and_not_the_name(
    example_pages: Path, legacy_pages: Path, tmp_path: Path, name: str
) -> None:
    for page in [*example_pages.iterdir(), *legacy_pages.iterdir()]:
        copy = tmp_path / name
        copy.write_bytes(page.read_bytes())
        assert read(copy)[0].digest() == read(page)[0].digest()


def test_a_snapshot_is_walked(tmp_path: Path, write_snapshot: WriteSnapshot) -> None:
    write_snapshot(tmp_path / "_cache", records=300, pages=20, releases=3)
    tables, report = read(tmp_path)
    assert (report.files, report.kept, report.rejects) == (20, 300, [])
    assert dict(report.warnings) == {}
    assert tables.edge_counts()["IN_RELEASE"] == 300
    assert tables.nodes["Release"]["name"].to_pylist() == [
        "develop",
        "develop-2025-05-04",
        "develop-2025-05-11",
    ]


# Other forms of YAML ------------------------------------------------------------------------------


def block(style: str | None) -> Callable[[str], str]:
    """The page with its values as YAML blocks, in a style of quotes."""

    def change(text: str) -> str:
        page = yaml.safe_load(text.split("---")[1])
        return f"---\n{yaml.safe_dump(page, default_style=style, allow_unicode=True)}---\n"

    return change


def pretty(text: str) -> str:
    """The page with its JSON on many lines."""
    return re.sub(
        r"^(meta|spec_details): (.*)$",
        lambda found: f"{found[1]}: {json.dumps(json.loads(found[2]), indent=1)}",
        text,
        flags=re.MULTILINE,
    )


def reordered(text: str) -> str:
    first, *keys, last, end = text.split("\n")
    return "\n".join([first, *reversed(keys), last, end])


FORMS: dict[str, Callable[[str], str]] = {
    "block style": block(None),
    "block style, single quotes": block("'"),
    "block style, double quotes": block('"'),
    "pretty JSON": pretty,
    "pretty JSON, CRLF": lambda text: pretty(text).replace("\n", "\r\n"),
    "compact JSON": lambda text: text.replace('": ', '":').replace('", "', '","'),
    "spaced JSON": lambda text: text.replace('": ', '" : '),
    "escaped JSON": lambda text: text.replace("/", "\\/").replace("+x", "\\u002bx"),
    "other order of keys": reordered,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "byte order mark": lambda text: "\ufeff" + text,
    "byte order mark and CRLF": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    "no line end at the end": lambda text: text.rstrip("\n"),
    "empty lines": lambda text: text.replace("\n", "\n\n") + "\n\n",
    "spaces behind the lines": lambda text: text.replace("\n", "  \n"),
    "dots at the end": lambda text: text.removesuffix("---\n") + "...\n",
    "comments": lambda text: "---\n# a page\n" + text[4:].replace("\n", " # so\n", 5),
    "indented keys": lambda text: "---\n  " + text[4:-5].replace("\n", "\n  ") + "\n---\n",
    "quoted keys": lambda text: re.sub(r"^(\w+):", r'"\1":', text, flags=re.MULTILINE),
    "space before the colon": lambda text: re.sub(r"^(\w+):", r"\1 :", text, flags=re.MULTILINE),
    "single quotes": lambda text: text.replace('title: "zlib"', "title: 'zlib'"),
    "no quotes": lambda text: text.replace('title: "zlib"', "title: zlib"),
    "folded title": lambda text: text.replace('title: "zlib"', "title: >-\n  zlib"),
    "literal title": lambda text: text.replace('title: "zlib"', "title: |\n  zlib"),
    "tagged title": lambda text: text.replace('title: "zlib"', "title: !!str zlib"),
    "anchored title": lambda text: text.replace('title: "zlib"', "title: &name zlib"),
    "block of categories": lambda text: text.replace(
        "[package, develop]", "\n- package\n- develop"
    ),
    "quoted categories": lambda text: text.replace(
        "[package, develop]", "['package', \"develop\"]"
    ),
    "one flow mapping": lambda text: "---\n{" + ",\n ".join(text.split("\n")[1:-2]) + "}\n---\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_front_matter_in_another_form_reads_the_same(read_page: Read, form: str) -> None:
    text = FORMS[form](PAGE)
    assert text != PAGE
    tables, report = read_page(text)
    assert report.rejects == []
    assert dict(report.warnings) == {}
    assert report.kept == 3
    assert tables.digest() == read_page(PAGE)[0].digest()


@pytest.mark.slow
@pytest.mark.parametrize("form", ["CRLF", "byte order mark", "comments", "block style"])
def test_legacy_pages_in_another_form_read_the_same(
    read_page: Read, legacy_pages: Path, form: str
) -> None:
    for page in legacy_pages.iterdir():
        text = page.read_text()
        tables, report = read_page(FORMS[form](text))
        assert (report.rejects, dict(report.warnings)) == ([], {})
        assert tables.digest() == read_page(text)[0].digest()


def test_plain_numbers_and_words_stay_the_text_that_they_are(read_page: Read) -> None:
    tables, _ = read_page(
        """---
title: 1e3
categories: [package, 0x10]
spec_details:
- {hash: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, versions: [5.10], compiler: gcc@8, os: 2024-01-01,
   platform: on, target: 08, stacks: [1_000, root], variants: [yes, +x, .inf], size: 0}
---
"""
    )
    graph = tables.to_networkx()
    found = graph.nodes["Spec", "a" * 32]
    assert (found["name"], found["version"], found["os"]) == ("1e3", "5.10", "2024-01-01")
    assert (found["platform"], found["variants"]) == ("on", ["+x", ".inf", "yes"])
    assert found["size"] == 0
    assert {("Target", "08"), ("Stack", "1_000"), ("Release", "0x10")} < set(graph)


def test_meta_counts_as_text_agree_too(read_page: Read) -> None:
    records = [oracle.record()]
    text = oracle.page_text(records=records, meta="\n  num_specs: 1\n  versions: [1.2]")
    assert dict(read_page(text)[1].warnings) == {}


# What a page says ---------------------------------------------------------------------------------


def test_root_is_the_index_of_the_release_and_no_stack(read_page: Read) -> None:
    tables, _ = read_page(
        oracle.page_text(records=[RECORDS[0], oracle.record("d" * 32, stacks=[])])
    )
    assert tables.nodes["Stack"]["name"].to_pylist() == ["e4s"]
    assert tables.edges["IN_RELEASE"].to_pylist() == [
        {"from": "a" * 32, "to": "develop", "root": True},
        {"from": "d" * 32, "to": "develop", "root": False},
    ]
    assert tables.edges["IN_STACK"].to_pylist() == [
        {"from": "a" * 32, "to": "e4s", "releases": ["develop"], "root": None}
    ]


@pytest.mark.parametrize(
    ("size", "expected"),
    [("-", None), ("0", 0), ("123", 123), ("9" * 18, 10**18 - 1), ("1 kB", None), ("²", None)],
)
def test_size(read_page: Read, size: str, expected: int | None) -> None:
    tables, report = read_page(oracle.page_text(records=[oracle.record(size=size)]))
    assert tables.nodes["Spec"]["size"].to_pylist() == [expected]
    read_as_said = expected is not None or size == "-"
    assert dict(report.warnings) == (
        {} if read_as_said else {f"size {size!r}: expected a number of bytes or -; not read": 1}
    )


@pytest.mark.parametrize(
    ("release", "date"),
    [
        ("develop", None),
        ("v0.18.0", None),
        ("develop-2025-03-30", "2025-03-30"),
        ("2025-3-3", None),
    ],
)
def test_the_date_of_a_release(read_page: Read, release: str, date: str | None) -> None:
    tables, _ = read_page(oracle.page_text(release=release, records=[oracle.record()]))
    assert tables.nodes["Release"].to_pylist() == [{"name": release, "date": date}]


def test_another_release_may_be_given(read_page: Read, legacy_pages: Path) -> None:
    tables, _ = read_page(PAGE, release="snapshot-2025-01-02")
    assert tables.nodes["Release"].to_pylist() == [
        {"name": "snapshot-2025-01-02", "date": "2025-01-02"}
    ]
    assert tables.edges["IN_STACK"]["releases"].to_pylist() == [["snapshot-2025-01-02"]] * 2
    tables, _ = read(legacy_pages / "mooring.specs.md", release="2021")
    specs = {row["name"]: row["hash"] for row in tables.nodes["Spec"].to_pylist()}
    assert tables.edges["IN_RELEASE"].to_pylist() == [
        {"from": specs["mooring"], "to": "2021", "root": False}
    ]


def test_a_release_that_is_given_stands_in_for_one_that_is_missing(read_page: Read) -> None:
    page = PAGE.replace("categories: [package, develop]\n", "")
    assert read_page(page, release="develop")[0].digest() == read_page(PAGE)[0].digest()


@pytest.mark.parametrize(
    ("release", "why"),
    [
        ("", 'release: expected text of 1 to 1,000 characters, found ""'),
        ("a\x1fb", 'release: expected text without control characters, found "a\\u001fb"'),
        ("\udcff", 'release: expected text without control characters, found "\\udcff"'),
    ],
)
def test_a_release_must_be_a_name(read_page: Read, release: str, why: str) -> None:
    with pytest.raises(UsageError, match=re.escape(why)):
        read_page(PAGE, release=release)


@pytest.mark.slow
def test_names_may_hold_any_text(read_page: Read) -> None:
    odd = [
        "it's",
        'a "b"',
        "`c`",
        "../../etc/passwd",
        "a\nb",
        "a\tb",
        "été 漢字 🎉",
        "x" * 1000,
        "\\",
    ]
    records = [
        oracle.record(
            letter * 32, versions=[name], compiler=name, os=name, platform=name, target=name,
            stacks=[name, "root"], variants=[name],
        )
        for letter, name in zip("abcdefghi", odd, strict=True)
    ]  # fmt: skip
    for number, name in enumerate(odd):
        release = json.dumps(f"{number} {name}"[:1000])
        categories = f'["package", {release}]'
        page = oracle.page_text(name, records=records, categories=categories)
        tables, report = read_page(page)
        assert (report.kept, report.rejects, dict(report.warnings)) == (len(odd), [], {})
        graph = tables.to_networkx()
        assert ("Package", name) in graph
        assert ("Release", json.loads(release)) in graph
        for type_ in ("Stack", "Compiler", "Target"):
            assert {key for kind, key in graph if kind == type_} == set(odd)


@pytest.mark.slow
def test_the_fast_and_the_careful_way_give_the_same(read_page: Read, example_pages: Path) -> None:
    for page in example_pages.iterdir():
        text = page.read_text()
        careful = text.replace('"root"', '"roo\\u0074"')
        assert careful != text
        assert read_page(careful)[0].digest() == read_page(text)[0].digest()
