"""The named queries: every answer held against plain Python over the records, on every store."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, groupby, product
from pathlib import Path
from typing import Any

import oracle
import pytest
from archspec.cpu import TARGETS
from conftest import WriteSnapshot, derived_hashes
from neo4j_server.fixtures import Server, clear
from neo4j_server.pushing import opened, put

from graphcache import Store, UsageError, build_store, open_store, read
from graphcache.analysis.health import QUERIES
from graphcache.queries import (
    THEMES,
    NamedQuery,
    builtin_folder,
    by_theme,
    load_library,
    parse_query,
)

ROOT = Path(__file__).parents[1]
LIBRARY = load_library()

Row = tuple[Any, ...]
Spec = dict[str, Any]
Values = Mapping[str, str]


# What is asked: three sets of pages, in every store -----------------------------------------------


@dataclass(frozen=True)
class Pages:
    """Folders of pages, and the specs that they hold according to the oracle."""

    folders: tuple[Path, ...]
    specs: list[Spec]

    def names(self, key: str) -> list[str]:
        """All values of a property that the specs have, or all names in a dict of theirs."""
        values = (spec[key] for spec in self.specs)
        return sorted({name for v in values for name in ([v] if isinstance(v, str) else v)})


@contextmanager
def embedded(pages: Pages, folder: Path) -> Iterator[Store]:
    path = folder / "store.lbug"
    build_store(path, *pages.folders)
    with open_store(path) as opened:
        yield opened


@contextmanager
def on_server(pages: Pages, server: Server) -> Iterator[Store]:
    clear(server)
    put(server, read(*pages.folders)[0])
    with opened(server) as there:
        yield there


STORES = ["embedded", "neo4j_526", "neo4j_2026"]
"""The kinds of store; the servers by the names of their fixtures."""


def write_mixed_pages(folder: Path) -> None:
    """Few names, drawn at random: many ties, and specs whose stacks differ between releases."""
    dice = random.Random(1)  # noqa: S311 - the same every time
    for name, stacks in {"zlib": "a", "hdf5": "abc", "py-six": "abc", "boost": "b"}.items():
        specs = [
            oracle.record(
                "".join(dice.choices("abcdefghijklmnopqrstuvwxyz234567", k=32)),
                versions=[dice.choice(["1.2", "1.10"])],
                compiler=dice.choice(["none", "gcc@=13.2.0"]),
                target=dice.choice(["x86_64_v3", "aarch64", "zen2"]),
                variants=dice.choice([[], ["+mpi", "~cuda"]]),
            )
            for _ in range(8)
        ]
        for release in ("develop", "v1.0", "v0.9"):
            records = [
                spec
                | {
                    "stacks": [
                        *dice.sample(stacks, dice.randrange(len(stacks) + 1)),
                        *dice.sample(["root"], dice.randrange(2)),
                    ]
                }
                for spec in dice.sample(specs, 5)
            ]
            (folder / f"{release}-{name}.md").write_text(oracle.page_text(name, release, records))


@pytest.fixture(scope="module", params=["real", "made", "mixed"])
def pages(
    request: pytest.FixtureRequest,
    example_pages: Path,
    legacy_pages: Path,
    write_snapshot: WriteSnapshot,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pages:
    folders: tuple[Path, ...] = (example_pages, legacy_pages)
    if request.param != "real":
        folders = (tmp_path_factory.mktemp("pages"),)
    if request.param == "made":
        write_snapshot(folders[0], records=600, pages=40, releases=3)
    elif request.param == "mixed":
        write_mixed_pages(folders[0])
    return Pages(folders, specs_of(*folders))


def specs_of(*folders: Path) -> list[Spec]:
    """What the oracle finds; a text without a hash gets the one that graphcache makes."""
    specs = oracle.specs(oracle.read_pages(*folders))
    made = derived_hashes(spec["hash"] for spec in specs if spec["derived"])
    for spec in specs:
        spec["hash"] = made.get(spec["hash"], spec["hash"])
    return sorted(specs, key=lambda spec: str(spec["hash"]))


@pytest.fixture(scope="module", params=STORES)
def store(
    request: pytest.FixtureRequest, pages: Pages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    if request.param == "embedded":
        made = embedded(pages, tmp_path_factory.mktemp("store"))
    else:
        made = on_server(pages, request.getfixturevalue(request.param))
    with made as store:
        yield store


# What the answers must be -------------------------------------------------------------------------


def configuration(spec: Spec) -> str:
    """The digest of what a person sees of a spec."""
    seen = [spec[key] for key in ("name", "version", "platform", "os", "target")]
    said = [*seen, spec["compiler"] or "", "\x1f".join(spec["variants"])]
    return hashlib.sha256("\x1e".join(said).encode()).hexdigest()[:16]


def held_by(specs: Iterable[Spec], release: str) -> list[Spec]:
    return [spec for spec in specs if release in ("", *spec["releases"])]


def named(specs: Iterable[Spec], package: str) -> list[Spec]:
    return [spec for spec in specs if spec["name"] == package]


def stacks_in(spec: Spec, release: str) -> list[str]:
    """The stacks that hold the spec in the release, which may be any."""
    return sorted(k for k, releases in spec["stacks"].items() if release in ("", *releases))


def by_stack(specs: Iterable[Spec], release: str) -> dict[str, list[Spec]]:
    found = defaultdict(list)
    for spec in specs:
        for stack in stacks_in(spec, release):
            found[stack].append(spec)
    return found


def grouped(specs: Iterable[Spec], key: Callable[[Spec], Any]) -> list[tuple[Any, list[Spec]]]:
    return [(value, list(group)) for value, group in groupby(sorted(specs, key=key), key)]


def distinct(specs: Iterable[Spec], key: str) -> list[str]:
    """The values that the specs have for the key, each once, sorted; null is none."""
    return sorted({spec[key] for spec in specs} - {None})


def configurations_of(specs: Iterable[Spec]) -> int:
    return len({configuration(spec) for spec in specs})


def all_stacks(specs: Iterable[Spec]) -> list[str]:
    return sorted({stack for spec in specs for stack in spec["stacks"]})


def biggest_packages(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (
            package,
            len(group),
            configurations_of(group),
            len(distinct(group, "version")),
            len(distinct(group, "target")),
            len(all_stacks(group)),
        )
        for package, group in grouped(held_by(specs, values["release"]), lambda s: s["name"])
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def compilers_by_target(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(specs, values["release"])
    rows = [
        (target, compiler, len(group), len(distinct(group, "name")))
        for (target, compiler), group in grouped(held, lambda s: (s["target"], s["compiler"] or ""))
    ]
    return sorted(rows, key=lambda row: (row[0], -row[2], row[1]))


def configurations(specs: list[Spec], values: Values) -> list[Row]:
    held = held_by(named(specs, values["package"]), values["release"])
    rows = []
    for digest, group in grouped(held, configuration):
        one = group[0]
        seen = [one[key] for key in ("version", "platform", "os", "target")]
        hashes = distinct(group, "hash")
        rows.append(
            (digest, *seen, one["compiler"] or "", one["variants"], len(hashes), hashes),
        )
    return sorted(rows, key=lambda row: (-row[7], row[0], row[5]))


def only_in_stack(specs: list[Spec], values: Values) -> list[Row]:
    stack, release = values["stack"], values["release"]
    lost = [spec for spec in specs if stacks_in(spec, release) == [stack]]
    rows = [
        (package, len(group), distinct(group, "version"))
        for package, group in grouped(lost, lambda s: s["name"])
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def orphan_targets(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    for target, group in grouped(specs, lambda s: s["target"]):
        releases = sorted({release for spec in group for release in spec["releases"]})
        if values["release"] not in releases:
            rows.append((target, len(group), len(distinct(group, "name")), releases))
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def package(specs: list[Spec], values: Values) -> list[Row]:
    places = [
        (release, spec["version"], spec)
        for spec in named(specs, values["package"])
        for release in spec["releases"] or [""]
    ]
    rows = []
    for (release, version), found in groupby(
        sorted(places, key=lambda place: place[:2]), lambda place: place[:2]
    ):
        group = [spec for _, _, spec in found]
        lists = (distinct(group, key) for key in ("os", "target", "compiler"))
        counts = (len(group), configurations_of(group))
        rows.append((release, version, *counts, *lists, all_stacks(group)))
    return rows


def redundant_builds(specs: list[Spec], values: Values) -> list[Row]:
    rows = []
    for name, group in grouped(held_by(specs, values["release"]), lambda s: s["name"]):
        times = Counter(configuration(spec) for spec in group)
        redundant = len(group) - len(times)
        if redundant:
            rows.append((name, len(group), len(times), redundant, max(times.values())))
    return sorted(rows, key=lambda row: (-row[3], row[0]))


def releases_diff(specs: list[Spec], values: Values) -> list[Row]:
    old, new = (
        {spec["hash"] for spec in specs if values[key] in spec["releases"]}
        for key in ("old", "new")
    )
    rows = []
    for name, group in grouped(specs, lambda s: s["name"]):
        counts: Counter[str] = Counter()
        for _, same in grouped(group, configuration):
            hashes = {spec["hash"] for spec in same}
            before, after = hashes & old, hashes & new
            counts["added"] += 0 if before else len(after)
            counts["removed"] += 0 if after else len(before)
            counts["rebuilt"] += len(after - before) if before else 0
            counts["kept"] += len(before & after)
        if counts["added"] or counts["removed"] or counts["rebuilt"]:
            rows.append((name, *(counts[key] for key in ("added", "removed", "rebuilt", "kept"))))
    return rows


def single_stack_packages(specs: list[Spec], values: Values) -> list[Row]:
    found = defaultdict(list)
    for stack, group in by_stack(specs, values["release"]).items():
        for name, builds in grouped(group, lambda s: s["name"]):
            found[name].append((stack, len(builds)))
    rows = [(name, *stacks[0]) for name, stacks in found.items() if len(stacks) == 1]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def in_no_stack(specs: list[Spec], _: Values) -> list[Row]:
    rows = [
        (one["hash"], one["name"], one["version"], sorted(one["releases"]))
        for one in specs
        if one["in_buildcache"] and not one["stacks"]
    ]
    return sorted(rows, key=lambda row: (row[1], row[2], row[0]))


def not_in_root(specs: list[Spec], _: Values) -> list[Row]:
    missed = Counter(
        (release, stack)
        for one in specs
        for stack, releases in one["stacks"].items()
        for release in releases
        if not one["releases"][release]
    )
    return sorted(((*place, count) for place, count in missed.items()), key=lambda r: (-r[2], *r))


def found_in_no_page(_: list[Spec], __: Values) -> list[Row]:
    """What takes dependencies to find: `test_health.py` has files with it."""
    return []


def spec(specs: list[Spec], values: Values) -> list[Row]:
    times = Counter(configuration(one) for one in specs)
    return [
        (
            *(one[key] for key in ("hash", "name", "version", "platform", "os", "target")),
            [one["compiler"]] if one["compiler"] else [],
            one["variants"],
            configuration(one),
            times[configuration(one)],
            sorted(one["stacks"]),
            sorted(one["releases"]),
        )
        for one in specs
        if one["hash"].startswith(values["hash"])
    ]


def stack_overlap(specs: list[Spec], values: Values) -> list[Row]:
    shared = defaultdict(list)
    for one in specs:
        for pair in combinations(stacks_in(one, values["release"]), 2):
            shared[pair].append(one)
    rows = [(*pair, len(both), len(distinct(both, "name"))) for pair, both in shared.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))


def stacks(specs: list[Spec], values: Values) -> list[Row]:
    rows = [
        (stack, len(group), len(distinct(group, "name")), configurations_of(group))
        for stack, group in by_stack(specs, values["release"]).items()
    ]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def usable_specs(specs: list[Spec], values: Values) -> list[Row]:
    machine = TARGETS[values["target"]]
    runs = {machine.name, *(target.name for target in machine.ancestors)}
    usable = [
        one
        for one in named(specs, values["package"])
        if one["in_buildcache"] and one["target"] in runs and values["os"] in ("", one["os"])
    ]
    usable.sort(key=lambda one: str(one["hash"]))
    usable.sort(key=lambda one: (one["version"], one["target"]), reverse=True)
    return [
        (
            *(one[key] for key in ("version", "hash", "os", "target", "variants")),
            sorted(one["stacks"]),
            sorted(one["releases"]),
        )
        for one in usable
    ]


def variants_of(specs: list[Spec], values: Values) -> list[Row]:
    having = defaultdict(list)
    for one in held_by(named(specs, values["package"]), values["release"]):
        for variant in one["variants"]:
            having[variant].append(one)
    rows = [(variant, len(some), configurations_of(some)) for variant, some in having.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


EXPECTED: dict[str, Callable[[list[Spec], Values], list[Row]]] = {
    "biggest-packages": biggest_packages,
    "compilers-by-target": compilers_by_target,
    "configurations": configurations,
    "dangling-dependencies": found_in_no_page,
    "holes": found_in_no_page,
    "in-no-stack": in_no_stack,
    "not-in-root": not_in_root,
    "only-in-stack": only_in_stack,
    "orphan-targets": orphan_targets,
    "package": package,
    "redundant-builds": redundant_builds,
    "releases-diff": releases_diff,
    "single-stack-packages": single_stack_packages,
    "spec": spec,
    "stack-overlap": stack_overlap,
    "stacks": stacks,
    "usable-specs": usable_specs,
    "variants-of": variants_of,
}


# Every query, with values that are there, that are not, and that are empty ------------------------


def choices(parameter: str, pages: Pages) -> list[str]:
    """What to ask for: names that the pages have, and names that they have not."""
    releases = [*pages.names("releases"), "v9.9.9"]
    packages = pages.names("name")
    hashes = pages.names("hash")
    return {
        "release": ["", *releases],
        "old": releases,
        "new": releases,
        "package": [*packages[:4], *packages[-2:], "no-such-package", "quote'\"`\\"],
        "stack": [*pages.names("stacks")[:4], "root", "no-such-stack"],
        "hash": ["", hashes[0], hashes[-1][:1], hashes[5][:7], "a" * 32],
        "target": [*pages.names("target"), "zen4", "x86_64", "m1"],
        "os": ["", pages.names("os")[0], "plan9"],
    }[parameter]


def asked(query: NamedQuery, pages: Pages) -> Iterator[dict[str, str]]:
    names = [parameter.name for parameter in query.parameters]
    for values in product(*(choices(name, pages) for name in names)):
        yield dict(zip(names, values, strict=True))


def test_every_query_is_held_against_the_oracle() -> None:
    assert set(EXPECTED) == {path.stem for path in (ROOT / "cypher").glob("*.cypher")}


KINDS: dict[str, type] = {"text": str, "integer": int, "list of text": list}


def check_types(query: NamedQuery, row: Row) -> None:
    for value, column in zip(row, query.columns, strict=True):
        assert type(value) is KINDS[column.type], (column.name, value)
        if isinstance(value, list):
            assert all(type(item) is str for item in value), (column.name, value)


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_answers_are_those_of_the_oracle(name: str, pages: Pages, store: Store) -> None:
    query = LIBRARY[name]
    found_any = False
    for values in asked(query, pages):
        answer = query.run(store, values)
        assert answer.columns == [column.name for column in query.columns]
        assert answer.rows == EXPECTED[name](pages.specs, values), values
        assert not answer.more
        for row in answer.rows:
            check_types(query, row)
        found_any = found_any or bool(answer.rows)
    assert found_any or name in QUERIES, f"no values were asked for which {name} has an answer"


@pytest.mark.parametrize("name", sorted(LIBRARY))
def test_what_is_not_given_is_the_default(name: str, pages: Pages, store: Store) -> None:
    query = LIBRARY[name]
    needed = {p.name: choices(p.name, pages)[0] for p in query.parameters if p.required}
    defaults = {p.name: p.default for p in query.parameters if not p.required}
    assert set(defaults.values()) <= {""}
    assert query.run(store, needed).rows == EXPECTED[name](pages.specs, needed | defaults)


def test_limit_says_that_there_is_more(store: Store) -> None:
    whole = LIBRARY["stacks"].run(store)
    cut = LIBRARY["stacks"].run(store, limit=2)
    assert (cut.rows, cut.more) == (whole.rows[:2], True)
    assert not LIBRARY["stacks"].run(store, limit=len(whole.rows)).more


def test_the_real_pages_are_mostly_redundant(example_pages: Path, tmp_path: Path) -> None:
    specs = oracle.specs(oracle.read_pages(example_pages))
    with embedded(Pages((example_pages,), specs), tmp_path) as opened:
        rows = LIBRARY["redundant-builds"].run(opened, {"release": "develop"}).rows
    assert rows[0][:3] == ("py-pdm-backend", 145, 14)


# Values -------------------------------------------------------------------------------------------


def test_a_target_becomes_all_that_runs_there() -> None:
    def runs_on(target: str) -> list[str]:
        bound = LIBRARY["usable-specs"].bind({"package": "hdf5", "target": target})
        assert bound.keys() == {"package", "target", "os"}
        return list(bound["target"])

    assert {"zen4", "zen3", "x86_64_v4", "x86_64_v3", "x86_64"} <= set(runs_on("zen4"))
    assert "zen5" not in runs_on("zen4")
    assert runs_on("x86_64") == ["x86_64"]
    assert "x86_64" not in runs_on("neoverse_v1")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("zen44", "; did you mean zen4 or "),
        ("x86_64_v33", "; did you mean x86_64_v3 or "),
        ("", "archspec knows, found ''"),
        ("pdp-11/70", "archspec knows, found 'pdp-11/70'"),
    ],
)
def test_an_unknown_target_gives_the_names_that_are_close(target: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        LIBRARY["usable-specs"].bind({"package": "hdf5", "target": target})
    assert str(caught.value).startswith(
        "usable-specs: target: expected a target that archspec knows, found "
    )
    assert said in str(caught.value)


ALL_TYPES = parse_query(
    "typed",
    """// Title: Typed
