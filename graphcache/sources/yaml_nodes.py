"""YAML that is not JSON, by its nodes, in which numbers stay the text that they are.

Only pages in another form than the published one need it, so PyYAML is imported with this module.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from graphcache.sources.keys import object_of
from graphcache.sources.names import Unreadable

MAX_DEPTH = 32
"""Nesting that a value may have; real pages have 4."""
MAX_YAML = 8 * 2**20
"""Bytes of YAML that is not JSON: 8 MB take PyYAML's C parser about 10 s."""
MAX_VALUES = 500_000
"""Values of YAML that is not JSON: each takes a kilobyte while it is read."""


class _Loader(yaml.CSafeLoader):
    """PyYAML's C loader, in which `null`, `true` and `false` have a type and all else is text."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - so PyYAML declares it


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"(?:~|null|)\Z"), ["~", "n", ""]
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)\Z"), ["t", "f"])


def compose(text: bytes, first_line: int) -> Any:
    """The node graph of a YAML text without aliases, in which each node stands once.

    Raises:
        Unreadable: it is no YAML, has aliases, or is too deep or too long.
    """
    if len(text) > MAX_YAML:
        raise Unreadable(f"expected JSON, or YAML of at most {MAX_YAML:,} bytes", first_line)
    try:
        # Composing recurses and follows aliases; events do neither, so they are looked at first.
        depth = 0
        for number, event in enumerate(yaml.parse(text, Loader=_Loader)):
            if number > MAX_VALUES:
                why = f"expected JSON, or YAML of at most {MAX_VALUES:,} values"
                raise Unreadable(why, line_of(event, first_line))
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable("expected no YAML alias (*name)", line_of(event, first_line))
            if depth > MAX_DEPTH:
                raise Unreadable(f"nested deeper than {MAX_DEPTH}", line_of(event, first_line))
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = first_line + mark.line if mark is not None else first_line
        raise Unreadable(f"neither JSON nor YAML: {why}", line) from None


def is_mapping(node: Any) -> bool:
    """Whether a node holds keys and values, as pairs of nodes in its `value`."""
    return isinstance(node, yaml.MappingNode)


def is_list(node: Any) -> bool:
    """Whether a node holds a list, as nodes in its `value`."""
    return isinstance(node, yaml.SequenceNode)


def line_of(event: Any, first_line: int) -> int:
    """The line on which an event or a node begins."""
    return int(first_line + event.start_mark.line)


def plain_value(node: Any) -> Any:
    """A node as plain Python.

    >>> plain_value(compose(b"[5.10, ~, true]", first_line=1))
    ['5.10', None, True]
    """
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return None
    if isinstance(node, yaml.SequenceNode):
        return [plain_value(child) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        pairs = [(plain_value(key), plain_value(value)) for key, value in node.value]
        return object_of([(key if isinstance(key, str) else repr(key), v) for key, v in pairs])
    return node.value == "true" if node.tag == "tag:yaml.org,2002:bool" else node.value
