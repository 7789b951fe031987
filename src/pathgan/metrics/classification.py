"""What a classifier takes for what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Labels = Sequence[str] | NDArray[np.str_]


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
