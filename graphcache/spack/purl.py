"""Package URLs of specs, as proposed for Spack: `pkg:spack/NAMESPACE/NAME@VERSION?sha=HASH`.

Source: the type `spack` that is proposed for the package URL specification; it is not registered
yet, so it may change. What is quoted follows https://github.com/package-url/purl-spec.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote

_TYPE = "pkg:spack/"


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL of a spec, or of a package; what it leaves open is empty."""

    name: str
    version: str = ""
    namespace: str = ""
    """The package repository, such as `builtin`."""
    hash: str = ""

    def __str__(self) -> str:
        """As it is written; what is not known is left out.

        >>> str(Purl("curl", "git.main=8.3.0", "builtin", "abc"))
        'pkg:spack/builtin/curl@git.main%3D8.3.0?sha=abc'
        """
        namespace = "".join(f"{_quoted(part)}/" for part in self.namespace.split(".") if part)
        version = f"@{_quoted(self.version)}" if self.version else ""
        return f"{_TYPE}{namespace}{_quoted(self.name)}{version}" + (
            f"?sha={_quoted(self.hash)}" if self.hash else ""
        )

    def covers(self, name: str, version: str, namespace: str, hash_: str) -> bool:
        """Whether a spec is one of those that it names.

        >>> Purl("zlib", "1.3").covers("zlib", "1.3", "builtin", "abc")
        True
        """
        said = (self.name, self.version, self.namespace, self.hash)
        of_spec = (name, version, namespace, hash_)
        return all(one in ("", other) for one, other in zip(said, of_spec, strict=True))


def parse_purl(text: str) -> Purl | None:
    """The package URL in a text; None if it is none of Spack's.

    >>> parse_purl("pkg:spack/builtin/zlib@1.3?sha=abc")
    Purl(name='zlib', version='1.3', namespace='builtin', hash='abc')
    >>> parse_purl("pkg:pypi/numpy@1.2")
    """
    if not text.startswith(_TYPE):
        return None
    path, _, qualifiers = text.removeprefix(_TYPE).partition("#")[0].partition("?")
    place, _, version = path.partition("@")
    *namespace, name = map(unquote, place.strip("/").split("/"))
    hash_ = dict(parse_qsl(qualifiers)).get("sha", "")
    return Purl(name, unquote(version), ".".join(namespace), hash_) if name else None


def _quoted(text: str) -> str:
    return quote(text, safe=":")
