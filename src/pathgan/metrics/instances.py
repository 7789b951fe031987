"""How well predicted instances match true ones: DQ, SQ, PQ and AJI from one table of overlaps; and Dice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Instances = NDArray[np.integer]


@dataclass(frozen=True)
class _Overlaps:
    """Pixels shared by true nucleus i and predicted nucleus j, background left out."""

    shared: NDArray[np.int64]  # (n_true, n_predicted)
    true_area: NDArray[np.int64]
    predicted_area: NDArray[np.int64]

    @property
    def union(self) -> NDArray[np.int64]:
        return self.true_area[:, None] + self.predicted_area[None] - self.shared


def panoptic_quality(true: Instances, predicted: Instances) -> tuple[float, float, float]:
    """Detection, segmentation and panoptic quality (Kirillov 2018) of two (h, w) maps; ids need no order.

    A pair matches where IoU > 0.5. Two empty maps agree (1, 1, 1); one empty map gives (0, 0, 0).
    """
    overlaps = _overlaps(true, predicted)
    n_true, n_predicted = overlaps.shared.shape
    if n_true + n_predicted == 0:
        return 1.0, 1.0, 1.0
    iou = overlaps.shared / np.maximum(overlaps.union, 1)
    matched = iou[iou > 0.5]
    detection = 2 * len(matched) / (n_true + n_predicted)
    segmentation = float(matched.mean()) if len(matched) else 0.0
    return detection, segmentation, detection * segmentation


def aggregated_jaccard_index(true: Instances, predicted: Instances) -> float:
    """AJI (Kumar 2017) of two (h, w) maps; ids need no order. Two empty maps give 1, one empty map 0."""
    overlaps = _overlaps(true, predicted)
    n_true, n_predicted = overlaps.shared.shape
    if n_true == 0 or n_predicted == 0:
        return float(n_true == n_predicted)
    iou = overlaps.shared / overlaps.union
    best = iou.argmax(1)
    paired = iou.max(1) > 0
    rows = np.flatnonzero(paired)
    unused = np.setdiff1d(np.arange(n_predicted), best[paired])
    inter = overlaps.shared[rows, best[rows]].sum()
    union = overlaps.union[rows, best[rows]].sum()
    union += overlaps.true_area[~paired].sum() + overlaps.predicted_area[unused].sum()
    return float(inter / union)


def dice_coefficient(true: Instances, predicted: Instances) -> float:
    """Dice of the nuclei's pixels in two (h, w) maps, whichever nucleus they belong to; two empty maps give 1."""
    _check_maps(true, predicted)
    a, b = true != 0, predicted != 0
    n = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / n if n else 1.0


def _check_maps(true: Instances, predicted: Instances) -> None:
    if true.shape != predicted.shape or true.ndim != 2:
        raise ValueError(f"expected two maps of one size (h, w), got {true.shape} and {predicted.shape}")


def _overlaps(true: Instances, predicted: Instances) -> _Overlaps:
    _check_maps(true, predicted)
    rows, n_true = _ranks(true)
    columns, n_predicted = _ranks(predicted)
    table = np.bincount(rows * (n_predicted + 1) + columns, minlength=(n_true + 1) * (n_predicted + 1))
    table = table.reshape(n_true + 1, n_predicted + 1)
    return _Overlaps(table[1:, 1:], table[1:].sum(1), table[:, 1:].sum(0))


def _ranks(instances: Instances) -> tuple[NDArray[np.int64], int]:
    """Ids replaced by 1..n in ascending order, flat, and n; a map without background has no rank 0."""
    present = np.zeros(int(instances.max(initial=0)) + 1, bool)
    present[instances] = True
    present[0] = False
    ranks = np.cumsum(present) * present
    return ranks[instances].ravel(), int(present.sum())
