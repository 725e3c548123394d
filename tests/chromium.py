"""The Chromium that tests drive: found on this machine, installed by apt where that may be."""

from __future__ import annotations

import shutil

from neo4j_server import tools

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def need_chromium() -> str:
    """The Chromium on this machine, installed if need be.

    Raises:
        MissingTool: there is none, and it may not or cannot be installed.
    """
    if not any(map(shutil.which, _CHROMIUM)):
        tools.install("chromium", "Chromium")
    for found in filter(None, map(shutil.which, _CHROMIUM)):
        return found
    raise tools.MissingTool("chromium was installed, yet there is none on PATH")
