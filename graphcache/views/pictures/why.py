"""The picture of why a spec is there: the paths from the roots to it, and nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

from graphcache.analysis.pictures.paths import WhyPicture
from graphcache.stores.literals import literal
from graphcache.views.pictures.drawing import Picture, listed
from graphcache.views.pictures.layers import layered
from graphcache.views.pictures.spec import BOX, Twig, grown, placed
from graphcache.words import counted

_DRAWN = 30
"""Specs that layers show; of more the tree is read more easily."""


def why(found: WhyPicture) -> Picture:
    """Draw why a spec is there."""
    one = found.spec
    return Picture(
        title=f"Why {one.caption} is there",
        answer=_answer(found),
        notes=found.notes,
        template="why.html",
        values={
            "found": found,
            "layout": _layers(found),
            "tree": _tree(found),
            "kinds": sorted(set(found.kinds.values())),
        },
        command=["graphcache", "view", "--why", f"/{one.hash}"],
        cypher=(
            f"MATCH p = (:Spec)-[:DEPENDS_ON*1..3]->(:Spec {{hash: {literal(one.hash)}}}) "
            "RETURN p LIMIT 300"
        ),
        copied={"Copy the hash": f"/{one.hash}"},
    )


def _answer(found: WhyPicture) -> str:
    roots = [root for number, root in found.roots.items() if number != found.number]
    itself = "It is a root itself" if len(roots) < len(found.roots) else ""
    if not roots:
        return f"{itself}, and no other root needs it." if itself else "No root needs it."
    packages = Counter(root.name for root in roots)
    names = [f"{name} ({count:,})" if count > 1 else name for name, count in packages.items()]
    needed = f"{counted(len(roots), 'root')} {'needs' if len(roots) == 1 else 'need'} it: "
    nearest = sum(found.toward.get(number) == found.number for number in found.roots)
    said = f"{needed}{listed(names)}; {nearest:,} of them directly"
    return f"{itself}, and {said}." if itself else f"{said}."


def _layers(found: WhyPicture) -> dict[str, Any] | None:
    if not 1 < len(found.specs) <= _DRAWN:
        return None
    # From left to right, as who needs it reads it: a root, what it needs, the spec.
    pairs = list(found.toward.items())
    layout = layered(dict.fromkeys(reversed(found.specs), BOX), pairs)
    kinds = {(a, b): f"gc-line-{found.kinds.get(a, 'unknown')}" for a, b in pairs}
    return {"few": placed(layout, kinds)}


def _tree(found: WhyPicture) -> Twig:
    """The spec, and below it what needs it, up to the roots."""
    twigs = {
        number: Twig(number, spec, found.kinds.get(number, ""), 0, [])
        for number, spec in found.specs.items()
    }
    for number, next_ in found.toward.items():
        twigs[next_].below.append(twigs[number])
    return grown(twigs[found.number], lambda twig: (-twig.size, twig.spec.name, twig.spec.hash))
