"""Which of all pins leaves fewest builds: found without comparing the graphs of each."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import numpy as np

from graphcache.analysis.dependencies import Rows
from graphcache.analysis.pins.candidates import joint_pins, pins_to_try
from graphcache.analysis.pins.graphs import BuildGraph, Changes
from graphcache.analysis.pins.holding import Pin, hold, runtime_of
from graphcache.analysis.pins.packages import Packages
from graphcache.analysis.pins.remaining import Builds

MOST_TRIED = 200
"""Pins that are looked at closely for each that is chosen, those first that may save most."""
_AT_ONCE = 1_024
"""Pins of which at once it is seen what is above."""
_BITS = 64


class Trial:
    """Pins with what they change; most of it still holds when another pin was chosen."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._held: dict[Pin, Changes] = {}
        self._last = Changes()

    def best(self, builds: Builds) -> tuple[Pin, Changes] | None:
        """The pin that leaves fewest builds; None if none leaves fewer than there are.

        Where no single one does, those of one package together are tried.
        """
        pins = pins_to_try(builds.graph, builds.to_build)
        best = self._best(builds, self._hold(builds.graph, pins))
        if best is None:
            packages = Packages(builds.graph)
            joint = {pin: hold(packages, pin) for pin in joint_pins(builds.graph, pins)}
            best = self._best(builds, {pin: changes for pin, changes in joint.items() if changes})
        self._last = best[1] if best else self._last
        return best

    def _best(self, builds: Builds, changes: dict[Pin, Changes]) -> tuple[Pin, Changes] | None:
        """The best of some pins, gone through by how many builds they can leave at least.

        That is made out in two steps, a quick one and a closer one.
        """
        held = list(changes.items())
        best, fewest, tried = None, builds.distinct, 0
        rough = builds.distinct - _saved_at_most(builds, [changes for _, changes in held])
        waiting = [(least, False, at) for at, least in enumerate(rough.tolist())]
        heapify(waiting)
        while waiting and waiting[0][0] < fewest:
            _, closely, at = heappop(waiting)
            if closely:
                remain = builds.remain(held[at][1])
                if remain is not None and remain < fewest:
                    best, fewest = held[at], remain
            elif tried == MOST_TRIED:
                self._cut(len(held))
                break
            else:
                tried += 1
                heappush(waiting, (builds.remain_at_least(held[at][1]), True, at))
        return best

    def _cut(self, pins: int) -> None:
        note = (
            f"Where there were more than {MOST_TRIED} pins to try, as of {pins:,}, those with most "
            "builds above were: another one may save more."
        )
        if not self.notes:
            self.notes.append(note)

    def _hold(self, graph: BuildGraph, pins: list[Pin]) -> dict[Pin, Changes]:
        """What each pin changes, if it does: of packages that nothing changed since, as before."""
        packages, names = Packages(graph), graph.codes["name"].values
        touched = {names[code] for code in graph.column("name")[self._last.rows].tolist()}
        held = {}
        for pin in pins:
            found = self._held.get(pin)
            same = touched.isdisjoint((pin.package, runtime_of(pin.package)))
            # What takes a virtual from where may be otherwise by any other need.
            if found is None or not same or (pin.kind == "provider" and self._last.needs):
                found = hold(packages, pin)
            held[pin] = found
        self._held = held
        return {pin: changes for pin, changes in held.items() if changes}


def _saved_at_most(builds: Builds, changes: list[Changes]) -> Rows:
    """How many builds each of some changes can save at most, for all of them at once.

    Only what changes, or has a build above or below it that agrees in its own settings, becomes one
    with another; and what a build does not need any more may be needed no more, with all below.
    """
    found = np.zeros(len(changes), np.int64)
    for first in range(0, len(changes), _AT_ONCE):
        some = changes[first : first + _AT_ONCE]
        found[first : first + _AT_ONCE] = _alike_above(builds, some)
    return found + np.array([builds.dropped(one) for one in changes], np.int64)


def _alike_above(builds: Builds, changes: list[Changes]) -> Rows:
    """Of each of some changes, how many builds are changed or above, and may become others."""
    graph = builds.graph
    above = np.zeros((len(graph.own), -(-len(changes) // _BITS)), np.uint64)
    for at, change in enumerate(changes):
        above[change.rows, at // _BITS] |= np.uint64(1 << at % _BITS)
    changed = above.copy()
    graph.spread(above)
    counts = builds.counts
    _, group, times = np.unique(graph.settings[counts], return_inverse=True, return_counts=True)
    alike = np.zeros(len(counts), bool)
    alike[counts] = times[group] > 1
    above[~alike] &= changed[~alike]
    return np.array(
        [
            int(((above[counts, at // _BITS] >> np.uint64(at % _BITS)) & np.uint64(1)).sum())
            for at in range(len(changes))
        ],
        np.int64,
    )
