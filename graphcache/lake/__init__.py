"""The whole history: facts as Parquet, a partition per release, joined by an engine that fits.

`adding` reads files into facts, `joining` makes tables of them by pyarrow, DuckDB or Spark, and
`slicing` a store of a release. What is in a lake stands in its list (`listing`), which is replaced
in one step: so what a kill leaves is the old content or the new.
"""

from typing import Literal

from graphcache.errors import UsageError

EngineName = Literal["auto", "pyarrow", "duckdb", "spark"]
ENGINES: tuple[EngineName, ...] = ("auto", "pyarrow", "duckdb", "spark")
MEMORY = "4GB"
"""What an engine may take, if nothing else is said."""
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def bytes_of(memory: str) -> int:
    """The bytes of a size.

    Raises:
        UsageError: it is none.

    >>> bytes_of("4GB"), bytes_of("1.5 GB")
    (4000000000, 1500000000)
    """
    text = memory.strip().upper()
    number, unit = text[:-2].strip(), text[-2:]
    if unit in _UNITS and number.replace(".", "", 1).isdecimal():
        return int(float(number) * _UNITS[unit])
    raise UsageError(f"memory {memory[:40]!r}: expected a size, such as 4GB or 500MB")
