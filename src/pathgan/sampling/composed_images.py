"""Masks drawn by one GAN, and the images that another makes of them (SynCGAN, Eq. 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from pathgan.errors import DataError
from pathgan.masks.collapse import collapse_of
from pathgan.masks.maps import condition_map, quantised
from pathgan.networks.unet import unet_of
from pathgan.sampling.conditional import Conditional, generate
from pathgan.sampling.drawing import Drawing, draw, generator_of
from pathgan.sampling.sample_work import SampleWork, sample_ids
from pathgan.stores.store import write_store
from pathgan.training.devices import compute_on
from pathgan.training.weight_files import load_weights


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes masks of `drawn`, `ratio` for each image that it learned from, and what `applied` makes of each.

    Raises DataError where the GAN that draws the masks has collapsed: images of them would be of nothing.
    """
    run, masks = Conditional.model_validate(options["applied"]), Drawing.model_validate(options["drawn"])
    n = masks.ratio * len(work.sources["learned"].ids)
    compute = compute_on(work.device, work.threads, run.precision)
    painter = load_weights(generator_of(masks), work.weights["drawn"]).to(compute.device)
    drawn = draw(masks, painter, n, work.seed, replace(compute, precision=masks.precision))
    instances = np.stack(list(drawn)).astype(np.int32)
    if how := collapse_of(instances):
        raise DataError(
            f"{work.weights['drawn']}: the GAN that draws the masks has collapsed: {how}; expected masks like real "
            "ones. Train it with another seed, for another length, or with a smaller generator.depth"
        )
    conditions = np.stack([quantised(condition_map(run.condition, one)) for one in instances])
    generator = load_weights(unet_of(run.generator, run.crop_px), work.weights["weights"]).to(compute.device)
    images = generate(generator, conditions, compute)
    return write_store(work.out, sample_ids(n), work.facts, images=images, instances=iter(instances))
