"""`docker-compose.yml` and `.env.example`, as far as they can be held to without a Docker engine.

That Neo4j takes the settings, and Browser the files, is in `neo4j_server/test_browser.py`.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from neo4j_server.jars import RELEASES

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TEXT)
    return loaded


def test_neo4j_is_the_release_that_the_tests_run_on(compose: dict[str, Any]) -> None:
    image = compose["services"]["neo4j"]["image"]
    assert image == f"neo4j:{RELEASES['5.26'].version}-community"


def test_every_image_is_pinned_and_every_service_has_a_health_check(
    compose: dict[str, Any],
) -> None:
    assert set(compose["services"]) == {"neo4j", "browser-files"}
    for service in compose["services"].values():
        assert re.search(r":\d+\.\d+", service["image"])
        assert service["healthcheck"]["test"][0] == "CMD"


def test_all_ports_are_bound_to_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service["ports"]]
    assert sorted(ports) == [
        "127.0.0.1:${BROWSER_FILES_PORT:-7475}:80",
        "127.0.0.1:${NEO4J_BOLT_PORT:-7687}:7687",
        "127.0.0.1:${NEO4J_HTTP_PORT:-7474}:7474",
    ]


def test_the_data_is_in_a_named_volume(compose: dict[str, Any]) -> None:
    assert compose["services"]["neo4j"]["volumes"] == ["data:/data"]
    assert set(compose["volumes"]) == {"data"}


def test_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    mounts = compose["services"]["browser-files"]["volumes"]
    assert mounts
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (ROOT / source).exists()
        assert mode == "ro"


def test_without_a_password_nothing_starts(compose: dict[str, Any]) -> None:
    auth = compose["services"]["neo4j"]["environment"]["NEO4J_AUTH"]
    [(name, kind, message)] = VARIABLE.findall(auth)
    assert auth.startswith("neo4j/${")
    assert (name, kind) == ("NEO4J_PASSWORD", "?")
    assert ".env.example" in message


def test_no_password_is_in_any_file() -> None:
    assert re.findall(r"(?im)^\s*#?\s*\w*password\w*\s*[:=]\s*(\S*)$", TEXT + EXAMPLE) == [""]
    assert [name for name, kind, _ in VARIABLE.findall(TEXT) if kind == "?"] == ["NEO4J_PASSWORD"]


@pytest.mark.process
def test_git_does_not_take_the_password() -> None:
    done = subprocess.run(
        ["git", "-C", ROOT, "check-ignore", "--no-index", ".env"], capture_output=True, check=False
    )
    assert done.stdout == b".env\n"


def test_the_example_names_every_variable_with_its_default() -> None:
    defaults = {(name, value) for name, kind, value in VARIABLE.findall(TEXT) if kind == "-"}
    assert set(re.findall(r"(?m)^#(\w+)=(.*)$", EXAMPLE)) == defaults
    assert re.findall(r"(?m)^(\w+)=(.*)$", EXAMPLE) == [("NEO4J_PASSWORD", "")]


def test_no_variable_becomes_a_setting_by_mistake(compose: dict[str, Any]) -> None:
    # The image makes a setting of each variable that begins with NEO4J_, so the .env file itself
    # must not be handed on.
    assert "env_file" not in compose["services"]["neo4j"]
    assert "NEO4J_PASSWORD" not in compose["services"]["neo4j"]["environment"]
