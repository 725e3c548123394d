"""A peer: DuckDB reads the pages into one table, checks nothing, and counts redundant builds.

python benchmarks/duckdb_peer.py FOLDER
"""

import sys
from pathlib import Path

import duckdb

FIELDS = ("compiler", "hash", "os", "platform", "size", "target")
LISTS = ("stacks", "variants", "versions")
form = dict.fromkeys(FIELDS, '"VARCHAR"') | dict.fromkeys(LISTS, '["VARCHAR"]')
record = ", ".join(f'"{name}": {kind}' for name, kind in form.items())
files = str(Path(sys.argv[1]) / "**" / "*.md")
connection = duckdb.connect()
READ = """
    CREATE TABLE records AS
    WITH pages AS (
      SELECT regexp_extract(content, 'title: "([^"]*)"', 1) AS package,
             regexp_extract(content, 'categories: \\[package, ([^\\]]*)\\]', 1) AS release,
             from_json(regexp_extract(content, '\\nspec_details: ([^\\n]*)', 1), ?) AS records
      FROM read_text(?))
    SELECT package, release, unnest(records, recursive := true) FROM pages
"""
connection.execute(READ, [f"[{{{record}}}]", files])
redundant = connection.execute(
    """
    SELECT count(*) FROM (
      SELECT 1 FROM records
      GROUP BY package, versions, platform, os, target, compiler, list_sort(variants)
      HAVING count(DISTINCT hash) > 1)
    """
).fetchone()
print(connection.execute("SELECT count(*) FROM records").fetchone(), redundant)
