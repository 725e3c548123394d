"""A peer: Polars reads the pages into one table, checks nothing, and counts redundant builds.

python benchmarks/polars_peer.py FOLDER
"""

import re
import sys
from pathlib import Path

import polars as pl

PAGE = re.compile(
    rb'---\ntitle: "([^"\n]+)"\nlayout: cache\ncategories: \[package, ([^\]\n]+)\]\n'
    rb"meta: [^\n]*\nspec_details: \[([^\n]*)\]\n---\n?"
)
SCHEMA: dict[str, pl.DataType] = dict.fromkeys(
    ("hash", "compiler", "os", "platform", "target", "size"), pl.String()
) | dict.fromkeys(("versions", "stacks", "variants"), pl.List(pl.String))
packages, counts, lines = [], [], []
for path in Path(sys.argv[1]).rglob("*.md"):
    found = PAGE.fullmatch(path.read_bytes())
    assert found is not None, path
    records = found[3].replace(b"}, {", b"}\n{")
    packages.append(found[1].decode())
    counts.append(records.count(b"\n") + 1)
    lines.append(records)
table = pl.read_ndjson(b"\n".join(lines), schema=SCHEMA).with_columns(
    package=pl.Series(packages).gather([at for at, n in enumerate(counts) for _ in range(n)])
)
identity = ("package", "versions", "platform", "os", "target", "compiler")
builds = table.group_by(*identity, pl.col("variants").list.sort()).len()
print(table.height, builds.filter(pl.col("len") > 1).height)
