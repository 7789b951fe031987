from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.intervals import mcnemar_exact
from pathgan.metrics.classification import confusion_matrix


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


def test_a_confusion_matrix_counts_true_in_rows_and_keeps_empty_classes():
    table = confusion_matrix(["b", "b", "m"], ["b", "m", "m"], ["b", "m", "x"])
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_a_label_that_is_no_class_is_refused():
    with pytest.raises(ValueError, match="among b, m, got z"):
        confusion_matrix(["b"], ["z"], ["b", "m"])
    with pytest.raises(ValueError, match="a prediction an image, got 2 for 1"):
        confusion_matrix(["b"], ["b", "m"], ["b", "m"])
