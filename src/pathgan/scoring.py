"""From image sets to a tidy score table: item, metric, value."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import atomic
from pathgan.masks import contours
from pathgan.metrics import (
    aggregated_jaccard_index,
    contour_contrast,
    feature_similarity,
    gradient_magnitude_similarity_deviation,
    panoptic_quality,
    structural_similarity,
)

UNDEFINED_WITHOUT_NUCLEI = ("contour_contrast",)  # an item without nuclei has none, and n says so
Score = tuple[str, str, float]  # item, metric, value
SIMILARITY = {
    "ssim": structural_similarity,
    "fsim": feature_similarity,
    "gmsd": gradient_magnitude_similarity_deviation,
}


def score(kind: str, predicted: Path, store: Path, manifest: Path) -> list[Score]:
    """The tidy scores of a kind in SCORE_METRICS: item, metric, value."""
    return (score_similarity if kind == "similarity" else score_instances)(predicted, store, manifest)


def score_similarity(samples: Path, store: Path, manifest: Path) -> list[Score]:
    """Samples of a test split against the real images of it."""
    items, rows = _test_items(manifest)
    with ImageStore(store) as real_store, ImageStore(samples) as sample_store:
        real, instances = real_store.images(rows), real_store.instances(rows)
        fake = sample_store.images()
    _check_count(samples, len(fake), len(items))
    scores = {name: metric(real, fake) for name, metric in SIMILARITY.items()}
    scores["contour_contrast"] = contour_contrast(fake, np.stack([contours(field) for field in instances]))
    return _tidy(items, scores)


def score_instances(predictions: Path, store: Path, manifest: Path) -> list[Score]:
    """Predicted against true instances of a test split."""
    items, rows = _test_items(manifest)
    with ImageStore(store) as truth, ImageStore(predictions) as predicted_store:
        true, predicted = truth.instances(rows), predicted_store.instances()
    _check_count(predictions, len(predicted), len(items))
    pairs = list(zip(true, predicted, strict=True))
    quality = np.array([panoptic_quality(*pair) for pair in pairs])
    aji = np.array([aggregated_jaccard_index(*pair) for pair in pairs])
    return _tidy(items, {"dq": quality[:, 0], "sq": quality[:, 1], "pq": quality[:, 2], "aji": aji})


def write_scores(scores: list[Score], path: Path) -> None:
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("item", "metric", "value"))
        writer.writerows((item, metric, f"{value:.9g}") for item, metric, value in scores)


def _test_items(manifest: Path) -> tuple[list[str], NDArray[np.int64]]:
    table = read_manifest(manifest)
    rows = rows_of_split(table, "test", manifest.name)
    return [table[row]["id"] for row in rows], rows


def _check_count(path: Path, n: int, expected: int) -> None:
    if n != expected:
        raise DataError(f"{path}: holds {n} images, the test split has {expected}; make it again with --force")


def _tidy(items: list[str], scores: dict[str, NDArray[np.float64]]) -> list[Score]:
    return [
        (item, name, float(value))
        for name, values in scores.items()
        for item, value in zip(items, values, strict=True)
        if name not in UNDEFINED_WITHOUT_NUCLEI or not np.isnan(value)
    ]
