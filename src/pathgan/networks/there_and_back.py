"""Two generators, one after the other: an image's translation, and what comes back of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pathgan.networks.pixels import to_pixels, to_signed

Images = NDArray[np.uint8]


@torch.inference_mode()
def translate(
    generator: nn.Module,
    inverse: nn.Module,
    images: Images,
    device: torch.device,
    autocast: Callable[[], AbstractContextManager[Any]],
    batch_size: int = 4,
) -> Iterator[tuple[Images, Images]]:
    """For each image (h, w, 3) its translation and what comes back, both (h, w, 3) uint8."""
    generator.eval(), inverse.eval()
    for start in range(0, len(images), batch_size):
        with autocast():
            fake = generator(to_signed(images[start : start + batch_size], device))
            back = inverse(fake)
        yield from zip(to_pixels(fake), to_pixels(back), strict=True)
