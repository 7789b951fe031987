"""Smoothness along nuclear contours and sharpness across them (Enhanced Sharp-GAN)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import torch
from torch import Tensor

# The eight neighbours as (rows, columns).
NEIGHBOURS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def grey(image: Tensor) -> Tensor:
    """(n, 3, h, w) in [-1, 1] -> luma (n, 1, h, w) in [0, 1]."""
    weights = image.new_tensor(LUMA).view(1, 3, 1, 1)
    return ((image + 1) / 2 * weights).sum(1, keepdim=True)


# Eqs. 4 and 6. The -1 is inside the sum, so that an even contour costs nothing.
def smoothness(gray: Tensor, contour: Tensor) -> Tensor:
    """Penalty on unlike neighbours along nuclear contours.

    gray: (n, 1, h, w) in [0, 1]; contour: (n, 1, h, w) bool. Returns a scalar, the mean over contour
    pixels of all images; 0 for an even contour and where there is none.
    """
    total = gray.new_zeros(())
    for pair in _neighbour_pairs(gray, contour):
        penalty = 2 / (1 + torch.exp(-(pair.difference**2))) - 1
        total = total + (penalty * (pair.here & pair.there)).sum()
    return total / contour.sum().clamp(min=1)


# Eqs. 5 and 7; `all` is the sharpness of Sharp-GAN (Butte 2022), which spares no neighbour.
def sharpness(
    gray: Tensor, contour: Tensor, contrast: float, neighbours: Literal["outside", "all"] = "outside"
) -> Tensor:
    """Penalty on contour pixels that look like their neighbours off the contour.

    gray: (n, 1, h, w) in [0, 1]; contour: (n, 1, h, w) bool; contrast: lambda, the difference below which
    the penalty is high. Returns a scalar, the mean over contour pixels of all images; 0 without contours.
    """
    total = gray.new_zeros(())
    for pair in _neighbour_pairs(gray, contour):
        counted = pair.here if neighbours == "all" else pair.here & ~pair.there
        penalty = torch.exp(-(pair.difference**2) / (2 * contrast**2)) / pair.distance
        total = total + (penalty * counted).sum()
    return total / contour.sum().clamp(min=1)


@dataclass(frozen=True)
class _Pair:
    """All pixels against their neighbour in one direction; neighbours beyond the image do not exist."""

    difference: Tensor  # (n, 1, h', w'), grey of the pixel less that of the neighbour
    here: Tensor  # the pixel lies on a contour
    there: Tensor  # the neighbour does
    distance: float  # [px]


def _neighbour_pairs(gray: Tensor, contour: Tensor) -> Iterator[_Pair]:
    for rows, columns in NEIGHBOURS:
        here, there = (..., _from(-rows), _from(-columns)), (..., _from(rows), _from(columns))
        yield _Pair(gray[here] - gray[there], contour[here], contour[there], sqrt(rows**2 + columns**2))


def _from(step: int) -> slice:
    """The part of an axis that has something `step` away on the other side."""
    return slice(step, None) if step > 0 else slice(None, step or None)
