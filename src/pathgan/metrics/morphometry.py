"""Form, stain and texture of every nucleus of an image, and how far the nuclei of two sets are apart.

They need no trained network, and a pathologist can read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import wasserstein_distance
from skimage.measure import regionprops_table

from pathgan.stains import unmix

LEVELS = 16  # of haematoxylin, to which texture is rounded,
DARKEST = 2.0  # from none to this optical density
STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))  # from a pixel to four of its eight neighbours: each pair once
FORM = ("area", "perimeter", "eccentricity", "solidity")
FEATURES = (*FORM, "haematoxylin", "haematoxylin_sd", "contrast", "homogeneity", "neighbour_px")

Nuclei = dict[str, NDArray[np.float64]]


def measure_nuclei(image: NDArray[np.uint8], instances: NDArray[np.integer], stain: str = "eosin") -> Nuclei:
    """Each feature of FEATURES of the n nuclei of an image, in the order of their ids: name -> (n,).

    image: (h, w, 3) RGB. instances: (h, w), 0 for ground. stain: the one beside haematoxylin, `eosin` or `dab`.
    area [px], perimeter [px], eccentricity and solidity in [0, 1] as scikit-image measures them; haematoxylin, mean and
    SD over the nucleus [optical density]; contrast and homogeneity of neighbouring pixels (Haralick 1973, f2 and f5);
    neighbour_px, the distance of centroids to the nearest other one [px]. NaN where a nucleus has none: texture of a
    nucleus without two adjacent pixels, the neighbour of a lone nucleus.
    """
    if image.shape != (*instances.shape, 3):
        raise ValueError(f"expected an image (h, w, 3) for instances (h, w), got {image.shape} and {instances.shape}")
    ids, labels = np.unique(instances, return_inverse=True)
    labels = labels.reshape(instances.shape).astype(np.int32)
    if ids[0] != 0:
        labels += 1  # no ground at all
    n = int(labels.max())
    if n == 0:
        return {name: np.empty(0) for name in FEATURES}
    form = regionprops_table(labels, properties=("centroid", *FORM))
    density = unmix(image, ("haematoxylin", stain))["haematoxylin"].astype(np.float64)
    contrast, homogeneity = _texture(density, labels, n)
    mean, deviation = _moments(density, labels, n)
    return {name: np.asarray(form[name], np.float64) for name in FORM} | {
        "haematoxylin": mean,
        "haematoxylin_sd": deviation,
        "contrast": contrast,
        "homogeneity": homogeneity,
        "neighbour_px": _to_neighbour(np.stack([form["centroid-0"], form["centroid-1"]], axis=1)),
    }


def measure_all(
    images: Iterable[NDArray[np.uint8]], instances: Iterable[NDArray[np.integer]], stain: str = "eosin"
) -> list[Nuclei]:
    """`measure_nuclei` of each image."""
    return [measure_nuclei(image, found, stain) for image, found in zip(images, instances, strict=True)]


def together(images: Sequence[Nuclei]) -> Nuclei:
    """The nuclei of several images."""
    return {name: np.concatenate([np.empty(0), *(image[name] for image in images)]) for name in FEATURES}


def _moments(values: NDArray[np.float64], labels: NDArray[np.int32], n: int) -> tuple[NDArray[np.float64], ...]:
    """Mean and SD of (h, w) over each of the labels 1 to n."""
    flat, count = labels.ravel(), np.bincount(labels.ravel(), minlength=n + 1)[1:]
    mean = np.bincount(flat, values.ravel(), n + 1)[1:] / count
    from_mean = values - np.concatenate([[0.0], mean])[labels]
    return mean, np.sqrt(np.bincount(flat, np.square(from_mean).ravel(), n + 1)[1:] / count)


def _texture(density: NDArray[np.float64], labels: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    """Contrast and homogeneity (2, n): over all pairs of adjacent pixels of a nucleus, in both directions alike.

    Means over pairs are what the sums over a co-occurrence matrix say, without one matrix for each nucleus.
    """
    levels = np.clip(density / DARKEST * LEVELS, 0, LEVELS - 1).astype(np.int64)
    sums, count = np.zeros((2, n + 1)), np.zeros(n + 1)
    for down, right in STEPS:
        here, there = _pairs(labels.shape, down, right)
        inside = labels[here] == labels[there]
        squared = np.square(levels[here] - levels[there])[inside]
        of = labels[here][inside]
        count += np.bincount(of, minlength=n + 1)
        sums += [np.bincount(of, values, n + 1) for values in (squared, 1 / (1 + squared))]
    with np.errstate(invalid="ignore"):
        return (sums / count)[:, 1:]


def _pairs(shape: tuple[int, ...], down: int, right: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where the first and the second pixels of all pairs that lie so far apart are."""
    h, w = shape
    columns = (slice(0, w - right), slice(right, w)) if right >= 0 else (slice(-right, w), slice(0, w + right))
    return (slice(0, h - down), columns[0]), (slice(down, h), columns[1])


def _to_neighbour(centroids: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2) -> (n,)."""
    if len(centroids) < 2:
        return np.full(len(centroids), np.nan)
    return cKDTree(centroids).query(centroids, k=2)[0][:, 1]


def shifts(real: Mapping[str, NDArray[np.float64]], fake: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    """How far the nuclei `fake` are from `real`: of each feature Wasserstein's distance, in SDs of the real nuclei.

    inf where there are no values of `fake`, or where they differ from real ones that are all the same. Raises
    ValueError without values of `real`.
    """
    found = {}
    for name, values in real.items():
        ours, theirs = values[~np.isnan(values)], fake[name][~np.isnan(fake[name])]
        if not len(ours):
            raise ValueError(f"expected real nuclei that have a {name}, got none")
        distance = wasserstein_distance(ours, theirs) if len(theirs) else np.inf
        found[name] = float(distance / deviation) if (deviation := ours.std()) else (np.inf if distance else 0.0)
    return found
