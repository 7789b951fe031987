"""Planes in focus drawn from a `latent` GAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.strict import Positive, Strict
from pathgan.networks.pixels import to_pixels
from pathgan.networks.stack_networks import BaseGenerator, base_generator_of
from pathgan.sampling.sample_work import SampleWork, sample_ids
from pathgan.stores.store import write_store
from pathgan.training.devices import Compute, compute_on
from pathgan.training.weight_files import load_weights

BATCH = 16


class BasePlanes(Strict):
    """`LatentRun.sampling_options`. ratio: samples for each stack that it learned from."""

    n_latent: Positive
    ratio: Positive
    width: Positive
    crop_px: Positive
    precision: Literal["fp32", "bf16"]


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes `ratio` planes in focus for each stack of `learned`; returns their number."""
    run = BasePlanes.model_validate(options)
    n = run.ratio * len(work.sources["learned"].ids)
    compute = compute_on(work.device, work.threads, run.precision)
    generator = load_weights(generator_of(run), work.weights["weights"]).to(compute.device)
    bases = draw_bases(run, generator, n, work.seed, compute)
    return write_store(work.out, sample_ids(n), work.facts, images=iter(bases))


def generator_of(run: BasePlanes) -> BaseGenerator:
    """Without weights."""
    return base_generator_of(run.n_latent, run.width, run.crop_px)


@torch.inference_mode()
def draw_bases(run: BasePlanes, generator: BaseGenerator, n: int, seed: int, compute: Compute) -> NDArray[np.uint8]:
    """n planes in focus (n, h, w, 3); sample i depends on (seed, i) alone."""
    generator.eval()
    latent = np.stack([np.random.default_rng((seed, index)).standard_normal(run.n_latent) for index in range(n)])
    parts = []
    for part in torch.from_numpy(latent.astype(np.float32)).split(BATCH):
        with compute.autocast():
            parts.append(to_pixels(generator(part.to(compute.device))))
    return np.concatenate(parts)
