"""Bills of material as documents: in which formats, and the date that they have."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec

from graphcache.analysis.bills import Bill
from graphcache.errors import UsageError

ENDINGS = {"cyclonedx": ".cdx.json", "spdx": ".spdx.json"}
"""By format, how the name of a file ends: CycloneDX 1.6 and SPDX 2.3, both in JSON."""
_LIBRARIES = {"cyclonedx": "cyclonedx", "spdx": "spdx_tools"}
_EPOCH = "SOURCE_DATE_EPOCH"


def writer(format_: str) -> Callable[[Bill, datetime], str]:
    """What writes a bill in one of the formats of `ENDINGS`.

    Raises:
        UsageError: its library is not installed; the message says which extra brings it.
    """
    try:
        if format_ == "spdx":
            from graphcache.views.spdx import to_spdx

            return to_spdx
        from graphcache.views.cyclonedx import to_cyclonedx
    except ImportError as error:
        raise UsageError(
            f"{(error.name or '').partition('.')[0]} is not installed: "
            "pip install 'graphcache[sbom]'"
        ) from error
    return to_cyclonedx


def created(loaded: str) -> datetime:
    """When a bill was made: as SOURCE_DATE_EPOCH says, or when the store was loaded.

    Raises:
        UsageError: SOURCE_DATE_EPOCH is no number of seconds.

    >>> created("2026-11-26T09:00:00+01:00").isoformat()
    '2026-11-26T08:00:00+00:00'
    """
    epoch = os.environ.get(_EPOCH)
    if epoch is not None:
        if not re.fullmatch(r"[0-9]{1,11}", epoch):
            raise UsageError(f"{_EPOCH}: expected seconds since 1970, found {epoch[:40]!r}")
        return datetime.fromtimestamp(int(epoch), UTC)
    return datetime.fromisoformat(loaded).astimezone(UTC) if loaded else datetime.now(UTC)


def file_name(text: str) -> str:
    """A text as a part of a file's name.

    >>> file_name("hdf5@1.14 +mpi")
    'hdf5-1.14-mpi'
    """
    return re.sub("[^A-Za-z0-9._-]+", "-", text).lstrip(".")


def installed() -> list[str]:
    """The formats whose libraries are there.

    >>> installed()
    ['cyclonedx', 'spdx']
    """
    return [name for name, module in _LIBRARIES.items() if find_spec(module) is not None]
