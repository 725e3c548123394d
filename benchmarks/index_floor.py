"""The floor of an index: read its bytes and decode them, and nothing else.

python benchmarks/index_floor.py INDEX [--orjson]
"""

import gc
import sys
from pathlib import Path
from typing import Any

import msgspec
import orjson


class _Kind(msgspec.Struct, gc=False):
    deptypes: list[str]
    virtuals: list[str]


class _Dependency(msgspec.Struct, gc=False):
    name: str
    hash: str
    parameters: _Kind


class _Arch(msgspec.Struct, gc=False):
    platform: str
    platform_os: str
    target: str


class _Spec(msgspec.Struct, gc=False):
    name: str
    version: str
    arch: _Arch
    namespace: str
    parameters: dict[str, bool | str | list[str]]
    hash: str
    dependencies: list[_Dependency] = []


class _Install(msgspec.Struct, gc=False):
    spec: _Spec
    in_buildcache: bool


class _Database(msgspec.Struct, gc=False):
    installs: dict[str, _Install]


class _Index(msgspec.Struct, gc=False):
    database: _Database


gc.disable()  # as graphcache does while it reads
data = Path(sys.argv[1]).read_bytes()
decode: Any = orjson.loads if "--orjson" in sys.argv else msgspec.json.Decoder(_Index).decode
index = decode(data)
