"""FID, KID, precision and recall against torch-fidelity, clean-fid, matrix roots, plain loops and closed forms."""

import warnings

import cleanfid.fid
import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric

from pathgan.datasets.image_files import read_image
from pathgan.metrics import (
    density_coverage,
    distributions,
    frechet_at_infinity,
    frechet_distance,
    full_kernel_distance,
    gaussian_kernel_distance,
    kernel_distance,
    kernel_distances_without,
    median_distance,
    precision_recall,
)
from pathgan.metrics.neighbours import authenticity


def tiles(image, side=32):
    """Real tiles as vectors: their 8 x 8 thumbnails, in [0, 1]."""
    h, w = (length // side for length in image.shape[:2])
    small = cv2.resize(image[: h * side, : w * side], (w * 8, h * 8), interpolation=cv2.INTER_AREA)
    return small.reshape(h, 8, w, 8, 3).swapaxes(1, 2).reshape(h * w, -1) / 255


@pytest.fixture(scope="module")
def real_pair(real_data):
    """(961, 192) of H&E and (1225, 192) of a smear."""
    tissue = read_image(sorted((real_data / "monuseg_breast").rglob("*.tif"))[0])
    smear = read_image(sorted((real_data / "cytology_smears").rglob("*.tif"))[0])
    return tiles(tissue), tiles(smear)


def fid_by_root(a, b):
    """Heusel et al. 2017, Eq. 6, letter by letter."""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(cov_a @ cov_b).real
    return np.square(a.mean(0) - b.mean(0)).sum() + np.trace(cov_a + cov_b - 2 * root)


def kid_by_loop(a, b):
    """Gretton et al. 2012, Eq. 3, with the cubic kernel."""

    def kernel(x, y):
        return (x @ y / len(x) + 1) ** 3

    def within(x):
        n = len(x)
        return sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return within(a) + within(b) - 2 * np.mean([[kernel(x, y) for y in b] for x in a])


@pytest.mark.parametrize(("n", "m"), [(900, 1200), (100, 80), (100, 900), (900, 100)])
def test_frechet_distance_equals_torch_fidelity(real_pair, n, m):
    """Sets larger and smaller than the 192 dimensions, on either side."""
    a, b = real_pair[0][:n], real_pair[1][:m]
    statistics = [fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b)]
    expected = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(a, b) == pytest.approx(expected, abs=1e-4)
    if min(n, m) > 192:
        assert frechet_distance(a, b) == pytest.approx(fid_by_root(a, b), abs=1e-6)


def test_distances_are_clean_fids(real_pair):
    a, b = real_pair[0][:900], real_pair[1][:900]
    moments = [part for x in (a, b) for part in (x.mean(0), np.cov(x, rowvar=False))]
    with warnings.catch_warnings():  # scipy's, of an argument of sqrtm
        warnings.simplefilter("ignore", DeprecationWarning)
        expected = cleanfid.fid.frechet_distance(*moments)
    assert frechet_distance(a, b) == pytest.approx(expected, abs=1e-4)
    # All images in each of its subsets: the order alone is random.
    assert full_kernel_distance(a, b) == pytest.approx(cleanfid.fid.kernel_distance(a, b, num_subsets=1), abs=1e-9)


def test_frechet_distance_of_a_translation_is_its_squared_length():
    features = np.random.default_rng(0).normal(size=(500, 8))
    assert frechet_distance(features, features + 3.0) == pytest.approx(8 * 3.0**2)


@given(st.integers(0, 1000), st.integers(2, 12), st.integers(2, 30), st.floats(0.1, 5))
@settings(max_examples=60, deadline=None)
def test_frechet_distance_of_a_scaling_has_a_closed_form(seed, d, n, scale):
    """The covariances commute: tr(C + s^2 C - 2 s C) = (1 - s)^2 tr C, whatever the rank."""
    a = np.random.default_rng(seed).normal(size=(n, d))
    centred = a - a.mean(0)
    expected = (1 - scale) ** 2 * np.square(centred).sum() / (n - 1)
    assert frechet_distance(centred, scale * centred) == pytest.approx(expected, abs=1e-8)


