"""Samples of traditional augmentation: mirrored, turned and noisy images."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pathgan.config.runs.augmentation_run import AugmentationRun
from pathgan.sampling.augmentation import augmented

# --- augmentation -------------------------------------------------------------------------------------------


def augmentation(**options):
    return AugmentationRun(recipe="augmentation", dataset="s", category="benign", **options)


def test_without_turns_and_noise_an_image_is_mirrored_at_most(rng):
    images = rng.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    made = list(augmented(augmentation(ratio=8, max_rotation_deg=0, noise_sd=0), images, 0))
    assert len(made) == 24
    seen = set()
    for index, sample in enumerate(made):
        image = images[index % 3]
        mirrored = {"as it was": image, "left": image[:, ::-1], "up": image[::-1], "both": image[::-1, ::-1]}
        seen |= {name for name, other in mirrored.items() if np.array_equal(sample, other)}
        assert any(np.array_equal(sample, other) for other in mirrored.values())
    assert seen == set(mirrored)


def test_turned_corners_are_tissue_and_noise_has_its_strength():
    images = np.full((2, 32, 32, 3), 128, np.uint8)
    made = np.stack(list(augmented(augmentation(ratio=20, noise_sd=0.02), images, 3)))
    assert made.min() > 128 - 6 * 0.02 * 255
    assert made.astype(float).std() == pytest.approx(0.02 * 255, rel=0.05)


def test_a_sample_of_augmentation_depends_on_its_seed_and_number_alone(rng):
    images = rng.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
    torch.manual_seed(1)
    one = list(augmented(augmentation(), images, 0))
    torch.manual_seed(2)
    assert all(np.array_equal(a, b) for a, b in zip(one, augmented(augmentation(), images, 0), strict=True))
    assert not np.array_equal(one[0], next(augmented(augmentation(), images, 1)))
