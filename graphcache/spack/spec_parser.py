"""Reading abstract specs: the texts that people type at Spack.

Source: Spack's spec syntax, https://spack.readthedocs.io/en/latest/spec_syntax.html; for what that
leaves open, the answers of Spack 1.2.0.dev0 to many thousand texts. `docs/specs.md` says what is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from graphcache.errors import UsageError
from graphcache.spack.flags import quoted
from graphcache.spack.specs import (
    COMPILERS,
    FLAGS,
    TYPES,
    AbstractSpec,
    Dependency,
    Flag,
    Variant,
    with_dependency,
)
from graphcache.spack.versions import Constraint, parse_constraint

_LONGEST = 10_000
"""Characters of a text; people type some dozens."""
_SHOWN = 20
"""Characters of the place where a text is wrong that an error shows."""

_ID = "[a-zA-Z0-9_][a-zA-Z0-9_-]*"
_DOTTED = rf"{_ID}(?:\.{_ID})+"
_KEY = "[a-zA-Z0-9_][a-zA-Z0-9_.-]*"
_BARE = r"[a-zA-Z0-9_+*.,:=%^~/\\-]+"
_IN_QUOTES = r"""'(?:[^']|(?<=\\)')*'|"(?:[^"]|(?<=\\)")*\""""
_VALUE = f"(?:{_BARE}|{_IN_QUOTES})"
_VERSION = r"=?[a-zA-Z0-9_][a-zA-Z0-9_.-]*\b"
_SPAN = rf"(?:(?:{_VERSION})?:(?:{_VERSION}(?!\s*=))?|{_VERSION})"
_REFERENCE = "(?:git[.][a-zA-Z0-9_][a-zA-Z0-9_./-]*|[a-fA-F0-9]{40})"
_PROVIDES = rf"(?:\s*(?P<virtuals>{_ID}(?:,{_ID})*)=(?P<package>{_DOTTED}|{_ID}))?"

_TOKENS = {
    "edge with attributes": r"(?:\^|%%?)\[",
    "end of attributes": rf"\]{_PROVIDES.replace('<', '<end_')}",
    "edge": rf"(?:\^|%%?){_PROVIDES}",
    "version": rf"@(?:{_REFERENCE}(?:={_VERSION})?|\s*{_SPAN}(?:\s*,\s*{_SPAN})*)",
    "switch": rf"(?:\+\+?|~~?|--?)\s*{_KEY}",
    "setting": rf"{_KEY}:?==?{_VALUE}",
    "file": r"(?:[./]|[a-zA-Z0-9_-]*/)[a-zA-Z0-9_./-]*\.(?:json|yaml)",
    "name": rf"{_DOTTED}|{_ID}|\*",
    "hash": "/[a-zA-Z0-9_]+",
    "space": r"\s+",
}
_TOKEN = re.compile(
    "|".join(f"(?P<{kind.replace(' ', '_')}>{pattern})" for kind, pattern in _TOKENS.items())
)
_SIGN = re.compile(r"\^|%%?")
_SETTING = re.compile(rf"(?P<key>{_KEY})(?P<exact>:?)(?P<sign>==?)(?P<value>.+)", re.DOTALL)
_QUOTED = re.compile(r"(['\"])(?P<text>.*)\1")

_ARCH = {"platform": "platform", "os": "os", "operating_system": "os", "target": "target"}
_ALL_OF_ARCH = ("arch", "architecture")
_THIS_MACHINE = ("default_os", "default_target", "frontend", "fe", "backend", "be")
"""Names that Spack takes for what the machine is that it runs on."""
_NEVER_PROPAGATED = frozenset(
    {*_ARCH, *_ALL_OF_ARCH, "namespace", "branch", "commit", "dev_path", "patches", "ref", "tag"}
)


def parse_specs(text: str) -> list[AbstractSpec]:
    """The specs that a text holds, as Spack reads them: names and their demands, one after another.

    Raises:
        UsageError: Spack does not read it either, or it is of the kinds that graphcache refuses;
            the message quotes the text and the place.

    >>> [str(spec) for spec in parse_specs("hdf5 +mpi %c,cxx=gcc@12: zlib@1.2 ^ cmake")]
    ['hdf5+mpi %c,cxx=gcc@12:', 'zlib@1.2 ^cmake']
    >>> parse_specs("zlib@@1.2")
    Traceback (most recent call last):
    graphcache.errors.UsageError: zlib@@1.2: expected a part of a spec, at character 5: '@@1.2'
    """
    if len(text) > _LONGEST:
        raise UsageError(f"{text[:_SHOWN]}…: expected a spec, found {len(text):,} characters")
    parser = _Parser(text)
    specs = []
    while parser.kind:
        specs.append(parser.spec())
    return specs


def parse_spec(text: str) -> AbstractSpec:
    """The one spec that a text holds.

    Raises:
        UsageError: it holds none or several, or can't be read.
    """
    specs = parse_specs(text)
    if len(specs) != 1:
        named = text if text.strip() else "an empty text"
        raise UsageError(f"{named}: expected one spec, found {len(specs) or 'none'}")
    return specs[0]


