"""Write a made index.json of a build cache, of any size and in the real form.

    python benchmarks/index.py OUT --specs 60000 --packages 1500 --seed 1

writes ``OUT/index.json`` (database version 8, spec form 5) and ``OUT/spack.lock`` (version 6), an
environment of which the index holds a part; the same arguments give the same bytes anywhere.

Kept as in the indexes and lock files that Spack 1 writes:

- Compact JSON, with the keys and their order; a spec's entry without its dependencies has some 900
  bytes, a dependency 110. The flags of compilers stand in the parameters, mostly empty.
- A hash stands for all that a spec is and needs, so a change far down gives a new hash to all above
  it, which otherwise look as they did.
- Compilers are build dependencies with the virtuals c, cxx, fortran; beside them stand
  compiler-wrapper, the runtime and glibc. Compilers and glibc are external and in no cache.
- Of the other dependencies half are of type build, a quarter build and run, a fifth build and link;
  one in eight provides a virtual. A spec needs one spec of a package at most.

Chosen, for want of a whole index to count in:

- Packages stand in a row. A package needs 1 to 20 of those before it, half of them of the first
  tenth: with the compiler, 15 in the mean, of which a real stack has 8 and an index is said to
  have 15; a chain of dependencies has up to some 60.
- Twelve environments (os, target, compiler), each with all packages. Round after round, in each
  environment three packages are given another version, recipe or variant, and what is new by
  that is added, until there are enough specs: a configuration is built three to four.
"""

from __future__ import annotations

import argparse
import json
from base64 import b32encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from snapshot import Dice, package_names

Json = dict[str, Any]

_ENVIRONMENTS = [
    (os, target, compiler)
    for os, compiler in [
        ("ubuntu22.04", ("gcc", "11.4.0")),
        ("ubuntu24.04", ("gcc", "13.3.0")),
        ("rhel9", ("intel-oneapi-compilers", "2025.1.0")),
        ("amzn2023", ("llvm", "19.1.7")),
    ]
    for target in ("x86_64_v3", "x86_64_v4", "aarch64")
]
_FLAGS: Json = {
    flag: [] for flag in ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
}
_TYPES = 10 * [["build"]] + 5 * [["build", "run"]] + 4 * [["build", "link"]] + [["link"], ["run"]]
_VIRTUALS = ["mpi", "zlib-api", "blas", "lapack", "pkgconfig", "iconv", "jpeg", "uuid", "elf"]
_LANGUAGES = [["c"], ["c", "cxx"], ["c", "cxx"], ["c", "cxx", "fortran"]]
_OPTIONS = """
shared pic mpi cuda rocm openmp python fortran debug docs tests doxygen hwloc szip threads numa
static asan examples tools java tcl ssl readline x xml hdf5 netcdf visit silo adios2 caliper
"""
_SYSTEMS = ["cmake", "cmake", "autotools", "autotools", "python_pip", "generic", "makefile"]
_CHANGES_A_ROUND = 3
_MOST_DRAWN = 20


@dataclass(frozen=True, slots=True)
class _Recipe:
    """A package as an environment concretizes it, and what it needs, by its place in the row."""

    name: str
    version: str
    parameters: Json
    revision: int
    languages: list[str]
    needs: list[tuple[int, Json]]

    def changed(self, dice: Dice) -> _Recipe:
        """The package at another version, with another recipe, or with a variant turned."""
        match dice.below(3):
            case 0:
                return replace(self, version=f"{self.version}.{1 + dice.below(9)}")
            case 1:
                return replace(self, revision=self.revision + 1)
        option = dice.pick([k for k, v in self.parameters.items() if isinstance(v, bool)])
        turned = {**self.parameters, option: not self.parameters[option]}
        return replace(self, parameters=turned)


