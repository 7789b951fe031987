"""The manifest of a dataset: what is known of each of its items, a row each."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.files import atomic

Manifest = list[dict[str, str]]
MANIFEST_COLUMNS = ("id", "source", "sha256", "class", "group", "patient", "split", "x", "y", "level", "mpp")


def write_manifest(path: Path, rows: list[dict[str, object]]) -> None:
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, MANIFEST_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def units_of(manifests: Iterable[Path | str]) -> dict[str, str]:
    """Item -> its patient where data know it, though images were split, else what it was held out with."""
    return {row["id"]: row["patient"] or row["group"] for path in manifests for row in read_manifest(path)}


def read_manifest(path: Path | str) -> Manifest:
    """One row per item of the store, in its order; all values are strings."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rows_of_split(manifest: Manifest, split: str, where: str, category: str = "") -> NDArray[np.int64]:
    """The rows of `train`, `validation`, `test` or `all` items, of one class where it is named, ascending.

    Raises DataError where there are none.
    """
    rows = [
        index for index, row in enumerate(manifest) if split in ("all", row["split"]) and category in ("", row["class"])
    ]
    if not rows:
        of_class = f" of the class {category!r}" if category else ""
        raise DataError(f"{where}: the {split} split{of_class} is empty; change the dataset's `split` or add images")
    return np.array(rows, np.int64)


def items_of_split(manifest: Manifest, split: str, where: str, category: str = "") -> Manifest:
    """The rows themselves, and errors, as of `rows_of_split`."""
    return [manifest[row] for row in rows_of_split(manifest, split, where, category)]


def ids_of_split(manifest: Manifest, split: str, where: str, category: str = "") -> list[str]:
    """The ids of those rows."""
    return [row["id"] for row in items_of_split(manifest, split, where, category)]
