"""Tables of how many images lie on either side of a split."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from pathgan.config.models import CountTable
from pathgan.datasets.store import Manifest
from pathgan.render.tables import COLUMNS, beside_published, printed_cells

PLACE = re.compile(r"_x\d+_y\d+$")  # of a tile, at the end of its name


def build_counts(
    name: str,
    table: CountTable,
    caveats: Mapping[str, str],
    manifests: Mapping[str, Manifest],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """One row a cell (tables.COLUMNS): the images, however many tiles they gave. Raises TableError as `build_table`."""
    keys = {(row, column) for row in table.rows for column in table.columns}
    printed = printed_cells(name, published, keys, table.omitted)
    rows = []
    for row, spec in table.rows.items():
        for column, wanted in table.columns.items():
            images = {
                (dataset, PLACE.sub("", item["id"]))
                for dataset in spec.datasets
                for item in manifests[dataset]
                if (item["split"], item["class"]) == (wanted.split, wanted.category)
            }
            ours = {"value": len(images), "low": np.nan, "high": np.nan, "n": len(images), "seeds": 1}
            reasons = dict.fromkeys(caveats[dataset] for dataset in spec.datasets)
            rows.append(beside_published((row, column), ours, printed, list(reasons)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
