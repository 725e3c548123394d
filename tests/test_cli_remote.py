"""`build`, `update` and `fetch` of what lies elsewhere, as a user runs them."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from command_line import ENOUGH, Ended, on_terminal, run, start, succeed, wait_for
from web_server import Web, content, cut_off, hang, stall, status

from graphcache import open_store, read

MIRRORS = Path(__file__).parent / "data/spack/mirrors"
V2 = "build_cache/index.json"
V3 = "v3/manifests/index/index.manifest.json"
SPECS = {"v2": 50, "v3": 48, "v3-signed": 10}


@pytest.fixture
def env(tmp_path: Path, web: Web) -> dict[str, str]:
    """Downloads in a folder of the test, buckets on its server, and no Spack of anybody's."""
    (tmp_path / "here").mkdir()
    return {
        "GRAPHCACHE_CACHE": str(tmp_path / "cache"),
        "AWS_ENDPOINT_URL_S3": web.url,
        "HOME": str(tmp_path / "home"),
        "SPACK_ROOT": "",
        "SPACK_USER_CONFIG_PATH": "",
        "SPACK_SYSTEM_CONFIG_PATH": str(tmp_path / "system"),
        "SPACK_DISABLE_LOCAL_CONFIG": "",
    }


@pytest.fixture
def here(tmp_path: Path, env: dict[str, str]) -> Path:
    """Where commands are run."""
    return tmp_path / "here"


def blob(mirror: str) -> str:
    manifest = json.loads((MIRRORS / mirror / V3).read_bytes())
    digest = manifest["data"][0]["checksum"]
    return f"/{mirror}/blobs/sha256/{digest[:2]}/{digest}"


def answer(store: Path, cypher: str) -> list[tuple[Any, ...]]:
    with open_store(store) as opened:
        return [tuple(row) for row in opened.query(cypher).rows]


# Build and update ---------------------------------------------------------------------------------


@pytest.mark.parametrize("mirror", SPECS)
def test_build_a_mirror(mirror: str, web: Web, here: Path, env: dict[str, str]) -> None:
    labels = ("--release", "develop", "--stack", "e4s")
    said = succeed("build", f"{web.url}/{mirror}", *labels, cwd=here, env=env)
    assert said == f"graphcache.lbug: {SPECS[mirror]} records of 1 file\n"
    store = here / "graphcache.lbug"
    assert answer(store, "MATCH (s:Spec) RETURN count(*)") == [(SPECS[mirror],)]
    assert answer(store, "MATCH (s:Stack) RETURN s.name") == [("e4s",)]
    said = succeed("update", f"{web.url}/{mirror}", *labels, cwd=here, env=env)
    assert said == "graphcache.lbug: nothing new: 1 file unchanged\n"


def test_a_file_address_is_a_folder_too(here: Path, env: dict[str, str]) -> None:
    succeed("build", (MIRRORS / "v3").as_uri(), cwd=here, env=env)
    with open_store(here / "graphcache.lbug") as store:
        assert store.describe().digest == read(MIRRORS / "v3")[0].digest()


def test_the_store_holds_no_secret(web: Web, here: Path, env: dict[str, str]) -> None:
    url = web.url.replace("//", "//me:hidden@")
    web.answers["/cut"] = [content(b"{")]
    ended = run("build", f"{url}/v2?key=hidden", f"{url}/cut?key=hidden", cwd=here, env=env)
    assert ended.code == 3
    assert "hidden" not in ended.out + ended.err
    shown = run("stats", cwd=here, env=env)
    assert "hidden" not in shown.out + shown.err
    assert b"hidden" not in (here / "graphcache.lbug").read_bytes()


