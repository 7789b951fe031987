"""The files behind a score, and the shape that scores take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.store import read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import write_rows

UNDEFINED_WITHOUT_NUCLEI = ("contour_contrast",)  # an item without nuclei has none, and n says so
Tidy = list[tuple[str, str, float]]  # item, metric, value


@dataclass(frozen=True)
class Inputs:
    """The files of a score.

    predicted: samples or segmentations. store, manifest: the real images. source_...: the images that samples are
    translations of. real_embeddings, fake_embeddings: of the store's images and of the samples, for the scores that
    compare embeddings. class_...: of each class, for the score that needs real images of several.
    """

    predicted: Path
    store: Path
    manifest: Path
    source_store: Path | None = None
    source_manifest: Path | None = None
    source_embeddings: Path | None = None
    real_embeddings: Path | None = None
    fake_embeddings: Path | None = None
    class_stores: tuple[Path, ...] = ()
    class_manifests: tuple[Path, ...] = ()
    class_embeddings: tuple[Path, ...] = ()


def write_scores(scores: Tidy, path: Path) -> None:
    write_rows(path, ("item", "metric", "value"), ((item, metric, f"{value:.9g}") for item, metric, value in scores))


def paired_items(inputs: Inputs) -> tuple[list[str], NDArray[np.int64]]:
    """Names and rows of the real test images. Raises DataError where samples are of images with other names."""
    items, rows = named_test(inputs.manifest)
    sources = items if inputs.source_manifest is None else named_test(inputs.source_manifest)[0]
    if sources != items:
        lonely = sorted(set(sources) ^ set(items))
        told = f"{len(lonely)} without a companion, first: {lonely[0]}" if lonely else "in another order"
        raise DataError(
            f"{inputs.source_manifest} and {inputs.manifest}: expected the same test images in both, as pairs are "
            f"scored; {told}. Register or name them alike, then prepare both again"
        )
    return items, rows


def named_test(manifest: Path) -> tuple[list[str], NDArray[np.int64]]:
    table = read_manifest(manifest)
    rows = rows_of_split(table, "test", manifest.name)
    return [table[row]["id"] for row in rows], rows


def check_count(path: Path | None, n: int, expected: int) -> None:
    if n != expected:
        raise DataError(f"{path}: holds {n} images, the test split has {expected}; make it again with --force")


def tidy(items: list[str], scores: dict[str, NDArray[np.float64]]) -> Tidy:
    return [
        (item, name, float(value))
        for name, values in scores.items()
        for item, value in zip(items, values, strict=True)
        if name not in UNDEFINED_WITHOUT_NUCLEI or not np.isnan(value)
    ]


def another(n: int) -> NDArray[np.int64]:
    """For each of n images the index of another one, each used once, seeded."""
    order = np.random.default_rng(0).permutation(n)
    others = np.empty(n, np.int64)
    others[order] = np.roll(order, 1)
    return others
