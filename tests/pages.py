"""Pages of pictures of real data, for the tests that look at them in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graphcache import Tables, open_store, read
from graphcache.queries import load_library
from graphcache.records import Labels
from graphcache.stores.base import Store
from graphcache.views.pictures import asked
from graphcache.views.pictures.answer import answer
from graphcache.views.pictures.drawing import Picture, standalone_page
from graphcache.workflows import build_from

_ROOT = Path(__file__).parents[1]
RADIUSS = _ROOT / "tests/data/spack/radiuss.v6.spack.lock.gz"
SITE = _ROOT / "examples/site"
ADVISORIES = _ROOT / "examples/advisories"
RELEASES = ("2026-09", "2026-10", "develop")


def site_store(path: Path) -> None:
    """A store of the site's cache: three stacks in three releases."""
    build_from(path, [(str(SITE / release), Labels(release)) for release in RELEASES])


def _of(tables: Tables) -> asked.ReadTables:
    return lambda _: tables


def _query(store: Store, name: str) -> Picture:
    query = load_library()[name]
    return answer(query.run(store, {}), query.title, command=["graphcache", "query", name])


def site_pictures(folder: Path) -> dict[str, Picture]:
    """Pictures of the site's cache, by what they show."""
    site_store(folder / "site.lbug")
    with open_store(folder / "site.lbug") as store:
        tables = store.tables()
        queries = {
            f"query {name}": _query(store, name)
            for name in ("redundant-builds", "compilers-by-target", "stack-targets", "churn-pairs")
            if name in load_library()
        }
    part = _of(tables)
    return {
        "store": asked.of_store(part),
        "package hdf5": asked.of_package(part, "hdf5"),
        "package zlib-ng": asked.of_package(part, "zlib-ng"),
        "package python": asked.of_package(part, "python"),
        "spec hdf5": asked.of_spec(part, "hdf5/hhaw2z5"),
        "spec libxml2": asked.of_spec(part, "libxml2 arch=linux-almalinux9-x86_64_v4"),
        "why hdf5": asked.of_why(part, "hdf5/hhaw2z5"),
        "why zlib-ng": asked.of_why(part, "zlib-ng/oaqf7r3"),
        "diff hdf5": asked.of_two(part, "hdf5/hhaw2z5", "hdf5/kylug4g"),
        "diff curl": asked.of_two(part, "curl/irbdt5t", "curl/rhcpwzv"),
        "diff targets": asked.of_two(part, "hdf5/ktzmlgc", "hdf5/o3jwf7w"),
        "stack io": asked.of_stack(part, "io"),
        **queries,
    }


def other_pictures() -> dict[str, Picture]:
    """Pictures of a stack with 308 specs, and of pages, which know no dependencies."""
    radiuss, pages = _of(read(RADIUSS)[0]), _of(read(_ROOT / "examples/pages")[0])
    return {
        "spec py-merlin": asked.of_spec(radiuss, "py-merlin"),
        "spec openssl": asked.of_spec(radiuss, "openssl/5b4sigg"),
        "why zlib-ng in radiuss": asked.of_why(radiuss, "/bu5ehkv"),
        "stack radiuss": asked.of_stack(radiuss, "radiuss.v6"),
        "package of pages": asked.of_package(pages, "py-ml-dtypes"),
        "stack of pages": asked.of_stack(pages, "e4s"),
    }


def snapshot_pictures(folder: Path, write: Callable[..., None]) -> dict[str, Picture]:
    """Pictures of a made snapshot of 57,304 records."""
    write(folder / "snapshot", records=57_304, pages=3_000, releases=1, seed=1)
    part = _of(read(folder / "snapshot")[0])
    largest = max(asked.of_store(part).values["rows"], key=lambda row: row[2])[1]
    return {
        "snapshot": asked.of_store(part),
        "snapshot's stack": asked.of_stack(part, largest),
    }


def write_pages(folder: Path, pictures: dict[str, Picture]) -> dict[str, Path]:
    """The pages, each a file of its own."""
    paths = {name: folder / f"{name.replace(' ', '-')}.html" for name in pictures}
    for name, path in paths.items():
        path.write_text(standalone_page(pictures[name]), encoding="utf-8")
    return paths