def test_what_can_not_be_had_is_a_reject(web: Web, here: Path, env: dict[str, str]) -> None:
    gone = f"{web.url}/gone/{V2}"
    why = f"{gone}: the server says 404 Not Found"
    ended = run("build", gone, f"{web.url}/v2", "--rejects", "list", cwd=here, env=env)
    assert ended.code == 3
    assert ended.out == "graphcache.lbug: 50 records of 1 file, 1 reject\n"
    assert ended.err == f"Rejected: {why}\n"
    assert json.loads((here / "list").read_text())["file"] == gone
    before = (here / "graphcache.lbug").read_bytes()
    ended = run("build", gone, cwd=here, env=env)
    assert (ended.code, ended.out) == (1, "")
    assert f"\n  {why}\n" in ended.err
    assert (here / "graphcache.lbug").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("oci://example.org/x", "oci://example.org/x: a build cache in an OCI registry is not sup"),
        ("gs://example.org/x", "gs:// is not supported: expected file://, http://, https:// or s3"),
        ("file:///none", "/none: there is no such file or folder"),
        ("http://", "expected a host after http://"),
    ],
)
def test_what_is_not_read(url: str, said: str, here: Path, env: dict[str, str]) -> None:
    ended = run("build", url, cwd=here, env=env)
    assert (ended.code, ended.out) == (1, "")
    assert said in ended.err


def test_a_timeout_is_said(web: Web, here: Path, env: dict[str, str]) -> None:
    web.answers[f"/v2/{V2}"] = [hang, content((MIRRORS / "v2" / V2).read_bytes())]
    said = succeed("build", f"{web.url}/v2", "--timeout", "3", cwd=here, env=env)
    assert said == "graphcache.lbug: 50 records of 1 file\n"
    ended = run("build", f"{web.url}/v2", "--timeout", "0", cwd=here, env=env)
    assert ended.code == 2


# A mirror of the user's own Spack -----------------------------------------------------------------


def test_a_mirror_by_its_name(web: Web, here: Path, env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "home/.spack").mkdir(parents=True)
    text = f"mirrors:\n  one: {web.url}/v3-signed\n  two:\n    fetch: {{url: '{web.url}/v2'}}\n"
    (tmp_path / "home/.spack/mirrors.yaml").write_text(text)
    said = succeed("build", "--mirror", "one", "--mirror", "two", cwd=here, env=env)
    assert said == "graphcache.lbug: 60 records of 2 files\n"
    ended = run("build", "--mirror", "three", cwd=here, env=env)
    assert (ended.code, ended.out) == (2, "")
    assert "Spack has no mirror 'three'; it knows one, two (from /" in ended.err


# Fetch --------------------------------------------------------------------------------------------


def write_manifest(folder: Path, url: str = "s3:/") -> str:
    """A manifest as the publisher's: an index of version 2, a blob, a manifest, a mirror's root."""
    develop = [
        {"label": "root", "url": f"{url}/v2/{V2}"},
        {"label": "e4s", "url": f"{url}{blob('v3')}"},
        {"label": "ml", "url": f"{url}/v3-signed/{V3}"},
    ]
    releases = {"develop": develop, "v1.0": [{"label": "root", "url": f"{url}/v2"}], "empty": []}
    (folder / "indexes.json").write_text(json.dumps(releases))
    return "indexes.json"


def held_by(mirror: str) -> set[str]:
    """The specs that a mirror holds, and does not only mention."""
    specs = read(MIRRORS / mirror)[0].nodes["Spec"].to_pylist()
    return {spec["hash"] for spec in specs if spec["in_buildcache"]}


MEMBERS = "MATCH (s:Spec)-[:IN_STACK]->(t:Stack) RETURN t.name, count(*) ORDER BY t.name"
ROOTS = "MATCH (:Spec)-[r:IN_RELEASE]->(t) RETURN t.name, coalesce(r.root, false), count(*)"


def test_fetch_builds_each_index_under_its_stack(web: Web, here: Path, env: dict[str, str]) -> None:
    manifest = write_manifest(here)
    said = succeed("fetch", manifest, "--release", "develop", cwd=here, env=env)
    assert said == "graphcache.lbug: 108 records of 3 files\n"
    store = here / "graphcache.lbug"
    union, e4s, ml = (held_by(name) for name in ("v2", "v3", "v3-signed"))
    assert answer(store, MEMBERS) == [("e4s", len(e4s)), ("ml", len(ml))]
    assert sorted(answer(store, ROOTS)) == [
        ("develop", False, len(e4s | ml)),
        ("develop", True, len(union)),
    ]
    assert sorted(set(web.paths)) == sorted(
        [f"/v2/{V2}", blob("v3"), f"/v3-signed/{V3}", blob("v3-signed")]
    )
    web.asked.clear()
    assert succeed("fetch", manifest, "--release", "develop", cwd=here, env=env) == said
    assert sorted(web.paths) == [f"/v2/{V2}", f"/v3-signed/{V3}"]
    assert all("if-none-match" in headers for _, headers in web.asked)