@given(st.integers(0, 1000), st.integers(4, 25), st.integers(4, 25), st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_distances_are_symmetric_and_know_no_order(seed, n, m, d):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, d)), rng.normal(1, 2, size=(m, d))
    for distance in (frechet_distance, full_kernel_distance):
        assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-9, rel=1e-9)
        assert distance(rng.permutation(a), b) == pytest.approx(distance(a, b), abs=1e-9, rel=1e-9)
    assert frechet_distance(a, b) >= 0
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    precision, recall = precision_recall(a, b)
    assert precision_recall(b, a) == (recall, precision)
    assert 0 <= precision <= 1
    assert precision_recall(a, a) == (1, 1)


@pytest.mark.parametrize("cached_rows", [distributions.CACHED_ROWS, 0], ids=["cached", "by subset"])
@pytest.mark.parametrize("seed", [2020, 7])
def test_kernel_distance_equals_torch_fidelity(real_pair, seed, cached_rows, monkeypatch):
    monkeypatch.setattr(distributions, "CACHED_ROWS", cached_rows)
    a, b = real_pair
    options = {"kid_subsets": 100, "kid_subset_size": 50, "kid_kernel": "poly", "kid_kernel_poly_degree": 3}
    options |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1, "rng_seed": seed, "verbose": False}
    expected = kid_features_to_metric(torch.from_numpy(a), torch.from_numpy(b), **options)
    mean, sd = kernel_distance(a, b, subset_size=50, n_subsets=100, seed=seed)
    assert mean == pytest.approx(expected["kernel_inception_distance_mean"], abs=1e-9)
    assert sd == pytest.approx(expected["kernel_inception_distance_std"], abs=1e-9)


def test_the_full_sample_estimate_equals_the_loop(real_pair, monkeypatch):
    monkeypatch.setattr(distributions, "BLOCK", 7)
    a, b = real_pair[0][:30], real_pair[1][:25]
    assert full_kernel_distance(a, b) == pytest.approx(kid_by_loop(a, b), abs=1e-12)


def test_a_subset_that_is_the_whole_set_gives_the_full_estimate(real_pair):
    a, b = real_pair[0][:40], real_pair[1][:40]
    mean, sd = kernel_distance(a, b, subset_size=40, n_subsets=5)
    assert mean == pytest.approx(full_kernel_distance(a, b), abs=1e-12)
    assert sd == pytest.approx(0, abs=1e-12)


def test_kernel_distance_is_unbiased(rng):
    """Halves of one set: the mean over many halvings is zero within its error."""
    features = rng.normal(size=(60, 16))
    values = [full_kernel_distance(order[:30], order[30:]) for order in (rng.permutation(features) for _ in range(300))]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(len(values))


def test_precision_and_recall_equal_torch_fidelity(real_pair, monkeypatch):
    monkeypatch.setattr(distributions, "BLOCK", 100)
    real, fake = real_pair[0][:500], np.concatenate([real_pair[0][500:700] + 0.02, real_pair[1][:100]])
    options = {"prc_neighborhood": 3, "prc_batch_size": 10_000, "save_cpu_ram": False, "verbose": False}
    expected = prc_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), **options)
    precision, recall = precision_recall(real, fake)
    assert 0.05 < precision < 0.95
    assert (precision, recall) == pytest.approx((expected["precision"], expected["recall"]), abs=1e-6)


def test_sets_far_apart_cover_nothing(rng):
    a = rng.normal(size=(20, 4))
    assert precision_recall(a, a + 100) == (0, 0)


