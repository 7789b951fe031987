"""The files behind a score, and the shape that scores take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.files import write_rows
from pathgan.stores.manifest import ids_of_split, read_manifest
from pathgan.stores.store import RESUMED_STALE, STAND_IN, ImageStore

# An item without nuclei, or without such nuclei, has none, and n says so.
UNDEFINED_WITHOUT_NUCLEI = (
    *("contour_contrast", "contour_contrast_real", "contour_roughness", "contour_roughness_real"),
    *("aji_touching", "aji_lone"),
)
Tidy = list[tuple[str, str, float]]  # item, metric, value


@dataclass(frozen=True)
class Inputs:
    """The files of a score.

    predicted: samples or segmentations. store, manifest: the real images. source_...: the images that samples are
    translations of. real_embeddings, fake_embeddings: of the store's images and of the samples, for the scores that
    compare embeddings. real_instances, fake_instances: nuclei that the same run found in both. weights: of a network
    that others trained, checked. class_...: of each class, for the score that needs real images of several.
    """

    predicted: Path
    store: Path
    manifest: Path
    source_store: Path | None = None
    source_manifest: Path | None = None
    source_embeddings: Path | None = None
    real_embeddings: Path | None = None
    fake_embeddings: Path | None = None
    real_instances: Path | None = None
    fake_instances: Path | None = None
    weights: Path | None = None
    class_stores: tuple[Path, ...] = ()
    class_manifests: tuple[Path, ...] = ()
    class_embeddings: tuple[Path, ...] = ()


def facts_of_images(predicted: Path) -> Tidy:
    """What a store of samples or segmentations says must stand beside every score of it."""
    if predicted.suffix != ".h5":
        return []
    with ImageStore(predicted) as store:
        facts = store.facts
    said = {"stand_in_style": STAND_IN in facts, "resumed_stale": RESUMED_STALE in facts}
    return [(SET, name, 1.0) for name, holds in said.items() if holds]


def write_scores(scores: Tidy, path: Path) -> None:
    write_rows(path, ("item", "metric", "value"), ((item, metric, f"{value:.9g}") for item, metric, value in scores))


def paired_ids(inputs: Inputs) -> list[str]:
    """The ids of the real test images, which samples share. Raises DataError where samples are of other images."""
    ids = test_ids(inputs.manifest)
    sources = ids if inputs.source_manifest is None else test_ids(inputs.source_manifest)
    if lonely := sorted(set(sources) ^ set(ids)):
        raise DataError(
            f"{inputs.source_manifest} and {inputs.manifest}: expected the same test images in both, as pairs are "
            f"scored; {len(lonely)} without a companion, first: {lonely[0]}. Register or name them alike, then "
            "prepare both again"
        )
    return ids


def test_ids(manifest: Path) -> list[str]:
    """Of the test split, in the manifest's order."""
    return ids_of_split(read_manifest(manifest), "test", manifest.name)


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
