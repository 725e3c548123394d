"""Mirrors of the user's own Spack: which scope counts, what a mirror may look like."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcache import InputError, UsageError
from graphcache.remote.spack_mirrors import mirror_address


def write_mirrors(folder: Path, text: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mirrors.yaml").write_text(f"mirrors:{text}")
    return str(folder)


@pytest.fixture
def scopes(tmp_path: Path) -> dict[str, str]:
    """An environment whose scopes all say something, the stronger ones more."""
    spack = tmp_path / "spack"
    write_mirrors(
        spack / "etc/spack/defaults", "\n  a: https://defaults\n  public: https://a.b/c\n"
    )
    write_mirrors(spack / "etc/spack", "\n  b: $spack/${SITE}/mirror\n  c: https://site\n")
    system = write_mirrors(tmp_path / "system", "\n  a: https://system\n  b: https://system\n")
    user = """
  c: {url: https://user, push: https://push}
  d: {fetch: https://fetch, push: https://push}
  e: {fetch: {url: "s3://bucket/x", endpoint_url: "https://s3.example.org"}}
  f: {url: ../mirror}
  g: {url: "s3://bucket/x", binary: true}
  sources: {url: https://s, binary: false}
  pushed: {push: https://p}
"""
    return {
        "SPACK_ROOT": str(spack),
        "SPACK_SYSTEM_CONFIG_PATH": system,
        "SPACK_USER_CONFIG_PATH": write_mirrors(tmp_path / "user", user),
        "SITE": "here",
    }


def test_the_strongest_scope_counts(scopes: dict[str, str], tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e", "f", "g", "public")
    assert [mirror_address(name, scopes) for name in names] == [
        "https://system",
        f"{tmp_path}/spack/here/mirror",
        "https://user",
        "https://fetch",
        "https://s3.example.org/bucket/x",
        f"{tmp_path}/user/../mirror",
        "s3://bucket/x",
        "https://a.b/c",
    ]
    alone = {**scopes, "SPACK_DISABLE_LOCAL_CONFIG": "true"}
    assert [mirror_address(name, alone) for name in "ac"] == ["https://defaults", "https://site"]


def test_mirrors_that_are_none(scopes: dict[str, str], tmp_path: Path) -> None:
    for name, why in (
        ("x", "Spack has no mirror 'x'; it knows a, b, c, d, e, f, g, public, pushed, sources (fr"),
        ("sources", "the mirror 'sources' is one of sources: it holds no binaries"),
        ("pushed", f"the mirror 'pushed' in {tmp_path}/user/mirrors.yaml has no url to fetch"),
    ):
        with pytest.raises(UsageError) as caught:
            mirror_address(name, scopes)
        assert str(caught.value).startswith(why)
    user = write_mirrors(tmp_path / "only", ":\n  only: https://only\n")
    with pytest.raises(UsageError, match=r"'a'; it knows only \(from /"):
        mirror_address("a", {**scopes, "SPACK_USER_CONFIG_PATH": user})


@pytest.mark.parametrize("text", [" [", " [a]", " !!python/name:os.system {}", " \x00"])
def test_a_configuration_that_can_not_be_read(text: str, tmp_path: Path) -> None:
    user = write_mirrors(tmp_path / "user", text)
    with pytest.raises(InputError, match=f"^{user}/mirrors.yaml: "):
        mirror_address("x", {"SPACK_USER_CONFIG_PATH": user})