def _recipes(dice: Dice, packages: int) -> list[_Recipe]:
    recipes: list[_Recipe] = []
    for name in islice(package_names(dice), packages):
        place = len(recipes)
        drawn = {
            dice.below(1 + place // 10 if dice.random() < 0.5 else place)
            for _ in range(min(place, 1 + dice.below(_MOST_DRAWN)))
        }
        version = f"{dice.below(9)}.{dice.below(30)}.{dice.below(10)}"
        needs = [(other, _kind(dice)) for other in sorted(drawn)]
        recipe = _Recipe(name, version, _parameters(dice), 0, dice.pick(_LANGUAGES), needs)
        recipes.append(recipe)
    return recipes


def _kind(dice: Dice) -> Json:
    virtuals = [dice.pick(_VIRTUALS)] if dice.random() < 0.125 else []
    return {"deptypes": dice.pick(_TYPES), "virtuals": virtuals}


def _parameters(dice: Dice) -> Json:
    system, options = dice.pick(_SYSTEMS), _OPTIONS.split()
    found: Json = {"build_system": system, "ipo": False}
    if system == "cmake":
        found |= {"build_type": "Release", "generator": "make"}
    for _ in range(dice.below(dice.pick([3, 6, 24]))):
        found[dice.pick(options)] = dice.random() < 0.5
    return dict(sorted(found.items())) | _FLAGS


def _digest(text: str, length: int) -> str:
    return b32encode(blake2b(text.encode(), digest_size=40).digest()).decode().lower()[:length]


class _Environment:
    """One os, target and compiler, with its own state of every package."""

    def __init__(self, at: tuple[str, str, tuple[str, str]], recipes: list[_Recipe]) -> None:
        os, target, self._compiler = at
        self._arch = {"platform": "linux", "platform_os": os, "target": target}
        self._recipes = list(recipes)

    def change(self, dice: Dice) -> None:
        """Change a few packages."""
        for _ in range(_CHANGES_A_ROUND):
            place = dice.below(len(self._recipes))
            self._recipes[place] = self._recipes[place].changed(dice)

    def specs(self) -> Iterator[Json]:
        """The spec of every package, those that a spec needs before it."""
        base = {"build_system": "generic", **_FLAGS}
        glibc = self._spec("glibc", "2.39", base, [], external="/usr")
        compiler = self._spec(*self._compiler, base, [], external="/usr")
        libc = _need(glibc, ["link"], ["libc"])
        wrapper = self._spec("compiler-wrapper", "1.0", base, [])
        runtime = self._spec(f"{self._compiler[0]}-runtime", self._compiler[1], base, [libc])
        yield from (glibc, compiler, wrapper, runtime)
        beside = [libc, _need(wrapper, ["build"], []), _need(runtime, ["link"], [])]
        made: list[Json] = []
        for recipe in self._recipes:
            needs = [
                {"name": made[place]["name"], "hash": made[place]["hash"], "parameters": kind}
                for place, kind in recipe.needs
            ]
            needs += [*beside, _need(compiler, ["build"], recipe.languages)]
            needs.sort(key=lambda need: str(need["name"]))
            said = (recipe.name, recipe.version, recipe.parameters)
            made.append(self._spec(*said, needs, revision=recipe.revision))
            yield made[-1]

    def _spec(
        self,
        name: str,
        version: str,
        parameters: Json,
        needs: list[Json],
        *,
        revision: int = 0,
        external: str | None = None,
    ) -> Json:
        spec: Json = {"name": name, "version": version, "arch": self._arch}
        spec |= {"namespace": "builtin", "parameters": parameters}
        if external:
            spec["external"] = {"path": external, "module": None, "extra_attributes": {}}
        spec["package_hash"] = _digest(f"{name} {revision}", 52) + "===="
        if needs:
            spec["dependencies"] = needs
        spec["annotations"] = {"original_specfile_version": 5}
        return {**spec, "hash": _digest(_compact(spec), 32)}


def _need(spec: Json, types: list[str], virtuals: list[str]) -> Json:
    kind = {"deptypes": types, "virtuals": virtuals}
    return {"name": spec["name"], "hash": spec["hash"], "parameters": kind}


def _compact(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))


def write_index(out: Path, *, specs: int, packages: int, seed: int) -> None:
    """Write an index of so many specs, and the lock file of the environment that it ends in."""
    dice = Dice(seed)
    recipes = _recipes(dice, packages)
    environments = [_Environment(at, recipes) for at in _ENVIRONMENTS]
    texts: dict[str, str] = {}
    external: set[str] = set()
    references: Counter[str] = Counter()
    environment = environments[0]
    while len(texts) < specs:
        for environment in environments:
            environment.change(dice)
            for spec in environment.specs():
                if spec["hash"] not in texts and len(texts) < specs:
                    texts[spec["hash"]] = _compact(spec)
                    references.update(need["hash"] for need in spec.get("dependencies", ()))
                    external.update([spec["hash"]] if "external" in spec else ())
            if len(texts) == specs:
                break
    entries = (
        f'"{key}":{{"spec":{text},"ref_count":{references[key]},'
        f'"in_buildcache":{"false" if key in external else "true"}}}'
        for key, text in texts.items()
    )
    out.mkdir(parents=True, exist_ok=True)
    index = f'{{"database":{{"version":"8","installs":{{{",".join(entries)}}}}}}}'
    (out / "index.json").write_text(index, encoding="utf-8")
    (out / "spack.lock").write_text(_lock(list(environment.specs())), encoding="utf-8")


def _lock(specs: list[Json]) -> str:
    return _compact(
        {
            "_meta": {"file-type": "spack-lockfile", "lockfile-version": 6, "specfile-version": 5},
            "spack": {"version": "1.0.0", "type": "git"},
            "roots": [{"hash": spec["hash"], "spec": spec["name"]} for spec in specs[-20:]],
            "concrete_specs": {spec["hash"]: spec for spec in specs},
        }
    )


def _main() -> None:
    parser = argparse.ArgumentParser(description="Write a made index.json of a build cache.")
    parser.add_argument("out", type=Path, help="a folder")
    for name, default in [("specs", 60_000), ("packages", 1_500), ("seed", 1)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    write_index(**vars(parser.parse_args()))


if __name__ == "__main__":
    _main()
