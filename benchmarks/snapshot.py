"""Write a made snapshot of cache.spack.io pages, of any size and in the real form.

    python benchmarks/snapshot.py OUT --records 57304 --pages 3000 --releases 1 --seed 1

writes ``OUT/RELEASE/PACKAGE/specs.md``; the same arguments give the same bytes on any machine.

Kept as on the real pages:

- The form of 2025: keys in alphabetical order, records by hash, variants by name, ``meta`` agreeing
  with them. Versions, and releases dated before 2025-03-30, write ``gcc@=13.2.0`` and ``k=v`` for
  the newer ``gcc@13.2.0`` and ``k:=v``.
- A page of 66 specs is 5 to 8 configurations (version, compiler, os, target, variants), built again
  and again. Here: 2 + sqrt(size) / 2 + (0 to 2), less the few drawn twice.
- A stack fixes os, platform and target. A spec is in 1 to 4 stacks of one environment, and in
  ``root``; here one spec in eight is in a single stack of those of its configuration.
- 1 to 9 variants: a Python package has one or two, a CMake package at least four. Size ``-``.

Chosen, for want of a whole release to count in:

- Page sizes fall as v * (u + pages / 50) ** -1.5, u uniform below the number of pages, v below 1:
  at a mean of 19 half of the pages have at most 5 specs, a dozen in 3,000 over 500.
- Half of the configurations have the compiler ``none``, 60 % the target x86_64_v3; the stacks and
  their weights are in ``_ENVIRONMENTS``.
- From one release to the next, 80 % of the hashes live on; the packages are the same.
"""

from __future__ import annotations

import argparse
import json
from base64 import b32encode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from hashlib import blake2b
from itertools import accumulate, count, islice
from math import isqrt
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, TypeVar

_T = TypeVar("_T")
_Row = dict[str, Any]  # a record, with | for its hash
_SURVIVAL = 0.8
_NEWER_SPELLING = date(2025, 3, 30)
_LATEST = date(2025, 5, 11)
_VERSION_EVERY = 8  # weeks: v0.23.1, v0.23.0, v0.22.1 … v0.0.0 in place of the dated release
_MAX_RELEASES = 48 * _VERSION_EVERY

# weight, os, target, compilers, stacks
_ENVIRONMENTS = """
20 ubuntu24.04 x86_64_v3 gcc@13.2.0 ml-linux-x86_64-cpu,ml-linux-x86_64-cuda,ml-linux-x86_64-rocm
9 ubuntu24.04 aarch64 gcc@13.2.0 ml-linux-aarch64-cpu,ml-linux-aarch64-cuda
24 ubuntu22.04 x86_64_v3 gcc@11.4.0,clang@14.0.0 e4s,hep,radiuss,tutorial,e4s-rocm-external
7 ubuntu22.04 x86_64_v3 oneapi@2024.2.1,oneapi@2025.1.0 e4s-oneapi
6 ubuntu20.04 x86_64_v3 gcc@11.1.0 data-vis-sdk,build_systems,gpu-tests,tools-sdk
6 centos7 x86_64_v3 gcc@10.2.1 developer-tools-x86_64_v3-linux-gnu,developer-tools
3 centos7 aarch64 gcc@10.2.1 developer-tools-aarch64-linux-gnu
4 ubuntu22.04 neoverse_v2 gcc@11.4.0 e4s-neoverse-v2
4 amzn2 neoverse_v1 gcc@12.4.0 aws-pcluster-neoverse_v1,aws-isc-aarch64,radiuss-aws-aarch64
6 amzn2 x86_64_v4 gcc@12.4.0,oneapi@2024.2.1 aws-pcluster-x86_64_v4,aws-isc,radiuss-aws
2 ubuntu20.04 ppc64le gcc@9.4.0 e4s-power
2 rhel8 zen4 cce@18.0.0 e4s-cray-rhel
2 sles15 zen4 cce@18.0.0 e4s-cray-sles
5 sequoia aarch64 apple-clang@16.0.0 ml-darwin-aarch64-mps
4 sonoma m1 apple-clang@15.0.0 developer-tools-darwin,e4s-mac
"""
_ROWS = [line.split() for line in _ENVIRONMENTS.strip().splitlines()]
_WEIGHTED = [fields for weight, *fields in _ROWS for _ in range(int(weight))]

