"""How sharp an image is across contours of nuclei, and how even along them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pathgan.metrics.image_pairs import check_pairs
from pathgan.stains import optical_density

Images = NDArray[np.uint8]
Scores = NDArray[np.float64]
Contours = NDArray[np.bool_]
Part = tuple[slice, slice]
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def contour_contrast(images: Images, contour: Contours) -> Scores:
    """Ours: how far optical density falls across nuclear contours, (n, h, w, 3) and (n, h, w) bool -> (n,).

    Mean over contour pixels and those of their eight neighbours that lie off any contour of the absolute
    difference in optical density, averaged over R, G and B. NaN for an image without contours.
    """
    return np.array([_across(image, edge) for image, edge in _checked(images, contour)])


def contour_roughness(images: Images, contour: Contours) -> Scores:
    """How unlike neighbours along nuclear contours are, (n, h, w, 3) and (n, h, w) bool -> (n,) >= 0.

    The smoothness loss of Enhanced Sharp-GAN (S1, Eqs. 4 and 6) of a finished image: luma in [0, 1], mean over contour
    pixels; 0 for an even contour, NaN for an image without contours.
    """
    return np.array([_along(image, edge) for image, edge in _checked(images, contour)])


def _checked(images: Images, contour: Contours) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    check_pairs(images, images)
    if contour.dtype != np.bool_ or contour.shape != images.shape[:3]:
        raise ValueError(f"expected bool contours of shape {images.shape[:3]}, got {contour.dtype} {contour.shape}")
    return zip(images, contour, strict=True)


def _across(image: NDArray[np.uint8], edge: NDArray[np.bool_]) -> float:
    density = optical_density(image).mean(-1)
    total, n = 0.0, 0
    for here, there in _neighbours():
        counted = edge[here] & ~edge[there]
        total += float(np.abs(density[here] - density[there])[counted].sum(dtype=np.float64))
        n += int(counted.sum())
    return total / n if n else np.nan


def _along(image: NDArray[np.uint8], edge: NDArray[np.bool_]) -> float:
    grey = image.astype(np.float64) @ LUMA / 255
    total = 0.0
    for here, there in _neighbours():
        difference = (grey[here] - grey[there])[edge[here] & edge[there]]
        total += float((2 / (1 + np.exp(-(difference**2))) - 1).sum())
    return total / edge.sum() if edge.any() else np.nan


def _neighbours() -> Iterator[tuple[Part, Part]]:
    """The pixels that have a neighbour in one of eight directions, and these neighbours."""
    steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]
    yield from (((_from(dy), _from(dx)), (_from(-dy), _from(-dx))) for dy, dx in steps)


def _from(step: int) -> slice:
    return slice(step, None) if step > 0 else slice(None, step or None)
