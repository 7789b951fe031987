"""Features of nuclei against scikit-image and scipy, nucleus by nucleus, and against forms that are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import label, regionprops

from pathgan.config.metric_table import given_by
from pathgan.datasets.image_files import read_image
from pathgan.metrics.morphometry import DARKEST, FEATURES, FORM, LEVELS, measure_nuclei, shifts
from pathgan.stains import beer_lambert, unmix


def painted(density: np.ndarray) -> np.ndarray:
    """An image (h, w, 3) of haematoxylin alone."""
    return np.round(beer_lambert({"haematoxylin": density})).astype(np.uint8)


def discs(radii: list[int], spacing: int = 50) -> np.ndarray:
    """Instances of discs side by side, ids 3, 6, 9, ..."""
    instances = np.zeros((spacing, spacing * len(radii)), np.int32)
    y, x = np.indices(instances.shape)
    for k, radius in enumerate(radii):
        centre = spacing // 2, spacing // 2 + spacing * k
        instances[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2] = 3 * (k + 1)
    return instances


def test_discs_have_the_features_of_discs() -> None:
    instances = discs([8, 15])
    found = measure_nuclei(painted(np.where(instances == 3, 0.5, np.where(instances == 6, 1.0, 0.05))), instances)
    assert list(found) == list(FEATURES)
    assert found["area"] == pytest.approx([np.pi * 64, np.pi * 225], rel=0.03)
    assert found["perimeter"] == pytest.approx([2 * np.pi * 8, 2 * np.pi * 15], rel=0.06)
    assert found["eccentricity"] == pytest.approx([0, 0], abs=1e-6)
    assert (found["solidity"] > 0.9).all()  # of the hull of pixels with corners
    assert found["haematoxylin"] == pytest.approx([0.5, 1.0], abs=0.02)
    assert found["haematoxylin_sd"] == pytest.approx([0, 0], abs=1e-3)
    assert found["contrast"] == pytest.approx([0, 0])
    assert found["homogeneity"] == pytest.approx([1, 1])
    assert found["neighbour_px"] == pytest.approx([50, 50])


def test_features_of_real_nuclei_are_those_of_scikit_image_one_by_one(real_data) -> None:
    image = read_image(sorted((real_data / "monuseg_breast").rglob("*.tif"))[0])[300:420, 200:340]
    density = unmix(image, ("haematoxylin", "eosin"))["haematoxylin"]
    instances = label(density > np.percentile(density, 80))
    sizes = np.bincount(instances.ravel())
    instances[(sizes < 30)[instances]] = 0
    found = measure_nuclei(image, instances)
    regions = regionprops(label(instances > 0))
    assert len(regions) > 5
    centroids = np.array([region.centroid for region in regions])
    between = cdist(centroids, centroids) + np.diag(np.full(len(regions), np.inf))
    assert found["neighbour_px"] == pytest.approx(between.min(1))
    for name in FORM:
        assert found[name] == pytest.approx([region[name] for region in regions])
    inside = [density[label(instances > 0) == region.label] for region in regions]
    assert found["haematoxylin"] == pytest.approx([values.mean() for values in inside], rel=1e-5)
    assert found["haematoxylin_sd"] == pytest.approx([values.std() for values in inside], rel=1e-4)


def test_texture_is_that_of_a_co_occurrence_matrix(rng) -> None:
    """Of a nucleus that fills a rectangle; the mean over four directions would weigh them alike, pairs do not."""
    image = painted(rng.uniform(0, 1.5, (12, 14)))
    levels = unmix(image, ("haematoxylin", "eosin"))["haematoxylin"] / DARKEST * LEVELS
    levels = np.clip(levels, 0, LEVELS - 1).astype(np.uint8)
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    matrices = graycomatrix(levels, [1], angles, LEVELS, symmetric=True).sum(axis=(2, 3))[..., None, None]
    found = measure_nuclei(image, np.ones((12, 14), np.int32))
    for name in ("contrast", "homogeneity"):
        assert found[name] == pytest.approx(graycoprops(matrices, name)[0])


def test_what_a_nucleus_does_not_have_is_no_number() -> None:
    instances = np.zeros((9, 9), np.int32)
    assert all(len(values) == 0 for values in measure_nuclei(painted(np.ones((9, 9))), instances).values())
    instances[4, 4] = 5
    lone = measure_nuclei(painted(np.ones((9, 9))), instances)
    assert lone["area"] == [1]
    assert np.isnan([lone["contrast"][0], lone["homogeneity"][0], lone["neighbour_px"][0]]).all()
    with pytest.raises(ValueError, match="expected an image"):
        measure_nuclei(painted(np.ones((9, 8))), instances)


def test_shifts_are_wassersteins_in_real_deviations(rng) -> None:
    real, fake = rng.normal(3, 2, 400), rng.normal(4, 2, 300)
    nothing, same = np.array([np.nan]), np.ones(5)
    found = shifts({"a": real, "b": real, "c": same, "d": same}, {"a": fake, "b": nothing, "c": same + 1, "d": same})
    assert found["a"] == pytest.approx(wasserstein_distance(real, fake) / real.std())
    assert 0.4 < found["a"] < 0.6
    assert [found[name] for name in "bcd"] == [np.inf, np.inf, 0]
    assert shifts({"a": real}, {"a": real + real.std()})["a"] == pytest.approx(1)
    with pytest.raises(ValueError, match="real nuclei that have a a"):
        shifts({"a": nothing}, {"a": fake})


def test_every_feature_is_a_metric() -> None:
    assert given_by("morphometry") == tuple(f"{name}_shift{end}" for name in FEATURES for end in ("", "_floor"))
