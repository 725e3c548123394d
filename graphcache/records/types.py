"""The types of values in records, with their bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

MAX_NAME = 1_000
"""Characters of a name. Neo4j indexes at most 8 kB of a key, and a character takes up to 4."""
MAX_TEXT = 100_000
"""Characters of any other text: a variant that lists patches may be long."""

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
SpecHash = Annotated[str, Meta(pattern=r"\A[a-z2-7]{32}\Z")]
DependencyType = Literal["build", "link", "run", "test"]
