"""Hostile text in a graph, written in every form, and read back by a reader of that form.

What comes back is what went in, and in no form does a text become a row, a tag, a link, a comment
or a statement of its own; no character that a terminal obeys reaches one.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import ladybug
import networkx as nx
import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq
from markdown_it import MarkdownIt

from campaigns import hostile
from campaigns.trials import Campaign
from graphcache import ExportError, GraphcacheError, Tables
from graphcache.analysis import find
from graphcache.analysis.advising.findings import Finding, Findings
from graphcache.analysis.advising.places import Place
from graphcache.analysis.bills import sbom
from graphcache.answers import Answer
from graphcache.exports import FORMATS, export
from graphcache.exports.cypher import text_literal
from graphcache.records.advisories import Advisory
from graphcache.views.answers import printable, render
from graphcache.views.charts import compilers_chart
from graphcache.views.cyclonedx import to_cyclonedx
from graphcache.views.markdown import answer_table
from graphcache.views.openvex import to_openvex
from graphcache.views.pictures import asked
from graphcache.views.pictures.answer import answer as draw_answer
from graphcache.views.pictures.drawing import fragment, standalone_page
from graphcache.views.plots import write_picture
from graphcache.views.sarif import to_sarif
from graphcache.views.spdx import to_spdx
from graphcache.views.terminal import Screen

EACH = 1
_DAY = datetime(2026, 11, 26, tzinfo=UTC)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
"""What bold is on a terminal: of rich's making, around a line and not in it."""
_DRAWN = 0.05
"""The share of trials in which a picture is drawn, which takes as long as all else."""


@dataclass(frozen=True, slots=True)
class Written:
    """The names in a graph, and whether a picture is drawn too."""

    names: tuple[str, ...]
    is_drawn: bool


class Terminal(io.StringIO):
    """What takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


class Outputs(Campaign[Written]):
    """Graphs of hostile names."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._parser = ladybug.Connection(ladybug.Database(":memory:"))
        self._markdown = MarkdownIt("gfm-like", {"linkify": False, "html": True})

    def draw(self, dice: Random) -> Written:
        count = dice.randint(1, 4)
        names = dict.fromkeys(hostile.text(dice) for _ in range(count))
        return Written(tuple(names), dice.random() < _DRAWN)

    def smaller(self, trial: Written) -> Iterator[Written]:
        if len(trial.names) > 1:
            yield from (Written((name,), trial.is_drawn) for name in trial.names)
        else:
            (name,) = trial.names
            shorter = (name[:at] + name[at + 1 :] for at in range(len(name)))
            yield from (Written((one,), trial.is_drawn) for one in shorter if one.strip())

    def hold(self, trial: Written) -> None:
        tables = hostile.graph(trial.names)
        answer = Answer(
            ["hash", "package", "stacks", "specs"],
            [(f"{at:032}", name, [name, "a"], at) for at, name in enumerate(trial.names)],
        )
        self._hold_exports(tables)
        self._hold_answer(answer)
        self._hold_markdown(answer)
        self._hold_cypher(trial.names)
        self._hold_pages(tables, answer, trial.names)
        self._hold_bills(tables, trial.names)
        self._hold_findings(tables, trial.names)
        self._hold_errors(tables, trial.names)
        if trial.is_drawn:
            self._hold_picture(trial.names)

    def _hold_exports(self, tables: Tables) -> None:
        for form in FORMATS:
            place = self._folder / form
            try:
                export(tables, form, place)
            except ExportError as error:
                _for_a_terminal(printable(str(error)))
                self.seen[f"refused by {form}"] += 1
                continue
            self.seen[f"written as {form}"] += 1
            _READERS[form](place, tables)

    def _hold_answer(self, answer: Answer) -> None:
        for form in ("csv", "json", "jsonl", "table"):
            for screen in (None, Screen(40, 10), Screen(200)):
                terminal = Terminal()
                render(answer.columns, answer.rows, form, terminal, screen)
                _for_a_terminal(_STYLE.sub("", terminal.getvalue()))
        text = _rendered(answer, "csv")
        rows = [
            [*row[:2], json.dumps(row[2], ensure_ascii=False), str(row[3])] for row in answer.rows
        ]
        read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        assert [row[:2] for row in read[1:]] == [row[:2] for row in rows], "CSV holds other texts"
        options = pyarrow.csv.ParseOptions(newlines_in_values=True)
        table = pyarrow.csv.read_csv(io.BytesIO(text.encode()), parse_options=options)
        assert table.num_rows == len(rows), "a reader of CSV sees other rows"
        assert json.loads(_rendered(answer, "json")) == answer.to_dicts(), (
            "JSON holds another answer"
        )
        lines = _rendered(answer, "jsonl").splitlines()
        assert len(_rendered(answer, "jsonl").split("\n")) == len(rows) + 1, "a line more"
        assert [json.loads(line) for line in lines] == answer.to_dicts(), (
            "a reader sees other lines"
        )

    def _hold_markdown(self, answer: Answer) -> None:
        text = answer_table(answer)
        found = self._markdown.parse(text)
        kinds = {token.type for token in found}
        inner = {child.type for token in found for child in token.children or ()}
        assert inner <= {"text", "code_inline", "softbreak"}, f"text is Markdown: {inner}"
        assert kinds <= _OF_A_TABLE, f"text is Markdown: {kinds - _OF_A_TABLE}"
        rows = sum(token.type == "tr_open" for token in found)
        assert rows == len(answer.rows) + 1, "a row more or less"

    def _hold_cypher(self, names: tuple[str, ...]) -> None:
        for name in names:
            found: Any = self._parser.execute(f"RETURN {text_literal(name)}")
            assert found.get_next() == [name], f"Cypher reads another text: {text_literal(name)}"

    def _hold_pages(self, tables: Tables, answer: Answer, names: tuple[str, ...]) -> None:
        def part(_: Any) -> Tables:
            return tables

        pictures = [draw_answer(answer, names[0], names[-1], tidy=True), asked.of_store(part)]
        for name in names:
            pictures += [asked.of_package(part, name), asked.of_stack(part, name)]
        key = tables.nodes["Spec"]["hash"][0].as_py()
        pictures += [asked.of_hash(part, key), asked.of_why(part, f"/{key}")]
        for picture in pictures:
            hostile.Structure(standalone_page(picture))
            hostile.Structure(str(fragment(picture)))

    def _hold_bills(self, tables: Tables, names: tuple[str, ...]) -> None:
        key = tables.nodes["Spec"]["hash"][0].as_py()
        bill = sbom(tables, f"/{key}")
        for write in (to_cyclonedx, to_spdx):
            document = json.loads(write(bill, _DAY))
            told = json.dumps(document, ensure_ascii=False)
            assert hostile.MARK in told, "a bill without the names of its parts"
        components = json.loads(to_cyclonedx(bill, _DAY))["components"]
        assert {one["name"] for one in components} <= set(names), "a bill has other names"

    def _hold_findings(self, tables: Tables, names: tuple[str, ...]) -> None:
        findings = Findings([_finding(tables, name) for name in names], list(names))
        sarif = json.loads(json.dumps(to_sarif(findings)))
        for result in sarif["runs"][0]["results"]:
            for place in result["locations"]:
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                assert re.fullmatch(r"[\w%@.~-]+/[\w%@.~-]+", uri, re.ASCII), f"a place: {uri!r}"
        for rule in sarif["runs"][0]["tool"]["driver"]["rules"]:
            assert rule.get("helpUri", "https://").startswith(("http://", "https://"))
        json.loads(json.dumps(to_openvex(findings, "2026-11-26T00:00:00Z")))

    def _hold_errors(self, tables: Tables, names: tuple[str, ...]) -> None:
        for name in names:
            try:
                find(tables, name, None, None)
            except GraphcacheError as error:
                _for_a_terminal(printable(error.at_shell))

    def _hold_picture(self, names: tuple[str, ...]) -> None:
        rows = [(name, name, number + 1, 1) for number, name in enumerate(names)]
        drawing = compilers_chart(
            Answer(["target", "compiler", "specs", "packages"], rows), 10, names[0]
        )
        place = self._folder / "plot.svg"
        write_picture(drawing, place)
        for element in ET.parse(place).getroot().iter():  # noqa: S314 - our own file
            hostile.hold_own(element.tag)
            for name, value in element.items():
                hostile.hold_own(name)
                assert not name.lower().startswith("on"), name
                assert "href" not in name or value.startswith("#"), value
        self.seen["drawn"] += 1


