"""`meta` of a page repeats what its records say: a checksum for the reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from graphcache.records import FileReport, PageRecord, short
from graphcache.sources.frontmatter import Entry, decode
from graphcache.sources.keys import is_in_order, repeated_keys, shown_place
from graphcache.sources.names import Unreadable


def check_meta(entry: Entry, records: list[PageRecord], report: FileReport) -> None:
    """Warn of each fact in `meta` that the records contradict, and of each unknown key.

    A `meta` that can't be read costs no record: it only repeats them.
    """
    try:
        meta = _decode_meta(entry)
        found = [f"meta.{difference}" for difference in differences(meta, records)]
    except RecursionError:
        found = ["meta: nested too deep, so nothing was checked by it"]
    except Unreadable as problem:
        found = [f"meta: {problem}, so nothing was checked by it"]
    for difference in found:
        report.warn(f"{report.file}:{entry.line}: {difference}")


def _decode_meta(entry: Entry) -> dict[str, Any]:
    in_order = entry.may_be_json and is_in_order(entry.value)
    meta = msgspec.json.decode(entry.value) if in_order else decode(entry)
    if not isinstance(meta, dict):
        raise Unreadable(f"expected an object, found {short(meta)}", entry.line)
    for place, key in repeated_keys(meta):
        where = f"{shown_place(place)}: " if place else ""
        raise Unreadable(f"{where}key {short(key)} stands twice", entry.line)
    return meta


def differences(meta: dict[str, Any], records: list[PageRecord]) -> Iterator[str]:
    """Where `meta` and the records disagree, a line each.

    >>> list(differences({"num_specs": 2}, []))
    ['num_specs: expected 0, as the records say, found 2']
    """
    facts = _facts(records)
    for key, said in meta.items():
        if key not in facts:
            yield f"{_show(key)}: unknown key, not read"
            continue
        if said == facts[key]:
            continue
        expected, found = _comparable(facts[key]), _comparable(said)
        if found == expected:
            continue
        if isinstance(expected, set) and isinstance(found, set):
            for name in sorted(found - expected):
                yield f"{key}: {_show(name)} stands in no record"
            for name in sorted(expected - found):
                yield f"{key}: {name} of the records is missing"
        else:
            yield f"{key}: expected {_show(expected)}, as the records say, found {_show(found)}"


def _facts(records: list[PageRecord]) -> dict[str, Any]:
    """What `meta` should say, as most pages say it."""
    by_stack = Counter(stack for record in records for stack in record.stacks)
    return {
        "num_specs": len(records),
        "num_specs_by_stack": by_stack,
        "versions": sorted({record.versions[0] for record in records}),
        "compilers": sorted({record.compiler for record in records}),
        "oss": sorted({record.os for record in records}),
        "platforms": sorted({record.platform for record in records}),
        "targets": sorted({record.target for record in records}),
        "stacks": sorted(by_stack),
    }


def _comparable(value: Any) -> Any:
    """The value without what does not count: order, and that YAML gives numbers as text."""
    if isinstance(value, dict):
        return {key: str(count) for key, count in value.items()}
    if isinstance(value, list):
        return {str(name) for name in value}
    return str(value)


def _show(value: Any) -> str:
    text = (
        ", ".join(f"{k}: {value[k]}" for k in sorted(value))
        if isinstance(value, dict)
        else f"[{', '.join(sorted(value))}]"
        if isinstance(value, set)
        else str(value)
    )
    return text if len(text) <= 200 else text[:200] + "…"