// Question: What is what?
// Parameter: text (text, default "a"): a text
// Parameter: integer (integer, default 7): a number
// Parameter: boolean (boolean, default true): yes or no
// Parameter: texts (list of text, default ["b", "c"]): texts
// Parameter: needed (integer): a number that must be given
// Column: text (text): the text
// Column: integer (integer): the number
// Column: boolean (boolean): yes or no
// Column: texts (list of text): the texts
// Column: needed (integer): the number that was given
RETURN $text AS text, $integer AS integer, $boolean AS boolean, $texts AS texts, $needed AS needed
""",
    "typed.cypher",
)


def test_every_type_of_parameter_arrives_as_it_is(store: Store) -> None:
    assert ALL_TYPES.run(store, {"needed": 0}).rows == [("a", 7, True, ["b", "c"], 0)]
    given = {"text": "é\n'", "integer": -1, "boolean": False, "texts": ("z", "é"), "needed": 2**40}
    assert ALL_TYPES.run(store, given).rows == [("é\n'", -1, False, ["z", "é"], 2**40)]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "typed: needed is missing: a number that must be given"),
        ({"needed": None}, "typed: needed is missing: a number that must be given"),
        ({"needed": "1"}, "typed: needed: expected integer, found '1'"),
        ({"needed": True}, "typed: needed: expected integer, found True"),
        ({"needed": 1.0}, "typed: needed: expected integer, found 1.0"),
        ({"needed": 1, "text": 2}, "typed: text: expected text, found 2"),
        ({"needed": 1, "text": ["a"]}, "typed: text: expected text, found ['a']"),
        ({"needed": 1, "boolean": 1}, "typed: boolean: expected boolean, found 1"),
        ({"needed": 1, "texts": "a"}, "typed: texts: expected list of text, found 'a'"),
        ({"needed": 1, "texts": ["a", 1]}, "typed: texts: expected list of text, found ['a', 1]"),
        (
            {"needed": 1, "nope": 1},
            "typed: no parameter nope: expected boolean, integer, needed, text, texts",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        ALL_TYPES.bind(values)
    assert str(caught.value) == said


def test_a_query_without_parameters_takes_none() -> None:
    query = parse_query("bare", HEAD + "RETURN 1 AS x", "bare.cypher")
    assert query.bind({}) == {}
    with pytest.raises(UsageError, match=r"^bare: no parameter release: expected none$"):
        query.bind({"release": "develop"})


# Files of queries ---------------------------------------------------------------------------------

HEAD = "// Title: T\n// Question: Q?\n// Column: x (text): an x\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "q.cypher: expected a line '// Title: …' at its beginning"),
        (
            "// Question: Q?\n// Column: x (text): x\nRETURN 1",
            "q.cypher: expected a line '// Title: …'",
        ),
        (
            "// Title: T\n// Column: x (text): x\nRETURN 1",
            "q.cypher: expected a line '// Question: …'",
        ),
        ("\n" + HEAD + "RETURN 1", "q.cypher: expected a line '// Title: …'"),
        (
            "// Title: T\n// Question: Q?\nRETURN 1",
            "q.cypher: expected columns, and a statement behind the header",
        ),
        (HEAD, "q.cypher: expected columns, and a statement behind the header"),
        (
            "// Title: T\n// Author: me\nRETURN 1",
            "q.cypher:2: expected '// KEY: …' with KEY one of Theme, Title, Question, Example, "
            "Parameter, Column; found '// Author: me'",
        ),
        ("// Title:\nRETURN 1", "q.cypher:1: expected '// KEY: …' with KEY one of Theme, "),
        (
            "// Theme: magic\n" + HEAD + "RETURN 1",
            "q.cypher: expected a theme, one of packages, stacks, releases, compilers, targets, "
            "builds, dependencies, health, others; found magic",
        ),
        (
            HEAD + "// Parameter: a (date): a day\nRETURN 1",
            "q.cypher:4: expected NAME (TYPE): MEANING, or NAME (TYPE, default JSON): MEANING, "
            "with TYPE one of text, integer, boolean, list of text, target",
        ),
        (HEAD + "// Parameter: A (text): a\nRETURN 1", "q.cypher:4: expected NAME (TYPE): MEANI"),
        (HEAD + "// Parameter: a text\nRETURN 1", "q.cypher:4: expected NAME (TYPE): MEANING, or"),
        (
            HEAD + '// Parameter: a (integer, default "1"): a\nRETURN 1',
            'q.cypher:4: expected a default of type integer, found "1"',
        ),
        (
            HEAD + "// Parameter: a (integer, default true): a\nRETURN 1",
            "q.cypher:4: expected a default of type integer, found true",
        ),
        (
            HEAD + "// Parameter: a (text, default nope): a\nRETURN 1",
            "q.cypher:4: expected a default of type text, found nope",
        ),
        (
            HEAD + "// Parameter: limit (integer): most\nRETURN 1",
            "q.cypher: parameter limit: an option of every query has this name",
        ),
        (
            HEAD + "// Column: y (date): a day\nRETURN 1",
            "q.cypher:4: expected NAME (TYPE): MEANING, with TYPE one of text, integer, number, "
            "boolean, list of text",
        ),
        (HEAD + '// Column: y (text, default ""): y\nRETURN 1', "q.cypher:4: expected NAME (TYPE"),
    ],
)
def test_a_header_that_is_wrong_is_said_to_be(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query("q", text, "q.cypher")
    assert str(caught.value).startswith(said)


def test_a_theme_is_said_or_is_others() -> None:
    assert parse_query("q", HEAD + "RETURN 1", "q.cypher").theme == "others"
    for theme in THEMES:
        assert parse_query("q", f"// Theme: {theme}\n{HEAD}RETURN 1", "q.cypher").theme == theme


def test_queries_stand_by_theme_and_name() -> None:
    mine = parse_query("a", HEAD + "RETURN 1", "a.cypher")
    themes = by_theme([mine, *LIBRARY.values()])
    found = [(theme, query.name) for theme, group in themes.items() for query in group]
    ours = [(query.theme, name) for name, query in LIBRARY.items()]
    assert found == sorted([*ours, ("others", "a")], key=lambda pair: THEMES.index(pair[0]))


@pytest.mark.parametrize("name", ["Upper", "1st", "under_score", "spa ce", "..", "é"])
def test_a_file_name_that_makes_no_command_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_query(name, HEAD + "RETURN 1", f"{name}.cypher")
    assert str(caught.value) == (
        f"{name}.cypher: expected a file name of a-z, 0-9 and -, found {name}"
    )


def test_a_header_may_be_written_on_any_system() -> None:
    text = (HEAD + "// Parameter: a (text): an a \nRETURN $a AS x // not a header").replace(
        "\n", "\r\n"
    )
    query = parse_query("q", text, "q.cypher")
    assert (query.title, query.question) == ("T", "Q?")
    assert [(p.name, p.required, p.doc) for p in query.parameters] == [("a", True, "an a")]
    assert query.cypher == "RETURN $a AS x // not a header"


def test_a_folder_of_the_user_goes_before_ours(store: Store, tmp_path: Path) -> None:
    (tmp_path / "stacks.cypher").write_text("\ufeff" + HEAD + "RETURN 'mine' AS x")
    (tmp_path / "zz-new.cypher").write_text(HEAD + "RETURN 'new' AS x")
    (tmp_path / "notes.txt").write_text("no query")
    library = load_library(tmp_path)
    assert list(library) == sorted([*LIBRARY, "zz-new"])
    assert library["stacks"].run(store).rows == [("mine",)]
    assert library["zz-new"].run(store).rows == [("new",)]
    assert library["package"] == LIBRARY["package"]
    second = tmp_path / "second"
    second.mkdir()
    (second / "stacks.cypher").write_text(HEAD + "RETURN 'last' AS x")
    assert load_library(tmp_path, second)["stacks"].run(store).rows == [("last",)]
    assert load_library(second, tmp_path)["stacks"].run(store).rows == [("mine",)]


def test_a_folder_or_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: there is no such folder of queries$"):
        load_library(tmp_path / "nowhere")
    (tmp_path / "latin.cypher").write_bytes(HEAD.encode() + b"RETURN '\xe9' AS x")
    with pytest.raises(UsageError, match=r"latin.cypher: can't be read: 'utf-8' codec"):
        load_library(tmp_path)
    (tmp_path / "latin.cypher").unlink()
    (tmp_path / "folder.cypher").mkdir()
    with pytest.raises(UsageError, match=r"folder.cypher: can't be read: "):
        load_library(tmp_path)


def test_our_queries_are_all_there_and_read_as_one() -> None:
    assert builtin_folder().name == "cypher"
    assert set(LIBRARY) == {path.stem for path in builtin_folder().glob("*.cypher")}
    for name, query in LIBRARY.items():
        assert query.name == name
        assert query.question.endswith("?")
        assert query.theme != "others"
        assert len({column.name for column in query.columns}) == len(query.columns)


def test_an_installed_package_finds_its_queries(tmp_path: Path) -> None:
    """The wheel is laid out as pyproject.toml says: no checkout lies beside it."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    targets = wheel["targets"]["wheel"]
    for folder in targets["packages"]:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for source, place in targets["force-include"].items():
        shutil.copytree(ROOT / source, tmp_path / place)
    code = "from graphcache import queries as q; print(q.builtin_folder(), *q.load_library())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(tmp_path / "graphcache/cypher"), *LIBRARY]
