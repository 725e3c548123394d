"""The whole history: facts as Parquet, a partition per release, joined by an engine that fits.

`adding` reads files into facts, `joining` makes tables of them by pyarrow or DuckDB, and
`slicing` a store of a release. What is in a lake stands in its list (`listing`), which is replaced
in one step: so what a kill leaves is the old content or the new.
"""
