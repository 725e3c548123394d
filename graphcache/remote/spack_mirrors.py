"""The mirrors of the user's own Spack: mirrors.yaml in its configuration scopes.

https://spack.readthedocs.io/en/latest/configuration.html says which scopes there are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from graphcache.errors import InputError, UsageError
from graphcache.records import one_line
from graphcache.remote.locations import is_url, web_address

_NAME = "mirrors.yaml"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def mirror_address(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The address, or path, of the mirror that Spack knows by that name.

    Raises:
        UsageError: there is no such mirror, or it holds no binaries.
        InputError: a file of Spack's configuration can't be read.
    """
    scopes = _scopes(environment)
    mirrors: dict[str, tuple[Any, Path]] = {}
    for folder in scopes:
        replaces, found = _mirrors_of(folder)
        mirrors = {
            **({} if replaces else mirrors),
            **{key: (v, folder) for key, v in found.items()},
        }
    if name not in mirrors:
        known = ", ".join(sorted(mirrors)) or "none"
        where = ", ".join(str(folder / _NAME) for folder in reversed(scopes))
        raise UsageError(one_line(f"Spack has no mirror {name!r}; it knows {known} (from {where})"))
    said, folder = mirrors[name]
    if isinstance(said, dict) and said.get("binary") is False:
        raise UsageError(one_line(f"the mirror {name!r} is one of sources: it holds no binaries"))
    address, endpoint = _address(said)
    if address is None:
        raise UsageError(one_line(f"the mirror {name!r} in {folder / _NAME} has no url to fetch"))
    address = _substituted(address, environment)
    if not is_url(address):
        return os.path.join(folder, address)
    return web_address(address, endpoint) if endpoint else address


def _scopes(environment: Mapping[str, str]) -> list[Path]:
    """The folders of configuration, from the one that counts least."""
    root = environment.get("SPACK_ROOT")
    of_spack = Path(root, "etc/spack") if root else None
    scopes = [of_spack / "defaults", of_spack / "defaults/base"] if of_spack else []
    no_local = environment.get("SPACK_DISABLE_LOCAL_CONFIG")
    if not no_local:
        scopes.append(Path(environment.get("SPACK_SYSTEM_CONFIG_PATH") or "/etc/spack"))
    if of_spack:
        scopes.append(of_spack)
    if not no_local:
        user = environment.get("SPACK_USER_CONFIG_PATH") or "~/.spack"
        scopes.append(Path(user).expanduser())
    return scopes


def _mirrors_of(folder: Path) -> tuple[bool, dict[str, Any]]:
    """What a scope says, and whether it replaces what those before it say (`mirrors::`)."""
    path = folder / _NAME
    try:
        with path.open("rb") as file:
            config = yaml.safe_load(file) or {}
    except (FileNotFoundError, NotADirectoryError):
        return False, {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(one_line(f"{path}: can't be read: {error}")) from None
    replaces = isinstance(config, dict) and "mirrors:" in config
    mirrors = config.get("mirrors:" if replaces else "mirrors") if isinstance(config, dict) else 0
    if not isinstance(mirrors, dict | None):
        raise InputError(one_line(f"{path}: expected 'mirrors:' with one mirror per line below it"))
    return replaces, {str(key): value for key, value in (mirrors or {}).items()}


def _address(said: Any) -> tuple[str | None, str | None]:
    """Where binaries are fetched from, and at a server of one's own that speaks S3, its address."""
    if isinstance(said, str):
        return said, None
    if not isinstance(said, dict):
        return None, None
    fetch = said.get("fetch", said)
    url, endpoint = (fetch, None) if isinstance(fetch, str) else _address_in(fetch)
    return url or said.get("url"), endpoint or said.get("endpoint_url")


def _address_in(fetch: Any) -> tuple[Any, Any]:
    return (
        (fetch.get("url"), fetch.get("endpoint_url")) if isinstance(fetch, dict) else (None, None)
    )


def _substituted(address: str, environment: Mapping[str, str]) -> str:
    """The address with Spack's own variables, the environment's, and ~ replaced."""
    values = {**environment, "spack": environment.get("SPACK_ROOT")}

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2]) or match[0]

    return os.path.expanduser(_VARIABLE.sub(value, address))
