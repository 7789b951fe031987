"""Tables of slides that no paper prints: how well pairs were registered, and how slides were tiled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from pathgan.config.table_types import Column, Row, ScoreTable
from pathgan.config.verdicts import RESPECTS
from pathgan.errors import TableError
from pathgan.render.published_cells import BETWEEN, COLUMNS

REGISTRATION = {  # metric -> heading and digits
    "rtre_unaligned": ("median rTRE [%] as they lie", 2),
    "rtre_median": ("median rTRE [%] ↓", 3),
    "rtre_p90": ("90th percentile rTRE [%] ↓", 3),
    "rtre_affine": ("median rTRE [%] of the best affine", 3),
    "quality": ("quality ↑", 3),
    "pose_quality": ("quality of the pose", 3),
    "support": ("support ↑", 2),
    "smallest_area": ("smallest change of area", 2),
    "mirrored": ("mirrored", 0),
}
TILING = {
    "n_tiles": ("tiles", 0),
    "n_grid": ("tiles of the grid", 0),
    "tissue": ("tissue", 2),
    "level": ("level", 0),
    "mpp": ("um/px", 2),
}
EXTRACTION = {
    "n_found": ("cells found", 0),
    "n_taken": ("taken", 0),
    "too_small": ("too small", 0),
    "cluster": ("clusters", 0),
    "at_the_edge": ("at the edge", 0),
    "nowhere_in_focus": ("nowhere in focus", 0),
    "focus_out_of_range": ("focus out of range", 0),
}
SHOWN = {"registration": REGISTRATION, "tiling": TILING, "extraction": EXTRACTION}
COUNTED = {"registration": "landmarks a pair", "tiling": "tiles a slide", "extraction": "cells found"}  # what n is
CAPTIONS = {
    "registration": (
        "Not in the paper. Registration of serial sections: error at landmarks relative to the diagonal (rTRE) where "
        "there are landmarks. The best affine is fitted to the landmarks themselves."
    ),
    "tiling": "Not in the paper. Tiles of each slide.",
    "extraction": "Not in the paper. Cells of each slide, and why some were not taken.",
}


def slide_table(name: str, scores: list[pd.DataFrame], caveat: str) -> tuple[pd.DataFrame, ScoreTable]:
    """The cells and the layout of the table `registration`, `tiling` or `extraction`; scores: one tidy frame a slide.

    A metric that no slide has (errors without landmarks) has no column; one that some lack is empty there.
    """
    if not scores:
        raise TableError(f"{name}: no slides to tell of; does the sheet hold pairs with the fixed stain?")
    values = {str(frame["item"].iloc[0]): frame.set_index("metric")["value"].to_dict() for frame in scores}
    shown = [key for key in SHOWN[name] if any(key in known for known in values.values())]
    note = BETWEEN.join(text for text in (caveat, "not in the paper") if text)
    cells = [
        {
            "row": slide,
            "column": metric,
            "value": known[metric],
            "low": np.nan,
            "high": np.nan,
            "over": "",
            "n": int(known.get("n_landmarks", known.get("n_tiles", known.get("n_found", 0)))),
            "seeds": 1,
            "published": np.nan,
            "published_sd": np.nan,
            "comparable": "no",
            **dict.fromkeys(RESPECTS, ""),
            "note": note,
        }
        for slide, known in values.items()
        for metric in shown
        if metric in known
    ]
    return pd.DataFrame(cells, columns=list(COLUMNS)), slide_layout(name, values, shown)


def slide_layout(name: str, slides: Iterable[str], metrics: Iterable[str]) -> ScoreTable:
    """How such a table looks that has these rows and columns."""
    return ScoreTable(
        kind="scores",
        caption=CAPTIONS[name],
        rows={slide: Row(label=slide, run=name) for slide in slides},
        columns={
            metric: Column(label=heading, dataset="slides", score=name, metric=metric, digits=digits)
            for metric, (heading, digits) in SHOWN[name].items()
            if metric in set(metrics)
        },
    )
