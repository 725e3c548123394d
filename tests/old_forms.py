"""What older Spacks wrote: lock files 1 to 5 and indexes 5 to 7 of an environment never made.

Real files of these versions are other people's. These have their form, with all in it that a reader
has to know of, and nothing of their content: packages, versions and hashes are invented. They lie
in `data/spack/old`, and are written anew by

    python tests/old_forms.py

| file | spec form | what only it has |
| --- | --- | --- |
| lock 1 | 1: an object of one key, the name | no hash but the key; needs are an object by name |
| lock 2 | 1 | keys are build hashes, also of roots and needs; the own hash stands inside |
| lock 3 | 2: a list of needs | a need is named by its `build_hash` |
| lock 4 | 3: keys are the hashes | `package_hash`; externals with `extra_attributes` |
| lock 5 | 4: `deptypes` and `virtuals` | an environment that it includes |
| index 5, 6, 7 | 1, 3, 4 | stubs: `in_buildcache` is false |
| installed 7 | 4 | an install database: `installed`, `explicit`, `path` |
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data/spack/old"
FLAGS = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
LOCKS = {1: 1, 2: 1, 3: 2, 4: 3, 5: 4}
"""By version of a lock file, the form of its specs."""
INDEXES = {5: 1, 6: 3, 7: 4}
"""By version of an index, the form of its specs."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Need:
    """How one spec needs another."""

    name: str
    types: tuple[str, ...]
    virtuals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Made:
    """One spec, before it is written in any form."""

    name: str
    version: str
    needs: tuple[Need, ...] = ()
    variants: Json = field(default_factory=dict)
    flags: dict[str, list[str]] = field(default_factory=dict)
    compiler: tuple[str, str] = ("gcc", "10.3.0")
    platform: str = "linux"
    target: str = "x86_64_v3"
    patches: tuple[str, ...] = ()
    external: Json | None = None
    root: bool = False


BOTH, BUILD, RUN = ("build", "link"), ("build",), ("run",)
HARBOR = [
    Made("lanyard", "2.1", variants={"static": False}),
    Made("bilge", "1.0.2k", external={"path": "/usr", "module": None}),
    Made(
        "keelson",
        "4.0.3",
        variants={"fabrics": ["ofi", "ucx"], "scheduler": "slurm"},
        platform="cray",
        external={"path": "/opt/keelson/4.0.3", "module": ["keelson/4.0.3", "network-ofi"]},
    ),
    Made(
        "ballast",
        "1.2.11",
        (Need("lanyard", BUILD),),
        variants={"pic": True, "shared": True},
        patches=("5e" * 32, "a7" * 32),
    ),
    Made("sextant", "7.2", (Need("ballast", ("build", "run")),), compiler=("clang", "12.0.1")),
    Made(
        "mooring",
        "3.1",
        (Need("ballast", BOTH), Need("keelson", BOTH, ("mpi",)), Need("lanyard", BUILD)),
        variants={"mpi": True, "build_type": "Release", "levels": "2"},
        flags={"cflags": ["-O3", "-DNAME='a b'"]},
        target="zen2",
    ),
    Made(
        "plumbline",
        "0.9",
        (Need("mooring", ("link",)), Need("sextant", ("test",))),
        target="zen2",
        root=True,
    ),
    Made(
        "tidewater",
        "5.10",
        (Need("mooring", (*BOTH, "run")), Need("plumbline", RUN), Need("bilge", ("link",))),
        variants={"api": "none", "tools": False},
        target="zen2",
        root=True,
    ),
]
"""What a need names stands before what needs it."""

INCLUDED = [Made("dinghy", "2023-02-30", root=True)]
"""An environment that another one includes."""

STUB = "lanyard"
"""Needed, and not held."""


