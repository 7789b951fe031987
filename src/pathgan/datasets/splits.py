"""Which images are held out: seeded, and never a patient, slide or image on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pathgan.config.dataset_types import Split
from pathgan.errors import DataError

if TYPE_CHECKING:  # the plan of the workflow splits slides, and reads no image
    from pathgan.datasets.items import Item


def groups_of(items: Sequence[Item], by: str) -> list[str]:
    """What each item is held out with: its patient or slide where data know it, else all items of the same bytes."""
    if by in ("patient", "slide"):
        return [item.patient or item.id for item in items]
    first: dict[str, str] = {}
    return [item.id if item.split else first.setdefault(item.sha256 or item.id, item.id) for item in items]


def assign_splits(groups: Mapping[str, str], split: Split, sizes: Mapping[str, int] | None = None) -> dict[str, str]:
    """Group -> `train` or `test`. `groups` maps each group to the split its data give it (`validation` too), or to ''.

    sizes: the images of each group, or its pairs of slides, which `split.n_test` counts. At least one group lies on
    either side. Raises DataError where that cannot be.
    """
    given = {group: side for group, side in groups.items() if side}
    free = sorted(group for group, side in groups.items() if not side)
    counted = sizes if split.n_test and sizes else dict.fromkeys(groups, 1)
    wanted = split.n_test or round(split.test_fraction * len(groups))
    wanted -= sum(counted[group] for group, side in given.items() if side == "test")
    if "test" not in given.values():
        wanted = max(wanted, 1)
    if "train" not in given.values():
        wanted = min(wanted, sum(counted[group] for group in free) - 1)
    sides = dict(given)
    order = np.random.default_rng(split.seed).permutation(len(free))
    for index in reversed(range(len(free))) if split.last else order:
        group = free[index]
        sides[group] = "test" if counted[group] <= wanted else "train"
        wanted -= counted[group] if sides[group] == "test" else 0
    n_chosen = sum(counted[group] for group, side in sides.items() if side == "test")
    if split.n_test and n_chosen != split.n_test:
        raise DataError(
            f"split.n_test: expected {split.n_test} test images and others to train on, could choose {n_chosen} of "
            f"{sum(counted.values())}; are files missing, does the data's own split say otherwise, or does no choice "
            f"of {split.by}s add up to it? n_test: null takes test_fraction instead"
        )
    if {"train", "test"} - set(sides.values()):
        other = "" if split.by == "image" else ", or split by image"
        raise DataError(f"cannot split {len(groups)} {split.by}(s) into train and test; add some{other}")
    return sides


def assign_folds(classes: Mapping[str, str], split: Split) -> dict[str, str]:
    """Group -> `train`, `validation` or `test`, each class dealt out by itself; over all folds each is tested once.

    classes: group -> its class. Raises DataError for a class with fewer groups than folds.
    """
    assert split.folds
    random, sides = np.random.default_rng(split.seed), {}
    for category in sorted(set(classes.values())):
        members = sorted(group for group, of in classes.items() if of == category)
        if len(members) < split.folds:
            raise DataError(
                f"the class {category!r} has {len(members)} {split.by}(s), fewer than split.folds = {split.folds} "
                "(files of the same bytes count once); add some or lower split.folds"
            )
        for place, index in enumerate(random.permutation(len(members))):
            later = (place - split.fold) % split.folds
            held_out = ("test", "validation") if split.validation else ("test",)
            sides[members[index]] = held_out[later] if later < len(held_out) else "train"
    return sides


def chosen(items: Sequence[Item], split: Split) -> list[int]:
    """Which images are taken: `split.per_class` of each class, else all. Raises DataError for a class with fewer."""
    if not split.per_class:
        return list(range(len(items)))
    random, taken = np.random.default_rng(0), []  # the same images whatever the seed of the folds
    for category in sorted({item.category for item in items}):
        members = [index for index, item in enumerate(items) if item.category == category]
        if len(members) < split.per_class:
            raise DataError(
                f"the class {category!r} has {len(members)} images, fewer than split.per_class = {split.per_class}; "
                "add some or lower it"
            )
        taken += [members[index] for index in random.permutation(len(members))[: split.per_class]]
    return sorted(taken)


def check_apart(items: Sequence[Item], sides: Sequence[str]) -> None:
    """Raises DataError where the same bytes lie on both sides, so that a model would be tested on what it has seen,
    and where they are of two classes."""
    seen: dict[str, tuple[str, Item]] = {}
    for item, side in zip(items, sides, strict=True):
        if not item.sha256:
            continue
        other_side, other = seen.setdefault(item.sha256, (side, item))
        if other.category != item.category:
            raise DataError(
                f"{item.source}: the same file as {other.source}, but one is {other.category!r} and the other "
                f"{item.category!r}; remove the wrong one"
            )
        if other_side != side:
            raise DataError(
                f"{item.source}: the same file as {other.source}, but one is in {side} and the other in {other_side}; "
                "remove one of them, or give both the same split or patient"
            )


def check_every_class(items: Sequence[Item], sides: Sequence[str]) -> None:
    """Raises DataError where a side of the split has no image of a class: it could not be learned, or not be tested."""
    held = {(side, item.category) for item, side in zip(items, sides, strict=True)}
    for side in sorted(set(sides)):
        for category in sorted({item.category for item in items}):
            if (side, category) not in held:
                raise DataError(
                    f"split.folds: the {side} images have none of the class {category!r}, as patients have images of "
                    "several classes; change split.seed, or lower split.folds"
                )