_BUILD_SYSTEMS = {"py": ["python_pip"], "r": ["generic"], "perl": ["perl"]}
_OTHER_BUILD_SYSTEMS = ["cmake", "cmake", "autotools", "autotools", "makefile", "meson"]
_CMAKE = ["build_type=Release build_type=RelWithDebInfo", "generator=make generator=ninja", "~ipo"]
_OPTIONS = """
+shared ~shared | +pic ~pic | +mpi ~mpi | ~cuda +cuda | ~rocm +rocm | ~openmp +openmp | +tensile
| ~python +python | ~fortran +fortran | ~debug +debug | ~docs +docs | ~tests +tests | threads=none
| libs:=shared,static libs:=shared | fabrics:=ofi,ucx fabrics:=none | cuda_arch:=80 cuda_arch:=90
| amdgpu_target:=gfx90a amdgpu_target:=auto | tls:=openssl | cxxstd=17 cxxstd=14 | ~asan
"""
_PREFIXES = ["py-", "py-", "py-", "r-", "lib", "lib", "perl-", "", "", "", "", ""]
_WORDS = """
zlib hdf5 boost blas fft mesh solver tensor core tools utils json yaml xml http crypto ssl test
plugin sphinx docs theme graph tree parser lexer format color image video audio font text unicode
regex math stats sparse matrix array frame table data store cache queue event stream mpi cuda hip
"""


class Dice(Random):
    """Draws by `Random.random`, the method whose sequence Python promises not to change."""

    def below(self, stop: int) -> int:
        """A whole number from 0 to below `stop`."""
        return int(self.random() * stop)

    def pick(self, items: Sequence[_T]) -> _T:
        """One of the items."""
        return items[self.below(len(items))]


class _Release(NamedTuple):
    name: str
    older_spelling: bool
    pages: int
    extra: int  # records beyond the first of each page


def snapshot_pages(
    *, records: int, pages: int, releases: int = 1, seed: int = 1
) -> Iterator[tuple[str, str]]:
    """Return (relative path, text) of each page, package by package, each in all its releases.

    `records` and `pages` are exact totals over all `releases`. Raises ValueError unless
    1 <= releases <= pages <= records and releases <= 384.
    """
    if not 1 <= releases <= min(pages, _MAX_RELEASES) or pages > records:
        limits = f"1 <= releases <= pages <= records and releases <= {_MAX_RELEASES}"
        raise ValueError(f"{records=}, {pages=}, {releases=}: expected {limits}")
    return _pages([_release(k, releases, pages, records - pages) for k in range(releases)], seed)


