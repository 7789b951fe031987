"""Figures of curves: what was measured while runs trained."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pathgan.config.figure_types import CurveFigure
from pathgan.render.figure_files import PAGE_IN, Files, lettered, look, save


def draw(figure: CurveFigure, files: Files, png: Path, pdf: Path) -> None:
    """One panel a metric: the mean over seeds against the epoch, and where there are several seeds their range."""
    frames = {run: list(map(pd.read_csv, seeds.values())) for run, seeds in zip(figure.curves, files, strict=True)}
    n_columns = min(2, len(figure.metrics))
    n_rows = -(-len(figure.metrics) // n_columns)
    fig, axes = plt.subplots(
        n_rows, n_columns, squeeze=False, figsize=(PAGE_IN / 2 * n_columns, 2.4 * n_rows + 0.5), layout="constrained"
    )
    letters = lettered([""] * len(figure.metrics))
    for axis, letter, (metric, label) in zip(axes.flat, letters, figure.metrics.items(), strict=False):
        for index, (run, name) in enumerate(figure.curves.items()):
            values = np.array([frame[metric] for frame in frames[run]])
            epochs, style = frames[run][0]["epoch"], look(index)
            axis.plot(epochs, values.mean(axis=0), label=name, **style)
            if len(values) > 1:
                axis.fill_between(epochs, values.min(axis=0), values.max(axis=0), color=style["color"], alpha=0.15)
        axis.set(xlabel="epoch", ylabel=label)
        axis.set_title(letter, loc="left")
        axis.grid()
    for axis in axes.flat[len(figure.metrics) :]:
        axis.set_axis_off()
    handles, labels = axes[0][0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper center", ncols=2)
    save(fig, png, pdf)
