"""SSIM, FSIM and GMSD against scikit-image and piq, on real pairs."""

import cv2
import numpy as np
import piq
import pytest
import torch
from skimage import data
from skimage.metrics import structural_similarity as skimage_ssim

from pathgan.datasets.images import read_image
from pathgan.metrics import (
    contour_contrast,
    feature_similarity,
    gradient_magnitude_similarity_deviation,
    structural_similarity,
)


def degraded(image):
    rng = np.random.default_rng(0)
    noisy = np.clip(image + rng.normal(0, 12, image.shape), 0, 255).astype(np.uint8)
    jpeg = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], cv2.IMREAD_COLOR)
    return {
        "equal": image,
        "blur": cv2.GaussianBlur(image, (0, 0), 1.5),
        "noise": noisy,
        "jpeg": jpeg,
        "shift": np.roll(image, 3, axis=1),
        "recolour": np.ascontiguousarray(image[..., [1, 0, 2]]),
    }


@pytest.fixture(scope="module")
def images(real_data):
    tissue = read_image(sorted((real_data / "monuseg_breast").rglob("*.tif"))[0])
    smear = read_image(sorted((real_data / "cytology_smears").rglob("*.tif"))[0])
    dab = data.immunohistochemistry()
    return {
        "he": tissue[100:356, 40:296],
        "he_large": tissue[:400, :410],
        "smear": smear[:161, :193],
        "dab": dab[:256, :256],
    }


def tensor(image):
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].double()


@pytest.mark.parametrize("kind", ["equal", "blur", "noise", "jpeg", "shift", "recolour"])
@pytest.mark.parametrize("name", ["he", "he_large", "smear", "dab"])
def test_similarities_equal_the_references(images, name, kind):
    real = np.ascontiguousarray(images[name])
    fake = degraded(real)[kind]
    ssim = skimage_ssim(
        real, fake, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert structural_similarity(real[None], fake[None])[0] == pytest.approx(ssim, abs=1e-6)
    gmsd = piq.gmsd(tensor(real), tensor(fake), data_range=255).item()
    assert gradient_magnitude_similarity_deviation(real[None], fake[None])[0] == pytest.approx(gmsd, abs=1e-6)
    fsim = piq.fsim(tensor(real), tensor(fake), data_range=255, chromatic=False).item()
    assert feature_similarity(real[None], fake[None])[0] == pytest.approx(fsim, abs=1e-5)


def test_similarities_are_symmetric_and_know_equal_images(rng):
    a, b = rng.integers(0, 256, (2, 3, 40, 37, 3), dtype=np.uint8)
    for metric, best in (
        (structural_similarity, 1.0),
        (feature_similarity, 1.0),
        (gradient_magnitude_similarity_deviation, 0.0),
    ):
        assert metric(a, b) == pytest.approx(metric(b, a))
        assert metric(a, a) == pytest.approx(best)
        assert metric(a, b).dtype == np.float64
        assert metric(a, b)[1:2] == pytest.approx(metric(a[1:2], b[1:2]))


def test_constant_images_are_defined():
    black, grey = np.zeros((1, 32, 32, 3), np.uint8), np.full((1, 32, 32, 3), 90, np.uint8)
    assert structural_similarity(black, black)[0] == 1
    assert feature_similarity(black, black)[0] == 1
    assert 0 <= feature_similarity(black, grey)[0] <= 1
    assert gradient_magnitude_similarity_deviation(grey, grey)[0] == 0


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 32, 31, 3), np.uint8), "two equal stacks"),
        (np.zeros((1, 32, 32, 3)), np.zeros((1, 32, 32, 3)), "uint8"),
        (np.zeros((1, 9, 32, 3), np.uint8), np.zeros((1, 9, 32, 3), np.uint8), "at least 11 px"),
    ],
)
def test_wrong_stacks_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        structural_similarity(real, fake)


def test_contour_contrast_of_a_step_is_its_optical_density():
    image = np.full((1, 20, 20, 3), 255, np.uint8)
    image[0, 5:15, 5:15] = 51
    edge = np.zeros((1, 20, 20), bool)
    edge[0, 5:15, 5:15] = True
    edge[0, 6:14, 6:14] = False
    # Off the contour lie 32 x 3 + 4 x 5 neighbours outside (a step of log 5) and 4 x 22 + 4 inside (no step).
    assert contour_contrast(image, edge)[0] == pytest.approx(np.log(5) * 116 / (116 + 92), rel=1e-6)
    assert np.isnan(contour_contrast(image, np.zeros_like(edge))[0])
