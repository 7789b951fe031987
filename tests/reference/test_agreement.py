"""Agreement of two ways to measure: the published example of the ICC, closed forms, properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.metrics.agreement import intraclass_correlation, limits_of_agreement

# Shrout and Fleiss 1979, Table 2: six targets, four judges.
SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
SHARES = st.lists(st.floats(0, 1), min_size=5, max_size=5).map(np.array)


def test_the_icc_is_that_of_the_papers_example() -> None:
    assert intraclass_correlation(SHROUT_FLEISS) == pytest.approx(0.29, abs=0.005)  # their Table 4


@given(one=SHARES, other=SHARES, shift=st.floats(-1, 1))
def test_the_icc_knows_no_order_and_punishes_a_shift(one, other, shift) -> None:
    ratings = np.stack([one, other], axis=1)
    assert intraclass_correlation(ratings) == pytest.approx(intraclass_correlation(ratings[:, ::-1]), abs=1e-9)
    assert intraclass_correlation(ratings) <= 1 + 1e-9
    if np.ptp(one) > 0.01:
        assert intraclass_correlation(np.stack([one, one], axis=1)) == pytest.approx(1)
        assert abs(shift) < 0.01 or intraclass_correlation(np.stack([one, one + shift], axis=1)) < 1


def test_what_does_not_vary_does_not_agree() -> None:
    assert intraclass_correlation(np.full((4, 2), 0.3)) == 0


def test_limits_are_the_mean_and_196_standard_deviations() -> None:
    found = limits_of_agreement(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.2, 0.5]))
    assert found == pytest.approx((0.1, 0.1 - 0.196, 0.1 + 0.196))


def test_two_subjects_are_too_few() -> None:
    with pytest.raises(ValueError, match="at least 3 subjects, got 2"):
        limits_of_agreement(np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="at least 3 subjects, got 2"):
        intraclass_correlation(np.zeros((2, 2)))
