"""The floor: what any reader has to do, read the pages and decode their two JSON lines.

python benchmarks/floor.py FOLDER [--orjson]
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import orjson


class _Meta(msgspec.Struct, gc=False):
    num_specs: int
    num_specs_by_stack: dict[str, int]
    versions: list[str]
    compilers: list[str]
    oss: list[str]
    platforms: list[str]
    targets: list[str]
    stacks: list[str]


class _Record(msgspec.Struct, gc=False):
    hash: str
    versions: list[str]
    compiler: str
    os: str
    platform: str
    target: str
    stacks: list[str]
    variants: list[str]
    size: str


typed: Any = [msgspec.json.Decoder(kind).decode for kind in (_Meta, list[_Record])]
decode_meta, decode_records = [orjson.loads] * 2 if "--orjson" in sys.argv else typed
pages = []
for path in Path(sys.argv[1]).rglob("*.md"):
    lines = path.read_bytes().split(b"\n")
    pages.append((decode_meta(lines[4][6:]), decode_records(lines[5][14:])))
print(f"{sum(len(records) for _, records in pages)} records")
