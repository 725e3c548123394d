"""Spack's own files in all their forms: each against a plain reading of its JSON."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import old_forms
import pytest

from graphcache import Tables, read

DATA = Path(__file__).parent / "data/spack"
SITE = Path(__file__).parents[1] / "examples/site"
MIRRORS = DATA / "mirrors"
INDEXES = sorted([*SITE.glob("*/*/index.json.gz"), *old_forms.FOLDER.glob("*.json")])
LOCKS = sorted(
    [
        *SITE.rglob("spack.lock.gz"),
        *DATA.glob("*.spack.lock.gz"),
        *old_forms.FOLDER.glob("*.spack.lock"),
    ]
)
FLAGS = {"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"}

Json = dict[str, Any]


# A plain reading of the JSON ----------------------------------------------------------------------


def loaded(path: Path) -> Json:
    data = path.read_bytes()
    text: Json = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    return text


def name_of(path: Path) -> str:
    return str(path.relative_to(SITE if path.is_relative_to(SITE) else DATA))


def named_stack(path: Path) -> str:
    """The stack that the name of a lock file tells; without one, its folder does."""
    return path.name.removesuffix(".gz").removesuffix("spack.lock").rstrip(".")


def environments(lock: Json) -> list[Json]:
    """The environment, and those that it includes."""
    return [lock, *lock.get("include_concrete", {}).values()]


def plain_specs(nodes: dict[str, Json]) -> dict[str, Json]:
    """By hash, what a spec is, with its dependencies by hash; nodes are by key."""
    bodies = {key: {"name": next(iter(n)), **n[next(iter(n))]} if len(n) == 1 else n
              for key, n in nodes.items()}  # fmt: skip
    hashes = {key: body.get("hash", key) for key, body in bodies.items()}
    return {hashes[key]: plain_spec(body, hashes) for key, body in bodies.items()}


def plain_spec(body: Json, hashes: dict[str, str]) -> Json:
    entries = body.get("dependencies", [])
    entries = list(entries.values()) if isinstance(entries, dict) else entries
    target = body["arch"]["target"]
    return {
        "name": body["name"],
        "version": body["version"],
        "platform": body["arch"]["platform"],
        "os": body["arch"]["platform_os"],
        "target": target if isinstance(target, str) else target["name"],
        "namespace": body["namespace"],
        "external": "external" in body,
        "external_path": body.get("external", {}).get("path"),
        "external_modules": (body["external"].get("module") or []) if "external" in body else None,
        "package_hash": body.get("package_hash"),
        "flags": plain_flags(body["parameters"]),
        "variants": sorted(
            plain_variant(key, value)
            for key, value in body["parameters"].items()
            if key not in FLAGS
        ),
        "compiler": body.get("compiler"),
        "dependencies": sorted(plain_dependency(entry, hashes) for entry in entries),
        "built": body.get("build_spec", {}).get("hash"),
    }


def plain_variant(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{'+' if value else '~'}{key}"
    return f"{key}={','.join(value) if isinstance(value, list) else value}"


def plain_flags(parameters: Json) -> list[str]:
    """As Spack prints them: in quotes, but for a single word of plain characters."""
    given = {n: " ".join(parameters[n]) for n in sorted(FLAGS) if parameters.get(n)}
    plain = re.compile(r"[\w,/.-]+", re.ASCII)
    return [f"{n}={v if plain.fullmatch(v) else repr(v)}" for n, v in given.items()]


def plain_dependency(entry: Json, hashes: dict[str, str]) -> tuple[str, list[str], list[str]]:
    key: str = entry.get("hash") or entry["build_hash"]
    said = entry.get("parameters") or {"deptypes": entry.get("type"), "virtuals": []}
    return hashes.get(key, key), sorted(said["deptypes"]), sorted(said["virtuals"])


def read_specs(tables: Tables) -> dict[str, Json]:
    """The graph in the form of `plain_specs`, but for compilers."""
    edges = {name: table.to_pylist() for name, table in tables.edges.items()}
    target = {edge["from"]: edge["to"] for edge in edges["FOR_TARGET"]}
    built = {edge["from"]: edge["to"] for edge in edges["SPLICED_FROM"]}
    needs: dict[str, list[Any]] = {spec["hash"]: [] for spec in tables.nodes["Spec"].to_pylist()}
    for edge in edges["DEPENDS_ON"]:
        needs[edge["from"]].append((edge["to"], edge["types"], edge["virtuals"]))
    kept = (
        *("name", "version", "platform", "os", "namespace", "variants", "flags", "package_hash"),
        *("external", "external_path", "external_modules"),
    )
    return {
        spec["hash"]: {
            **{key: spec[key] for key in kept},
            "target": target[spec["hash"]],
            "dependencies": sorted(needs[spec["hash"]]),
            "built": built.get(spec["hash"]),
        }
        for spec in tables.nodes["Spec"].to_pylist()
    }


def compilers(tables: Tables) -> dict[str, dict[str, list[str] | None]]:
    found: dict[str, dict[str, list[str] | None]] = {}
    for edge in tables.edges["BUILT_WITH"].to_pylist():
        found.setdefault(edge["from"], {})[edge["to"]] = edge["languages"]
    return found


def plain_compilers(specs: dict[str, Json]) -> dict[str, dict[str, list[str] | None]]:
    """Named by the spec itself, or the build dependencies that provide a language."""
    found: dict[str, dict[str, list[str] | None]] = {}
    for spec_hash, spec in specs.items():
        if spec["compiler"]:
            name = f"{spec['compiler']['name']}@{spec['compiler']['version']}"
            found[spec_hash] = {name: None}
        for needed, types, virtuals in spec["dependencies"]:
            languages = [v for v in virtuals if v in ("c", "cxx", "fortran")]
            if languages and "build" in types:
                compiler = f"{specs[needed]['name']}@{specs[needed]['version']}"
                found.setdefault(spec_hash, {})[compiler] = languages
    return found


def without_compilers(specs: dict[str, Json]) -> dict[str, Json]:
    return {key: {k: v for k, v in spec.items() if k != "compiler"} for key, spec in specs.items()}


def assert_like(tables: Tables, specs: dict[str, Json]) -> None:
    assert read_specs(tables) == without_compilers(specs)
    assert compilers(tables) == plain_compilers(specs)


# The files ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("path", INDEXES, ids=name_of)
def test_an_index(path: Path) -> None:
    tables, report = read(path)
    installs = loaded(path)["database"]["installs"]
    assert (report.kept, report.rejects, report.warnings) == (len(installs), [], Counter())
    assert_like(tables, plain_specs({key: entry["spec"] for key, entry in installs.items()}))
    held = {spec["hash"]: spec["in_buildcache"] for spec in tables.nodes["Spec"].to_pylist()}
    assert held == {
        key: entry.get("in_buildcache", entry.get("installed")) for key, entry in installs.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("path", LOCKS, ids=name_of)
def test_a_lock_file(path: Path) -> None:
    tables, report = read(path, stack="env")
    found = environments(loaded(path))
    assert (report.rejects, report.warnings) == ([], Counter())
    nodes = {key: node for lock in found for key, node in lock["concrete_specs"].items()}
    specs = plain_specs(nodes)
    assert_like(tables, specs)
    roots = {root["hash"] for lock in found for root in lock["roots"]}
    keys = {key: node.get("hash", key) for key, node in nodes.items()}
    wrapped = {key: next(iter(n.values())).get("hash", key) if len(n) == 1 else keys[key]
               for key, n in nodes.items()}  # fmt: skip
    in_stack = {e["from"]: (e["to"], e["root"]) for e in tables.edges["IN_STACK"].to_pylist()}
    assert in_stack.keys() == specs.keys()
    assert {spec for spec, (_, root) in in_stack.items() if root} == {wrapped[r] for r in roots}
    assert {stack for stack, _ in in_stack.values()} == {"env"}


@pytest.mark.slow
def test_a_lock_file_names_its_stack() -> None:
    named = [path for path in LOCKS if named_stack(path)]
    tables, _ = read(*named)
    names = tables.nodes["Stack"]["name"].to_pylist()
    assert names == sorted(map(named_stack, named))
    assert {"radiuss.v6", "harbor.v1"} < set(names)


@pytest.mark.slow
def test_a_lock_file_without_a_name_is_known_by_its_folder() -> None:
    tables, _ = read(SITE / "2026-09")
    assert tables.nodes["Stack"]["name"].to_pylist() == ["io", "solvers", "tools"]


# By stack of a release: specs, dependencies, roots, externals, and what was pushed. Counted by
# whoever made the site, from Spack's own objects.
COUNTED = {
    ("2026-09", "tools"): (154, 1154, 11, 2, 152),
    ("2026-09", "io"): (173, 1329, 8, 3, 170),
    ("2026-09", "solvers"): (131, 1023, 8, 3, 128),
    ("2026-10", "tools"): (154, 1153, 11, 2, 152),
    ("2026-10", "io"): (173, 1329, 8, 3, 170),
    ("2026-10", "solvers"): (132, 1029, 8, 3, 129),
    ("develop", "tools"): (154, 1153, 11, 2, 152),
    ("develop", "io"): (173, 1329, 8, 3, 164),
    ("develop", "solvers"): (280, 2194, 12, 3, 273),
}


@pytest.mark.slow
@pytest.mark.parametrize(("release", "stack"), COUNTED)
def test_the_site_has_what_its_maker_counted(release: str, stack: str) -> None:
    tables, _ = read(SITE / release / stack, stack=stack, release=release)
    specs = tables.nodes["Spec"].to_pylist()
    assert COUNTED[release, stack] == (
        len(specs),
        tables.edge_counts()["DEPENDS_ON"],
        sum(edge["root"] for edge in tables.edges["IN_STACK"].to_pylist()),
        sum(spec["external"] for spec in specs),
        sum(spec["in_buildcache"] for spec in specs),
    )


# Old forms ----------------------------------------------------------------------------------------


def test_the_files_in_old_forms_are_those_that_the_script_writes() -> None:
    assert {path.name: path.read_text() for path in old_forms.FOLDER.iterdir()} == old_forms.files()


@pytest.mark.parametrize("name", old_forms.files())
def test_an_old_form_says_what_it_was_made_from(name: str) -> None:
    tables, _ = read(old_forms.FOLDER / name)
    found = read_specs(tables)
    names = {spec_hash: spec["name"] for spec_hash, spec in found.items()}
    with_virtuals = "deptypes" in (old_forms.FOLDER / name).read_text()
    made = [*old_forms.HARBOR, *(old_forms.INCLUDED if name == "harbor.v5.spack.lock" else [])]
    assert sorted(names.values()) == sorted(spec.name for spec in made)
    said = {spec["name"]: spec for spec in found.values()}
    for spec in made:
        assert said[spec.name]["version"] == spec.version
        assert said[spec.name]["target"] == spec.target
        assert said[spec.name]["platform"] == spec.platform
        assert said[spec.name]["external"] == (spec.external is not None)
        needs = [(names[to], types, virtuals)
                 for to, types, virtuals in said[spec.name]["dependencies"]]  # fmt: skip
        assert sorted(needs) == sorted(
            (need.name, sorted(need.types), list(need.virtuals) if with_virtuals else [])
            for need in spec.needs
        )
    built = {names[spec_hash]: list(found) for spec_hash, found in compilers(tables).items()}
    assert built == {spec.name: ["@".join(spec.compiler)] for spec in made}


# Mirrors ------------------------------------------------------------------------------------------


def mirror_index(name: str) -> Json:
    """The index of a mirror of version 3."""
    manifest = json.loads((MIRRORS / name / "v3/manifests/index/index.manifest.json").read_text())
    digest = manifest["data"][0]["checksum"]
    index: Json = json.loads((MIRRORS / name / "blobs/sha256" / digest[:2] / digest).read_text())
    return index


@pytest.mark.slow
@pytest.mark.parametrize("name", ["v3", "v3-signed"])
def test_a_mirror(name: str) -> None:
    tables, report = read(MIRRORS / name)
    installs = mirror_index(name)["database"]["installs"]
    assert (report.rejects, report.warnings) == ([], Counter())
    assert_like(tables, plain_specs({key: entry["spec"] for key, entry in installs.items()}))
    for spec in tables.nodes["Spec"].to_pylist():
        assert spec["in_buildcache"] == installs[spec["hash"]]["in_buildcache"]
        held = spec["hash"] in sizes(name)
        assert spec["size"] == sizes(name).get(spec["hash"])
        assert held or name == "v3-signed" or not spec["in_buildcache"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["v2", "v3"])
def test_what_a_mirror_only_needs_is_in_no_stack_or_release(name: str) -> None:
    tables, _ = read(MIRRORS / name, stack="e4s", release="develop")
    held = {s["hash"] for s in tables.nodes["Spec"].to_pylist() if s["in_buildcache"]}
    assert 0 < len(held) < tables.nodes["Spec"].num_rows
    for edges in ("IN_STACK", "IN_RELEASE"):
        assert set(tables.edges[edges]["from"].to_pylist()) == held


def sizes(name: str) -> dict[str, int]:
    """By hash, the bytes of the binary, from the manifests."""
    found = {}
    for path in (MIRRORS / name / "v3/manifests/spec").rglob("*.json"):
        text = path.read_text()
        manifest = json.loads(text[text.index("{") : text.rindex("}") + 1])
        length = next(b["contentLength"] for b in manifest["data"] if ".install." in b["mediaType"])
        found[path.name.removesuffix(".spec.manifest.json")[-32:]] = length
    return found


@pytest.mark.slow
def test_a_mirror_of_version_2() -> None:
    tables, report = read(MIRRORS / "v2")
    installs = json.loads((MIRRORS / "v2/build_cache/index.json").read_text())["database"][
        "installs"
    ]
    assert (report.rejects, report.warnings) == ([], Counter())
    assert_like(tables, plain_specs({key: entry["spec"] for key, entry in installs.items()}))
    held = {s["hash"]: s["in_buildcache"] for s in tables.nodes["Spec"].to_pylist()}
    assert held == {key: entry["in_buildcache"] for key, entry in installs.items()}


@pytest.mark.slow
def test_no_edge_dangles_in_any_file() -> None:
    tables, _ = read(DATA, SITE)
    hashes = set(tables.nodes["Spec"]["hash"].to_pylist())
    ends = {
        end for column in ("from", "to") for end in tables.edges["DEPENDS_ON"][column].to_pylist()
    }
    assert ends <= hashes
