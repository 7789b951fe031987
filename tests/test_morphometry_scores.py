"""Nuclei of samples against nuclei of real images."""

from dataclasses import replace

import numpy as np
import pytest

from doing import score, write_store
from pathgan.config.metric_table import given_by
from pathgan.config.scores.morphometry_score import MorphometryScore
from pathgan.errors import DataError
from pathgan.scoring.score_files import Inputs
from pathgan.stores.manifest import write_manifest


def morphometry_inputs(folder, rng, fake_radius, fake_nuclei=3):
    """24 real images of three discs each, half of them for tests, and 10 samples of discs of another size."""
    y, x = np.indices((64, 64))

    def write(name, n, mean_radius, nuclei):
        maps = np.zeros((n, 64, 64), np.int32)
        for one in maps:
            for k in range(nuclei):
                radius = rng.normal(mean_radius, 0.5)
                one[(y - 16 - 32 * (k // 2)) ** 2 + (x - 16 - 32 * (k % 2)) ** 2 <= radius**2] = k + 1
        images = np.where(maps[..., None] > 0, np.uint8(90), np.uint8(240)).repeat(3, axis=3)
        images = (images + rng.integers(0, 15, images.shape)).astype(np.uint8)
        write_store(folder / f"{name}.h5", images=iter(images))
        write_store(folder / f"{name}-nuclei.h5", instances=iter(maps))

    write("real", 24, 6, 3)
    write("fake", 10, fake_radius, fake_nuclei)
    write_manifest(folder / "real.csv", [{"id": str(i), "split": "test" if i % 2 else "train"} for i in range(24)])
    nuclei = {"real_instances": folder / "real-nuclei.h5", "fake_instances": folder / "fake-nuclei.h5"}
    return Inputs(folder / "fake.h5", folder / "real.h5", folder / "real.csv", **nuclei)


def test_nuclei_of_another_size_are_told_from_real_ones(tmp_path, rng):
    config = MorphometryScore(kind="morphometry", segmenter="x")
    found = {name: value for _, name, value in score(config, morphometry_inputs(tmp_path, rng, fake_radius=8))}
    assert found.keys() - {name for name in found if name.startswith("n_")} == set(given_by("morphometry"))
    assert (found["n_real"], found["n_floor"]) == (12, 6)
    assert found["n_nuclei_found_real"] == 36
    assert found["area_shift"] > 5 * found["area_shift_floor"]
    assert found["haematoxylin_shift"] < 3 * found["haematoxylin_shift_floor"]


def test_samples_like_real_images_score_as_their_floor(tmp_path, rng):
    config = MorphometryScore(kind="morphometry", segmenter="x", split="all")
    found = {name: value for _, name, value in score(config, morphometry_inputs(tmp_path, rng, fake_radius=6))}
    for name in ("area", "perimeter", "haematoxylin", "contrast"):
        assert 0.4 < found[f"{name}_shift"] / found[f"{name}_shift_floor"] < 2.5, name


def test_samples_without_nuclei_are_infinitely_far_and_real_images_without_are_an_error(tmp_path, rng):
    config = MorphometryScore(kind="morphometry", segmenter="x")
    given = morphometry_inputs(tmp_path, rng, fake_radius=6, fake_nuclei=0)
    found = {name: value for _, name, value in score(config, given)}
    assert found["area_shift"] == np.inf
    assert np.isfinite(found["area_shift_floor"])
    with pytest.raises(DataError, match=r"real\.csv: 1 real images of the split 'test'.*expected two or more"):
        write_manifest(tmp_path / "real.csv", [{"id": str(i), "split": "train" if i else "test"} for i in range(24)])
        score(config, given)
    write_manifest(tmp_path / "real.csv", [{"id": str(i), "split": "test"} for i in range(10)])
    swapped = replace(
        given,
        store=given.predicted,
        predicted=given.store,
        real_instances=given.fake_instances,
        fake_instances=given.real_instances,
    )
    with pytest.raises(DataError, match=r"fake-nuclei\.h5: half of the 10 images of 'test': expected real nuclei that"):
        score(config, swapped)
