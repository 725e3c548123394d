"""The form of a named query, the values that a visitor gives it, and the commands that ask so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphcache.errors import UsageError
from graphcache.kinds import KINDS, Kind
from graphcache.queries import NamedQuery, Parameter

Given = Mapping[str, Sequence[str]]
"""The values of a query string, by name; a name may be given several times."""

_OPTION_OR_SETTING = re.compile(r"-|[\w.-]+:?=")
"""How a text begins that a shell's command would not read as a spec of several parts."""
_SPARE = 2
"""Empty fields that a list has besides those that are filled in."""


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter in a form."""

    name: str
    type: str
    doc: str
    required: bool
    values: list[str]
    """What the fields hold: one, or of a list all that are given and some empty ones."""
    suggested: Kind | None
    """The kind of which names are offered; None for free text, and for hashes, of which there are
    too many."""


def fields(query: NamedQuery, given: Given) -> list[Field]:
    """The form's fields, filled in with what is given, or else with the defaults.

    >>> from graphcache.queries import load_library
    >>> package, target, os = fields(load_library()["usable-specs"], {"package": ["hdf5"]})
    >>> package.values, package.required, target.suggested, os.values
    (['hdf5'], True, 'target', [''])
    """
    return [_field(parameter, given) for parameter in query.parameters]


def _field(parameter: Parameter, given: Given) -> Field:
    if parameter.name in given:
        texts = list(given[parameter.name])
    else:
        default = parameter.default
        texts = default if isinstance(default, list) else [_as_text(default)]
    if parameter.type == "list of text":
        texts = [text for text in texts if text] + [""] * _SPARE
    else:
        texts = texts[-1:]
    kind = "package" if parameter.type == "spec" else parameter.type
    suggested = next((k for k in KINDS if k == kind and k != "hash"), None)
    return Field(
        parameter.name, parameter.type, parameter.doc, parameter.required, texts, suggested
    )


def _as_text(default: Any) -> str:
    if isinstance(default, bool):
        return "true" if default else "false"
    return "" if default is None else str(default)


def is_complete(query: NamedQuery, given: Given) -> bool:
    """Whether the query can be asked: nothing is missing that has no default.

    >>> from graphcache.queries import load_library
    >>> is_complete(load_library()["stacks"], {}), is_complete(load_library()["package"], {})
    (True, False)
    """
    return all(
        any(given.get(parameter.name, ())) for parameter in query.parameters if parameter.required
    )


def values(query: NamedQuery, given: Given) -> dict[str, Any]:
    """The values for `NamedQuery.run`.

    A field left empty is missing where the parameter is required, and has the default where empty
    is no value of its type.

    Raises:
        UsageError: a text is no value of the parameter's type.

    >>> from graphcache.queries import load_library
    >>> values(load_library()["usable-specs"], {"package": ["hdf5"], "target": [""], "os": [""]})
    {'package': 'hdf5', 'os': ''}
    """
    parameters = {parameter.name: parameter for parameter in query.parameters}
    found: dict[str, Any] = {}
    for name, texts in given.items():
        parameter = parameters.get(name)
        if parameter is None:
            found[name] = texts[-1]  # `run` says which are known
        elif parameter.type == "list of text":
            found[name] = [text for text in texts if text]
        elif texts[-1] or (isinstance(parameter.default, str) and not parameter.required):
            found[name] = _value(query.name, name, parameter.type, texts[-1])
    return found


def _value(query: str, name: str, kind: str, text: str) -> Any:
    if kind == "integer":
        try:
            return int(text)
        except ValueError:
            raise UsageError(f"{query}: {name}: expected an integer, found {text!r}") from None
    if kind == "boolean":
        if text not in ("true", "false"):
            raise UsageError(f"{query}: {name}: expected true or false, found {text!r}")
        return text == "true"
    return text


def command(query: NamedQuery, found: Mapping[str, Any]) -> str:
    """The command that asks the same in a shell.

    >>> from graphcache.queries import load_library
    >>> command(load_library()["package"], {"package": "a b"})
    "graphcache query package --package 'a b'"
    """
    words = ["graphcache", "query", query.name]
    for parameter in query.parameters:
        value = found.get(parameter.name, parameter.default)
        if value != parameter.default:
            for item in value if isinstance(value, list) else [value]:
                words += [f"--{parameter.name.replace('_', '-')}", _as_text(item)]
    return shlex.join(words)


def as_operand(text: str) -> str:
    """A text as a command takes it where it may be a spec of several parts.

    >>> as_operand("hdf5 +mpi"), as_operand("-mpi"), as_operand("cflags=-O2 -g")
    ('hdf5 +mpi', ' -mpi', ' cflags=-O2 -g')
    """
    # A blank in front keeps the text from being an option, or one setting with a long value.
    return f" {text}" if _OPTION_OR_SETTING.match(text) else text
