"""From image sets to a tidy score table: item, metric, value."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
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

SIMILARITY = {
    "ssim": structural_similarity,
    "fsim": feature_similarity,
    "gmsd": gradient_magnitude_similarity_deviation,
}
METRICS = {
    "similarity": (*SIMILARITY, "contour_contrast"),
    "utility": ("dq", "sq", "pq", "aji"),
    "segmentation": ("dq", "sq", "pq", "aji"),
}


def score(kind: str, predicted: Path, store: Path, manifest: Path) -> pd.DataFrame:
    """The tidy scores of a kind in METRICS: item, metric, value."""
    return (score_similarity if kind == "similarity" else score_instances)(predicted, store, manifest)


def score_similarity(samples: Path, store: Path, manifest: Path) -> pd.DataFrame:
    """Samples of a test split against the real images of it."""
    items, rows = _test_items(manifest)
    with ImageStore(store) as real_store, ImageStore(samples) as sample_store:
        real, instances = real_store.read("images", rows), real_store.read("instances", rows)
        fake = sample_store.read("images")
    _check_count(samples, len(fake), len(items))
    scores = {name: metric(real, fake) for name, metric in SIMILARITY.items()}
    scores["contour_contrast"] = contour_contrast(fake, np.stack([contours(field) for field in instances]))
    return _tidy(items, scores)


def score_instances(predictions: Path, store: Path, manifest: Path) -> pd.DataFrame:
    """Predicted against true instances of a test split."""
    items, rows = _test_items(manifest)
    with ImageStore(store) as truth, ImageStore(predictions) as predicted_store:
        true, predicted = truth.read("instances", rows), predicted_store.read("instances")
    _check_count(predictions, len(predicted), len(items))
    pairs = list(zip(true, predicted, strict=True))
    quality = np.array([panoptic_quality(*pair) for pair in pairs])
    aji = np.array([aggregated_jaccard_index(*pair) for pair in pairs])
    return _tidy(items, {"dq": quality[:, 0], "sq": quality[:, 1], "pq": quality[:, 2], "aji": aji})


def write_scores(scores: pd.DataFrame, path: Path) -> None:
    with atomic(path) as temporary:
        scores.to_csv(temporary, index=False, float_format="%.9g", lineterminator="\n")


def _test_items(manifest: Path) -> tuple[list[str], NDArray[np.int64]]:
    table = read_manifest(manifest)
    rows = rows_of_split(table, "test", manifest.name)
    return table["id"].iloc[rows].tolist(), rows


def _check_count(path: Path, n: int, expected: int) -> None:
    if n != expected:
        raise DataError(f"{path}: holds {n} images, the test split has {expected}; make it again with --force")


def _tidy(items: list[str], scores: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    parts = [pd.DataFrame({"item": items, "metric": name, "value": values}) for name, values in scores.items()]
    return pd.concat(parts, ignore_index=True)
