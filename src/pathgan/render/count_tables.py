"""Tables of how many images lie on either side of a split."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from pathgan.config.table_types import CountTable
from pathgan.config.verdicts import Judgement
from pathgan.errors import TableError
from pathgan.render.published_cells import COLUMNS, beside_published, printed_cells
from pathgan.render.remarks import TILES
from pathgan.render.table_inputs import TableInputs
from pathgan.stores.manifest import Manifest

PLACE = re.compile(r"_x\d+_y\d+$")  # of a tile, at the end of its name


def build(name: str, table: CountTable, given: TableInputs) -> pd.DataFrame:
    """The cells of a table of counts; see `build_counts`."""
    manifests = {dataset: given.manifest(dataset) for dataset in given.manifests}
    for samples, counted in given.samples.items():
        n = int(pd.read_csv(counted["file"])["images"].item())
        manifests[samples] = manifest_of_samples(n, counted["category"])
    return build_counts(name, table, given.judge, manifests, given.published, given.made_with)


def build_counts(
    name: str,
    table: CountTable,
    judge: Callable[[tuple[str, str], Sequence[str]], Judgement],
    manifests: Mapping[str, Manifest],
    published: pd.DataFrame,
    inputs: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> pd.DataFrame:
    """One row per cell (published_cells.COLUMNS): images, however many tiles they gave. Raises as `build_table`.

    `judge`: as there. `inputs`: sample set -> the datasets that it is made with.
    """
    keys = {(row, column) for row in table.rows for column in table.columns}
    printed = printed_cells(name, published, keys, table.omitted)
    _check_classes(name, table, manifests)
    rows = []
    for row, spec in table.rows.items():
        for column, wanted in table.columns.items():
            tiles = [
                (dataset, PLACE.sub("", item["id"]))
                for dataset in spec.datasets
                for item in manifests[dataset]
                if item["split"] == wanted.split and wanted.category in (None, item["class"])
            ]
            images = set(tiles)
            notes = [f"{TILES}{len(tiles)} tiles"] if len(tiles) > len(images) else []
            ours = {"value": len(images), "low": np.nan, "high": np.nan, "over": "", "n": len(images), "seeds": 1}
            about = [name for dataset in spec.datasets for name in inputs.get(dataset, [dataset])]
            rows.append(beside_published((row, column), ours, printed, judge((row, column), about), notes))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def manifest_of_samples(n: int, category: str) -> Manifest:
    """Samples as a table counts them: training images of a class."""
    return [{"id": str(index), "split": "train", "class": category} for index in range(n)]


def _check_classes(name: str, table: CountTable, manifests: Mapping[str, Manifest]) -> None:
    """Raises TableError for images of a class that no column counts: they would pass for absent ones."""
    counted = {column.category for column in table.columns.values() if column.category}
    if any(column.category is None for column in table.columns.values()):
        return
    for dataset in (dataset for row in table.rows.values() for dataset in row.datasets):
        others = {item["class"] for item in manifests[dataset]} - counted
        if others:
            raise TableError(
                f"{name}: {dataset} holds images of the class {sorted(others)[0]!r}, expected "
                f"{', '.join(sorted(counted))}; name it in datasets.{dataset}, or give the table a column for it"
            )
