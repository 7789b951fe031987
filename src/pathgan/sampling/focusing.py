"""Focus stacks from planes in focus, by the generator of a `focus` run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.strict import Positive, Strict
from pathgan.networks.pixels import to_pixels, to_signed
from pathgan.networks.stack_networks import StackGenerator
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.focus_stacks import N_PLANES, write_stacks
from pathgan.training.devices import Compute, compute_on
from pathgan.training.weight_files import load_weights

BATCH = 16


class Focusing(Strict):
    """`FocusRun.sampling_options`."""

    width: Positive
    n_layers: Positive
    precision: Literal["fp32", "bf16"]


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes the stack of each plane in focus of `images`, and what it shows in focus; returns their number."""
    run, source = Focusing.model_validate(options), work.sources["images"]
    compute = compute_on(work.device, work.threads, run.precision)
    generator = load_weights(generator_of(run), work.weights["weights"]).to(compute.device)
    stacks = focus_through(generator, source.images_of_split(), compute)
    return write_stacks(work.out, source.ids, stacks, work.facts)


def generator_of(run: Focusing) -> StackGenerator:
    """Without weights."""
    return StackGenerator(run.width, N_PLANES, run.n_layers)


@torch.inference_mode()
def focus_through(generator: StackGenerator, bases: NDArray[np.uint8], compute: Compute) -> Iterator[NDArray[np.uint8]]:
    """The stack (n_planes, h, w, 3) of each plane in focus (n, h, w, 3)."""
    generator.eval()
    for start in range(0, len(bases), BATCH):
        with compute.autocast():
            stacks = generator(to_signed(bases[start : start + BATCH], compute.device))
        yield from (to_pixels(stack.transpose(0, 1)) for stack in stacks)
