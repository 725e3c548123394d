"""The garbage collector where many objects are made: nothing is looked at in vain, or kept."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from graphcache.tables.collector import leave_to_exit, paused_collector


class Large:
    """Stands for a large object."""


@pytest.fixture
def nothing_frozen() -> Iterator[None]:
    """What a run of tests may have frozen is not in the way, and is frozen again."""
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    yield
    if frozen:
        gc.freeze()


def many_objects() -> list[list[int]]:
    """So many that the next search for garbage would take long."""
    return [[number] for number in range(600_000)]


@pytest.mark.usefixtures("nothing_frozen")
def test_many_new_objects_are_old_at_once_and_go_as_ever() -> None:
    with paused_collector():
        ring: list[object] = [Large(), many_objects()]
        ring.append(ring)
    is_gone = weakref.ref(ring[0])
    assert any(one is ring for one in gc.get_objects(generation=2))
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    del ring
    gc.collect()
    assert is_gone() is None


@pytest.mark.usefixtures("nothing_frozen")
def test_what_somebody_froze_stays_frozen() -> None:
    frozen = [Large()]
    gc.freeze()
    with paused_collector():
        made = many_objects()
    assert made
    assert not any(one is frozen for one in gc.get_objects())  # which lists no frozen ones


def test_after_few_new_objects_the_frozen_ones_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A million of them, as a server may freeze, take as long to count as a small file to read."""
    monkeypatch.setattr(gc, "get_freeze_count", None)
    with paused_collector():
        pass
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_large_object_goes_when_nobody_holds_it() -> None:
    large = Large()
    leave_to_exit(large)
    is_gone = weakref.ref(large)
    del large
    assert is_gone() is None


_PROCESS = """
from graphcache.tables.collector import leave_to_exit

class Large:
    def __init__(self, name):
        self.name = name
    def __del__(self):
        print(self.name, "is freed")

kept, dropped = Large("kept"), Large("dropped")
leave_to_exit(kept)
leave_to_exit(dropped)
del dropped
print("at the end")
"""


@pytest.mark.process
def test_what_is_left_at_the_end_goes_with_the_process() -> None:
    said = subprocess.check_output([sys.executable, "-c", _PROCESS], text=True)
    assert said.splitlines() == ["dropped is freed", "at the end"]


_SCRIPT = """
import sys
from graphcache.tables.collector import leave_to_exit

class Large:
    pass

def what_has_the_global_names():
    return text

text, others = open(sys.argv[1], "w"), {"binary": open(sys.argv[2], "wb")}
text.write("text")
others["binary"].write(b"binary")
large = Large()
leave_to_exit(large)
if sys.argv[3] == "dropped":
    del large
"""


@pytest.mark.process
@pytest.mark.parametrize("large", ["kept", "dropped"])
def test_files_that_a_script_does_not_close_are_written(tmp_path: Path, large: str) -> None:
    text, binary = tmp_path / "text", tmp_path / "binary"
    subprocess.run([sys.executable, "-c", _SCRIPT, text, binary, large], check=True)
    assert (text.read_text(), binary.read_bytes()) == ("text", b"binary")
