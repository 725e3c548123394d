"""Which packages of Spack an advisory means, by the rules in `package_names.toml`.

A package is found by rule where a line there says so; one that an ecosystem without a rule merely
calls alike is a guess.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any, Literal, NamedTuple

from graphcache.analysis.advising.orders import OrderName
from graphcache.records.advisories import Affected

How = Literal["rule", "guess"]
BuiltBy = Callable[[str, str], bool | None]
"""Whether a package is built by a build system; None if no source tells."""

_SEPARATORS = re.compile(r"[-_.]+")
_SCHEME = re.compile(r"^(?:[a-z+]+://)?(?:[^/@]*@)?(?:www\.)?", re.IGNORECASE)
_SUFFIX = re.compile(r"[:.].*", re.DOTALL)
"""Behind an ecosystem: a release (`Debian:12`), or the domain that Rust's has in its name."""
_MAJOR = re.compile(r"/v\d+$")


class Match(NamedTuple):
    """A package that an advisory means."""

    package: str
    how: How
    order: OrderName
    distribution: str = ""
    """The distribution whose versions are told, if it is one."""


@dataclass(frozen=True)
class _Language:
    """The rules for an ecosystem of a language."""

    name: str = ""
    build_system: str = ""
    order: OrderName = "spack"
    last_part: bool = False
    packages: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class PackageNames:
    """The rules, asked of the packages that a graph has.

    >>> names = PackageNames.load()
    >>> from graphcache.records.advisories import NamedPackage
    >>> said = Affected(NamedPackage("PyPI", "Ruamel.YAML"))
    >>> names.matches(said, {"py-ruamel-yaml"}, lambda package, system: False)
    [Match(package='py-ruamel-yaml', how='rule', order='pep440', distribution='')]
    """

    languages: dict[str, _Language]
    distributions: frozenset[str]
    by_name: dict[str, list[str]]
    by_repository: dict[str, list[str]]

    @classmethod
    @cache
    def load(cls) -> PackageNames:
        """The rules that come with graphcache."""
        text = resources.files(__package__).joinpath("package_names.toml").read_text("utf-8")
        return cls._of(tomllib.loads(text))

    @classmethod
    def _of(cls, rules: dict[str, Any]) -> PackageNames:
        by_name: dict[str, list[str]] = defaultdict(list)
        by_repository: dict[str, list[str]] = defaultdict(list)
        for package, said in rules["packages"].items():
            for name in (package, *said.get("names", ())):
                by_name[normal(name)].append(package)
            for repository in said.get("repositories", ()):
                by_repository[repository].append(package)
        languages = {name: _Language(**said) for name, said in rules["languages"].items()}
        distributions = frozenset(rules["distributions"]["ecosystems"])
        return cls(languages, distributions, dict(by_name), dict(by_repository))

    def matches(
        self, affected: Affected, packages: Collection[str], built_by: BuiltBy
    ) -> list[Match]:
        """The packages of a graph that an advisory means, by rule before by guess.

        Args:
            affected: what the advisory says of one package.
            packages: the packages of the graph.
            built_by: whether one of these is built by a build system.
        """
        if affected.package is None:
            return self._by_repository(affected.repositories, packages)
        ecosystem = _SUFFIX.sub("", affected.package.ecosystem)
        name = affected.package.name
        language = self.languages.get(ecosystem)
        if language is not None:
            return _of_language(language, name, packages, built_by)
        distribution = ecosystem if ecosystem in self.distributions else ""
        known = [p for p in self.by_name.get(normal(name), ()) if p in packages]
        if known:
            return [Match(package, "rule", "spack", distribution) for package in known]
        if normal(name) in packages:
            return [Match(normal(name), "guess", "spack", distribution)]
        return self._by_repository(affected.repositories, packages)

    def _by_repository(self, addresses: Iterable[str], packages: Collection[str]) -> list[Match]:
        found: dict[str, How] = {}
        for address in map(repository, addresses):
            known = self.by_repository.get(address)
            guessed = normal(address.rpartition("/")[2])
            for package in known or [guessed]:
                if package in packages:
                    found.setdefault(package, "rule" if known else "guess")
        return [Match(package, how, "spack") for package, how in found.items()]


def _of_language(
    language: _Language, name: str, packages: Collection[str], built_by: BuiltBy
) -> list[Match]:
    if language.last_part:
        name = _MAJOR.sub("", name).rpartition("/")[2]
    short = normal(name)
    found = [package for package, names in language.packages.items() if name in names]
    if language.name:
        found.append(language.name.format(name=short))
    matches = [Match(package, "rule", language.order) for package in found if package in packages]
    if language.build_system and short in packages and short not in found:
        built = built_by(short, language.build_system)
        if built is not False:
            matches.append(Match(short, "rule" if built else "guess", language.order))
    return matches


@lru_cache(maxsize=2**16)
def normal(name: str) -> str:
    """A name as Spack would write it.

    >>> normal("Ruamel.YAML")
    'ruamel-yaml'
    """
    return _SEPARATORS.sub("-", name).strip("-").lower()


def repository(address: str) -> str:
    """Where a repository is, however its address is written.

    >>> repository("https://github.com/curl/Curl.git"), repository("git@github.com:curl/curl")
    ('github.com/curl/curl', 'github.com/curl/curl')
    """
    bare = _SCHEME.sub("", address.strip()).rstrip("/").removesuffix(".git").lower()
    host, colon, path = bare.partition(":")
    return f"{host}/{path}" if colon and "/" not in host else bare
