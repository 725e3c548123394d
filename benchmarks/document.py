"""The parts of docs/performance.md that a benchmark writes: what stands between two marks."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/performance.md"


def put(name: str, text: str) -> None:
    """Put a text in the place of the part of that name."""
    begin, end = f"<!-- {name}: written by make bench -->", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    part = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not part.search(page):
        raise SystemExit(f"{PAGE}: expected a part between {begin} and {end}")
    page = part.sub(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", page)
    PAGE.write_text(page, encoding="utf-8", newline="\n")
