"""The front matter of a Jekyll page: YAML between two `---` lines.

On cache.spack.io the two long values are JSON on one line, which is YAML too. A YAML reader takes
30 to 200 times as long for them, so JSON goes to a JSON decoder, and PyYAML's C parser reads what
is not JSON (`yaml_nodes.py`). YAML is read through its node graph: that gives line numbers, keeps
`5.10` a text, and shows duplicate keys and aliases, which a plain `yaml.load` hides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from graphcache.records import short
from graphcache.sources.keys import object_of
from graphcache.sources.names import Unreadable

MAX_KEYS = 1_000
"""Top-level keys, of which a page has 6; a page of nothing but keys could have millions."""
MAX_RESCANNED = 2**29
"""Characters of a damaged list that are looked at again in search of what is whole: about 2 s."""

_BOM = b"\xef\xbb\xbf"
_KEY_LINE = re.compile(rb"([A-Za-z_][\w-]*):(?:[ \t]+|$)")
_ENDS = (b"---", b"...")
_CONTINUES = (b" ", b"\t", b"-", b"#", b"]", b"}")
_PLAIN_TEXT = re.compile(rb'"([^"\\\x00-\x1f]*)"\s*')
_NEXT_OBJECT = re.compile(r',\s*(?=\{\s*["}])')
_SEPARATORS = re.compile(r"[\s,]*")  # which is everywhere, if only as nothing


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level key: the line it stands on (from 1), and its value, not decoded."""

    line: int
    value: bytes

    @property
    def may_be_json(self) -> bool:
        """Whether the value starts as JSON does."""
        return self.value[:1] in (b"[", b"{", b'"')


@dataclass(frozen=True, slots=True)
class Item:
    """One element of a list, as plain Python; `problem` says why it can't be read, if so."""

    line: int
    value: Any
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A page's top-level keys, and what is wrong with its frame (empty where nothing is)."""

    entries: dict[str, Entry]
    problems: list[Unreadable]


def has_front_matter(data: bytes) -> bool:
    r"""Whether the content begins with a `---` line.

    >>> has_front_matter(b"---\ntitle: x\n---\n"), has_front_matter(b"--- a/file\n")
    (True, False)
    """
    return data[:64].removeprefix(_BOM).split(b"\n", 1)[0].rstrip() == b"---"


def front_matter(data: bytes) -> FrontMatter:
    r"""Split a page into its top-level keys; the values are decoded by whoever knows the key.

    Raises:
        Unreadable: the text is not UTF-8, or not YAML.

    >>> page = front_matter(b'---\ntitle: "zlib"\nmeta: {}\n---\n')
    >>> page.entries["meta"]
    Entry(line=3, value=b'{}')
    """
    data = data.removeprefix(_BOM)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            found = f"expected UTF-8, found byte 0x{data[error.start]:02x}"
            raise Unreadable(found, line) from None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    lines = data.split(b"\n")
    problems = []
    last = next((i for i in range(1, len(lines)) if lines[i].rstrip() in _ENDS), len(lines))
    if last == len(lines):
        problems.append(Unreadable("the closing --- line is missing: cut off?", len(lines)))
    elif any(line.strip() for line in lines[last + 1 :]):
        problems.append(Unreadable("expected nothing after the closing --- line", last + 2))
    entries = _scan(lines[1:last], problems)
    if entries is None:
        entries = _scan_yaml(b"\n".join(lines[1:last]), problems)
    return FrontMatter(entries, problems)


def _scan(lines: list[bytes], problems: list[Unreadable]) -> dict[str, Entry] | None:
    """Entries of a front matter whose keys stand plain at the start of a line; else None."""
    found: list[tuple[str, int, list[bytes]]] = []
    for number, line in enumerate(lines, start=2):
        key = _KEY_LINE.match(line)
        if len(found) > MAX_KEYS:
            raise _too_many_keys(number)
        if key is not None:
            found.append((key.group(1).decode(), number, [line[key.end() :]]))
        elif found and (not line.strip() or line.startswith(_CONTINUES)):
            found[-1][2].append(line)
        elif line.strip() and not line.startswith(b"#"):
            return None
    return _entries(
        ((key, Entry(line, b"\n".join(text).rstrip())) for key, line, text in found), problems
    )


