"""Who is held out: seeded, and never a patient, slide or image on both sides."""

from __future__ import annotations

import numpy as np

from pathgan.config.datasets import Split
from pathgan.datasets.adapters import Item
from pathgan.errors import DataError


def group_of(item: Item, by: str) -> str:
    """What an item is held out with: its patient or slide where the data know it, else itself."""
    return item.patient or item.id if by in ("patient", "slide") else item.id


def assign_splits(groups: dict[str, str], split: Split) -> dict[str, str]:
    """Group -> `train` or `test`. `groups` maps each group to the split its data give it, or to ''.

    At least one group lies on either side. Raises DataError where that cannot be.
    """
    given = {group: side for group, side in groups.items() if side}
    free = sorted(group for group, side in groups.items() if not side)
    order = np.random.default_rng(split.seed).permutation(len(free))
    n_test = round(split.test_fraction * len(groups)) - sum(side == "test" for side in given.values())
    if "test" not in given.values():
        n_test = max(n_test, 1)
    if "train" not in given.values():
        n_test = min(n_test, len(free) - 1)
    sides = {free[index]: "test" if rank < n_test else "train" for rank, index in enumerate(order)}
    sides |= given
    if {"train", "test"} - set(sides.values()):
        other = "" if split.by == "image" else ", or split by image"
        raise DataError(f"cannot split {len(groups)} {split.by}(s) into train and test; add some{other}")
    return sides