_OF_A_TABLE = {
    "inline",
    *(
        f"{tag}_{end}"
        for tag in ("table", "thead", "tbody", "tr", "th", "td")
        for end in ("open", "close")
    ),
}


def _rendered(answer: Answer, form: Any) -> str:
    text = io.StringIO()
    render(answer.columns, answer.rows, form, text)
    return text.getvalue()


def _finding(tables: Tables, name: str) -> Finding:
    specs = tables.nodes["Spec"].select(["name", "version", "namespace", "hash"])
    place = Place(name, name, specs["hash"].to_pylist(), [name], [name], [name], 1, 1, 1, 1, 1, [])
    advisory = Advisory(name, [], [name], name, url=name)
    rows = np.arange(specs.num_rows)
    reasons = {name: name}
    return Finding(advisory, name, "guess", "affected", reasons, rows, specs, [name], [place])


def _for_a_terminal(text: str) -> None:
    """Nothing but what can be printed, and line ends."""
    bad = [c for c in text if not c.isprintable() and c != "\n"]
    assert not bad, f"{bad[0]!r} reaches a terminal"


def _read_json(place: Path, tables: Tables) -> None:
    found = nx.node_link_graph(json.loads(place.read_bytes()), edges="edges")
    assert nx.utils.graphs_equal(found, tables.to_networkx()), "JSON holds another graph"


def _read_parquet(folder: Path, tables: Tables) -> None:
    for name, table in tables.by_type().items():
        assert pq.read_table(folder / f"{name}.parquet").equals(table), f"{name} is another table"


def _read_graphml(place: Path, tables: Tables) -> None:
    for element in ET.parse(place).getroot().iter():  # noqa: S314 - our own file
        hostile.hold_own(element.tag)
        hostile.hold_own(" ".join(element.keys()))
    found = nx.read_graphml(place, force_multigraph=True)
    wanted = tables.to_networkx()
    assert set(found) == {":".join(node) for node in wanted}, "GraphML has other nodes"
    assert found.number_of_edges() == wanted.number_of_edges(), "GraphML has other edges"


def _read_cypher(place: Path, _: Tables) -> None:
    for line in place.read_text().split("\n"):
        if not line.startswith(":param {rows: "):
            hostile.hold_own(line)


def _read_csv(folder: Path, tables: Tables) -> None:
    """Each file has the rows of its table, and each row the columns of its header."""
    for name, table in tables.by_type().items():
        with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file, strict=True))
        assert len({len(row) for row in rows}) <= 1, f"{name}: rows of different lengths"
        assert len(rows) - 1 == table.num_rows, f"{name}: a row more or less"


_READERS = {
    "json": _read_json,
    "parquet": _read_parquet,
    "graphml": _read_graphml,
    "cypher": _read_cypher,
    "csv": _read_csv,
}


@contextmanager
def campaign(folder: Path) -> Iterator[Outputs]:
    """The campaign."""
    yield Outputs(folder)