def _scan_yaml(text: bytes, problems: list[Unreadable]) -> dict[str, Entry]:
    """Entries of a front matter in any other form of YAML, found by its parser."""
    from graphcache.sources.yaml_nodes import compose, is_mapping

    root = compose(text, first_line=2)
    if not is_mapping(root):
        raise Unreadable("expected keys and values between the --- lines", 2)
    if len(root.value) > MAX_KEYS:
        raise _too_many_keys(2)
    decoded = text.decode()

    def entry(node: Any) -> Entry:
        value = decoded[node.start_mark.index : node.end_mark.index]
        # A block keeps its shape only if its first line is indented as it was.
        indent = " " * node.start_mark.column if "\n" in value else ""
        return Entry(node.start_mark.line + 2, (indent + value).rstrip().encode())

    return _entries(((str(key.value), entry(value)) for key, value in root.value), problems)


def _too_many_keys(line: int) -> Unreadable:
    return Unreadable(f"expected at most {MAX_KEYS:,} keys between the --- lines, found more", line)


def _entries(found: Iterator[tuple[str, Entry]], problems: list[Unreadable]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for key, entry in found:
        if key in entries:
            first = entries[key].line
            why = f"key {short(key)} stands twice (first on line {first}): the first is read"
            problems.append(Unreadable(why, entry.line))
        else:
            entries[key] = entry
    return entries


def decode(entry: Entry) -> Any:
    r"""A value as plain Python: JSON if it is JSON, else YAML in which numbers stay text.

    Raises:
        Unreadable: it is neither, has aliases, or is too deep or too long.

    >>> decode(Entry(1, b'"zlib"')), decode(Entry(1, b"[5.10, ~]"))
    ('zlib', ['5.10', None])
    """
    plain = _PLAIN_TEXT.fullmatch(entry.value)
    if plain is not None:
        return plain.group(1).decode()
    if entry.may_be_json:
        try:
            return json.loads(entry.value, object_pairs_hook=object_of)
        except (ValueError, RecursionError):
            pass  # it may be YAML all the same: [package, develop]
    from graphcache.sources.yaml_nodes import compose, plain_value

    return plain_value(compose(entry.value, entry.line))


def decode_items(entry: Entry) -> list[Item]:
    r"""The elements of a list; a damaged one has a problem and no value, the others are whole.

    Raises:
        Unreadable: the value is no list, or so damaged that nothing of it can be told apart.

    >>> [(item.value, bool(item.problem)) for item in decode_items(Entry(1, b'[{"a": 1}, {"a'))]
    [({'a': 1}, False), (None, True)]
    """
    items = list(_json_items(entry)) if entry.value[:1] == b"[" else []
    if items and not any(item.problem for item in items):
        return items
    from graphcache.sources.yaml_nodes import compose, is_list, line_of, plain_value

    try:
        node = compose(entry.value, entry.line)
    except Unreadable:
        if not items:
            raise
        return items
    if not is_list(node):
        raise Unreadable("expected a list", entry.line)
    return [Item(line_of(child, entry.line), plain_value(child)) for child in node.value]


def _json_items(entry: Entry) -> Iterator[Item]:
    """Elements of a JSON list, going on behind a damaged one at the next object."""
    text = entry.value.decode()
    decoder = json.JSONDecoder(object_pairs_hook=object_of)
    place, line, rescanned = 1, entry.line, 0
    while rescanned <= MAX_RESCANNED:
        start = cast("re.Match[str]", _SEPARATORS.match(text, place)).end()
        line += text.count("\n", place, start)
        if text.startswith("]", start):
            if text[start + 1 :].strip():
                yield Item(
                    line, None, f"expected nothing after the list, found {text[start + 1 :][:40]!r}"
                )
            return
        try:
            value, place = decoder.raw_decode(text, start)
            yield Item(line, value)
        except (ValueError, RecursionError) as error:
            yield Item(line, None, _json_problem(error, text))
            end = getattr(error, "pos", len(text))
            rescanned += end - start + end // 8  # an error counts all lines before it, but quickly
            following = _NEXT_OBJECT.search(text, start)
            if following is None:
                return
            place = following.end()
        line += text.count("\n", start, place)
    yield Item(line, None, "damaged in too many places: the rest of the list is not read")


def _json_problem(error: Exception, text: str) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return "nested too deep, or a number too long"
    if error.pos >= len(text) or error.msg.startswith("Unterminated"):
        return "the list is cut off here"
    return f"not JSON: {error.msg} at character {error.pos + 1} of the value"
