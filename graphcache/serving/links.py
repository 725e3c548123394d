"""The addresses of the pages. Keys of the data go into queries, where any text can stand."""

from __future__ import annotations

import re
import shlex
from typing import Any
from urllib.parse import quote, urlencode

from graphcache.serving.forms import as_operand
from graphcache.views.bills import installed


def address(path: str, **parameters: Any) -> str:
    r"""A path of this site with parameters; those that are None are left out.

    >>> address("/package", name="a/../b&c\n", page=None)
    '/package?name=a%2F..%2Fb%26c%0A'
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def package_address(name: str) -> str:
    """The page of a package.

    >>> package_address("hdf5")
    '/package?name=hdf5'
    """
    return address("/package", name=name)


def spec_address(hash_: str) -> str:
    """The page of a spec.

    >>> spec_address("riu3bsv")
    '/spec/riu3bsv'
    """
    return f"/spec/{quote(hash_, safe='')}"


def stack_address(name: str) -> str:
    """The page of a stack.

    >>> stack_address("e4s")
    '/stack?name=e4s'
    """
    return address("/stack", name=name)


def query_address(name: str, **values: Any) -> str:
    """The page of a named query, with its parameters filled in.

    >>> query_address("usable-specs", package="hdf5", target="zen4")
    '/query/usable-specs?package=hdf5&target=zen4'
    """
    return address(f"/query/{quote(name, safe='')}", **values)


_COMPARED = re.compile(r"graphcache diff (\S+) (\S+)")
"""The command that `rebuilds` gives as an example."""
_ADDRESS_OF_COLUMN = {
    "package": package_address,
    "packages": package_address,
    "hash": spec_address,
    "stack": stack_address,
    "stacks": stack_address,
}


def address_in_column(column: str, value: Any) -> str | None:
    """Where a value in an answer's column leads to: by the names that the library's columns have.

    >>> address_in_column("package", "hdf5"), address_in_column("specs", 5)
    ('/package?name=hdf5', None)
    >>> address_in_column("spec", "zlib@1.3/abc")
    '/spec/abc'
    >>> address_in_column("example", "graphcache diff /abc /def")
    '/diff?from=%2Fabc&to=%2Fdef'
    """
    if column == "example" and isinstance(value, str):
        compared = _COMPARED.fullmatch(value)
        return address("/diff", **{"from": compared[1], "to": compared[2]}) if compared else None
    if column == "spec" and isinstance(value, str) and "/" in value:
        return spec_address(value.rpartition("/")[2])
    page = _ADDRESS_OF_COLUMN.get(column)
    return page(value) if page and isinstance(value, str) and value else None


# Bills of material --------------------------------------------------------------------------------


def bill_links(**what: str | None) -> dict[str, str]:
    """Where the bill of material of a spec or stack is, by format; none without the extra.

    >>> bill_links(stack="io", release=None)["spdx"]
    '/sbom?stack=io&format=spdx'
    """
    return {name: address("/sbom", **what, format=name) for name in installed()}


def bill_command(**what: str | None) -> str:
    """The command that writes it.

    >>> bill_command(spec="/abc", release=None), bill_command(stack="io", release="develop")
    ('graphcache sbom /abc', 'graphcache sbom --stack io --release develop')
    """
    words = ["graphcache", "sbom"]
    for name, text in what.items():
        if text:
            words += [as_operand(text)] if name == "spec" else [f"--{name}", text]
    return shlex.join(words)
