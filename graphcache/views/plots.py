"""Charts as pictures: SVG, PNG and PDF, by matplotlib and marsilea, which are an extra."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from graphcache.errors import UsageError
from graphcache.exports import write_file
from graphcache.views.charts import Chart, Drawing, HeatMap, Overlap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")

_COLORS = {
    "kept": "#0072B2",
    "redundant": "#D55E00",
    "first builds": "#56B4E9",
    "rebuilt": "#E69F00",
    "added": "#009E73",
    "removed": "#CC79A7",
}
"""Of Okabe and Ito (jfly.uni-koeln.de/color), which the colour-blind can tell apart."""
_PLAIN = "#0072B2"
_DARK = "#222222"

_SETTINGS: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],  # matplotlib brings the first along
    "font.size": 9,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": "#888888",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.fonttype": "none",  # text as text
    "svg.hashsalt": "graphcache",  # the same data, the same bytes
    "text.parse_math": False,  # a $ in a name is a $
    "text.usetex": False,
}


def check_picture(out: Path) -> str:
    """The format that the name of a picture stands for.

    Raises:
        UsageError: it stands for none, or what draws pictures is not installed.

    >>> check_picture(Path("targets.svg"))
    'svg'
    """
    format_ = out.suffix.lower().removeprefix(".")
    if format_ not in FORMATS:
        raise UsageError(f"{out}: expected a name that ends in .svg, .png or .pdf")
    for module in ("matplotlib", "marsilea"):
        if find_spec(module) is None:
            raise UsageError(
                f"{out}: a picture needs {module}: pip install 'graphcache[plot]', "
                f"or leave out -o for bars in the terminal"
            )
    return format_


def write_picture(drawing: Drawing, out: Path) -> None:
    """Draw a chart, in the format that the name ends in; the same chart gives the same bytes.

    An SVG has its text as text, a title, and all its numbers as a description.

    Raises:
        UsageError: as `check_picture`.
        ExportError: it can't be written there.
    """
    format_ = check_picture(out)
    with _settings():
        figure = _DRAW[type(drawing)](drawing)
        content = _content(figure, drawing, format_)
    write_file(out, lambda path: _write(path, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


@contextmanager
def _settings() -> Iterator[None]:
    """Our own settings, whatever the user's are; quiet where a font lacks a character."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.use("agg")
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        warnings.filterwarnings("ignore", message=".*[Gg]lyph")
        yield


def _content(figure: Figure, drawing: Drawing, format_: str) -> bytes:
    metadata: dict[str, dict[str, Any]] = {
        "svg": {"Title": drawing.title, "Date": None},
        "png": {"Title": drawing.title},
        "pdf": {"Title": drawing.title, "CreationDate": None},
    }
    out = io.BytesIO()
    figure.savefig(
        out, format=format_, metadata=metadata[format_], bbox_inches="tight", pad_inches=0.15
    )
    if format_ != "svg":
        return out.getvalue()
    text = out.getvalue().decode()
    described = f"</title>\n <desc>{escape(drawing.description)}</desc>"
    text = text.replace("</title>", described, 1)
    return re.sub("<svg ", '<svg role="img" ', text, count=1).encode()


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of so many inches, to which what stands around the axes is added."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((0, 0, 1, 1))


def _head(axes: Axes, drawing: Drawing) -> None:
    """The title, and below it the note."""
    axes.set_title(drawing.title, pad=24 if drawing.note else 10)
    axes.annotate(
        drawing.note,
        (0, 1),
        (0, 10),
        xycoords="axes fraction",
        textcoords="offset points",
        color="#555555",
    )


def _draw_bars(chart: Chart) -> Figure:
    return _draw_standing_bars(chart) if chart.over_time else _draw_lying_bars(chart)


def _draw_lying_bars(chart: Chart) -> Figure:
    from matplotlib.ticker import MaxNLocator

    places = range(len(chart.labels))
    figure, axes = _figure(6, 0.24 * len(places))
    left = [0] * len(places)
    for name, values in chart.parts.items():
        bars = axes.barh(places, values, 0.75, left, color=_COLORS.get(name, _PLAIN), label=name)
        left = [a + b for a, b in zip(left, values, strict=True)]
    first = next(iter(chart.parts.values()))
    said = [_of(number, total) for number, total in zip(first, left, strict=True)]
    axes.bar_label(bars, said, padding=3)
    axes.set_yticks(places, chart.labels)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(chart.unit)
    if len(chart.parts) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.2, 1))
    _head(axes, chart)
    return figure


