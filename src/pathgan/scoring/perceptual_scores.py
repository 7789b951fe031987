"""LPIPS of samples against the real images of a test split, pair by pair."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pathgan.config.scores.perceptual_score import PerceptualScore
from pathgan.errors import DataError
from pathgan.metrics.image_pairs import Images, Scores, check_pairs
from pathgan.networks.perceptual import lpips_alex
from pathgan.networks.pixels import to_unit
from pathgan.scoring.score_files import Inputs, Tidy, another, paired_ids, tidy
from pathgan.stores.store import ImageStore

BATCH = 16
LEAST_PX = 32  # of a smaller image AlexNet's second pooling leaves nothing


def score(config: PerceptualScore, inputs: Inputs, category: str = "") -> Tidy:
    """`lpips_alex` of samples of a test split, and two floors.

    `lpips_alex_real_real`: a real image against another; `lpips_alex_shuffled`: a sample against the real image of
    another. A model that ignores its input scores no less than the latter.
    """
    items = paired_ids(inputs)
    with ImageStore(inputs.store) as real_store, ImageStore(inputs.predicted) as sample_store:
        real, fake = real_store.images(real_store.rows(items)), sample_store.images(sample_store.rows(items))
    if fake.shape != real.shape:
        raise DataError(f"{inputs.predicted}: holds images of {fake.shape[1:]}, {inputs.store} of {real.shape[1:]}")
    if min(real.shape[1:3]) < LEAST_PX:
        raise DataError(f"{inputs.store}: LPIPS expects images of at least {LEAST_PX} px, got {real.shape[1:3]}")
    if len(items) < 2:
        raise DataError(f"{inputs.manifest}: holds one test image; LPIPS has no floor without a second one")
    assert inputs.weights is not None
    network, others = lpips_alex(inputs.weights), real[another(len(items))]
    scores = {
        "lpips_alex": perceptual_distance(real, fake, network),
        "lpips_alex_real_real": perceptual_distance(real, others, network),
        "lpips_alex_shuffled": perceptual_distance(others, fake, network),
    }
    return tidy(items, scores)


def perceptual_distance(real: Images, fake: Images, network: Any) -> Scores:
    """LPIPS (n,) of images (n, h, w, 3) of at least 32 px: 0 where they are equal. network: what `lpips_alex` gives."""
    check_pairs(real, fake, LEAST_PX)
    parts, cpu = [], torch.device("cpu")
    with torch.inference_mode():
        for start in range(0, len(real), BATCH):
            pair = (2 * to_unit(images[start : start + BATCH], cpu) - 1 for images in (real, fake))
            parts.append(network(*pair).flatten().double().numpy())
    return np.concatenate(parts)
