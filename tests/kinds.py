"""A guard that holds a test to the kinds that its marks say; pyproject.toml describes them.

A test without a mark is quick: it starts no process, opens no socket, drives no browser and asks no
server, so that `make quick` can run all of those in a minute. A plugin of pytest: see
`pytest_plugins` in `conftest.py`. `neo4j_server.fixtures` marks the tests on a server itself.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping
from typing import Any

import pytest
from _pytest.doctest import DoctestItem

_DOCTESTS = {"graphcache.serving.running.listen": "network"}
_EXAMPLES = '"examples/'
"""What a doctest reads that takes its time."""
# By the shared fixtures that need it; what a module's own fixtures need, its `pytestmark` says.
_KIND_OF_FIXTURE = {"web": "network"}
# What Python's audit hooks call it, and the kinds that may do it.
_MAY_START = ("process", "browser", "neo4j")
_MAY_CONNECT = ("network", "browser", "neo4j")
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"), _MAY_START),
    **dict.fromkeys(("os.exec", "os.spawn", "os.system"), _MAY_START),
    **dict.fromkeys(("socket.bind", "socket.connect", "socket.getaddrinfo"), _MAY_CONNECT),
}
_SOCKETS = ("socket.bind", "socket.connect")
_ONCE = ("fc-list", "system_profiler")
"""What Matplotlib asks for the fonts of a machine, whichever test is the first there to draw."""


class _Guard:
    """Fails the test that runs where it does what its marks do not say."""

    def __init__(self) -> None:
        self.test: pytest.Item | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        kinds = _ALLOWED.get(event)
        if kinds is None or self.test is None:
            return
        if event in _SOCKETS and isinstance(arguments[1], str | bytes):
            return  # the name of a file, not an address
        if event == "subprocess.Popen" and arguments[0] in _ONCE:
            return
        if not any(self.test.get_closest_marker(kind) for kind in kinds):
            mark = f"@pytest.mark.{kinds[0]}"
            pytest.fail(f"a quick test did {event} {arguments!r:.200}: mark it with {mark}")


_guard = _Guard()
sys.addaudithook(_guard)  # for good: Python has no way to take one back


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests by the shared fixtures that they take."""
    for item in items:
        if kind := _DOCTESTS.get(item.name):
            item.add_marker(kind)
        if isinstance(item, DoctestItem) and _EXAMPLES in (item.dtest.docstring or ""):
            item.add_marker("slow")
        for fixture in getattr(item, "fixturenames", ()):
            if kind := _KIND_OF_FIXTURE.get(fixture):
                item.add_marker(kind)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Guard a test, with the set-up and the end of its fixtures."""
    _guard.test = item
    try:
        return (yield)
    finally:
        _guard.test = None
