"""Causes of rebuilds: on locks with known changes, and held against `diff` of each pair.

`data/truth/README.md` says what was changed in which lock; nothing here asks graphcache for it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import tries
from hypothesis import given
from hypothesis import strategies as st
from test_spec_diff import ARCH, Edge, Json, graph_of, key, spec

from graphcache import Tables, read
from graphcache.analysis import rebuilds
from graphcache.analysis.dependencies import Dependencies
from graphcache.analysis.differing.cause_texts import Cause, causes_of, unexplained_cause
from graphcache.analysis.differing.causes import causes_of_pairs
from graphcache.analysis.differing.spec_codes import SpecCodes
from graphcache.analysis.differing.spec_diff import diff_specs

DATA = Path(__file__).parent / "data"
TRUTH = DATA / "truth"
SITE = Path(__file__).parents[1] / "examples/site"


class Known(NamedTuple):
    """A change that was made: the packages that have it, and the cause that it is."""

    packages: set[str]
    kind: str
    text: str


def known(packages: str, kind: str, text: str) -> Known:
    return Known(set(packages.split()), kind, text)


# Locks with known changes -------------------------------------------------------------------------

ZLIB_NG = known("zlib-ng", "version", "zlib-ng 2.2.4 → 2.3.3")
OPENSSL = known("openssl", "version", "openssl 3.4.4 → 3.6.1")
CMAKE = known("cmake", "version", "cmake 3.30.9 → 3.31.11")
CURL = known("curl", "version", "curl 8.15.0 → 8.20.0")
RECIPE = known("zlib-ng", "recipe", "zlib-ng recipe bnbx7ez → xbylor6")
CHANGED: dict[str, tuple[int, list[Known]]] = {
    "zlibng": (12, [ZLIB_NG]),
    "openssl": (4, [OPENSSL]),
    "cmake": (2, [CMAKE, CURL]),
    "gmake": (25, [known("gmake", "version", "gmake 4.3 → 4.4.1")]),
    "perl": (9, [known("perl", "version", "perl 5.40.2 → 5.42.0")]),
    "ncurses_variant": (16, [known("ncurses", "variant", "ncurses +termlib → ~termlib")]),
    "openblas_variant": (
        1,
        [known("openblas", "variant", "openblas threads=none → threads=openmp")],
    ),
    "bzip2": (14, [known("bzip2", "variant", "bzip2 +pic~shared → ~pic+shared")]),
    "curl_variant": (3, [known("curl", "variant", "curl +libidn2 → ~libidn2")]),
    "mpich": (2, [known("openmpi mpich", "provider", "mpi: mpich → openmpi")]),
    "zlib": (12, [known("zlib zlib-ng", "provider", "zlib-api: zlib → zlib-ng")]),
    "target": (0, []),
    "os": (0, []),
    "gcc11": (1, [known("gcc", "compiler", "gcc 11.4.0 → 12.2.0")]),
    "ext_numactl": (3, [known("numactl", "external", "numactl built → external at /usr")]),
    "ext_numactl2": (
        4,
        [known("numactl", "external", "numactl external at /opt/numactl → external at /usr")],
    ),
    "ext_openssl": (
        4,
        [known("openssl", "external", "openssl 3.6.1 built → 3.0.17 external at /usr")],
    ),
    "openmpi4": (2, [known("openmpi", "version", "openmpi 4.1.6 → 5.0.8")]),
    "cflags": (13, [known("zlib-ng", "flags", "zlib-ng cflags=-O3 → no flags")]),
    "recipe_zlibng": (13, [RECIPE]),
    "recipe_gmake": (26, [known("gmake", "recipe", "gmake recipe ctolnmi → t7cpl3g")]),
    "recipe_ncurses": (17, [known("ncurses", "recipe", "ncurses recipe ezbmun4 → l327rxu")]),
    "recipe_zlibng_openssl": (
        13,
        [RECIPE, known("openssl", "recipe", "openssl recipe h4emtcx → uma22gg")],
    ),
    "own_patch": (
        12,
        [known("zlib-ng", "variant", "zlib-ng patches=bbb00ae → without patches")],
    ),
    "patch_numactl": (
        3,
        [known("numactl", "variant", "numactl patches=bbb00ae → without patches")],
    ),
    "ns_zlibng": (13, [known("zlib-ng", "namespace", "builtin.zlib-ng → site.zlib-ng")]),
    "deptype": (
        4,
        [known("curl", "dependency types", "curl: pkgconf for build → build, run")],
    ),
    "two_zlibng_openssl": (11, [ZLIB_NG, OPENSSL]),
    "two_zlibng_cmake": (10, [ZLIB_NG, CMAKE, CURL]),
}
"""Of each lock the pairs of one configuration, and what was changed."""
OTHERS: dict[str, tuple[int, list[Known]]] = {
    "others/autoconf": (5, [known("autoconf", "version", "autoconf 2.71 → 2.72")]),
    "others/berkeley": (10, [known("berkeley-db", "version", "berkeley-db 6.2.32 → 18.1.40")]),
    "others/ext_perl": (
        9,
        [known("perl", "external", "perl 5.42.0 built → 5.36.0 external at /usr")],
    ),
    "others/gettext_xml": (6, [known("gettext", "variant", "gettext +libxml2 → ~libxml2")]),
    "others/lapack": (
        1,
        [known("netlib-lapack openblas", "provider", "blas, lapack: netlib-lapack → openblas")],
    ),
    "others/m4_variant": (7, [known("m4", "variant", "m4 +sigsegv → ~sigsegv")]),
    "others/pkgconf": (18, [known("pkgconf", "version", "pkgconf 2.3.0 → 2.5.1")]),
    "others/pkgconfig": (
        18,
        [known("pkg-config pkgconf", "provider", "pkgconfig: pkg-config → pkgconf")],
    ),
    "others/two_curlv_zlib": (
        11,
        [
            known("zlib zlib-ng", "provider", "zlib-api: zlib → zlib-ng"),
            known("curl", "variant", "curl +libidn2 → ~libidn2"),
        ],
    ),
    "others/two_ext_openssl_zlibng": (
        11,
        [ZLIB_NG, known("openssl", "external", "openssl 3.6.1 built → 3.0.17 external at /usr")],
    ),
    "others/two_mpich_zlib": (
        6,
        [
            known("zlib zlib-ng", "provider", "zlib-api: zlib → zlib-ng"),
            known("openmpi mpich", "provider", "mpi: mpich → openmpi"),
        ],
    ),
    "others/two_zlibng_cflags": (
        12,
        [ZLIB_NG, known("zlib-ng", "flags", "zlib-ng cflags=-O3 → no flags")],
    ),
}
"""Those that were made when the rules were there already."""

READLINE = known("readline", "flags", "readline cflags=-O1 → no flags")
PROVIDER = known("zlib zlib-ng", "provider", "zlib-api: zlib → zlib-ng")
SMALL: dict[str, tuple[int, list[Known]]] = {
    "small/ldflags_ncurses": (
        10,
        [known("ncurses", "flags", "ncurses cppflags=-DNDEBUG, ldflags=-s → no flags")],
    ),
    "small/two_flags": (9, [known("bzip2", "flags", "bzip2 cflags=-O3 → no flags"), READLINE]),
    "small/ext_module": (6, [known("bzip2", "external", "bzip2 built → external at /opt/bzip2")]),
    "small/ext_module2": (
        7,
        [
            known(
                "bzip2",
                "external",
                "bzip2 external at bzip2/1.0.8 → external at bzip2/1.0.8-gcc",
            )
        ],
    ),
    "small/two_zlib_openssl": (5, [PROVIDER, OPENSSL]),
    "small/two_readline_ncurses": (
        8,
        [
            known("readline", "version", "readline 8.2 → 8.3"),
            known("ncurses", "variant", "ncurses +termlib → ~termlib"),
        ],
    ),
    "small/three": (
        15,
        [
            known("perl", "version", "perl 5.40.2 → 5.42.0"),
            known("berkeley-db", "version", "berkeley-db 6.2.32 → 18.1.40"),
            known("gmake", "version", "gmake 4.3 → 4.4.1"),
        ],
    ),
    "small/gcc_prefix": (
        20,
        [known("gcc", "external", "gcc external at /opt/gcc-12 → external at /usr")],
    ),
    "small/curl_variant": (3, [known("curl", "variant", "curl +nghttp2 → ~nghttp2")]),
    "small/soft_target": (
        10,
        [
            known("zlib-ng", "target", "zlib-ng target=x86_64_v2 → target=x86_64_v3"),
            known("gcc-runtime", "target", "gcc-runtime target=x86_64_v2 → target=x86_64_v3"),
        ],
    ),
}
XZ = known("xz", "recipe", "xz recipe 2p4c67w → vj7x2hc")
IMAGES: dict[str, tuple[int, list[Known]]] = {
    "images/ext_xz": (
        2,
        [known("xz", "external", "xz 5.8.3 built → 5.4.1 external at /usr")],
    ),
    "images/jpeg_provider": (
        2,
        [known("libjpeg libjpeg-turbo", "provider", "jpeg: libjpeg → libjpeg-turbo")],
    ),
    "images/two_flags_tiff_xz": (
        5,
        [
            known("xz", "flags", "xz cflags=-O3, cxxflags=-O3 → no flags"),
            known("libtiff", "flags", "libtiff cflags='-O1 -g' → no flags"),
        ],
    ),
    "images/recipe_xz_zstd": (
        4,
        [XZ, known("zstd", "recipe", "zstd recipe rjkq4pi → wboc256")],
    ),
    "images/ns_libtiff_iconv": (
        13,
        [
            known("libiconv", "namespace", "builtin.libiconv → site.libiconv"),
            known("libtiff", "namespace", "builtin.libtiff → site.libtiff"),
        ],
    ),
    "images/deptypes": (
        2,
        [
            known("libarchive", "dependency types", "libarchive: pkgconf for build → build, run"),
            known("proj", "dependency types", "proj: sqlite for build, link → build, link, run"),
        ],
    ),
}
OF_OTHERS = {
    "ext_numactl2": "ext_numactl",
    "small/ext_module2": "small/ext_module",
    "small/soft_target": "small/soft_base",
}


def lock(name: str) -> Json:
    specs: Json = json.loads(gzip.decompress(path_of(name).read_bytes()))["concrete_specs"]
    return specs


def path_of(name: str) -> Path:
    return TRUTH / f"{name}.spack.lock.gz"


def other_of(name: str) -> str:
    """The lock that one is compared with."""
    folder, slash, _ = name.rpartition("/")
    return OF_OTHERS.get(name, f"{folder}{slash}base")


def looks(specs: Json, hash_: str) -> str:
    """What a person sees of a spec: all but its flags, its hashes and what else it needs."""
    one = specs[hash_]
    flags = {"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"}
    compilers = {
        f"{need['name']}@{specs[need['hash']]['version']}"
        for need in one.get("dependencies", [])
        if {"c", "cxx", "fortran"} & set(need["parameters"]["virtuals"])
    }
    variants = {k: v for k, v in one["parameters"].items() if k not in flags}
    seen = one["name"], one["version"], one["arch"], sorted(compilers), variants
    return json.dumps(seen, sort_keys=True)


def packages_below(specs: Json, hash_: str) -> set[str]:
    found = {hash_}
    border = [hash_]
    for one in border:  # which grows meanwhile
        needs = {need["hash"] for need in specs[one].get("dependencies", [])} - found
        found |= needs
        border += needs
    return {specs[one]["name"] for one in found}


def pairs_of(specs: Json) -> Iterator[tuple[str, str]]:
    """Specs that look alike: the first by hash with each other one."""
    groups: dict[str, list[str]] = {}
    for hash_ in sorted(specs):
        groups.setdefault(looks(specs, hash_), []).append(hash_)
    for first, *others in groups.values():
        yield from ((first, other) for other in others)


def named(tables: Tables, pairs: list[tuple[str, str]]) -> list[set[Cause]]:
    """The causes of each pair."""
    graph = Dependencies(tables)
    ends = [graph.rows(np.array(side)) for side in zip(*pairs, strict=True)]
    found = causes_of_pairs(tables, graph, *ends)
    causes: list[set[Cause]] = [set() for _ in pairs]
    for pair, cause in zip(found.pair.tolist(), found.cause.tolist(), strict=True):
        causes[pair].add(found.causes[cause])
    return causes


@pytest.mark.slow
@pytest.mark.parametrize("name", [*CHANGED, *OTHERS, *SMALL, *IMAGES])
def test_what_was_changed_is_the_cause_of_each_pair(name: str) -> None:
    """Of each pair exactly those changes are named that one of the two has below it."""
    specs = lock(other_of(name)) | lock(name)
    pairs = list(pairs_of(specs))
    again, changes = (CHANGED | OTHERS | SMALL | IMAGES)[name]
    assert len(pairs) == again
    expected = []
    for pair in pairs:
        below = set().union(*(packages_below(specs, hash_) for hash_ in pair))
        expected.append({Cause(c.kind, c.text) for c in changes if c.packages & below})
    tables, _ = read(path_of(other_of(name)), path_of(name))
    if pairs:
        assert named(tables, pairs) == expected
    rows = {row["cause"]: row for row in rebuilds(tables).to_dicts()}
    assert {text: row["builds"] for text, row in rows.items()} == {
        c.text: sum(Cause(c.kind, c.text) in found for found in expected) for c in changes
    }
    assert {text: row["alone"] for text, row in rows.items()} == {
        c.text: sum({Cause(c.kind, c.text)} == found for found in expected) for c in changes
    }


def test_the_figures_of_the_docs_are_those_of_the_tables() -> None:
    page = (Path(__file__).parents[1] / "docs/truth.md").read_text()
    rows = page.splitlines()
    for made in (CHANGED, OTHERS, SMALL, IMAGES):
        pairs = sum(again for again, _ in made.values())
        changes = sum(len(found) for _, found in made.values())
        figures = f"| {len(made)} | {changes} | {pairs} | {pairs} | {pairs} |"
        assert any(row.endswith(figures) for row in rows), figures
    built_again = sum(again["zlib-ng"] for again in NEW.values())
    assert f"{built_again} specs were built again from 2026-09 to 2026-10" in page


# The site -----------------------------------------------------------------------------------------

NEW = {
    "tools": {"zlib-ng": 107, "openssl": 86, "curl": 51, "cmake": 34},
    "io": {"zlib-ng": 121, "openssl": 102, "curl": 53, "cmake": 36, "hwloc": 21, "hdf5": 10},
    "solvers": {"zlib-ng": 77, "openssl": 56, "curl": 30, "cmake": 30, "hwloc": 17, "hdf5": 2},
}
"""How many rebuilds from 2026-09 to 2026-10 each change is below, as counted in the lock files by
a script that does not use graphcache."""
TEXTS = {
    "zlib-ng": ("zlib-ng 2.2.5 → 2.3.3", "version"),
    "openssl": ("openssl 3.4.4 → 3.6.1", "version"),
    "curl": ("curl 8.15.0 → 8.20.0", "version"),
    "cmake": ("cmake 3.30.9 → 3.31.11", "version"),
    "hwloc": ("hwloc recipe czx4w5n → dy25ubw", "recipe"),
    "hdf5": ("hdf5 +szip → ~szip", "variant"),
}


@pytest.mark.slow
@pytest.mark.parametrize("stack", NEW)
def test_the_changes_of_the_site_are_the_causes_and_nothing_else(stack: str) -> None:
    tables, _ = read(*(SITE / release / stack for release in ("2026-09", "2026-10")))
    assert {row[:3] for row in rebuilds(tables).rows} == {
        (*TEXTS[package], again) for package, again in NEW[stack].items()
    }


@pytest.mark.slow
def test_the_changes_of_the_tools_until_develop_are_the_causes() -> None:
    tables, _ = read(*(SITE / release / "tools" for release in ("2026-10", "develop")))
    assert [row[:3] for row in rebuilds(tables).rows] == [
        ("python 3.12.13 → 3.13.13", "version", 61),
        ("curl +libidn2 → ~libidn2", "variant", 52),
    ]


@pytest.mark.slow
def test_the_compiler_and_mpi_of_io_are_the_causes() -> None:
    """What has no compiler looks the same as before, and what it needs was compiled by another."""
    tables, _ = read(*(SITE / release / "io" for release in ("2026-10", "develop")))
    assert [row[:3] for row in rebuilds(tables).rows] == [
        ("gcc 13.4.0 → 14.3.0", "compiler", 45),
        ("openmpi 5.0.8 → 5.0.10", "version", 2),
    ]


@pytest.mark.slow
def test_providers_and_targets_of_the_solvers_are_the_causes() -> None:
    """The target is asked of roots alone, so that externals and what builds have others."""
    tables, _ = read(*(SITE / release / "solvers" for release in ("2026-10", "develop")))
    rows = {row[0]: row[1] for row in rebuilds(tables).rows}
    assert {text: kind for text, kind in rows.items() if kind != "target"} == {
        "openmpi 5.0.8 → 5.0.10": "version",
        "blas: amdblis → openblas": "provider",
        "lapack: amdlibflame → openblas": "provider",
    }
    of_externals = "target=x86_64 → target=x86_64_v3"
    others = "target=x86_64_v3 → target=x86_64_v4"
    externals = {f"{name} {of_externals}" for name in ("gcc", "glibc", "slurm")}
    assert externals <= rows.keys()
    targets = {text for text, kind in rows.items() if kind == "target"}
    assert all(text.endswith(others) for text in targets - externals)


# One meaning --------------------------------------------------------------------------------------


def as_diff_tells(tables: Tables, left: str, right: str) -> set[Any]:
    """The causes by which `diff` explains two specs; of providers only the packages."""
    compiles = {
        edge["to"]
        for edge in tables.edges["DEPENDS_ON"].to_pylist()
        if {"c", "cxx", "fortran"} & set(edge["virtuals"] or ())
    }
    found: set[Any] = set()
    for one in diff_specs(tables, left, right).lowest():
        package, other = one.right.package, one.left.package
        if one.unexplained:
            found.add(unexplained_cause(package, one.unexplained))
        elif package != other:
            found.add(frozenset((package, other)))
        else:
            both = {one.left.hash, one.right.hash} <= compiles
            found.update(causes_of(package, one.changes, compiles=both))
    return found


def without_virtuals(causes: set[Cause]) -> set[Any]:
    """The causes; of providers only the packages."""
    return {
        frozenset(cause.text.rpartition(": ")[2].split(" → "))
        if cause.kind == "provider" or (cause.kind == "compiler" and ": " in cause.text)
        else cause
        for cause in causes
    }


def assert_one_meaning(tables: Tables, pairs: list[tuple[str, str]]) -> None:
    for pair, causes in zip(pairs, named(tables, pairs), strict=True):
        assert without_virtuals(causes) == as_diff_tells(tables, *pair), pair


@pytest.mark.slow
@pytest.mark.parametrize(
    "paths",
    [
        [DATA / "spack/radiuss.v6.spack.lock.gz", DATA / "spack/developer-tools.v6.spack.lock.gz"],
        [DATA / "spack/mirrors"],
        [SITE / "2026-10/solvers", SITE / "develop/solvers"],
        [TRUTH / f"{name}.spack.lock.gz" for name in ("base", "mpich", "zlib", "ext_openssl")],
    ],
    ids=["stacks", "mirrors", "site", "truth"],
)
def test_rebuilds_and_diff_of_real_specs_have_one_meaning(paths: list[Path]) -> None:
    """Of specs of one package, next to each other by hash: whether they look alike or not."""
    tables, _ = read(*paths)
    by_package: dict[str, list[str]] = {}
    for one in tables.nodes["Spec"].to_pylist():
        by_package.setdefault(one["name"], []).append(one["hash"])
    pairs = [pair for hashes in by_package.values() for pair in pairwise(hashes)]
    step = max(1, len(pairs) // 40)
    assert_one_meaning(tables, pairs[::step])


@st.composite
def drawn_specs(draw: st.DrawFn) -> list[Json]:
    """Specs of a few packages, three of each, with any settings and dependencies."""
    letters = "abcde"[: draw(st.integers(2, 5))]
    specs = []
    for at, letter in enumerate(letters):
        for n in "123":
            needs: list[Edge] = []
            for below in letters[at + 1 :]:
                chosen = draw(st.lists(st.sampled_from("123"), max_size=2, unique=True))
                needs += [
                    (
                        f"{below}{m}",
                        draw(st.sampled_from([["build"], ["link"], ["build", "link"]])),
                        draw(st.sampled_from([[], [], ["v"], ["v", "w"], ["c"]])),
                    )
                    for m in chosen
                ]
            values = {
                "version": draw(st.sampled_from(["1", "2"])),
                "package_hash": draw(st.sampled_from(["r", "s"])),
                "arch": ARCH | {"target": draw(st.sampled_from(["zen3", "zen3", "zen4"]))},
                "parameters": {"shared": draw(st.booleans()), "cflags": []},
            }
            if draw(st.booleans()) and draw(st.booleans()):
                values["external"] = {"path": draw(st.sampled_from(["/usr", "/opt"]))}
            if draw(st.booleans()):
                del values["package_hash"]
            specs.append(spec(f"{letter}{n}", *needs, **values))
    return specs


@pytest.mark.slow
@tries(30)
@given(drawn_specs())
def test_rebuilds_and_diff_of_any_specs_have_one_meaning(
    tmp_path_factory: pytest.TempPathFactory, specs: list[Json]
) -> None:
    tables = graph_of(tmp_path_factory.mktemp("drawn"), *specs)
    letters = {one["hash"][0] for one in specs}
    pairs = [(key(f"{a}{n}"), key(f"{a}{m}")) for a in letters for n, m in ("12", "13", "23")]
    assert_one_meaning(tables, pairs)


# The answer ---------------------------------------------------------------------------------------


def command(left: str, right: str) -> str:
    """What says in what two specs differ."""
    return f"graphcache diff /{key(left)} /{key(right)}"


def test_each_cause_has_its_builds_packages_stacks_and_an_example(tmp_path: Path) -> None:
    specs = [
        *(spec("app1", "lib1", "zlib1"), spec("app2", "lib2", "zlib2")),
        *(spec("app3", "lib1", "zlib3"), spec("tool1", "lib1"), spec("tool2", "lib2")),
        *(spec("lib1", version="1.9"), spec("lib2", version="1.10")),
        *(spec("zlib1"), spec("zlib2", package_hash="edited"), spec("zlib3", version="1.3")),
    ]
    assert rebuilds(graph_of(tmp_path, *specs)).rows == [
        ("lib 1.9 → 1.10", "version", 2, 1, 2, 1, None, command("app1", "app2")),
        ("zlib recipe edited → recipe", "recipe", 2, 1, 2, 1, None, command("app1", "app2")),
        ("zlib 1.2 → 1.3", "version", 1, 1, 1, 1, None, command("app1", "app3")),
    ]


def test_a_cycle_of_dependencies_ends(tmp_path: Path) -> None:
    assert rebuilds(graph_of(tmp_path, spec("app1", "lib1"), spec("lib1", "app1"))).rows == []


def test_of_two_cycles_that_differ_each_spec_is_a_cause(tmp_path: Path) -> None:
    specs = [
        *(spec(f"app{n}", f"lib{n}") for n in "12"),
        *(spec(f"lib{n}", f"app{n}") for n in "12"),
    ]
    assert [row[:4] for row in rebuilds(graph_of(tmp_path, *specs)).rows] == [
        ("app: nothing that sources tell", "not known", 2, 0),
        ("lib: nothing that sources tell", "not known", 2, 0),
    ]


def test_a_spec_without_a_name_is_of_no_other_package() -> None:
    tables, _ = read(path_of("small/base"))
    graph = tables.to_networkx()
    chosen = min(node for node in graph.nodes if node[0] == "Spec")
    graph.nodes[chosen].pop("name")
    tables = Tables.from_networkx(graph)
    codes = SpecCodes(tables, Dependencies(tables))
    hashes = tables.nodes["Spec"]["hash"].to_pylist()
    alone = np.flatnonzero(codes.package == codes.package[hashes.index(chosen[1])])
    assert [hashes[row] for row in alone] == [chosen[1]]
    assert codes.names[codes.package[alone[0]]] == ""
