"""Whether a GAN of masks has collapsed: it draws nothing, nuclei everywhere, or the same mask again and again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_ALIKE = 0.9  # mean overlap (IoU) of one mask with the next; those of real smears overlap by 11 %
FULL = 0.95  # share of an image: more is no field of nuclei


def collapse_of(instances: NDArray[np.integer]) -> str:
    """How the masks (n, h, w) have collapsed, in a few words; '' where they have not."""
    masks = instances > 0
    shares = masks.mean(axis=(1, 2))
    n = len(masks)
    if (empty := int((shares == 0).sum())) > n / 2:
        return f"{empty} of {n} masks have no nucleus"
    if (full := int((shares > FULL).sum())) > n / 2:
        return f"{full} of {n} masks are nuclei all over"
    both, either = (masks[1:] & masks[:-1]).sum(axis=(1, 2)), (masks[1:] | masks[:-1]).sum(axis=(1, 2))
    overlap = both[either > 0] / either[either > 0]
    if len(overlap) and overlap.mean() > MOST_ALIKE:
        return f"{n} masks are nearly the same one: each overlaps the next by {overlap.mean():.0%}"
    return ""
