"""The figure of claims: each effect with its interval, the printed one beside it, coloured by verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pathgan.render.figure_files import COLOURS, PAGE_IN, save

BLUE, VERMILION, GREEN = COLOURS[:3]
LOOKS = {
    "supported": (GREEN, "o"),
    "contradicted": (VERMILION, "s"),
    "undecided": (BLUE, "D"),
    "untestable here": ("#999999", "o"),
}
LINE_IN, FONT = 0.125, 6.5  # height of a line of text; its size [pt]
HOLDS: dict[str, Any] = {"color": GREEN, "alpha": 0.1, "linewidth": 0}
WRAP, WRAP_NUMBERS = 62, 34  # characters of a claim, and of its numbers


def draw_claims(claims: Path, effects: Path, title: str, png: Path, pdf: Path) -> None:
    """A line for each claim with an effect, to a scale of its own: the largest of its effect, interval, margin and
    printed effect. Zero is dashed, and shaded is where the claim holds."""
    shown = _shown(claims, effects)
    lines = shown.to_dict("records")
    texts = [textwrap.wrap(one["claim"], WRAP) for one in lines] or [["no claim has an effect here"]]
    numbers = [textwrap.wrap(_numbers(one), WRAP_NUMBERS) for one in lines] or [[""]]
    heights = np.array([max(len(text), len(told)) + 0.6 for text, told in zip(texts, numbers, strict=True)])
    middles = np.cumsum(heights) - heights / 2
    fig, axis = plt.subplots(figsize=(PAGE_IN, LINE_IN * heights.sum() + 1.1), layout="constrained")
    for text, told, y in zip(texts, numbers, middles, strict=True):
        axis.text(-1.15, y, "\n".join(text), ha="right", va="center", fontsize=FONT)
        axis.text(1.15, y, "\n".join(told), ha="left", va="center", fontsize=FONT)
    for one, height, y in zip(lines, heights, middles, strict=False):
        _line(axis, one, y, height)
    axis.axvline(0, color="black", linewidth=0.8, linestyle="--", zorder=1)
    axis.set(xlim=(-1.1, 1.1), ylim=(heights.sum(), 0), yticks=[], xticks=[0])
    told = [*textwrap.wrap(title, 110), "each line to a scale of its own; its numbers at the right"]
    fig.suptitle("\n".join(told))
    axis.spines["left"].set_visible(False)
    _legend(fig, shown)
    save(fig, png, pdf)


def _shown(claims: Path, effects: Path) -> pd.DataFrame:
    """The claims with an effect, and of the comparison that is shown the margin and the printed effect."""
    keys = ["id", "table", "row", "column", "against"]
    text = dict.fromkeys(keys, str)
    table = pd.read_csv(claims, dtype=text, keep_default_na=False, na_values=[""])
    known = pd.read_csv(effects, dtype=text, keep_default_na=False, na_values=[""])
    shown = table[table["effect"].notna()]
    return shown.merge(known[[*keys, "margin", "printed"]].drop_duplicates(keys), on=keys, how="left")


def _line(axis: Axes, one: dict[str, Any], y: float, height: float) -> None:
    colour, mark = LOOKS[one["verdict"]]
    ends = np.array([one["effect"], one["low"], one["high"], one["printed"], one["margin"]], float)
    scale = np.nanmax(np.abs(ends)) or 1.0
    effect, low, high, printed, margin = ends / scale
    margin = float(np.nan_to_num(margin))
    starts = {"better": 0.0}.get(one["rule"], -margin)
    stops = {"equal": margin, "close": margin}.get(one["rule"], 1.1)
    axis.axhspan(
        y - 0.42 * height, y + 0.42 * height, (max(starts, -1.1) + 1.1) / 2.2, (min(stops, 1.1) + 1.1) / 2.2, **HOLDS
    )
    if np.isfinite(low):
        axis.plot([low, high], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    axis.plot(effect, y, mark, color=colour, markersize=5, fillstyle="full" if np.isfinite(low) else "none")
    if np.isfinite(printed):
        axis.plot(printed, y, "|", color="black", markersize=9, markeredgewidth=1.6)


def _numbers(one: Mapping[str, Any]) -> str:
    interval = f" [{one['low']:.3g}, {one['high']:.3g}]" if np.isfinite(one["low"]) else ""
    theirs = f", printed {one['printed']:.3g}" if np.isfinite(one["printed"]) else ""
    return f"{one['metric']} {one['effect']:.3g}{interval}{theirs}"


def _legend(fig: Figure, shown: pd.DataFrame) -> None:
    """What is in the figure, and nothing else."""
    verdicts = [word for word in LOOKS if word in set(shown["verdict"])]
    handles: list[Any] = [Line2D([], [], color=LOOKS[word][0], marker=LOOKS[word][1], label=word) for word in verdicts]
    handles.append(Patch(**HOLDS, label="where the claim holds"))
    if shown["printed"].notna().any():
        handles.append(Line2D([], [], color="black", marker="|", markersize=9, linestyle="", label="printed effect"))
    if shown["low"].isna().any():
        few = "no interval: too few units or seeds"
        handles.append(Line2D([], [], color="#666666", marker="o", fillstyle="none", linestyle="", label=few))
    fig.legend(handles=handles, loc="outside lower center", ncols=3)