def write_snapshot(
    out: Path, *, records: int, pages: int, releases: int = 1, seed: int = 1
) -> None:
    """Write the pages of `snapshot_pages` below `out`, a new or empty folder.

    Raises FileExistsError if `out` holds anything, ValueError as `snapshot_pages` does.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: name a new folder")
    for path, text in snapshot_pages(records=records, pages=pages, releases=releases, seed=seed):
        (out / path).parent.mkdir(parents=True)
        (out / path).write_text(text, encoding="utf-8", newline="\n")


def _release(index: int, releases: int, pages: int, extra: int) -> _Release:
    shares = [n * (index + 1) // releases - n * index // releases for n in (pages, extra)]
    if index == 0:
        return _Release("develop", False, *shares)
    day = _LATEST - timedelta(weeks=index - 1)
    if index % _VERSION_EVERY:
        return _Release(f"develop-{day}", day < _NEWER_SPELLING, *shares)
    minor, patch = divmod(48 - index // _VERSION_EVERY, 2)
    return _Release(f"v0.{minor}.{patch}", True, *shares)


def _pages(plan: list[_Release], seed: int) -> Iterator[tuple[str, str]]:
    dice = Dice(seed)
    packages = max(release.pages for release in plan)
    start = 1 + packages // 50
    falling = (10**12 // isqrt((start + dice.below(packages)) ** 3) for _ in range(packages))
    bounds = [0, *accumulate(weight * (1 + dice.below(99)) for weight in falling)]
    for index, package in enumerate(islice(package_names(Dice(seed)), packages)):
        sizes = [_page_size(release, bounds, index) for release in plan]
        rows = _rows(dice, package, max(sizes))
        digests = (blake2b(f"{seed} {package} {n}".encode(), digest_size=20) for n in count())
        hashes = (b32encode(digest.digest()).decode().lower() for digest in digests)
        specs: list[tuple[str, int]] = []
        for release, size in zip(plan, sizes, strict=True):
            specs = [spec for spec in specs if dice.random() < _SURVIVAL][:size]
            specs += [(next(hashes), dice.below(len(rows))) for _ in range(size - len(specs))]
            if specs:
                yield f"{release.name}/{package}/specs.md", _text(release, package, rows, specs)


def _page_size(release: _Release, bounds: list[int], index: int) -> int:
    """Return one and a share of the extra records, rounded so that the release's sum is exact."""
    if index >= release.pages:
        return 0
    start, end = (release.extra * bounds[k] // bounds[release.pages] for k in (index, index + 1))
    return 1 + end - start


def package_names(dice: Dice) -> Iterator[str]:
    """Names of packages without end, each another one."""
    seen, words = set(), _WORDS.split()
    while True:
        name = dice.pick(_PREFIXES) + dice.pick(words)
        while name in seen:
            name += "-" + dice.pick(words)
        seen.add(name)
        yield name


def _rows(dice: Dice, package: str, size: int) -> list[_Row]:
    """Return what to draw records from: each configuration eight times, once in a single stack."""
    versions = [f"{dice.below(9)}.{dice.below(300) / 10}" for _ in range(1 + dice.below(3))]
    options = _options(dice, package)
    rows: list[_Row] = []
    for _ in range(min(size, 2 + isqrt(size) // 2 + dice.below(3))):
        os, target, compilers, stacks = dice.pick(_WEIGHTED)
        variants = [values[-1] if dice.random() < 0.15 else values[0] for values in options]
        variants.sort(key=lambda variant: variant.lstrip("+~"))
        compiler = dice.pick(["none", dice.pick(compilers.split(","))])
        platform = "darwin" if "apple" in compilers else "linux"
        row: _Row = {"compiler": compiler, "hash": "|", "os": os, "platform": platform, "size": "-"}
        row |= {"target": target, "variants": variants, "versions": [dice.pick(versions)]}
        names = stacks.split(",")
        some = [name for name in names if dice.random() < 0.5][:4] or names[:1]
        rows += [row | {"stacks": sorted([*some, "root"])}] * 7
        rows += [row | {"stacks": sorted([dice.pick(some), "root"])}]
    return rows


def _options(dice: Dice, package: str) -> list[list[str]]:
    """Return the values that each variant of a package can have, its usual value first."""
    kind = package.partition("-")[0]
    system = dice.pick(_BUILD_SYSTEMS.get(kind, _OTHER_BUILD_SYSTEMS))
    most = 2 if kind in _BUILD_SYSTEMS else 6
    drawn = dict.fromkeys(dice.pick(_OPTIONS.split("|")) for _ in range(dice.below(most)))
    usual = [f"build_system={system}", *(_CMAKE if system == "cmake" else [])]
    return [values.split() for values in [*usual, *drawn]]


def _text(release: _Release, package: str, rows: list[_Row], specs: list[tuple[str, int]]) -> str:
    counts = Counter(index for _, index in specs)
    spelled = {k: _older(rows[k]) if release.older_spelling else rows[k] for k in counts}
    frames = {k: json.dumps(row, sort_keys=True).split("|") for k, row in spelled.items()}
    details = ", ".join(spec_hash.join(frames[k]) for spec_hash, k in sorted(specs))
    meta = json.dumps(_meta([(spelled[k], counts[k]) for k in counts]), sort_keys=True)
    head = f'title: "{package}"\nlayout: cache\ncategories: [package, {release.name}]'
    return f"---\n{head}\nmeta: {meta}\nspec_details: [{details}]\n---\n"


def _older(row: _Row) -> _Row:
    variants = [variant.replace(":=", "=") for variant in row["variants"]]
    return row | {"compiler": row["compiler"].replace("@", "@="), "variants": variants}


def _meta(counts: list[tuple[_Row, int]]) -> _Row:
    rows, stacks = [row for row, _ in counts], Counter[str]()
    for row, number in counts:
        stacks.update(dict.fromkeys(row["stacks"], number))
    keys = ("compiler", "os", "platform", "target")
    meta: _Row = {f"{key}s": sorted({row[key] for row in rows}) for key in keys}
    meta |= {"versions": sorted({row["versions"][0] for row in rows}), "stacks": sorted(stacks)}
    return meta | {"num_specs": stacks["root"], "num_specs_by_stack": stacks}


def _main() -> None:
    parser = argparse.ArgumentParser(description="Write a made snapshot of Spack cache pages.")
    parser.add_argument("out", type=Path, help="a new or empty folder")
    for name, default in [("records", 57_304), ("pages", 3_000), ("releases", 1), ("seed", 1)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    try:
        write_snapshot(**vars(parser.parse_args()))
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    _main()
