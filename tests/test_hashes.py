import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from pathgan.metrics import perceptual_hash_similarity

READINGS = ["mean", "median", "dct", "pearson"]


def test_bits_above_the_mean():
    a = np.array([[0.0, 0, 0, 10]])
    b = np.array([[0.0, 0, 9, 10]])
    assert perceptual_hash_similarity(a, b)[0] == 0.75
    assert perceptual_hash_similarity(a, -a)[0] == 0  # above the mean here, below it there


def test_the_median_splits_a_skewed_vector_in_halves():
    a = np.array([[1.0, 2, 3, 100]])
    assert perceptual_hash_similarity(a, np.array([[0.0, 0, 0, 1]]))[0] == 1
    assert perceptual_hash_similarity(a, np.array([[1.0, 2, 3, 4]]), "median")[0] == 1
    assert perceptual_hash_similarity(a, np.array([[1.0, 2, 3, 4]]))[0] == 0.75


def test_the_correlation_is_pearsons(rng):
    a, b = rng.normal(size=(2, 5, 128))
    expected = [pearsonr(x, y).statistic for x, y in zip(a, b, strict=True)]
    assert perceptual_hash_similarity(a, b, "pearson") == pytest.approx(expected)


def test_the_cosine_hash_knows_a_wave_from_its_opposite():
    wave = np.cos(np.pi * (np.arange(128) + 0.5) * 5 / 128)[None]
    slow = 0.1 * np.random.default_rng(0).normal(size=(1, 128))
    assert perceptual_hash_similarity(wave + slow, wave + slow + 7, "dct")[0] == 1  # blind to brightness
    assert perceptual_hash_similarity(slow, -slow, "dct")[0] == 0


@given(st.integers(0, 1000), st.sampled_from(READINGS), st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=80, deadline=None)
def test_similarities_are_symmetric_and_blind_to_scale_and_shift(seed, reading, scale, shift):
    a, b = np.random.default_rng(seed).normal(size=(2, 3, 128))
    values = perceptual_hash_similarity(a, b, reading)
    assert values == pytest.approx(perceptual_hash_similarity(b, a, reading))
    assert values == pytest.approx(perceptual_hash_similarity(a, scale * b + shift, reading))
    assert perceptual_hash_similarity(a, a, reading) == pytest.approx(1)
    assert (np.abs(values) <= 1).all()


@pytest.mark.parametrize("reading", READINGS)
def test_constant_vectors_equal_each_other(reading):
    flat = np.full((1, 128), 0.3)
    assert perceptual_hash_similarity(flat, flat, reading)[0] == pytest.approx(1)
    assert perceptual_hash_similarity(np.ones((1, 128)), np.ones((1, 128)), reading)[0] == 1


def test_a_misspelt_reading_is_refused():
    with pytest.raises(ValueError, match="a reading among mean, median, pearson, dct, got 'dtc'"):
        perceptual_hash_similarity(np.zeros((2, 128)), np.zeros((2, 128)), "dtc")


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((2, 128)), np.zeros((3, 128)), "two equal sets"),
        (np.zeros(128), np.zeros(128), "two equal sets"),
        (np.zeros((2, 128)), np.full((2, 128), np.nan), "finite"),
    ],
)
def test_unsound_vectors_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        perceptual_hash_similarity(a, b)
