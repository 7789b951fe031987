"""Images or masks drawn from a GAN of noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.network_options import UNet
from pathgan.config.strict import Positive, Strict
from pathgan.networks.noise_generator import NoiseGenerator, noise_generator_of
from pathgan.networks.pixels import to_pixels
from pathgan.sampling.sample_work import SampleWork, sample_ids
from pathgan.stores.store import write_store
from pathgan.training.devices import Compute, compute_on
from pathgan.training.weight_files import load_weights

BATCH = 8


class Drawing(Strict):
    """`NoiseRun.sampling_options`. ratio: samples for each image that it learned from."""

    makes: Literal["images", "masks"]
    ratio: Positive
    generator: UNet
    n_latent: Positive | None = None
    crop_px: Positive
    precision: Literal["fp32", "bf16"]


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes `ratio` samples for each item of `learned`, images or instance maps; returns their number."""
    run = Drawing.model_validate(options)
    n = run.ratio * len(work.sources["learned"].ids)
    compute = compute_on(work.device, work.threads, run.precision)
    generator = load_weights(generator_of(run), work.weights["weights"]).to(compute.device)
    field = "images" if run.makes == "images" else "instances"
    return write_store(work.out, sample_ids(n), work.facts, **{field: draw(run, generator, n, work.seed, compute)})


def generator_of(run: Drawing) -> NoiseGenerator:
    """Without weights."""
    return noise_generator_of(run.generator, run.crop_px, run.makes, run.n_latent)


@torch.inference_mode()
def draw(
    run: Drawing, generator: NoiseGenerator, n: int, seed: int, compute: Compute
) -> Iterator[NDArray[np.uint8] | NDArray[np.int32]]:
    """n images (h, w, 3) uint8, or instance maps (h, w) int32 of the separate pieces of n masks.

    Sample i depends on (seed, i) alone; without dropout.
    """
    generator.eval()
    shape = generator.latent_shape
    for start in range(0, n, BATCH):
        indices = range(start, min(start + BATCH, n))
        latent = np.stack([np.random.default_rng((seed, index)).standard_normal(shape) for index in indices])
        with compute.autocast():
            fakes = generator(torch.from_numpy(latent.astype(np.float32)).to(compute.device))
        if run.makes == "images":
            yield from to_pixels(fakes)
        else:
            for mask in (fakes[:, 0] > 0).cpu().numpy():
                yield cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1].astype(np.int32)
