"""How well predicted instances match true ones: DQ, SQ, PQ, AJI and Dice, from one table of overlaps.

Maps are integer (h, w): 0 is background, any other value a nucleus; ids need no order and may have gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Instances = NDArray[np.integer]
Counts = NDArray[np.int64]
LARGEST_TABLE = 1 << 24  # entries of a table that is counted by ids as they are; beyond, they are renumbered


@dataclass(frozen=True)
class Overlaps:
    """The pairs of a true and a predicted nucleus that share pixels, in the order of the true one's id.

    true, predicted: (n_pairs,) rows into the areas. shared: (n_pairs,) pixels. Areas [px]: of all nuclei.
    """

    true: Counts
    predicted: Counts
    shared: Counts
    true_area: Counts
    predicted_area: Counts

    @property
    def union(self) -> Counts:
        return self.true_area[self.true] + self.predicted_area[self.predicted] - self.shared

    @property
    def best(self) -> NDArray[np.intp]:
        """Of each true nucleus that shares pixels with one: the pair of largest IoU, of equal ones of the lowest id."""
        by_iou = np.lexsort((self.predicted, -self.shared / self.union, self.true))
        return by_iou[np.unique(self.true[by_iou], return_index=True)[1]]

    @property
    def n(self) -> int:
        """Nuclei on both sides."""
        return len(self.true_area) + len(self.predicted_area)


def instance_scores(true: Instances, predicted: Instances) -> dict[str, float]:
    """`dq`, `sq`, `pq`, `aji` and `dice` of two (h, w) maps, for the time of one of them."""
    overlaps = overlaps_of(true, predicted)
    dq, sq, pq = _panoptic_quality(overlaps)
    return {"dq": dq, "sq": sq, "pq": pq, "aji": _aggregated_jaccard_index(overlaps), "dice": _dice(overlaps)}


def panoptic_quality(true: Instances, predicted: Instances) -> tuple[float, float, float]:
    """Detection, segmentation and panoptic quality (Kirillov 2018) of two (h, w) maps.

    A pair matches where IoU > 0.5. Two empty maps agree (1, 1, 1); one empty map gives (0, 0, 0).
    """
    return _panoptic_quality(overlaps_of(true, predicted))


def aggregated_jaccard_index(true: Instances, predicted: Instances) -> float:
    """AJI (Kumar 2017) of two (h, w) maps. Two empty maps give 1, one empty map 0.

    Each true nucleus takes the predicted one of largest IoU, of equal ones that with the lowest id.
    """
    return _aggregated_jaccard_index(overlaps_of(true, predicted))


def dice_coefficient(true: Instances, predicted: Instances) -> float:
    """Dice of the nuclei's pixels in two (h, w) maps, whichever nucleus they belong to; two empty maps give 1."""
    return _dice(overlaps_of(true, predicted))


def _panoptic_quality(overlaps: Overlaps) -> tuple[float, float, float]:
    if overlaps.n == 0:
        return 1.0, 1.0, 1.0
    iou = overlaps.shared / overlaps.union
    matched = iou[iou > 0.5]
    detection = 2 * len(matched) / overlaps.n
    segmentation = float(matched.mean()) if len(matched) else 0.0
    return detection, segmentation, detection * segmentation


def _aggregated_jaccard_index(overlaps: Overlaps) -> float:
    if not len(overlaps.true_area) or not len(overlaps.predicted_area):
        return float(overlaps.n == 0)
    union, best = overlaps.union, overlaps.best
    alone_true = np.delete(overlaps.true_area, overlaps.true[best])
    alone_predicted = np.delete(overlaps.predicted_area, overlaps.predicted[best])
    return float(overlaps.shared[best].sum() / (union[best].sum() + alone_true.sum() + alone_predicted.sum()))


def _dice(overlaps: Overlaps) -> float:
    if overlaps.n == 0:
        return 1.0
    return float(2 * overlaps.shared.sum() / (overlaps.true_area.sum() + overlaps.predicted_area.sum()))


def overlaps_of(true: Instances, predicted: Instances) -> Overlaps:
    """Of two (h, w) maps. Raises ValueError for maps of other sizes or kinds."""
    if true.shape != predicted.shape or true.ndim != 2:
        raise ValueError(f"expected two maps of one size (h, w), got {true.shape} and {predicted.shape}")
    if not all(np.issubdtype(ids.dtype, np.integer) or ids.dtype == np.bool_ for ids in (true, predicted)):
        raise ValueError(f"expected integer ids, got {true.dtype} and {predicted.dtype}")
    if min(true.min(initial=0), predicted.min(initial=0)) < 0:
        raise ValueError("expected ids of 0 (background) and above, got negative ones")
    rows, columns = int(true.max(initial=0)) + 1, int(predicted.max(initial=0)) + 1
    if rows * columns > LARGEST_TABLE:
        (true, rows), (predicted, columns) = _renumbered(true), _renumbered(predicted)
    pair = true.astype(np.int32).ravel()
    pair *= np.int32(columns)
    pair += predicted.astype(np.int32, copy=False).ravel()
    # Runs of equal pairs are counted, not pixels: neighbours are mostly alike.
    is_first = np.ones(pair.size, bool)
    np.not_equal(pair[1:], pair[:-1], out=is_first[1:])
    starts = np.flatnonzero(is_first)
    lengths = np.diff(starts, append=pair.size)
    table = np.bincount(pair[starts], lengths, rows * columns).astype(np.int64).reshape(rows, columns)
    true_area, predicted_area = table.sum(1)[1:], table.sum(0)[1:]
    row, column = np.nonzero(table[1:, 1:])
    shared = table[1:, 1:][row, column]
    present_true, present_predicted = true_area > 0, predicted_area > 0
    return Overlaps(
        (np.cumsum(present_true) - 1)[row],
        (np.cumsum(present_predicted) - 1)[column],
        shared,
        true_area[present_true],
        predicted_area[present_predicted],
    )


def _renumbered(instances: Instances) -> tuple[Instances, int]:
    """Ids as 1..n in ascending order, background 0, and n + 1."""
    ids, ranks = np.unique(instances, return_inverse=True)
    has_background = len(ids) and ids[0] == 0
    ranks = ranks.reshape(instances.shape) + (0 if has_background else 1)
    return ranks, len(ids) + (0 if has_background else 1)
