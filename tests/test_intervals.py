from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pathgan.intervals import (
    holm,
    interval_of_mean,
    interval_of_sets,
    mcnemar_exact,
    student_interval,
    wilson_interval,
)


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


def names(n):
    return [str(index) for index in range(n)]


def test_patients_that_differ_make_the_interval_wide(rng):
    """100 equal tiles of each of 10 patients tell no more than 10 tiles do."""
    means = rng.normal(size=(1, 10))
    tiles = np.repeat(means, 100, axis=1)
    by_patient = interval_of_mean(tiles, np.repeat(names(10), 100))
    assert by_patient[:2] == pytest.approx(interval_of_mean(means, names(10))[:2])
    by_tile = interval_of_mean(tiles, names(1000))
    assert np.ptp(by_patient[:2]) > 5 * np.ptp(by_tile[:2])
    assert by_patient.low < means.mean() < by_patient.high


def test_the_interval_of_one_seed_and_many_images_is_near_students(rng):
    values = rng.normal(size=(1, 400))
    found = interval_of_mean(values, names(400))
    assert found[:2] == pytest.approx(student_interval(values[0]), abs=0.02)
    assert found.over == "units"
    assert found == interval_of_mean(values, names(400))


def test_the_interval_of_units_of_several_sizes_is_that_of_a_ratio(rng):
    """Against the delta method, written out."""
    sizes, means = np.array([1, 2, 3, 4, 5, 6, 7, 8]), rng.normal(size=8)
    tiles = np.repeat(means, sizes)[None]
    mean, n = tiles.mean(), len(sizes)
    variance = (((means - mean) * sizes) ** 2).sum() / (n - 1) / n / sizes.mean() ** 2
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(variance)
    low, high, _ = interval_of_mean(tiles, np.repeat(names(8), sizes))
    assert low <= mean - half + 1e-9
    assert high >= mean + half - 1e-9 or np.ptp([low, high]) > 2 * half


def test_seeds_that_differ_make_the_interval_wide_and_so_do_units(rng):
    of_seeds, of_units = rng.normal(size=(3, 1)), rng.normal(size=(1, 12))
    alike = np.zeros((3, 12))
    assert interval_of_mean(of_seeds + alike, names(12))[:2] == pytest.approx(student_interval(of_seeds[:, 0]))
    assert interval_of_mean(of_units + alike, names(12))[:2] == pytest.approx(student_interval(of_units[0]))
    both = interval_of_mean(of_seeds + of_units, names(12))
    assert both.over == "units and seeds"
    assert np.ptp(both[:2]) >= max(np.ptp(student_interval(of_seeds[:, 0])), np.ptp(student_interval(of_units[0])))


@pytest.mark.parametrize("of_seeds", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("n_units", [8, 15])
def test_it_holds_the_mean_in_as_many_cases_as_it_says(n_units, of_seeds, rng):
    """3 seeds; the share of the mean's variance that is theirs. benchmarks/intervals.md has more of it."""
    n, held = 300, 0
    for _ in range(n):
        values = np.sqrt(3 * of_seeds) * rng.normal(size=(3, 1))
        values = values + np.sqrt(n_units * (1 - of_seeds)) * rng.normal(size=(1, n_units))
        low, high, _ = interval_of_mean(values, names(n_units))
        held += low <= 0 <= high
    assert held / n > 0.9  # three standard errors below 0.94


def test_too_little_gives_no_interval_and_says_why():
    assert interval_of_mean(np.arange(8.0)[None], list("aabbccdd")).over == "none: fewer than 5 units"
    assert interval_of_mean(np.full((1, 6), np.inf), list("abcdef")).over == "none: a value is infinite"
    assert interval_of_mean(np.ones((3, 6)), list("abcdef")).over == "none: all values are alike"
    assert np.isnan(interval_of_mean(np.ones((3, 6)), list("abcdef")).low)
    assert interval_of_sets(np.ones(1)).over == "none: one seed"
    assert interval_of_sets(np.array([1.0, 2.0])).over == "seeds"
    with pytest.raises(ValueError, match="a unit a value"):
        interval_of_mean(np.ones((1, 3)), ["a"])


def test_a_proportion_of_one_seed_has_wilsons_interval_and_of_several_none_narrower():
    right = np.array([[100.0] * 22 + [0.0] * 8])
    low, high = wilson_interval(22, 30)
    assert interval_of_mean(right, names(30), 100.0)[:2] == pytest.approx((100 * low, 100 * high))
    several = interval_of_mean(np.repeat(right, 3, axis=0), names(30), 100.0)
    assert np.ptp(several[:2]) >= 100 * (high - low) - 1e-9
    all_right = interval_of_mean(np.full((3, 30), 100.0), names(30), 100.0)
    assert (all_right.high, all_right.low) == (100, pytest.approx(100 * wilson_interval(30, 30)[0]))
    nearly = np.array([[100.0] * n + [0.0] * (30 - n) for n in (30, 29, 28)])
    for values, ends in ((nearly, (50, 100)), (100 - nearly, (0, 50))):
        low, high, _ = interval_of_mean(values, names(30), 100.0)
        assert ends[0] <= low < values.mean() < high <= ends[1]
    few = interval_of_mean(right, np.repeat(names(3), 10), 100.0)
    assert few.over == "none: fewer than 5 units"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holms_p_is_that_of_statsmodels_definition(ps):
    """Step by step: the smallest p times n, the next times n - 1, never smaller than the one before, at most 1."""
    corrected, largest = {}, 0.0
    for step, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        largest = max(largest, min(1.0, ps[index] * (len(ps) - step)))
        corrected[index] = largest
    assert holm(ps) == pytest.approx([corrected[index] for index in range(len(ps))])


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
