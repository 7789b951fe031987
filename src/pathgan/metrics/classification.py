"""What two classifiers got right and wrong on the same images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Labels = Sequence[str] | NDArray[np.str_]


def mcnemar_exact(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_]) -> float:
    """Two-sided p of the exact McNemar test that two classifiers err equally often on the same (n,) images."""
    if right_a.shape != right_b.shape or right_a.ndim != 1:
        raise ValueError(f"expected answers to the same images (n,), got {right_a.shape} and {right_b.shape}")
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def confusion_matrix(true: Labels, predicted: Labels, classes: Sequence[str]) -> NDArray[np.int64]:
    """Counts (true class, predicted class) in the order of `classes`; a class without images is a row of zeros.

    Raises ValueError for labels that are not among `classes`, and for a different number of them.
    """
    if len(true) != len(predicted):
        raise ValueError(f"expected a prediction an image, got {len(predicted)} for {len(true)}")
    unknown = sorted({*true, *predicted} - set(classes))
    if unknown:
        raise ValueError(f"expected labels among {', '.join(classes)}, got {', '.join(unknown)}")
    rank = {name: i for i, name in enumerate(classes)}
    table = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(table, ([rank[name] for name in true], [rank[name] for name in predicted]), 1)
    return table
