"""A plot: how many specs each stack has for each target, as a heat map.

Run it:  python examples/plot.py [FILE]  (needs matplotlib: pip install matplotlib)

FILE is heatmap.svg if you give none; its ending says in which format it is written.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import graphcache as gc

out = Path(sys.argv[1] if len(sys.argv) > 1 else "heatmap.svg")
tables, _ = gc.read(Path(__file__).parent / "pages")

# An edge table has the keys of its ends in `from` and `to`.
target_of = {edge["from"]: edge["to"] for edge in tables.edges["FOR_TARGET"].to_pylist()}
pairs = [(edge["to"], target_of[edge["from"]]) for edge in tables.edges["IN_STACK"].to_pylist()]
stacks, targets = (sorted(set(names)) for names in zip(*pairs, strict=True))
counts = np.zeros((len(stacks), len(targets)), int)
for stack, target in pairs:
    counts[stacks.index(stack), targets.index(target)] += 1

figure, axes = plt.subplots(figsize=(8, 6), layout="constrained")
image = axes.imshow(np.ma.masked_equal(counts, 0), cmap="viridis_r", aspect="auto")
axes.set_xticks(range(len(targets)), targets, rotation=45, ha="right")
axes.set_yticks(range(len(stacks)), stacks)
middle = counts.max() / 2
for (row, column), count in np.ndenumerate(counts):
    if count:
        color = "white" if count > middle else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=color)
axes.set_title("Specs by stack and target")
figure.colorbar(image, label="specs")
figure.savefig(out)

row, column = np.unravel_index(counts.argmax(), counts.shape)
print(f"{stacks[row]} has most specs for one target: {counts.max()} for {targets[column]}.")
print(f"The picture is in {out}.")
