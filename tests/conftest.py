"""What several test modules use: the example pages, pages made for one test, a time limit."""

from __future__ import annotations

import gc
import os
import runpy
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from web_server import Web, serving

from graphcache import Report, Tables, build_store, read
from graphcache.spack.spectext import parse_spec

pytest_plugins = ["pytester", "kinds", "neo4j_server.fixtures"]
pytest.register_assert_rewrite("store_contract")

_T = TypeVar("_T")
Read = Callable[..., tuple[Tables, Report]]
WriteSnapshot = Callable[..., None]

# In CI the same examples every time; elsewhere new ones.
settings.register_profile(
    "fixed",
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("quick", settings.get_profile("fixed"), max_examples=5)
settings.register_profile("long", settings.get_profile("fixed"), max_examples=1_000)
settings.load_profile("fixed")

# Whoever runs the tests in the background may have Ctrl-C ignored, which the processes that tests
# start would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asks the network whether this is a machine of AWS.
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

_ROOT = Path(__file__).parents[1]


def pytest_collection_finish() -> None:
    """Look for garbage among what tests make alone: 400,000 objects of the collection stay."""
    gc.freeze()


@pytest.fixture(scope="session")
def example_pages() -> Path:
    """The folder of real pages."""
    return _ROOT / "examples/pages"


@pytest.fixture(scope="session")
def legacy_pages() -> Path:
    """The folder of pages in the forms of 2021 and 2022, made for these tests."""
    return _ROOT / "tests/data/legacy"


@pytest.fixture(scope="session")
def examples(example_pages: Path) -> Tables:
    """The graph of the real pages."""
    return read(example_pages)[0]


@pytest.fixture(scope="session")
def example_store(example_pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the real pages, alone in a folder, which no test changes."""
    path = tmp_path_factory.mktemp("examples") / "graphcache.lbug"
    build_store(path, example_pages)
    return path


@pytest.fixture(scope="session")
def write_snapshot() -> WriteSnapshot:
    """Write a made snapshot below a folder: `(folder, records=, pages=, releases=, seed=)`."""
    made: WriteSnapshot = runpy.run_path(str(_ROOT / "benchmarks/snapshot.py"))["write_snapshot"]
    return made


@pytest.fixture(scope="module", params=["real", "snapshot", "made"])
def held(
    request: pytest.FixtureRequest,
    example_pages: Path,
    legacy_pages: Path,
    write_snapshot: WriteSnapshot,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Tables, list[dict[str, Any]]]:
    """A graph, and its specs as the oracle gives them."""
    from held import graph_and_specs

    folder = tmp_path_factory.mktemp("pages")
    return graph_and_specs(request.param, folder, (example_pages, legacy_pages), write_snapshot)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server of the mirrors that Spack made."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(_ROOT / "tests/data/spack/mirrors") as server:
        yield server


@pytest.fixture
def read_page(tmp_path: Path) -> Read:
    """Write a page, and read it."""

    def write_and_read(content: str | bytes, **options: Any) -> tuple[Tables, Report]:
        file = tmp_path / "page"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(file, **options)

    return write_and_read


def tries(count: int) -> settings:
    """So many examples of a property; few in the profile `quick`, ten times as many in `long`."""
    profile = settings.get_current_profile_name()
    if profile == "quick":
        count = min(count, settings.get_profile("quick").max_examples)
    return settings(max_examples=count * 10 if profile == "long" else count)


def derived_hashes(texts: Iterable[str]) -> dict[str, str]:
    """By spec text, the hash that graphcache gives it where a page has none."""
    hashes = {}
    for text in texts:
        own, *others = parse_spec(text)
        hashes[text] = own.derived_hash(tuple(other.derived_hash() for other in others))
    return hashes


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """What the call returns; a failure where it takes longer, be it for ever."""
    outcome: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"not done in {seconds} seconds"
    if errors:
        raise errors[0]
    return outcome[0]
