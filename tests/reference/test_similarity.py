"""Scores of image pairs against scikit-image, piq and pytorch-msssim, on real pairs."""

import cv2
import numpy as np
import piq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_msssim import ms_ssim
from skimage import data
from skimage.metrics import peak_signal_noise_ratio as skimage_psnr
from skimage.metrics import structural_similarity as skimage_ssim

from pathgan.datasets.image_files import read_image
from pathgan.losses.contour_losses import grey, smoothness
from pathgan.metrics import (
    contour_contrast,
    contour_roughness,
    feature_similarities,
    feature_similarity,
    gradient_magnitude_similarity_deviation,
    mean_absolute_error,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
)
from pathgan.metrics.phase_congruency import CHROMA_EXPONENT, YIQ
from pathgan.metrics.similarity import SCALE_WEIGHTS, n_scales


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


def exact_window():
    """pytorch-msssim makes its window in float32, which moves MS-SSIM by up to 2e-5; this is the same in float64."""
    window = torch.exp(-((torch.arange(11, dtype=torch.float64) - 5) ** 2) / (2 * 1.5**2))
    return (window / window.sum()).repeat(3, 1, 1, 1)


KINDS = ["equal", "blur", "noise", "jpeg", "shift", "recolour"]


@pytest.mark.parametrize("kind", KINDS)
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
    multiscale = ms_ssim(tensor(real), tensor(fake), data_range=255, win=exact_window()).item()
    assert multiscale_structural_similarity(real[None], fake[None])[0] == pytest.approx(multiscale, abs=1e-6)
    error = np.abs(real.astype(float) - fake).mean()
    assert mean_absolute_error(real[None], fake[None])[0] == pytest.approx(error, abs=1e-9)
    if kind == "equal":
        assert peak_signal_noise_ratio(real[None], fake[None])[0] == np.inf
    else:
        psnr = skimage_psnr(real, fake, data_range=255)
        assert peak_signal_noise_ratio(real[None], fake[None])[0] == pytest.approx(psnr, abs=1e-9)


def chroma(image):
    return [image.astype(float) @ row for row in YIQ[1:]]


@pytest.mark.parametrize("kind", ["equal", "blur", "jpeg"])
@pytest.mark.parametrize("name", ["he", "he_large", "dab"])
def test_chromatic_feature_similarity_equals_piq(images, name, kind):
    """But where hues lie on opposite sides of grey: there piq takes |product|, the authors' code its real part."""
    real = np.ascontiguousarray(images[name])
    fake = degraded(real)[kind]
    opposite = (np.prod([2 * a * b + 200 for a, b in zip(chroma(real), chroma(fake), strict=True)], axis=0) < 0).mean()
    fsimc = piq.fsim(tensor(real), tensor(fake), data_range=255, chromatic=True).item()
    lost = 4 * (1 - np.cos(np.pi * CHROMA_EXPONENT)) * opposite  # 4: congruency may weigh them more than others
    assert feature_similarities(real[None], fake[None])[1][0] == pytest.approx(fsimc, abs=1e-5 + lost)
    assert opposite < 0.01


def test_chromatic_feature_similarity_of_opposite_hues_takes_the_real_part():
    real, fake = np.full((2, 1, 16, 16, 3), 128, np.uint8)
    real[..., 0], fake[..., 2] = 250, 250
    _, i_a, q_a = YIQ @ real[0, 0, 0].astype(float)
    _, i_b, q_b = YIQ @ fake[0, 0, 0].astype(float)
    product = (2 * i_a * i_b + 200) / (i_a**2 + i_b**2 + 200) * (2 * q_a * q_b + 200) / (q_a**2 + q_b**2 + 200)
    assert product < 0
    fsim, fsimc = feature_similarities(real, fake)
    assert fsimc[0] == pytest.approx(fsim[0] * (complex(product) ** CHROMA_EXPONENT).real, abs=1e-7)