def made_hash(*parts: object) -> str:
    """A hash in Spack's form, which is nobody's."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def own_hash(spec: Made, form: int) -> str:
    """The hash of a spec: another one in each form."""
    return made_hash(spec.name, spec.version, form)


def build_hash(spec: Made, form: int) -> str:
    """Of more than makes the own hash: it differs where something is needed only to build."""
    only_to_build = any(need.types == BUILD for need in spec.needs)
    return made_hash("build", spec.name) if only_to_build else own_hash(spec, form)


def spec_object(spec: Made, form: int, *, own: bool = True, by_build_hash: bool = False) -> Json:
    """The spec in a form; `own`: with its own hash in it."""
    hash_of = build_hash if by_build_hash else own_hash
    hashes = {other.name: hash_of(other, form) for other in HARBOR}
    body: Json = {
        "name": spec.name,
        "version": spec.version,
        "arch": {
            "platform": spec.platform,
            "platform_os": "sles15",
            "target": target_of(spec.target),
        },
        "compiler": dict(zip(("name", "version"), spec.compiler, strict=True)),
        "namespace": "builtin",
        "parameters": {**spec.variants, **{flag: spec.flags.get(flag, []) for flag in FLAGS}},
    }
    if spec.patches:
        body["parameters"]["patches"] = body["patches"] = list(spec.patches)
    if spec.external:
        body["external"] = {**spec.external, **({"extra_attributes": {}} if form > 2 else {})}
    if form > 2:
        body["package_hash"] = made_hash("recipe", spec.name) * 2
    if spec.needs:
        body["dependencies"] = needs_object(spec.needs, hashes, form)
    if own:
        body["hash"] = own_hash(spec, form)
    return {body.pop("name"): body} if form == 1 else body


def target_of(name: str) -> str | Json:
    """A family's target is a text; one of a maker is written out."""
    if name.startswith("x86_64"):
        return name
    made = {"vendor": "AuthenticAMD", "features": ["avx", "avx2"], "generation": 0}
    return {"name": name, **made, "parents": ["zen"]}


def needs_object(needs: tuple[Need, ...], hashes: dict[str, str], form: int) -> Any:
    """The dependencies in a form."""
    if form == 1:
        return {n.name: {"hash": hashes[n.name], "type": list(n.types)} for n in needs}
    key = "build_hash" if form == 2 else "hash"
    if form < 4:
        return [{"name": n.name, key: hashes[n.name], "type": list(n.types)} for n in needs]
    return [
        {
            "name": n.name,
            "hash": hashes[n.name],
            "parameters": {"deptypes": list(n.types), "virtuals": list(n.virtuals)},
        }
        for n in needs
    ]


def lock(version: int) -> Json:
    """A lock file of a version."""
    form = LOCKS[version]
    meta = {"file-type": "spack-lockfile", "lockfile-version": version}
    if version > 2:
        meta["specfile-version"] = form
    said: Json = {"_meta": meta, **environment(HARBOR, version)}
    if version == 5:
        said["include_concrete"] = {"/srv/environments/base": environment(INCLUDED, version)}
    return said


def environment(specs: list[Made], version: int) -> Json:
    """The roots and specs of an environment, as a lock file of a version has them."""
    form, by_build_hash = LOCKS[version], version in (2, 3)
    key = build_hash if by_build_hash else own_hash
    nodes = {
        key(spec, form): spec_object(spec, form, own=version > 1, by_build_hash=by_build_hash)
        for spec in specs
    }
    roots = [{"hash": key(s, form), "spec": f"{s.name}@{s.version[0]}"} for s in specs if s.root]
    return {"roots": roots, "concrete_specs": nodes}


def index(version: int) -> Json:
    """The index of a build cache, which lacks the stub."""
    form = INDEXES[version]
    installs = {
        own_hash(spec, form): {
            "spec": spec_object(spec, form),
            "ref_count": ref_count(spec),
            "in_buildcache": spec.name != STUB,
        }
        for spec in HARBOR
    }
    return {"database": {"version": str(version), "installs": installs}}


def installed() -> Json:
    """The database of an installation, from which the stub was uninstalled."""
    installs = {
        own_hash(spec, 4): {
            "spec": spec_object(spec, 4),
            "ref_count": ref_count(spec),
            "path": spec.external["path"] if spec.external else f"/srv/spack/{spec.name}",
            "installed": spec.name != STUB,
            "explicit": spec.root,
            "installation_time": 1700000000.25,
            "deprecated_for": None,
        }
        for spec in HARBOR
    }
    return {"database": {"version": "7", "installs": installs}}


def ref_count(spec: Made) -> int:
    """How many specs need it."""
    return sum(need.name == spec.name for other in HARBOR for need in other.needs)


def files() -> dict[str, str]:
    """By name, what stands in each file."""
    documents = {
        **{f"harbor.v{version}.spack.lock": lock(version) for version in LOCKS},
        **{f"harbor.v{version}.index.json": index(version) for version in INDEXES},
        "harbor.installed.json": installed(),
    }
    return {name: json.dumps(said, indent=1) + "\n" for name, said in documents.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in files().items():
        (FOLDER / file).write_text(text)
