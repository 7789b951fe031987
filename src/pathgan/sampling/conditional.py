"""Images from conditions by the generator of a `paired` run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.network_options import UNet
from pathgan.config.strict import Positive, Strict
from pathgan.masks.maps import condition_map, quantised
from pathgan.networks.pixels import map_to_unit, to_pixels
from pathgan.networks.unet import UNetGenerator, check_sides, unet_of
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.store import write_store
from pathgan.training.devices import Compute, compute_on
from pathgan.training.weight_files import load_weights


class Conditional(Strict):
    """`PairedRun.sampling_options`."""

    condition: Literal["mask", "distance_map", "skeleton_map"]
    generator: UNet
    crop_px: Positive
    precision: Literal["fp32", "bf16"]
    dropout: bool = False  # at synthesis too


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes an image for each condition of `conditions`; returns their number."""
    run, source = Conditional.model_validate(options), work.sources["conditions"]
    compute = compute_on(work.device, work.threads, run.precision)
    generator = load_weights(unet_of(run.generator, run.crop_px), work.weights["weights"]).to(compute.device)
    conditions = source.maps(lambda one: quantised(condition_map(run.condition, one)))
    images = generate(generator, conditions, compute, work.seed if run.dropout else None)
    return write_store(work.out, source.ids, work.facts, images=images)


@torch.inference_mode()
def generate(
    generator: UNetGenerator,
    conditions: NDArray[np.uint8],
    compute: Compute,
    dropout_seed: int | None = None,
    batch_size: int = 8,
) -> Iterator[NDArray[np.uint8]]:
    """Images (h, w, 3) uint8 for conditions (n, h, w) uint8; dropout_seed: of dropout, without which there is none."""
    check_sides(generator, conditions)
    generator.train(dropout_seed is not None)  # its norms have no running statistics
    if dropout_seed is not None:
        torch.manual_seed(dropout_seed)
    for start in range(0, len(conditions), batch_size):
        x = map_to_unit(conditions[start : start + batch_size], compute.device)
        with compute.autocast():
            fake = generator(2 * x - 1)
        yield from to_pixels(fake)
