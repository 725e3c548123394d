"""The questions that have commands of their own, asked of what Spack wrote.

`golden/cli/verbs` is written anew by `make golden`. The
answers there were checked by hand once.
"""

from __future__ import annotations

import json
from pathlib import Path

import oracle
import pytest
from command_line import assert_golden, on_terminal, run, succeed

DATA = Path(__file__).parent / "data/spack"
SITE = Path(__file__).parents[1] / "examples/site"
MY_ENV = SITE / "my-env/spack.lock.gz"
SOURCES = {
    "mirror": DATA / "mirrors/v3",
    "radiuss": DATA / "radiuss.v6.spack.lock.gz",
    "site": SITE / "develop",
}
QUESTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "mirror": {
        "why": ("why", "/5cjxhug"),
        "impact": ("impact", "demo-compress@1.3"),
        "usable": ("usable", "demo-core", "--target", "zen4", "--os", "debian12"),
        "rebuilds": ("rebuilds",),
        "unify": ("unify",),
        "prune-plan": ("prune-plan", "--keep-release", "develop"),
    },
    "radiuss": {
        "why": ("why", "bu5ehkv"),
        "impact": ("impact", "hdf5"),
        "rebuilds": ("rebuilds", "--stack", "radiuss.v6"),
    },
    "site": {
        "why": ("why", "egijrst"),
        "impact": ("impact", "openssl@3.6"),
        "usable": ("usable", "hdf5", "--target", "zen4", "--os", "almalinux9"),
        "find": ("find", "hdf5", "+mpi", "zlib-ng@2.3:", "--format", "table"),
        "find-csv": ("find", "hdf5 ^openmpi@5 %gcc@14:", "--format", "csv"),
        "find-deps": ("find", "zlib-ng", "%gcc@13", "-dL", "--format", "table"),
        "find-limit": ("find", "+shared", "--stack", "tools", "--limit", "3", "--format", "table"),
        "find-none": ("find", "openssl@1.1.1:1.1.1k", "--format", "table"),
        "find-none-of-all": ("find", "hdf5+szip~mpi", "target=x86_64_v4", "--format", "table"),
        "find-paste": ("find", "hdf5", "glibc", "--release", "develop", "--paste"),
        "rebuilds": ("rebuilds", "--package", "ncurses@6: %gcc@13"),
        "unify": ("unify", "--stack", "io", "--stack", "tools", "--release", "develop"),
        "unify-yaml": ("unify", "--stack", "solvers", "--max-pins", "3", "--format", "yaml"),
        "prune-plan": ("prune-plan", "--keep-stack", "io", "--keep-stack", "solvers"),
        "prune-plan-deptype": ("prune-plan", "--keep-stack", "tools", "--deptype", "link,run"),
        "impact-deptype": ("impact", "openssl@3.6", "--deptype", "link", "--stack", "io"),
        "impact-release": ("impact", "cmake", "--release", "develop", "--format", "table"),
        "why-table": ("why", "zlib-ng@2.3: ^glibc", "--format", "table"),
    },
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of each source; the mirror and the site are of develop."""
    folder = tmp_path_factory.mktemp("stores")
    for name, source in SOURCES.items():
        labels = [] if name == "radiuss" else ["--release", "develop"]
        succeed("build", source, "--store", f"{name}.lbug", "--quiet", *labels, cwd=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "verb"), [(source, verb) for source in QUESTIONS for verb in QUESTIONS[source]]
)
def test_golden_answer_of_a_verb(source: str, verb: str, stores: Path) -> None:
    ended = run(*QUESTIONS[source][verb], "--store", f"{source}.lbug", cwd=stores)
    assert ended.code == 0
    assert_golden(f"verbs/{source}-{verb}.txt", ended.out + ended.err)


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40, 80, 160])
def test_a_terminal_shows_the_whole_of_a_path(columns: int, stores: Path) -> None:
    asked = ("why", "zlib-ng", "--store", "site.lbug")
    rows = json.loads(succeed(*asked, "--format", "json", cwd=stores))
    assert max(len(row["path"]) for row in rows) > 3
    shown = on_terminal(*asked, "--all", cwd=stores, columns=columns).out
    arrows = sum(len(row["path"]) - 1 for row in rows)
    assert shown.count("→") == arrows
    assert all(step in shown for row in rows for step in row["path"])
    assert " in all" not in shown


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_golden_check(source: str, stores: Path) -> None:
    ended = run("check", "--store", f"{source}.lbug", cwd=stores)
    assert ended.code == {"mirror": 1, "radiuss": 0, "site": 1}[source]
    assert_golden(f"verbs/{source}-check.txt", ended.out + ended.err)


@pytest.mark.slow
def test_check_in_json_has_all_rows(stores: Path) -> None:
    printed = run("check", "--store", "mirror.lbug", "--format", "json", cwd=stores).out
    for finding in json.loads(printed):
        known = finding["found"] != "not known"
        assert finding["rows"] is None or len(finding["rows"]) == finding["found"]
        assert known or finding["problem"] == "not-in-root"  # which pages alone tell


@pytest.mark.slow
def test_check_ends_well_where_all_is_well(tmp_path: Path) -> None:
    page = oracle.page_text(records=[oracle.record("a" * 32)])
    (tmp_path / "page").write_text(page)
    succeed("build", "page", "--quiet", cwd=tmp_path)
    ended = run("check", "--format", "json", cwd=tmp_path)
    found = {finding["problem"]: finding["found"] for finding in json.loads(ended.out)}
    on_dependencies = ("holes", "dangling-dependencies", "not-reached")
    assert found == {name: "not known" if name in on_dependencies else 0 for name in found}
    assert ended.code == 0
    assert ended.err.startswith("holes, dangling-dependencies, not-reached: the answer stands on ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("under", "code"), [((), 0), (("--fail-under", "63"), 0), (("--fail-under", "63.2"), 1)]
)
def test_coverage_fails_under_a_share(under: tuple[str, ...], code: int, stores: Path) -> None:
    options = (*under, "--store", "site.lbug", "--format", "jsonl")
    ended = run("coverage", MY_ENV, *options, cwd=stores)
    assert ended.code == code
    assert ended.err.splitlines() == [
        "Left out: 2 external specs, which no cache holds.",
        "36 of 57 specs are held: 63.2 %",
    ]
    rows = [json.loads(line) for line in ended.out.splitlines()]
    assert len(rows) == 57


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 80, 160])
def test_a_list_of_specs_fits_the_screen(columns: int, stores: Path) -> None:
    asked = ("find", "+shared", "--store", "site.lbug")
    piped = succeed(*asked, "--format", "table", cwd=stores)
    shown = on_terminal(*asked, "--all", cwd=stores, columns=columns).out
    lines = shown.splitlines()
    assert "".join(shown.replace("-", "").split()) == "".join(piped.replace("-", "").split())
    assert all(len(line) <= columns for line in lines)
    for line in lines:
        # A hash with its name, the rule above a group, or what goes on below a name.
        assert line == "" or line.startswith(("-- ", " " * 8)) or line[7] == " "
    lines = on_terminal(*asked, cwd=stores, columns=columns).out.splitlines()
    assert len(lines) <= 23
    every = len(json.loads(succeed(*asked, "--format", "json", cwd=stores)))
    kept = sum(line[:1] not in ("", " ", "-", "…") for line in lines)
    assert lines[-1] == f"… and {every - kept} more (--all)"


@pytest.mark.slow
@pytest.mark.parametrize("columns", [60, 240])
def test_a_terminal_shows_in_what_the_nearest_differs(columns: int, stores: Path) -> None:
    shown = on_terminal("coverage", MY_ENV, "--store", "site.lbug", cwd=stores, columns=columns)
    assert " in all" not in shown.out
    words = " ".join(shown.out.split())
    assert "gcc version: 14.3.0 -> 13.4.0" in words
    assert "true" not in words  # what a screen has no room for is what the cache holds


@pytest.mark.slow
def test_golden_coverage(stores: Path) -> None:
    printed = run("coverage", MY_ENV, "--store", "site.lbug", cwd=stores).out
    lacking = [line for line in printed.splitlines() if ",true," not in line]
    assert_golden("verbs/site-coverage.txt", "\n".join(lacking) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (("why", "zzzz"), 2, "Error: zzzz: no such package or hash in the graph"),
        (("why", "/zzzz"), 2, "Error: /zzzz: no such spec in the graph"),
        (("why",), 2, "Missing argument 'SPEC...'"),
        (("why", "/a"), 2, "Error: /a: expected one spec, found "),
        (("why", "b"), 2, "Hashes that begin so are of:"),
        (("impact", "none"), 2, "Error: none: no such package or hash in the graph"),
        (("impact", "zlib-ng@1.2.:"), 2, "zlib-ng@1.2.:: expected a part of a spec, at character "),
        (("impact", "mpi"), 2, "mpi: no package, but what packages provide"),
        (("impact", "zlib-ng", "--stack", "x"), 2, "Error: x: no such stack in the graph"),
        (("impact", "zlib-ng", "--release", "developp"), 2, "Did you mean develop?"),
        (("impact", "zlib-ng", "--deptype", "lnk"), 2, "Error: lnk: no such dependency type in "),
        (("coverage", "nowhere"), 1, "nowhere: there is no such file or folder"),
        (("coverage", "site.lbug"), 1, "not a page, index, lock file or spec file of Spack"),
        (("usable", "hdf5", "--target", "zen44"), 2, "Did you mean zen4"),
        (("usable", "hdf6", "--target", "zen4"), 2, "hdf6: no such package or hash in the graph"),
        (("usable", "hdf5", "--target", "zen4", "--os", "almalinx9"), 2, "Did you mean almalinux9"),
        (("usable", "hdf5", "--os", "almalinx9"), 2, "Error: almalinx9: no such operating system"),
        (("usable", "hdf5", "--target", "zen4", "--stack", "e4s"), 2, "e4s: no such stack"),
        (("find",), 2, "Missing argument 'SPEC...'"),
        (("find", "hdf5", "--stack", "e4s"), 2, "Error: e4s: no such stack in the graph"),
        (("find", "hdf5", "--release", "developp"), 2, "Did you mean develop?"),
        (("find", "hdf5", "target=zen44"), 2, "zen44: no such target in the graph. Did you mean"),
        (("find", "hdf5", "os=almalinux8"), 2, "Did you mean almalinux9?"),
        (("find", "hdf5", "^mpich2"), 2, "mpich2: no such package in the graph"),
        (("find", "zlibng"), 2, "Did you mean zlib-ng"),
        (("find", "mpi"), 2, "Expected a package, such as openmpi"),
        (("rebuilds", "--package", "x"), 2, "Error: x: no such package or hash in the graph"),
        (("prune-plan",), 2, "Error: expected a release or a stack to keep: else all could go"),
        (("prune-plan", "--keep-release", "x"), 2, "Error: x: no such release in the graph"),
        (("prune-plan", "--keep-stack", "io", "--deptype", "runn"), 2, "Did you mean run?"),
    ],
)
def test_what_a_verb_cannot_answer(
    asked: tuple[str, ...], code: int, said: str, stores: Path
) -> None:
    ended = run(*asked, "--store", "site.lbug", cwd=stores)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert not ended.err.startswith("for ")


@pytest.mark.slow
def test_what_no_lock_file_tells_is_not_known(stores: Path) -> None:
    asked = ("usable", "hdf5", "--target", "x86_64_v3")
    ended = run(*asked, "--store", "radiuss.lbug", cwd=stores)
    assert (ended.code, ended.out) == (1, "")
    assert "Error: whether the cache holds a binary is not known of 2 specs" in ended.err