def _of(number: int, total: int) -> str:
    return f"{number:,}" if number == total else f"{number:,} of {total:,}"


def _draw_standing_bars(chart: Chart) -> Figure:
    """A bar for each time, with what is gone below the line."""
    from matplotlib.ticker import MaxNLocator

    places = range(len(chart.labels))
    figure, axes = _figure(max(4, 0.3 * len(places)), 3.5)
    bottom = [0] * len(places)
    *there, (lost, counts) = chart.parts.items()
    for name, values in there:
        axes.bar(places, values, 0.8, bottom, color=_COLORS[name], label=name)
        bottom = [a + b for a, b in zip(bottom, values, strict=True)]
    axes.bar(places, [-count for count in counts], 0.8, color=_COLORS[lost], label=lost)
    axes.axhline(0, color=_DARK, linewidth=0.8)
    axes.set_xlim(-0.6, len(places) - 0.4)
    axes.set_xticks(places, chart.labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
    axes.set_ylabel(chart.unit)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    _head(axes, chart)
    return figure


def _draw_map(chart: HeatMap) -> Figure:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, LogNorm

    values = np.array(chart.values)
    figure, axes = _figure(0.6 * len(chart.columns), 0.24 * len(chart.rows))
    least, most = int(values[values > 0].min()), int(values.max())
    colors = LinearSegmentedColormap.from_list("specs", ["#D3E4F3", "#08306B"])
    shade = LogNorm(least, max(most, least + 1))
    axes.pcolormesh(
        np.ma.masked_equal(values, 0), cmap=colors, norm=shade, edgecolors="white", linewidth=1
    )
    axes.set_facecolor("#F6F6F6")
    for row, column in np.argwhere(values).tolist():
        number = chart.values[row][column]
        color = "white" if number**2 > least * most else _DARK
        place = (column + 0.5, row + 0.5)
        axes.text(*place, f"{number:,}", ha="center", va="center", fontsize=8, color=color)
    columns, rows = np.arange(len(chart.columns)) + 0.5, np.arange(len(chart.rows)) + 0.5
    axes.set_xticks(columns, chart.columns, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(rows, chart.rows)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    _head(axes, chart)
    return figure


def _draw_overlap(chart: Overlap) -> Figure:
    import numpy as np
    from marsilea.plotter import Numbers
    from marsilea.upset import Upset, UpsetData
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    sets = list(chart.sets)
    held = np.array([[name in names for name in sets] for names, _ in chart.combinations])
    items = np.repeat(held, [count for _, count in chart.combinations], axis=0)
    upset = Upset(
        UpsetData(items, sets_names=sets, items=range(len(items))),
        sets_order=sets,
        sort_subsets="-cardinality",  # which has the largest first
        color=_PLAIN,
        shading=0.12,
        radius=36,
        grid_background=0.05,
        width=0.36 * len(held),
        height=0.24 * len(sets),
        add_intersections=False,
        add_sets_size=False,
    )
    counts = upset.get_data().cardinality().to_numpy()
    style = {"fmt": "{:,.0f}", "props": {"fontsize": 8}}
    above = Numbers(counts, color=_PLAIN, **style)
    upset.add_plot("top", above, size=1.5, pad=0.1, name="counts")
    sizes = Numbers(np.array(list(chart.sets.values())), color="#777777", **style)
    upset.add_plot("left", sizes, size=1, pad=0.1, name="sizes")
    figure = Figure()
    FigureCanvasAgg(figure)  # marsilea asks it how wide texts are
    upset.render(figure)
    top, beside = upset.get_ax("counts"), upset.get_ax("sizes")
    top.set_ylabel(f"{chart.unit} in exactly these")
    beside.set_xlabel(f"{chart.unit} in the stack")
    for axis in (top.yaxis, beside.xaxis):
        axis.set_major_formatter("{x:,.0f}")
    _head(top, chart)
    return figure


_DRAW: dict[type, Any] = {Chart: _draw_bars, HeatMap: _draw_map, Overlap: _draw_overlap}