def with_quotes(word: str) -> str:
    """A word of a command line as it stands in a spec: its value in quotes again, if it needs any.

    >>> with_quotes("cflags=-O2 -g"), with_quotes("+mpi")
    ("cflags='-O2 -g'", '+mpi')
    """
    parts = _SETTING.fullmatch(word)
    if parts is None:
        return word
    return f"{parts['key']}{parts['exact']}{parts['sign']}{quoted(parts['value'])}"


def _tokens(text: str) -> Iterator[re.Match[str]]:
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise _error(text, place, "expected a part of a spec")
        place = token.end()
        if token.lastgroup != "space":
            yield token


def _error(text: str, place: int, message: str) -> UsageError:
    rest = text[place:].strip()
    found = repr(rest[:_SHOWN] + "…" * (len(rest) > _SHOWN)) if rest else "the end"
    return UsageError(f"{text}: {message}, at character {place + 1}: {found}")


@dataclass
class _Node:
    """A spec that is being read, without its dependencies."""

    name: str = ""
    namespace: str | None = None
    versions: Constraint | None = None
    has_versions: bool = False
    variants: dict[str, Variant] = field(default_factory=dict)
    flags: list[Flag] = field(default_factory=list)
    arch: dict[str, str] = field(default_factory=dict)
    hash: str = ""

    def read(self, token: re.Match[str]) -> bool:
        """Take up what a token says; False if it is no part of this spec."""
        text = token.group()
        match token.lastgroup:
            case "version":
                self._set_versions(text[1:])
            case "switch":
                self._set_switch(text)
            case "setting" if parts := _SETTING.fullmatch(text):
                self._set(parts)
            case "hash" if not self.hash:
                self.hash = text[1:]
            case _:
                return False
        return True

    def set_name(self, text: str) -> None:
        *namespace, name = text.split(".")
        self.name = "" if name == "*" else name
        self.namespace = ".".join(namespace) or None

    def _set_versions(self, text: str) -> None:
        if self.has_versions:
            raise UsageError("expected @VERSIONS once")
        self.has_versions = True
        constraint = parse_constraint(text)
        self.versions = None if str(constraint) == ":" else constraint

    def _set_switch(self, text: str) -> None:
        sign = text[: 2 if text[1] == text[0] else 1]
        name = text[len(sign) :].strip()
        if name in FLAGS or name in _NEVER_PROPAGATED:
            raise UsageError(f"expected {name}=VALUE")
        self._add(Variant(name, sign[0] == "+", propagated=len(sign) == 2))

    def _set(self, parts: re.Match[str]) -> None:
        key, propagated = parts["key"], parts["sign"] == "=="
        value = _unquoted(parts["value"])
        if propagated and key in _NEVER_PROPAGATED:
            raise UsageError(f"{key} can't be propagated: expected {key}=VALUE")
        if key in _ALL_OF_ARCH or key in _ARCH:
            self._set_arch(key, value)
        elif key == "namespace":
            self.namespace = value
        elif key in FLAGS:
            self.flags += [Flag(key, flag, propagated) for flag in _flags(value)]
        else:
            self._add(_variant(key, value, bool(parts["exact"]), propagated))

    def _set_arch(self, key: str, value: str) -> None:
        parts = value.split("-")
        if key in _ARCH:
            wanted = {_ARCH[key]: value}
        elif len(parts) == 3:
            wanted = dict(zip(("platform", "os", "target"), parts, strict=True))
        else:
            wanted = {"target": value}
            if self.arch:
                raise UsageError(f"expected target={value}")
        for name, one in wanted.items():
            if name in self.arch:
                raise UsageError(f"expected one {name}, found {self.arch[name]} before")
            if one in _THIS_MACHINE and name != "platform":
                raise UsageError(f"expected a name: what {one} is depends on the machine")
            # Spack writes arch=linux-None-zen4 where it does not know the system.
            if one in ("", "None") and len(wanted) == 1:
                raise UsageError("expected a name")
        self.arch |= {name: one for name, one in wanted.items() if one not in ("", "None")}

    def _add(self, variant: Variant) -> None:
        if variant.name in self.variants:
            raise UsageError(f"found {self.variants[variant.name]} before")
        self.variants[variant.name] = variant

    def spec(self) -> AbstractSpec:
        """What was read."""
        return AbstractSpec(
            name=self.name,
            namespace=self.namespace,
            versions=self.versions,
            variants=tuple(self.variants[name] for name in sorted(self.variants)),
            flags=tuple(self.flags),
            platform=self.arch.get("platform"),
            os=self.arch.get("os"),
            target=self.arch.get("target"),
            hash=self.hash,
        )


