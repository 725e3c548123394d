"""Browser's style files, as far as Browser reads them."""

import re
from pathlib import Path

_RULE = re.compile(r"(\S+) \{\n((?:  [a-z-]+: [^;\n]+;\n)+)\}\n")


def read_grass(file: Path) -> dict[str, dict[str, str]]:
    """The properties by selector, without quotes.

    A selector stands alone, without commas; nothing is a comment; a caption is quoted. Browser
    takes no other form, and says nothing of what it drops.
    """
    text = file.read_text(encoding="utf-8")
    rules = {}
    for block in text.split("\n\n"):
        match = _RULE.fullmatch(block.rstrip("\n") + "\n")
        assert match, block
        selector, body = match.groups()
        assert selector not in rules, selector
        rules[selector] = dict(re.findall(r"  ([a-z-]+): '?(.*?)'?;", body))
    return rules
