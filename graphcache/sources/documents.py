"""JSON documents that Spack writes: the top level, and the specs in them one by one.

A document is decoded in two steps, so that one spec that is wrong costs no other: first its outer
levels, with the specs left as they stand, then each spec by type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from graphcache.records import FileReport, short
from graphcache.sources.keys import Place, repeated_key, shown_place, with_plain_target
from graphcache.sources.names import Unreadable, character_problem, may_hide_characters
from graphcache.words import counted

Document = dict[str, Raw]

MAX_DOCUMENT = 2**30
"""Bytes of one index or lock file; an index of 60,000 specs has 400 MB."""
LAST_FORM = 5
"""The last form of the spec object that is known."""

_T = TypeVar("_T")
_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = b"\n-----BEGIN PGP SIGNATURE-----"
_BOM = b"\xef\xbb\xbf"
_HTML = (b"<!doctype html", b"<html", b"<!--", b"<head")
_HASH = re.compile("[a-z2-7]{32}")
_PATH = re.compile(r"^(.*?)(?: - at `\$\.?(.*)`)?$", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+|\.\.\.)|\[(\d+)\]")
_BOUND = re.compile(
    r"expected str (?:matching regex .*\[(?P<characters>[^]]+)\]\{(?P<count>\d+)\}.*"
    r"|of length (?P<sign>[<>]=) (?P<length>\d+))"
)
_POSITION = re.compile(r" \(byte (\d+)\)")
_SURROGATES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair: one character
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def may_be_document(head: bytes) -> bool:
    """Whether content that begins so may be a JSON document, clear-signed or not."""
    return head.startswith(_SIGNED) or head.removeprefix(_BOM).lstrip()[:1] == b"{"


def is_html(head: bytes) -> bool:
    r"""Whether content that begins so is a web page, as servers send one instead of a file.

    >>> is_html(b"\n<!DOCTYPE html><html>"), is_html(b'{"database": {}}')
    (True, False)
    """
    return head.removeprefix(_BOM).lstrip().lower().startswith(_HTML)


def parse_document(data: bytes) -> Document:
    """The keys of the top level. Of a clear-signed document the text counts, not the signature.

    Raises:
        Unreadable: it is no JSON object.

    >>> {key: bytes(raw) for key, raw in parse_document(b'{"a": [1, 2]}').items()}
    {'a': b'[1, 2]'}
    """
    document: Document = decode(document_text(data), Document, "")
    return document


def replace_lone_surrogates(data: bytes) -> tuple[bytes, str]:
    r"""The text of a document with U+FFFF for each half of a surrogate pair, and the first half.

    Python's JSON writes such a half for each byte of a path that is not UTF-8. It is no character,
    so no decoder takes it, wherever it stands; nor is U+FFFF taken as a part of a text, but there
    it is the matter of the one spec that has it.

    >>> replace_lone_surrogates(rb'{"a": "\udcff \\udcff \ud83d\ude00"}')
    (b'{"a": "\\uffff \\\\udcff \\ud83d\\ude00"}', '\\udcff')
    """
    halves = []

    def replaced(escape: re.Match[bytes]) -> bytes:
        if escape[1] is None:
            return escape[0]
        halves.append(escape[0])
        return rb"\uffff"

    data = _SURROGATES.sub(replaced, data)
    return data, halves[0].decode() if halves else ""


def decode_whole(data: bytes, type_: Any) -> Any:
    """The value of a whole text by type.

    Raises:
        Unreadable: it is not JSON, does not fit, or a key stands twice.
    """
    value = decode(data, type_, "")
    twice = repeated_key(data)
    if twice is not None:
        place, key = twice
        raise Unreadable(f"{shown_place((*place, key))}: stands twice")
    return value


def document_text(data: bytes) -> bytes:
    """The JSON of a document: without a signature around it, and without a byte order mark.

    Raises:
        Unreadable: it is clear-signed, and cut off.
    """
    return signed_text(data).removeprefix(_BOM)


def signed_text(data: bytes) -> bytes:
    r"""The text of a clear-signed message, as RFC 9580 (section 7) lays it out; or all of it.

    >>> signed_text(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- -\n{}\n"
    ...             b"-----BEGIN PGP SIGNATURE-----\n\n...")
    b'-\n{}'
    """
    if not data.startswith(_SIGNED):
        return data
    data = data.replace(b"\r\n", b"\n")
    _, blank, text = data.partition(b"\n\n")
    text, signature, _ = text.partition(_SIGNATURE)
    if not blank or not signature:
        raise Unreadable("expected a clear-signed message, found one that is cut off")
    return re.sub(rb"^- ", b"", text, flags=re.MULTILINE)


def decode(data: bytes | Raw, type_: Any, place: str) -> Any:
    """The value by type.

    Raises:
        Unreadable: it is not JSON, or does not fit.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        raise Unreadable(_explain(error, place, data).removeprefix(": ")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        position = _POSITION.search(str(error))
        line = bytes(data).count(b"\n", 0, int(position[1])) + 1 if position and not place else None
        why = str(error).replace("Input data was truncated", "the JSON is cut off")
        raise Unreadable(f"{place}: {why}".removeprefix(": "), line) from None
    except RecursionError:
        raise Unreadable(f"{place}: nested too deep".removeprefix(": ")) from None


def check_version(field: str, version: str, known: range, report: FileReport) -> None:
    """Warn of a version that is later than those that are known: what fits of it is read.

    Raises:
        Unreadable: it is an earlier one, or none.
    """
    number = int(version) if version.isdecimal() and len(version) < 9 else None
    if number is None or number < known[0]:
        why = f"expected {known[0]} to {known[-1]}, found {version[:40]}"
        raise Unreadable(f"{field}: {why}")
    if number > known[-1]:
        report.warn(f"{report.file}: {_later(field, number, known[-1])}")


def check_form(form: int, report: FileReport) -> None:
    """Warn of specs in a later form than those that are known.

    A mirror has a file for each spec, so the warning names none: it is given once, with its count.
    """
    if form > LAST_FORM:
        report.warn(_later("spec form", form, LAST_FORM))


def _later(what: str, found: int, last: int) -> str:
    return f"{what} {found} is later than {last}, the last one known: what fits is read"


def decode_entries(
    raws: Iterable[tuple[str, Raw]],
    place: str,
    type_: type[_T],
    unwrap: Callable[[Raw], bytes | None],
    report: FileReport,
    *,
    plain: Callable[[bytes], _T | None] | None = None,
) -> Iterator[tuple[str, _T]]:
    """Each entry by type, with its key; those that do not fit are rejected.

    `unwrap` makes of an entry in spec form 1 one of a later form, or gives None. `plain` is asked
    first: it gives an entry that is in order throughout, or None.
    """
    decoder = msgspec.json.Decoder(type_)
    for key, raw in raws:
        report.records += 1
        data = bytes(raw)
        taken = plain(data) if plain is not None else None
        if taken is not None:
            yield key, taken
            continue
        where = f"{place}.{key}"
        data = with_plain_target(data)
        try:
            entry = _decode_entry(decoder, data, unwrap)
            _check_characters(data, entry)
            _check_keys(data)
        except msgspec.ValidationError as error:
            where, _, why = _explain(error, where, data).partition(": ")
            report.reject(why, field=where, record=True)
        except _KeyTwice as problem:
            report.reject(str(problem), field=f"{where}.{problem.place}".rstrip("."), record=True)
        except RecursionError:
            report.reject("nested too deep", field=where, record=True)
        except (msgspec.DecodeError, UnicodeDecodeError, Unreadable) as error:
            report.reject(str(error), field=where, record=True)
        else:
            yield key, entry


def is_hash(key: str) -> bool:
    """Whether the text can be the hash of a spec.

    >>> is_hash("2" * 32), is_hash("zlib")
    (True, False)
    """
    return _HASH.fullmatch(key) is not None


class _KeyTwice(Unreadable):
    """A key stands twice in the object at a place."""

    def __init__(self, place: Place, key: str) -> None:
        super().__init__(f"key {short(key)} stands twice")
        self.place = shown_place(place)


def _check_keys(data: bytes) -> None:
    twice = repeated_key(data)
    if twice is not None:
        raise _KeyTwice(*twice)


def _decode_entry(decoder: Any, data: bytes, unwrap: Callable[[Raw], bytes | None]) -> Any:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        unwrapped = unwrap(Raw(data))
        if unwrapped is None:
            raise
        return decoder.decode(unwrapped)


def unwrap_node(raw: Raw) -> bytes | None:
    """A spec of form 1, which has its name as the only key and the rest below, as one of form 2.

    >>> unwrap_node(Raw(b'{"zlib": {"version": "1.3"}}'))
    b'{"name":"zlib","version":"1.3"}'
    """
    try:
        wrapped = msgspec.json.decode(raw, type=dict[str, Document])
    except msgspec.DecodeError:
        return None
    if len(wrapped) != 1:
        return None
    ((name, body),) = wrapped.items()
    return msgspec.json.encode({"name": name, **body})


def _explain(error: msgspec.ValidationError, place: str, data: bytes | Raw) -> str:
    """The place and what is wrong there."""
    match = _PATH.match(str(error))
    why, path = (match[1], match[2] or "") if match else (str(error), "")
    where = ".".join(part for part in (place, path) if part)
    why = why[:1].lower() + why[1:].replace("`", "").replace(", got ", ", found ")
    bound = _BOUND.fullmatch(why)
    if bound:
        why = f"expected {_in_words(bound)}{_found_at(path, data)}"
    return f"{where}: {why}"


def _in_words(bound: re.Match[str]) -> str:
    """What a text may be, of which msgspec says a regular expression or a length."""
    if bound["characters"]:
        return f"{bound['count']} characters of {bound['characters']}"
    most = "at least" if bound["sign"] == ">=" else "at most"
    return f"text of {most} {counted(int(bound['length']), 'character')}"


def _found_at(path: str, data: bytes | Raw) -> str:
    """What stands at a place; of some, as of one below any key, msgspec does not say which."""
    try:
        value = msgspec.json.decode(data)
        for key, number in _STEP.findall(path):
            value = value[int(number)] if number else value[key]
    except (msgspec.DecodeError, UnicodeError, LookupError, TypeError, RecursionError):
        return ""  # the message stands without it
    return f", found {short(value)}" if isinstance(value, str) else ""


def _check_characters(data: bytes, entry: Any) -> None:
    if not may_hide_characters(data):
        return
    if problem := character_problem(msgspec.to_builtins(entry)):
        raise Unreadable(problem)
