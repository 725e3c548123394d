"""Compiler, variant, target and spec texts."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from archspec.cpu import TARGETS

from graphcache import Report
from graphcache.records import Labels, Page
from graphcache.sources import read_file
from graphcache.sources.inputs import input_files
from graphcache.spack.compilers import normal_compiler, split_compiler
from graphcache.spack.spectext import SpecText, parse_spec
from graphcache.spack.targets import is_known, known_targets, runs_on, target_facts, with_ancestors
from graphcache.spack.variants import normal_variant, normal_variants, shown_variant


@pytest.mark.parametrize(
    ("text", "normal", "name", "version"),
    [
        ("gcc@=13.2.0", "gcc@13.2.0", "gcc", "13.2.0"),
        ("gcc@13.2.0", "gcc@13.2.0", "gcc", "13.2.0"),
        ("apple-clang@=16.0.0", "apple-clang@16.0.0", "apple-clang", "16.0.0"),
        ("gcc@=a@=b", "gcc@a@=b", "gcc", "a@=b"),
        ("cce", "cce", "cce", None),
    ],
)
def test_compilers_have_one_notation(
    text: str, normal: str, name: str, version: str | None
) -> None:
    assert normal_compiler(text) == normal
    assert split_compiler(normal) == (name, version)


def test_none_is_no_compiler() -> None:
    assert normal_compiler("none") is None
    assert normal_compiler("none@1") == "none@1"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("+shared", "+shared"),
        ("~asan", "~asan"),
        ("-asan", "~asan"),
        ("amdgpu_target:=auto", "amdgpu_target=auto"),
        ("amdgpu_target=auto", "amdgpu_target=auto"),
        ("build_type==Release", "build_type=Release"),
        ("fabrics:=ofi,ucx", "fabrics=ofi,ucx"),
        ('cflags="-O2 -DX:=1"', 'cflags="-O2 -DX:=1"'),
        ("patches=a/b:c.d", "patches=a/b:c.d"),
        ("k=", "k="),
        ("++shared", "+shared"),
        ("~~asan", "~asan"),
        ("cxxstd:==17", "cxxstd=17"),
        ("languages=fortran,c++,c", "languages=c,c++,fortran"),
        ("languages:==c++,c", "languages=c,c++"),
        ("languages='c,c++'", "languages=c,c++"),
        ('languages="c++,c"', "languages=c,c++"),
        ("cuda_arch=80,70,80", "cuda_arch=70,80"),
        ("ldflags==-Wl,-z,-Wl,-a", "ldflags=-Wl,-z,-Wl,-a"),
    ],
)
def test_variants_have_one_notation(text: str, normal: str) -> None:
    assert normal_variant(text) == normal
    assert normal_variant(normal) == normal


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("patches=" + "b61e2f05" * 8, "patches=b61e2f0"),
        (f"patches={'a' * 64},{'b' * 64}", "patches=aaaaaaa,bbbbbbb"),
        (f"patches={'b' * 64},{'a' * 64}", "patches=aaaaaaa,bbbbbbb"),
        ("patches=b61e2f0", "patches=b61e2f0"),
        ("other_patches=b61e2f05", "other_patches=b61e2f05"),
        ("+patches", "+patches"),
    ],
)
def test_of_patches_the_beginning_is_shown(text: str, shown: str) -> None:
    assert shown_variant(text) == shown


def test_variants_are_a_sorted_set() -> None:
    mixed = ["~b", "k:=v", "+a", "k=v", "-b", "é=1"]
    assert normal_variants(mixed) == ["+a", "k=v", "~b", "é=1"]
    assert normal_variants([]) == []


def test_a_spec_text_is_taken_apart() -> None:
    text = (
        "builtin.mooring@=main%gcc@=8.4.0+a~b++c~~d build_type=Release "
        "cflags='-O2 -g' fabrics:=ofi,ucx arch=linux-sles15-zen2 /abcdef"
    )
    assert parse_spec(text) == [
        SpecText(
            name="mooring",
            version="main",
            compiler="gcc@8.4.0",
            platform="linux",
            os="sles15",
            target="zen2",
            variants=(
                "+a",
                "+c",
                "build_type=Release",
                "cflags='-O2 -g'",
                "fabrics=ofi,ucx",
                "~b",
                "~d",
            ),
        )
    ]


def test_a_spec_text_may_leave_all_out_but_the_name() -> None:
    assert parse_spec("zlib") == [SpecText("zlib", None, None, None, None, None, ())]


def test_platform_os_and_target_may_stand_alone() -> None:
    (spec,) = parse_spec("zlib platform=linux os=debian12 target=zen3")
    assert (spec.platform, spec.os, spec.target) == ("linux", "debian12", "zen3")


def test_dependencies_follow_in_the_order_of_the_text() -> None:
    specs = parse_spec("a@1 ^c@3+x ^b@2 cflags='-D^' ^d")
    assert [spec.name for spec in specs] == ["a", "c", "b", "d"]
    assert [spec.variants for spec in specs] == [(), ("+x",), ("cflags='-D^'",), ()]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected a package name, found ''"),
        ("@1.2", "expected a package name, found '@1.2'"),
        ("a ^", "expected a package name, found ''"),
        ("+x", "expected a package name, found '+x'"),
        ("k=v", "expected a package name, found 'k=v'"),
        ("zlib@1.2 !", "expected a part of a spec, found '!'"),
        ("zlib@1.2 'x", 'expected a closing quote, found "\'x"'),
        ('zlib cflags="-O2 ^b@1', "expected a closing quote, found '\"-O2 ^b@1'"),
        ("zlib\0", "expected a part of a spec, found '\\x00'"),
    ],
)
def test_what_is_no_spec_text_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        parse_spec(text)


BASE = "zlib@1.2%gcc@8.4.0+pic~shared k=v arch=linux-rhel7-zen2"


@pytest.mark.parametrize(
    "text",
    [
        "zlib@=1.2%gcc@=8.4.0~shared+pic k:=v arch=linux-rhel7-zen2",
        "zlib@1.2 arch=linux-rhel7-zen2 k==v +pic ~shared %gcc@8.4.0",
        "zlib@1.2%gcc@8.4.0+pic~shared k=v platform=linux os=rhel7 target=zen2",
    ],
)
def test_the_derived_hash_is_the_same_in_any_notation(text: str) -> None:
    assert parse_spec(text)[0].derived_hash() == parse_spec(BASE)[0].derived_hash()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zlib", "zlib-ng"),
        ("@1.2", "@1.3"),
        ("@1.2", ""),
        ("8.4.0", "8.5.0"),
        ("%gcc@8.4.0", ""),
        ("+pic", "~pic"),
        ("+pic", ""),
        ("k=v", "k=w"),
        ("linux", "darwin"),
        ("rhel7", "rhel8"),
        ("zen2", "zen3"),
    ],
)
def test_the_derived_hash_changes_with_every_part(old: str, new: str) -> None:
    assert old in BASE
    changed = parse_spec(BASE.replace(old, new))[0].derived_hash()
    assert changed != parse_spec(BASE)[0].derived_hash()


def test_the_derived_hash_has_the_form_of_a_hash_and_covers_dependencies() -> None:
    (spec,) = parse_spec(BASE)
    hashes = {spec.derived_hash(needs) for needs in [(), ("a",), ("b",), ("a", "b")]}
    assert len(hashes) == 4
    assert all(re.fullmatch("[a-z2-7]{32}", found) for found in hashes)
    assert spec.derived_hash(("b", "a")) == spec.derived_hash(("a", "b"))


def test_every_target_of_archspec_is_known_with_all_it_extends() -> None:
    assert known_targets() == sorted(TARGETS)
    for name, target in TARGETS.items():
        facts = target_facts(name)
        assert facts.family == target.family.name
        assert set(facts.parents) == {parent.name for parent in target.parents}
        assert runs_on(name) == sorted({name, *(a.name for a in target.ancestors)})


def test_a_target_that_archspec_does_not_know_stands_alone() -> None:
    assert not is_known("pdp11")
    assert [t.name for t in with_ancestors({"pdp11"})] == ["pdp11"]
    assert target_facts("pdp11") == ("pdp11", None, None, None, ())


def test_both_forms_of_a_legacy_page_give_the_same_spec(legacy_pages: Path) -> None:
    found = []
    for file in input_files([str(legacy_pages)], Report()):
        said, _ = read_file(file, Labels())
        found.append([page.records for page in said if isinstance(page, Page)])
    assert len(found) == 2
    assert found[0] == found[1]


def test_variants_in_any_order_are_one_configuration() -> None:
    words = ["+a", "~b", "k=v", "cflags='-O2 -g'", "%gcc@1", "arch=linux-x-zen2"]
    hashes = set()
    for seed in range(20):
        random.Random(seed).shuffle(words)  # noqa: S311
        hashes.add(parse_spec("p@1 " + " ".join(words))[0].derived_hash())
    assert len(hashes) == 1