class _Parser:
    """Reads a text from one token to the next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [*_tokens(text)]
        self._next = 0

    @property
    def kind(self) -> str:
        """That of the token that comes next; empty at the end."""
        done = self._next == len(self._tokens)
        return "" if done else str(self._tokens[self._next].lastgroup)

    def _take(self) -> re.Match[str]:
        self._next += 1
        return self._tokens[self._next - 1]

    def _place(self) -> int:
        """Where the next token begins."""
        done = self._next == len(self._tokens)
        return len(self._text) if done else self._tokens[self._next].start()

    def spec(self) -> AbstractSpec:
        """The next spec, with its dependencies."""
        begin = self._next
        root = self._node()
        edges: tuple[Dependency, ...] = ()
        # What `%` belongs to: an edge before it, or the spec itself.
        above: int | None = None
        while self.kind in ("edge", "edge_with_attributes"):
            place = self._place()
            edge = self._edge()
            try:
                if edge.direct and above is not None:
                    edges = _below(edges, above, edge)
                    continue
                before = len(edges)
                edges = with_dependency(edges, edge)
            except UsageError as error:
                raise _error(self._text, place, str(error)) from None
            if not edge.direct:
                above = before if len(edges) > before else -1
        if self._next == begin:
            raise _error(self._text, self._place(), "expected a spec")
        return replace(root, dependencies=edges)

    def _edge(self) -> Dependency:
        token = self._take()
        place = token.start()
        sign = _SIGN.findall(token.group())[0]
        attributes: dict[str, str] = {}
        if token.lastgroup == "edge_with_attributes":
            token = self._attributes(attributes)
        elif sign != "^" and not self.kind and not token["package"]:
            raise _error(self._text, len(self._text), f"expected a package after the {sign}")
        prefix = "end_" if token.lastgroup == "end_of_attributes" else ""
        provided, package = token[f"{prefix}virtuals"], token[f"{prefix}package"]
        virtuals = attributes.get("virtuals", "").split(",") if "virtuals" in attributes else []
        virtuals += provided.split(",") if provided else []
        spec = self._node(package)
        if sign != "^":
            spec = replace(spec, name=COMPILERS.get(spec.name, spec.name))
        when = attributes.get("when")
        return Dependency(
            spec,
            direct=sign[0] == "%",
            virtuals=tuple(sorted(set(virtuals))),
            types=self._types(attributes.get("deptypes"), place),
            when=None if when is None else parse_spec(when.partition(",")[0]),
            preferred=sign == "%%",
        )

    def _attributes(self, found: dict[str, str]) -> re.Match[str]:
        """Read what stands in brackets; the token that ends it."""
        while True:
            if self.kind == "end_of_attributes":
                return self._take()
            setting = _SETTING.fullmatch(self._take().group()) if self.kind == "setting" else None
            if setting is None or setting["sign"] == "==":
                raise _error(self._text, self._place(), "expected key=value or ]")
            if setting["key"] not in ("deptypes", "virtuals", "when"):
                place = self._tokens[self._next - 1].start()
                raise _error(self._text, place, "expected deptypes=, virtuals= or when=")
            found[setting["key"]] = setting["value"].strip("'\" ")

    def _types(self, text: str | None, place: int) -> tuple[str, ...]:
        wanted = [] if text is None else text.split(",")
        wrong = [one for one in wanted if one not in TYPES]
        if wrong:
            known = ", ".join(TYPES)
            raise _error(self._text, place, f"expected types among {known}, found {wrong[0]}")
        return tuple(type_ for type_ in TYPES if type_ in wanted)

    def _node(self, name: str | None = None) -> AbstractSpec:
        """A spec without its dependencies; its name may have been read before."""
        node = _Node()
        if name is not None:
            node.set_name(name)
        elif self.kind == "name":
            node.set_name(self._take().group())
        elif self.kind == "file":
            raise _error(
                self._text, self._place(), "a file of a spec is not read; expected the spec"
            )
        while self.kind:
            try:
                if not node.read(self._tokens[self._next]):
                    break
            except UsageError as error:
                raise _error(self._text, self._place(), str(error)) from None
            self._next += 1
        return node.spec()


def _below(edges: tuple[Dependency, ...], above: int, new: Dependency) -> tuple[Dependency, ...]:
    """The edges, with one more below one of them."""
    if above < 0:
        raise UsageError(f"{new} stands behind a dependency that was named before")
    parent = edges[above].spec
    spec = replace(parent, dependencies=with_dependency(parent.dependencies, new))
    return (*edges[:above], replace(edges[above], spec=spec), *edges[above + 1 :])


def _variant(name: str, value: str, exact: bool, propagated: bool) -> Variant:
    if value.upper() in ("TRUE", "FALSE"):
        return Variant(name, value.upper() == "TRUE", propagated=propagated)
    values = () if value == "*" else tuple(sorted(set(value.split(","))))
    if "*" in values:
        raise UsageError(f"expected {name}=* for any value, or values without *")
    return Variant(name, values, exact and value != "*", propagated)


def _flags(text: str) -> list[str]:
    """Compiler flags, each with what belongs to it: `-I x` is one."""
    found: list[str] = []
    for word in text.split():
        if found and not word.startswith("-"):
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def _unquoted(value: str) -> str:
    quoted = _QUOTED.fullmatch(value)
    if quoted is None:
        return value
    mark = quoted[1]
    return quoted["text"].replace(f"\\{mark}", mark)
