"""Parquet with Polars: how much of each package, and for which family of CPUs, is built again?

Run it:  python examples/parquet_polars.py  (needs polars: pip install polars)

The export is a folder with one file per type; pandas, DuckDB and Spark read it too.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

import graphcache as gc
from graphcache.exports import export

tables, _ = gc.read(Path(__file__).parent / "pages")
with TemporaryDirectory() as folder:
    out = Path(folder) / "graph"
    export(tables, "parquet", out)
    print("Exported:", ", ".join(sorted(file.name for file in out.iterdir())))

    specs = pl.scan_parquet(out / "Spec.parquet")
    built_for = pl.scan_parquet(out / "FOR_TARGET.parquet")
    targets = pl.scan_parquet(out / "Target.parquet").select("name", "family")
    answer = (
        specs.join(built_for, left_on="hash", right_on="from")
        .join(targets, left_on="to", right_on="name")
        .group_by("name", "family")
        .agg(
            pl.len().alias("specs"),
            pl.col("configuration").n_unique().alias("configurations"),
            pl.col("to").n_unique().alias("targets"),
        )
        .with_columns((pl.col("specs") - pl.col("configurations")).alias("built_again"))
        .sort("built_again", "name", "family", descending=[True, False, False])
        .collect()
    )
print(answer)
again, total = answer["built_again"].sum(), answer["specs"].sum()
print(f"{again} of {total} specs repeat a configuration that was built before.")
