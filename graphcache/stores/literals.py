"""Values written into a statement, for a person to read and to paste elsewhere.

Nothing here is ever run by graphcache: a statement that it runs has parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graphcache.errors import UsageError
from graphcache.stores.statements import TOKEN, check_parameters, without_tokens

_PIECE = re.compile(rf"(?:{TOKEN.pattern}) | \$(?P<parameter>\w+) | (?P<end>;)", TOKEN.flags)
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def literal(value: Any) -> str:
    r"""A text, integer, boolean or list of them, as Cypher writes it.

    Of the escapes only those are used that Neo4j and LadybugDB read alike.

    >>> print(literal(["it's", "a\\b\x1b", 7, True]))
    ['it\'s', 'a\\b\u001b', 7, true]
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{''.join(map(_escape, value))}'"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return str(int(value))


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    # Beyond U+FFFF the two read no escape alike.
    hidden = not character.isprintable() and character <= "\uffff"
    return f"\\u{ord(character):04x}" if hidden else character


def fill_in(cypher: str, values: Mapping[str, Any], limit: int | None = None) -> str:
    """The statement with its parameters as literals, and at most `limit` rows; no `;` at its end.

    Raises:
        QueryError: it has a parameter without a value.
        UsageError: it has a LIMIT of its own, or a UNION, so that no LIMIT can be added.

    >>> print(fill_in("MATCH (s:Spec {name: $p}) RETURN s.hash, '$p' // $p", {"p": "gcc"}, 5))
    MATCH (s:Spec {name: 'gcc'}) RETURN s.hash, '$p' // $p
    LIMIT 5
    """
    check_parameters(cypher, values)

    def written(piece: re.Match[str]) -> str:
        if piece["end"]:
            return ""
        name = piece["parameter"]
        return literal(values[name]) if name else piece.group()

    filled = _PIECE.sub(written, cypher)
    if limit is None:
        return filled
    if re.search(r"\bUNION\b|\bLIMIT\s+\S+\s*$", without_tokens(filled), re.IGNORECASE):
        raise UsageError("the statement has a LIMIT of its own, or a UNION: leave the limit out")
    return f"{filled}\nLIMIT {limit}"