def test_fewer_scales_where_an_image_has_no_room_for_five(images):
    """The finest scales with their weights rescaled, against pytorch-msssim with those weights."""
    assert [n_scales(side, 999) for side in (10, 11, 21, 41, 81, 160, 161)] == [0, 1, 2, 3, 4, 4, 5]
    real = np.ascontiguousarray(images["he"][:64, :70])
    fake = degraded(real)["noise"]
    assert n_scales(*real.shape[:2]) == 3
    a, b = tensor(real), tensor(fake)
    expected = np.ones(3)
    weights = SCALE_WEIGHTS[:3] * SCALE_WEIGHTS.sum() / SCALE_WEIGHTS[:3].sum()
    for scale, weight in enumerate(weights):
        if scale:
            a, b = (torch.nn.functional.avg_pool2d(x, 2, padding=[s % 2 for s in x.shape[2:]]) for x in (a, b))
        x, y = (np.moveaxis(image[0].numpy(), 0, -1) for image in (a, b))
        index, full = zip(*(skimage_maps(x[..., c], y[..., c]) for c in range(3)), strict=True)
        expected *= np.maximum(index if scale == 2 else full, 0) ** weight
    assert multiscale_structural_similarity(real[None], fake[None])[0] == pytest.approx(expected.mean(), abs=1e-6)


def skimage_maps(x, y):
    """SSIM of two planes, and its contrast-structure part: SSIM of planes without a mean to speak of."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "full": True}
    _, index = skimage_ssim(x, y, **options)
    luminance = [cv2.GaussianBlur(plane, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT) for plane in (x, y)]
    c1 = (0.01 * 255) ** 2
    brightness = (2 * luminance[0] * luminance[1] + c1) / (luminance[0] ** 2 + luminance[1] ** 2 + c1)
    inside = (slice(5, -5), slice(5, -5))
    return index[inside].mean(), (index / brightness)[inside].mean()


@given(st.integers(0, 1000), st.integers(11, 40), st.integers(11, 40))
@settings(max_examples=25, deadline=None)
def test_similarities_are_bounded_and_symmetric(seed, h, w):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, 2, h, w, 3), dtype=np.uint8)
    for metric, low, high in (
        (structural_similarity, -1, 1),
        (multiscale_structural_similarity, 0, 1),
        (feature_similarity, 0, 1),
        (gradient_magnitude_similarity_deviation, 0, 1),
        (mean_absolute_error, 0, 255),
        (peak_signal_noise_ratio, 0, np.inf),
    ):
        values = metric(a, b)
        assert (low <= values).all()
        assert (values <= high).all()
        assert values == pytest.approx(metric(b, a))
        assert values[::-1] == pytest.approx(metric(a[::-1], b[::-1]))


def test_errors_of_a_known_difference():
    a = np.full((2, 12, 12, 3), 100, np.uint8)
    b = a.copy()
    b[1] += 10
    assert mean_absolute_error(a, b).tolist() == [0, 10]
    assert peak_signal_noise_ratio(a, b) == pytest.approx([np.inf, 20 * np.log10(25.5)])


def test_similarities_are_symmetric_and_know_equal_images(rng):
    a, b = rng.integers(0, 256, (2, 3, 40, 37, 3), dtype=np.uint8)
    for metric, best in (
        (structural_similarity, 1.0),
        (multiscale_structural_similarity, 1.0),
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
    assert multiscale_structural_similarity(grey, grey)[0] == 1
    assert np.isfinite(multiscale_structural_similarity(black, grey)[0])


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


def test_contour_roughness_is_the_smoothness_loss_of_a_finished_image(images):
    image = images["he"][None]
    edge = np.random.default_rng(0).random(image.shape[:3]) < 0.3
    tensor = torch.from_numpy(image.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)
    loss = smoothness(grey(tensor), torch.from_numpy(edge)[:, None])
    assert contour_roughness(image, edge)[0] == pytest.approx(float(loss), rel=1e-4)
    assert contour_roughness(np.full_like(image, 90), edge)[0] == 0
    assert np.isnan(contour_roughness(image, np.zeros_like(edge))[0])


def test_contour_contrast_of_a_step_is_its_optical_density():
    image = np.full((1, 20, 20, 3), 255, np.uint8)
    image[0, 5:15, 5:15] = 51
    edge = np.zeros((1, 20, 20), bool)
    edge[0, 5:15, 5:15] = True
    edge[0, 6:14, 6:14] = False
    # Off the contour lie 32 x 3 + 4 x 5 neighbours outside (a step of log 5) and 4 x 22 + 4 inside (no step).
    assert contour_contrast(image, edge)[0] == pytest.approx(np.log(5) * 116 / (116 + 92), rel=1e-6)
    assert np.isnan(contour_contrast(image, np.zeros_like(edge))[0])


@pytest.mark.parametrize("contour", [np.zeros((1, 20, 20), np.uint8), np.zeros((1, 20, 19), bool)])
def test_contours_of_another_kind_are_refused(contour):
    with pytest.raises(ValueError, match=r"bool contours of shape \(1, 20, 20\)"):
        contour_contrast(np.zeros((1, 20, 20, 3), np.uint8), contour)
