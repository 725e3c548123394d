"""Changes of files, drawn from dice: of bytes anywhere, and of values within their JSON."""

from __future__ import annotations

import json
from random import Random
from typing import Any

TEXTS = (
    *("'", '"', "`", "\\", "\\u0000", "\\ud800", "../", "\n", "\r\n", "\r", "\t", "\x00", "\x1f"),
    *("\u2028", "\ufeff", "é", "\U0001f600", "---\n", "---", ": ", "#", "&a ", "*a", "{", "}"),
    *("!!python/object ", "<<: ", "[", "]", ",", "null", "true", "1e999", "-0", "NaN", "@=", "^"),
    *("99999999999999999999", "spec_details: []\n", "title: other\n", '"hash": "a", ', "%"),
    *("{{ page.title }}", " arch=", '"a": 1, "a": 2, ', "\x1b[31m", "\u202e", "<script>"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**70, "", [], {}, "none", "-", "root", "a" * 32, [None]),
    *([1], ["a"], [[]], [{}], {"a": 1}, "x" * 1_000, "x" * 1_001, "x" * 100_001, *TEXTS),
)
_LENGTHS = (1, 2, 3, 10, 100, 1_000)


def changed(content: bytes, dice: Random, most: int = 4) -> bytes:
    """The content after a few changes."""
    for _ in range(min(dice.randint(1, most), dice.randint(1, most))):
        content = dice.choice(_CHANGES)(content, dice)
    return content


def _insert(content: bytes, dice: Random) -> bytes:
    what = dice.choice(TEXTS).encode() if dice.random() < 0.7 else dice.randbytes(3)
    at = dice.randint(0, len(content))
    return content[:at] + what + content[at:]


def _repeat(content: bytes, dice: Random) -> bytes:
    at, length = dice.randint(0, len(content)), dice.choice(_LENGTHS)
    part = content[at : at + length] * dice.choice((0, 2, 3))
    return content[:at] + part + content[at + length :]


def flip(content: bytes, dice: Random) -> bytes:
    """Another byte somewhere."""
    if not content:
        return content
    at = dice.randrange(len(content))
    return content[:at] + bytes([content[at] ^ dice.randint(1, 255)]) + content[at + 1 :]


def cut(content: bytes, dice: Random) -> bytes:
    """The beginning of it."""
    return content[: dice.randint(0, len(content))]


def _swap_lines(content: bytes, dice: Random) -> bytes:
    lines = content.split(b"\n")
    a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def _line_ends(content: bytes, dice: Random) -> bytes:
    return content.replace(b"\n", dice.choice((b"\r\n", b"\r", b"\n\n", b"", b"\xe2\x80\xa8")))


def _value(content: bytes, dice: Random) -> bytes:
    """A value within a JSON document, or within the JSON of one line of a page."""
    if content[:1] == b"{":
        return _json_value(content, dice)
    lines = content.split(b"\n")
    at = dice.randrange(len(lines))
    key, colon, text = lines[at].partition(b": ")
    lines[at] = key + colon + _json_value(text, dice)
    return b"\n".join(lines)


def _json_value(text: bytes, dice: Random) -> bytes:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return text
    inner, steps = whole, dice.randint(1, 7)
    while isinstance(inner, list | dict) and inner:
        place = dice.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        steps -= 1
        if steps > 0 and isinstance(inner[place], list | dict) and inner[place]:
            inner = inner[place]
        elif dice.random() < 0.2:
            del inner[place]
            break
        else:
            inner[place] = dice.choice(VALUES)
            break
    return json.dumps(whole, ensure_ascii=dice.random() < 0.5).encode(errors="surrogatepass")


_CHANGES = (_insert, _insert, _repeat, flip, _swap_lines, cut, _line_ends, _value, _value, _value)
