"""How well nuclei that touch another one are found, beside lone ones; and how many are found where there is none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.instances import Instances, Overlaps, overlaps_of


def jaccard_by_contact(true: Instances, predicted: Instances) -> tuple[float, float]:
    """Ours: AJI over the true nuclei of (h, w) that touch another one, and over the others.

    As AJI (Kumar 2017), of some of the true nuclei: a predicted nucleus that no true one takes counts where the true
    nucleus is that it shares most pixels with, and nowhere where it shares none. NaN where there are no such nuclei.
    """
    overlaps, touch = overlaps_of(true, predicted), touching(true)
    return _jaccard(overlaps, touch), _jaccard(overlaps, ~touch)


def false_nuclei(true: Instances, predicted: Instances) -> int:
    """Predicted nuclei of (h, w) that share no pixel with a true one."""
    overlaps = overlaps_of(true, predicted)
    return len(overlaps.predicted_area) - len(np.unique(overlaps.predicted))


def touching(instances: Instances) -> NDArray[np.bool_]:
    """Whether each nucleus of (h, w), in the order of their ids, lies beside another one, of eight neighbours."""
    ids = np.unique(instances[instances > 0])
    found: list[NDArray[np.integer]] = []
    for here, there in (
        (instances[:, 1:], instances[:, :-1]),
        (instances[1:], instances[:-1]),
        (instances[1:, 1:], instances[:-1, :-1]),
        (instances[1:, :-1], instances[:-1, 1:]),
    ):
        meet = (here != there) & (here > 0) & (there > 0)
        found += [here[meet], there[meet]]
    return np.isin(ids, np.concatenate(found))


def _jaccard(overlaps: Overlaps, chosen: NDArray[np.bool_]) -> float:
    """chosen: (n_true,) of the nuclei to count."""
    if not chosen.any():
        return np.nan
    best = overlaps.best
    counted = best[chosen[overlaps.true[best]]]
    alone = chosen.copy()
    alone[overlaps.true[counted]] = False
    by_shared = np.lexsort((overlaps.true, -overlaps.shared, overlaps.predicted))
    most = by_shared[np.unique(overlaps.predicted[by_shared], return_index=True)[1]]  # of each predicted nucleus
    left = most[~np.isin(overlaps.predicted[most], overlaps.predicted[best]) & chosen[overlaps.true[most]]]
    missed = overlaps.true_area[alone].sum() + overlaps.predicted_area[overlaps.predicted[left]].sum()
    return float(overlaps.shared[counted].sum() / (overlaps.union[counted].sum() + missed))
