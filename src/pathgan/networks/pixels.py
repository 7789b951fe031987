"""Between pixels (uint8) and what networks take and give."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def channels_first(pixels: Tensor) -> Tensor:
    """(n, h, w) or (n, h, w, c) uint8 -> (n, c, h, w) float32 in [0, 255]."""
    stacked = pixels if pixels.ndim == 4 else pixels[..., None]
    return stacked.permute(0, 3, 1, 2).to(torch.float32)


def to_unit(pixels: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """(n, h, w) or (n, h, w, c) -> (n, c, h, w) float32 in [0, 1]."""
    return channels_first(_on(pixels, device)).div(255)


def map_to_unit(maps: NDArray[np.uint8], device: torch.device) -> Tensor:
    """(n, h, w) -> (n, 1, h, w) float32 in [0, 1], in plain layout: strides decide how convolutions round."""
    return _on(maps[:, None], device).to(torch.float32).div(255)


def to_signed(pixels: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    """(n, h, w) or (n, h, w, c) -> (n, c, h, w) float32 in [-1, 1]."""
    return channels_first(_on(pixels, device)) / 127.5 - 1


def to_pixels(x: Tensor) -> NDArray[np.uint8]:
    """(n, 3, h, w) in [-1, 1] -> (n, h, w, 3) uint8."""
    pixels = ((x.float() + 1) * 127.5).round().clamp(0, 255).byte()
    return pixels.permute(0, 2, 3, 1).cpu().numpy()


def _on(pixels: NDArray[np.uint8] | Tensor, device: torch.device) -> Tensor:
    return (pixels if isinstance(pixels, Tensor) else torch.from_numpy(np.ascontiguousarray(pixels))).to(device)
