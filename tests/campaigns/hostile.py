"""Text that would be more than text, if something in the way took it for that.

Each of it has a mark, which stands nowhere but in text: not in a tag, an attribute's name, a
comment or an address to elsewhere of a page, and in no statement.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from random import Random

import networkx as nx

from campaigns.changes import TEXTS
from graphcache import Tables

MARK = "zq9"
_FORMS = (
    "<zq9 zq9=1>",
    '"><zq9 onload=zq9()>',
    "' zq9='1",
    '" zq9="1',
    " zq9=1 ",
    "</script><zq9>",
    "</title></textarea></style><zq9>",
    "<!--zq9-->",
    "<?zq9?>",
    "]]><zq9>",
    "{{ 'zq9' }}",
    "{% zq9 %}",
    "') RETURN zq9 //",
    "` zq9 `",
    "$zq9",
    "'; DROP TABLE zq9; --",
    "javascript:zq9()",
    "//zq9.example",
    "https://zq9.example",
    "\x1b]0;zq9\x07",
    "\x9b31mzq9",
    "\u202ezq9",
    "\r\nX-zq9: 1",
    "|zq9|`zq9`|",
    "[zq9](javascript:zq9)",
    "<zq9>&lt;zq9&gt;&#60;zq9&#62;",
    "zq9\x00zq9",
    "zq9,zq9;\"zq9\"\t'zq9'",
    "=zq9()",
    "zq9%0d%0azq9%00",
    "../../zq9",
    "x" * 999 + "zq9",
)
_PROPERTIES = ("version", "label", "platform", "os", "configuration", "namespace", "package_hash")
_ENDS = {
    "Package": "OF_PACKAGE",
    "Stack": "IN_STACK",
    "Release": "IN_RELEASE",
    "Target": "FOR_TARGET",
    "Compiler": "BUILT_WITH",
}
_KEYS = {"Compiler": "spec"}


def text(dice: Random) -> str:
    """A text that has the mark."""
    made = dice.choice(_FORMS)
    if dice.random() < 0.4:
        made = dice.choice((made + dice.choice(TEXTS), dice.choice(TEXTS) + made))
    return made.encode(errors="ignore").decode()


def graph(names: tuple[str, ...]) -> Tables:
    """A graph in which each of these is a name of everything, of two specs that differ.

    >>> graph(("zq9",)).nodes["Package"]["name"].to_pylist()
    ['zq9']
    """
    made: nx.MultiDiGraph[tuple[str, str]] = nx.MultiDiGraph()
    before = None
    for number, name in enumerate(names):
        for twin in "ab":
            spec = ("Spec", f"{twin}{number:031}".translate(_LETTERS))
            told = dict.fromkeys(_PROPERTIES, name)
            variants = [name, f"{name}={twin}"]
            made.add_node(
                spec,
                hash=spec[1],
                name=name,
                **told,
                variants=variants,
                in_buildcache=True,
                dependencies_known=True,
            )
            for type_, edge in _ENDS.items():
                made.add_node((type_, name), **{_KEYS.get(type_, "name"): name})
                more = {"releases": [name], "root": True} if edge == "IN_STACK" else {}
                made.add_edge(spec, (type_, name), key=edge, **more)
            if before:
                made.add_edge(spec, before, key="DEPENDS_ON", types=["link"], virtuals=[name])
            before = spec
    return Tables.from_networkx(made)


_LETTERS = str.maketrans("0123456789", "abcdefghij")


class Structure(HTMLParser):
    """What of a page is not text: holds that nothing in it has the mark."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.token = ""
        """What forms of the page are sent with."""
        self._script: dict[str, str | None] | None = None
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        hold_own(tag)
        given = dict(attrs)
        for name, value in attrs:
            hold_own(name)
            assert not name.startswith("on"), f"a script in an attribute: {name}"
            if name in ("href", "src", "action", "formaction", "srcdoc", "style", "http-equiv"):
                self._hold_address(name, value or "")
        if tag == "script":
            self._script = given
        if given.get("name") == "token":
            self.token = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        hold_own(tag)
        self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is not None and data.strip():
            if "json" in (self._script.get("type") or ""):
                json.loads(data)
            else:
                hold_own(data)

    def handle_comment(self, data: str) -> None:
        hold_own(data)

    def handle_decl(self, decl: str) -> None:
        hold_own(decl)

    def unknown_decl(self, data: str) -> None:
        hold_own(data)

    def handle_pi(self, data: str) -> None:
        hold_own(data)

    @staticmethod
    def _hold_address(name: str, value: str) -> None:
        is_here = value.startswith(("/", "#", "data:,")) and not value.startswith(("//", "/\\"))
        assert is_here or not value or MARK not in value, f"{name} leads to {value!r}"


def hold_own(structure: str) -> None:
    """Hold that this, which is no text, has nothing of the data in it."""
    assert MARK not in structure, f"text is taken for more than text: {structure[:100]!r}"
