"""Spec texts, as Spack prints a concretized spec on one line.

Source: Spack's spec syntax, https://spack.readthedocs.io/en/latest/spec_syntax.html. Read here is
what concretized specs use of it: name, `@version`, `%compiler@version`, `+x`, `~x`, `k=v`,
`arch=platform-os-target`, `/hash`, and `^` before each dependency.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from graphcache.spack.compilers import normal_compiler
from graphcache.spack.variants import normal_variants

_TOKEN = re.compile(
    r"""
      (?P<setting>[\w.-]+(?::=|==|=)(?:"[^"]*"|'[^']*'|[^\s"'^]+))
    | @=?(?P<version>[\w.,:-]+)
    | %(?P<compiler>[\w.-]+(?:@=?[\w.,:-]+)?)
    | (?P<flag>(?:\+\+?|~~?)[\w-]+)
    | /(?P<hash>\w+)
    | (?P<space>\s+)
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"\s*(?:[\w-]+\.)*(?P<name>[\w-]+)(?![\w=:])")
_PARTS = re.compile(r"""\^((?:[^^"']|"[^"]*"|'[^']*')*)""")


@dataclass(frozen=True, slots=True)
class SpecText:
    """A concretized spec as its text says; what the text leaves out is None."""

    name: str
    version: str | None
    compiler: str | None
    platform: str | None
    os: str | None
    target: str | None
    variants: tuple[str, ...]

    def derived_hash(self, dependencies: tuple[str, ...] = ()) -> str:
        """A hash of Spack's form (32 characters of a-z2-7) made from what the text says.

        It is no hash that Spack would give. Equal texts in any order and notation have equal
        derived hashes; `dependencies` are the derived hashes of what the spec needs.

        >>> a, b = parse_spec("zlib@1.2 +pic~shared"), parse_spec("zlib@=1.2 ~shared+pic")
        >>> a[0].derived_hash() == b[0].derived_hash()
        True
        """
        said = (self.name, self.version, self.compiler, self.platform, self.os, self.target)
        parts = [repr(said), repr(self.variants), repr(sorted(dependencies))]
        digest = hashlib.sha256("\n".join(parts).encode()).digest()
        return base64.b32encode(digest[:20]).decode().lower()


def parse_spec(text: str) -> list[SpecText]:
    """The spec, then each of its `^` dependencies, in the order of the text.

    The text does not say which dependency needs which, so neither does this.

    Raises:
        ValueError: the text is not a spec; the message shows the place.

    >>> zlib, gmake = parse_spec("zlib@1.3%gcc@12.2.0+pic arch=linux-debian12-zen3 ^gmake@4.4")
    >>> zlib.name, zlib.version, zlib.compiler, zlib.target, zlib.variants
    ('zlib', '1.3', 'gcc@12.2.0', 'zen3', ('+pic',))
    >>> gmake.name, gmake.compiler
    ('gmake', None)
    """
    parts: list[str] = []
    place = 0
    for match in _PARTS.finditer("^" + text):
        if match.start() == place:
            parts.append(match.group(1))
            place = match.end()
    if place <= len(text):
        raise ValueError(f"expected a closing quote, found {text[place - 1 : place + 39]!r}")
    return [_parse_one(part) for part in parts]


def _parse_one(text: str) -> SpecText:
    match = _NAME.match(text)
    if match is None:
        raise ValueError(f"expected a package name, found {text[:40]!r}")
    said: dict[str, str] = {}
    variants: list[str] = []
    place = match.end()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError(f"expected a part of a spec, found {text[place : place + 40]!r}")
        place = token.end()
        kind, found = str(token.lastgroup), token.group(str(token.lastgroup))
        if kind == "setting":
            _add_setting(found, said, variants)
        elif kind == "flag":
            variants.append(found[-len(found.lstrip("+~")) - 1 :])
        elif kind == "compiler":
            said["compiler"] = normal_compiler(found) or ""
        elif kind != "space":
            said[kind] = found
    return SpecText(
        match.group("name"),
        said.get("version"),
        said.get("compiler") or None,
        said.get("platform"),
        said.get("os"),
        said.get("target"),
        tuple(normal_variants(variants)),
    )


def _add_setting(setting: str, said: dict[str, str], variants: list[str]) -> None:
    key, _, value = setting.partition("=")
    if key in {"arch", "architecture"}:
        said.update(zip(("platform", "os", "target"), value.split("-", 2), strict=False))
    elif key in {"platform", "os", "target"}:
        said[key] = value
    else:
        variants.append(setting)
