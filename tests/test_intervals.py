from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pathgan.intervals import clustered_interval, mcnemar_exact, student_interval, wilson_interval


def test_students_interval_is_scipys():
    values = np.array([0.2, 0.3, 0.5])
    assert student_interval(values) == pytest.approx(stats.t.interval(0.95, 2, values.mean(), stats.sem(values)))
    assert np.isnan(student_interval(values[:1])).all()
    assert np.isnan(student_interval(np.array([1, np.inf]))).all()


def test_wilsons_interval_of_22_of_30():
    z, p, n = stats.norm.ppf(0.975), 22 / 30, 30
    centre, half = (p + z**2 / (2 * n)), z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    expected = ((centre - half) / (1 + z**2 / n), (centre + half) / (1 + z**2 / n))
    assert wilson_interval(22, 30) == pytest.approx(expected)
    assert wilson_interval(22, 30) == pytest.approx((0.556, 0.858), abs=5e-4)
    with pytest.raises(ValueError, match="n at least 1; got 0 of 0"):
        wilson_interval(0, 0)


def test_patients_that_differ_make_the_interval_wide(rng):
    """100 equal tiles of each of 10 patients tell no more than 10 tiles do."""
    means = rng.normal(size=10)
    tiles, patients = np.repeat(means, 100), np.repeat(np.arange(10), 100).astype(str)
    by_patient = clustered_interval(tiles, patients)
    assert by_patient == pytest.approx(clustered_interval(means, np.arange(10).astype(str)))
    by_tile = clustered_interval(tiles, np.arange(1000).astype(str))
    assert np.ptp(by_patient) > 5 * np.ptp(by_tile)
    assert by_patient[0] < means.mean() < by_patient[1]


def test_the_bootstrap_of_many_images_is_near_students(rng):
    values = rng.normal(size=400)
    names = np.arange(400).astype(str)
    assert clustered_interval(values, names) == pytest.approx(student_interval(values), abs=0.02)
    assert clustered_interval(values, names) == clustered_interval(values, names)


def test_a_few_clusters_or_infinite_values_give_no_interval():
    assert np.isnan(clustered_interval(np.arange(8.0), list("aabbccdd"))).all()
    assert np.isnan(clustered_interval(np.full(6, np.inf), list("abcdef"))).all()
    with pytest.raises(ValueError, match="a cluster a value"):
        clustered_interval(np.arange(3.0), ["a"])


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 5))
def test_mcnemar_is_the_sign_test_of_the_disagreements(only_a, only_b, both):
    right_a = np.array([True] * only_a + [False] * only_b + [True] * both, bool)
    right_b = np.array([False] * only_a + [True] * only_b + [True] * both, bool)
    n, few = only_a + only_b, min(only_a, only_b)
    tail = sum(comb(n, k) for k in range(few + 1)) / 2**n
    assert mcnemar_exact(right_a, right_b) == pytest.approx(min(1, 2 * tail))
    assert mcnemar_exact(right_a, right_b) == mcnemar_exact(right_b, right_a)


def test_mcnemar_wants_the_same_images():
    with pytest.raises(ValueError, match="same images"):
        mcnemar_exact(np.ones(3, bool), np.ones(4, bool))