SOUND = np.zeros((6, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(SOUND, np.zeros((6, 5))), r"\(n, d\) and \(m, d\), got \(6, 4\) and \(6, 5\)"),
        (lambda: frechet_distance(SOUND, np.zeros((1, 4))), "at least 2 images per set, got 6 and 1"),
        (lambda: full_kernel_distance(SOUND, np.zeros((0, 4))), "at least 2 images per set, got 6 and 0"),
        (lambda: frechet_distance(SOUND, SOUND * np.nan), "finite features"),
        (lambda: kernel_distance(SOUND, SOUND, subset_size=7), "subsets of 2 to 6 of 6 and 6 images, got 7"),
        (lambda: kernel_distance(SOUND, SOUND, subset_size=1), "subsets of 2 to 6"),
        (lambda: precision_recall(SOUND, SOUND[:3]), "more than 3 images per set, got 6 and 3"),
        (lambda: precision_recall(SOUND, SOUND, 0), "at least one neighbour"),
        (lambda: kernel_distance(SOUND, SOUND, subset_size=3, n_subsets=0), "at least one subset, got 0"),
    ],
)
def test_unsound_sets_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_constant_sets_have_distances():
    assert frechet_distance(SOUND, SOUND + 2) == pytest.approx(16)
    assert kernel_distance(SOUND, SOUND, subset_size=6) == (0, 0)


def test_a_copy_scores_no_better_than_the_real_thing(rng):
    """The kernel distance of a set and what was made of it must not profit from their being pairs."""
    real = rng.normal(size=(12, 6))
    assert full_kernel_distance(real, real, paired=True) == pytest.approx(0)
    assert full_kernel_distance(real, real) < -0.1
    shuffled = real[rng.permutation(12)]
    fake = real + rng.normal(size=real.shape)
    kernel = (real @ fake.T / 6 + 1) ** 3
    across = (kernel.sum() - np.trace(kernel)) / (12 * 11)
    own = sum(
        ((k.sum() - np.trace(k)) / (12 * 11)) for k in ((real @ real.T / 6 + 1) ** 3, (fake @ fake.T / 6 + 1) ** 3)
    )
    assert full_kernel_distance(real, fake, paired=True) == pytest.approx(own - 2 * across)
    assert full_kernel_distance(real, shuffled) == pytest.approx(full_kernel_distance(real, real))


def density_coverage_by_loop(real, fake, k):
    radii = [sorted(np.linalg.norm(real - x, axis=1))[k] for x in real]
    inside = np.array([[np.linalg.norm(x - y) < radius for y in fake] for x, radius in zip(real, radii, strict=True)])
    return inside.sum() / (k * len(fake)), inside.any(1).mean()


@given(st.integers(0, 1000), st.integers(6, 25), st.integers(2, 25), st.integers(1, 5), st.floats(0, 2))
@settings(max_examples=40, deadline=None)
def test_density_and_coverage_are_counts_of_balls(seed, n, m, k, shift):
    random = np.random.default_rng(seed)
    real, fake = random.normal(size=(n, 3)), random.normal(size=(m, 3)) + shift
    assert density_coverage(real, fake, k) == pytest.approx(density_coverage_by_loop(real, fake, k))


def test_density_and_coverage_in_several_blocks_of_real_tiles(real_pair, monkeypatch):
    real, fake = real_pair[0][:300], real_pair[1][:200]
    whole = density_coverage(real, fake)
    monkeypatch.setattr(distributions, "BLOCK", 37)
    assert density_coverage(real, fake) == pytest.approx(whole)
    assert density_coverage(real, real_pair[0][300:500])[0] == pytest.approx(1, abs=0.3)  # of the same slide
    assert whole[0] < 0.3
    with pytest.raises(ValueError, match="more than 5 real images, got 5"):
        density_coverage(real[:5], fake)


def mmd_by_loop(a, b, bandwidth):
    def kernel(x, y):
        return np.exp(-np.square(x - y).sum() / (2 * bandwidth**2))

    def within(x):
        n = len(x)
        return sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))

    return within(a) + within(b) - 2 * np.mean([[kernel(x, y) for y in b] for x in a])


@given(st.integers(0, 1000), st.integers(2, 15), st.integers(2, 15), st.floats(0.2, 5))
@settings(max_examples=40, deadline=None)
def test_gaussian_kernel_distance_is_a_loop_over_pairs(seed, n, m, bandwidth):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(n, 4)), random.normal(size=(m, 4)) + 0.5
    assert gaussian_kernel_distance(a, b, bandwidth) == pytest.approx(mmd_by_loop(a, b, bandwidth), abs=1e-9)


