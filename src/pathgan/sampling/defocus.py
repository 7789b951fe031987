"""`defocus`: focus stacks without a GAN, which say what a score is worth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pathgan.config.runs.defocus_run import DefocusRun
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.focus_stacks import IN_FOCUS, Stack, check_planes, write_stacks

WIDTHS_PX = np.concatenate([[0.0], np.arange(0.3, 8.01, 0.1)])  # of Gaussians that are tried
FITTED = 64  # training stacks at most that the widths are fitted to


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes a stack for each stack of `test`; returns their number.

    `blur`: the plane in focus, blurred in each plane by the Gaussian that makes at most FITTED of `train` best.
    `shuffle`: the true planes in an order drawn with the seed.
    """
    run, test = DefocusRun.model_validate(options), work.sources["test"]
    stacks = test.stacks_of_split()
    check_planes(test.images, stacks)
    if run.how == "shuffle":
        return write_stacks(work.out, test.ids, shuffled(stacks, work.seed))
    known = work.sources["train"].stacks_of_split()
    spread = np.unique(np.linspace(0, len(known) - 1, FITTED).round().astype(int))  # over all slides
    widths = fit_widths(known[spread])
    return write_stacks(work.out, test.ids, (blurred(stack[IN_FOCUS], widths) for stack in stacks))


def fit_widths(stacks: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(n_planes,): the width [px] that makes each plane best of the one in focus, by squared error over all stacks."""
    errors = np.zeros((len(WIDTHS_PX), stacks.shape[1]))
    for stack in stacks:
        for index, width in enumerate(WIDTHS_PX):
            guess = _blur(stack[IN_FOCUS], width).astype(np.float32)
            errors[index] += ((stack - guess) ** 2).mean((1, 2, 3))
    return WIDTHS_PX[errors.argmin(0)]


def blurred(base: NDArray[np.uint8], widths: NDArray[np.float64]) -> Stack:
    """A plane (h, w, 3), blurred by each width: (n_planes, h, w, 3)."""
    return np.stack([_blur(base, width) for width in widths])


def shuffled(stacks: NDArray[np.uint8], seed: int) -> Iterator[Stack]:
    """Each stack with its planes in another order; the order of stack i depends on (seed, i) alone."""
    for index, stack in enumerate(stacks):
        yield stack[np.random.default_rng((seed, index)).permutation(len(stack))]


def _blur(image: NDArray[np.uint8], width: float) -> NDArray[np.uint8]:
    if width == 0:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), float(width), borderType=cv2.BORDER_REPLICATE), np.uint8)