def test_fetch_some_stacks_by_a_manifest_elsewhere(
    web: Web, here: Path, env: dict[str, str]
) -> None:
    manifest = here / write_manifest(here, web.url)
    web.files["/of/indexes.json"] = manifest.read_bytes()
    options = ("--release", "develop", "--stack", "e4s", "--stack", "ml", "--jobs", "1")
    said = succeed("fetch", "s3://of/indexes.json", *options, cwd=here, env=env)
    assert said == "graphcache.lbug: 58 records of 2 files\n"
    said = succeed("fetch", manifest.as_uri(), "--release", "v1.0", cwd=here, env=env)
    assert said == "graphcache.lbug: 50 records of 1 file\n"


def test_fetch_goes_on_without_an_index_that_fails(
    web: Web, here: Path, env: dict[str, str]
) -> None:
    manifest = write_manifest(here)
    web.answers[blob("v3")] = [status(403)]
    ended = run("fetch", manifest, "--release", "develop", cwd=here, env=env)
    assert ended.code == 3
    assert ended.out == "graphcache.lbug: 60 records of 2 files, 1 reject\n"
    assert ended.err.startswith(f"Rejected: s3:/{blob('v3')}: the server says 403 Forbidden: ")
    before = (here / "graphcache.lbug").read_bytes()
    for path in (f"/v2/{V2}", f"/v3-signed/{V3}"):
        web.answers[path] = [status(404)]
    ended = run("fetch", manifest, "--release", "develop", cwd=here, env=env)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("the server says 40") == 3
    assert (here / "graphcache.lbug").read_bytes() == before


def test_what_a_manifest_has_not(here: Path, env: dict[str, str]) -> None:
    manifest = write_manifest(here)
    for options, said in (
        ("--release develo", "develo: no such release in the manifest. Did you mean develop?"),
        ("--release develop --stack x", "x: no such stack in the manifest, which has e4s, ml"),
        ("--release empty", "empty: no such release in the manifest, which has v1.0, develop"),
        ("", "Missing option '--release'"),
        ("--release develop --jobs 0", "0 is not in the range 1<=x<=64"),
    ):
        ended = run("fetch", manifest, *options.split(), cwd=here, env=env)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
    ended = run("fetch", "none", "--release", "develop", cwd=here, env=env)
    assert (ended.code, ended.out) == (1, "")
    assert "none: No such file or directory; expected a manifest: {" in ended.err


@pytest.mark.process
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_fetch_that_was_ended_goes_on(
    number: signal.Signals, web: Web, here: Path, env: dict[str, str], tmp_path: Path
) -> None:
    manifest = write_manifest(here)
    whole = (MIRRORS / "v2" / V2).read_bytes()
    web.answers[f"/v2/{V2}"] = [stall(whole, 1000)]
    process = start("fetch", manifest, "--release", "develop", cwd=here, env=env)
    there = tmp_path / "cache/downloads/content"
    kept = [there / blob(name).partition("/sha256/")[2] for name in ("v3", "v3-signed")]
    wait_for(lambda: all(path.exists() for path in kept) and f"/v2/{V2}" in web.paths)
    process.send_signal(number)
    code, err = process.wait(ENOUGH), process.communicate()[1]
    assert (code, err.strip()) == (130 if number == signal.SIGINT else -number, b"")
    assert not (here / "graphcache.lbug").exists()
    web.asked.clear()
    web.answers.clear()
    said = succeed("fetch", manifest, "--release", "develop", cwd=here, env=env)
    assert said == "graphcache.lbug: 108 records of 3 files\n"
    assert not any("/blobs/" in path for path in web.paths)


@pytest.mark.process
def test_progress_is_for_a_terminal(web: Web, here: Path, env: dict[str, str]) -> None:
    whole = (MIRRORS / "v2" / V2).read_bytes()
    web.answers[f"/v2/{V2}"] = [cut_off(whole, 5000), stall(whole, 5000), content(whole)]
    build = ("build", f"{web.url}/v2", "--timeout", "5")
    shown: Ended = on_terminal(*build, cwd=here, env=env, piped=True)
    assert (shown.code, shown.out) == (0, "graphcache.lbug: 50 records of 1 file\n")
    assert "MB fetched" in shown.err