def test_gaussian_kernel_distance_on_real_tiles(real_pair, monkeypatch):
    a, b = real_pair[0][:120], real_pair[1][:90]
    bandwidth = median_distance(a)
    assert bandwidth == pytest.approx(np.median([np.linalg.norm(x - y) for i, x in enumerate(a) for y in a[:i]]))
    whole = gaussian_kernel_distance(a, b, bandwidth)
    monkeypatch.setattr(distributions, "BLOCK", 50)
    assert gaussian_kernel_distance(a, b, bandwidth) == pytest.approx(whole)
    assert whole > 5 * abs(gaussian_kernel_distance(a[::2], a[1::2], bandwidth))
    with pytest.raises(ValueError, match="are all embeddings the same"):
        gaussian_kernel_distance(a, b, median_distance(np.ones((9, 3))))


def test_frechet_distance_at_infinity_is_that_of_the_distributions():
    """Of Gaussians a known shift apart: FID of few is far too large, the line ends near the truth."""
    random = np.random.default_rng(0)
    truth = 20 * 0.3**2
    found = [
        (frechet_at_infinity(a, b), frechet_distance(a, b))
        for a, b in ((random.normal(size=(200, 20)), random.normal(size=(200, 20)) + 0.3) for _ in range(20))
    ]
    at_infinity = np.array([value for (value, _), _ in found])
    error = np.array([error for (_, error), _ in found])
    biased = np.array([value for _, value in found])
    assert biased.mean() > truth + 0.5
    assert abs(at_infinity.mean() - truth) < 0.25
    assert (error > 0).all()
    with pytest.raises(ValueError, match="5 images or more"):
        frechet_at_infinity(np.eye(3), np.eye(3))


def authentic_by_loop(known, samples):
    found = []
    for sample in samples:
        distances = np.linalg.norm(known - sample, axis=1)
        nearest = distances.argmin()
        others = np.linalg.norm(np.delete(known, nearest, axis=0) - known[nearest], axis=1)
        found.append(distances[nearest] > others.min())
    return found


@given(st.integers(0, 1000), st.integers(2, 20), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_authenticity_is_told_sample_by_sample(seed, n, m):
    random = np.random.default_rng(seed)
    known, samples = random.normal(size=(n, 3)), random.normal(size=(m, 3))
    assert authenticity(known, samples).tolist() == authentic_by_loop(known, samples)


def test_planted_copies_are_not_authentic(real_pair):
    """Of other tiles of the same slide most are; copies with a little noise are not."""
    random = np.random.default_rng(0)
    tiles = random.permutation(real_pair[0])
    known, others = tiles[:400], tiles[400:]
    copies = known[:100] + random.normal(0, 0.002, (100, known.shape[1]))
    assert authenticity(known, others).mean() > 0.6
    assert authenticity(known, copies).mean() == 0
    with pytest.raises(ValueError, match="n > 1"):
        authenticity(known[:1], others)


@given(st.integers(2, 5), st.integers(2, 4), st.integers(0, 2**16))
@settings(max_examples=20, deadline=None)
def test_kernel_distances_without_each_unit_equal_those_of_the_rest(n_units, n_others, seed):
    rng = np.random.default_rng(seed)
    units_a = [f"a{i % n_units}" for i in range(3 * n_units)]
    units_b = [f"b{i % n_others}" for i in range(4 * n_others)]
    a, b = rng.normal(size=(len(units_a), 6)), rng.normal(0.5, 1, size=(len(units_b), 6))
    without_a, without_b = kernel_distances_without(a, b, units_a, units_b)
    for unit, value in without_a.items():
        kept = [one != unit for one in units_a]
        assert value == pytest.approx(full_kernel_distance(a[kept], b), abs=1e-10)
    for unit, value in without_b.items():
        kept = [one != unit for one in units_b]
        assert value == pytest.approx(full_kernel_distance(a, b[kept]), abs=1e-10)
    assert (len(without_a), len(without_b)) == (n_units, n_others)
