import numpy as np
import pytest

from pathgan.metrics import LinearReader


def test_a_reader_tells_far_classes_apart_however_unequal_they_are(rng):
    known = {name: rng.normal(5 * k, 1, (n, 6)) for k, (name, n) in enumerate({"a": 60, "b": 6, "c": 20}.items())}
    reader = LinearReader(known)
    for k, name in enumerate(known):
        assert (reader.read(rng.normal(5 * k, 1, (50, 6))) == name).mean() > 0.95


def test_chance_is_chance(rng):
    """Labels without meaning are not learnt: on new vectors a reader is right half of the time."""
    reader = LinearReader({"a": rng.normal(size=(40, 8)), "b": rng.normal(size=(40, 8))})
    assert 0.4 < (reader.read(rng.normal(size=(1000, 8))) == "a").mean() < 0.6


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="expected two or more classes, got a"):
        LinearReader({"a": np.zeros((3, 2))})
