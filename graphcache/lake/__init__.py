"""The whole history: facts as Parquet, a partition per release, joined by an engine that fits.

`adding` reads files into facts, `joining` makes tables of them by pyarrow or DuckDB, and
`slicing` a store of a release. What is in a lake stands in its list (`listing`), which is replaced
in one step: so what a kill leaves is the old content or the new.
"""

from typing import Literal

EngineName = Literal["auto", "pyarrow", "duckdb"]
ENGINES: tuple[EngineName, ...] = ("auto", "pyarrow", "duckdb")
MEMORY = "4GB"
"""What an engine may take, if nothing else is said."""
