"""Stain histograms: closed forms, plain loops, and images that were stained here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doing import score, write_store
from pathgan.config.scores.stain_score import StainScore
from pathgan.config.table_types import SET
from pathgan.errors import DataError
from pathgan.metrics.stain_amounts import EDGES, PSEUDO_COUNT, divergences, stain_histograms
from pathgan.scoring.score_files import Inputs
from pathgan.stains import beer_lambert
from pathgan.stores.manifest import write_manifest

HAEMATOXYLIN_EOSIN = ("haematoxylin", "eosin")
COUNTS = st.lists(st.integers(0, 1000), min_size=4, max_size=4).map(np.array)


def stained(haematoxylin: float, eosin: float) -> np.ndarray:
    """16 x 16 px, evenly."""
    amounts = {"haematoxylin": np.full((16, 16), haematoxylin), "eosin": np.full((16, 16), eosin)}
    return beer_lambert(amounts).round().astype(np.uint8)


def test_an_evenly_stained_image_lies_in_one_bin_and_its_integral_is_its_amount() -> None:
    counts, integrals = stain_histograms(np.stack([stained(0.62, 0.38), stained(1.02, 0.12)]), HAEMATOXYLIN_EOSIN)
    assert counts.shape == (2, 2, len(EDGES) - 1)
    for found, amounts in zip(counts, ((0.62, 0.38), (1.02, 0.12)), strict=True):
        for histogram, amount in zip(found, amounts, strict=True):
            (bin_,) = np.flatnonzero(histogram)
            assert histogram[bin_] == 256
            assert EDGES[bin_] - 0.02 <= amount <= EDGES[bin_ + 1] + 0.02
    assert integrals == pytest.approx(np.array([[0.62, 0.38], [1.02, 0.12]]), abs=0.02)


def test_no_pixel_is_lost_beyond_the_outer_bins(rng) -> None:
    images = rng.integers(0, 256, (3, 20, 30, 3), dtype=np.uint8)  # no tissue: densities far below 0 and above 3
    assert (stain_histograms(images, HAEMATOXYLIN_EOSIN)[0].sum(2) == 600).all()


@given(real=COUNTS, fake=COUNTS)
def test_divergences_are_their_definitions(real, fake) -> None:
    p, q = ((counts + PSEUDO_COUNT) / (counts.sum() + 4 * PSEUDO_COUNT) for counts in (real, fake))
    middle = (p + q) / 2
    kl = sum(a * np.log2(a / b) for a, b in zip(p, q, strict=True))
    js = sum((a * np.log2(a / m) + b * np.log2(b / m)) / 2 for a, b, m in zip(p, q, middle, strict=True))
    assert divergences(real, fake) == pytest.approx((kl, js), abs=1e-9)
    assert 0 <= divergences(real, fake)[1] <= 1


def inputs(folder, real, fake) -> Inputs:
    write_store(folder / "real.h5", images=iter(real))
    write_store(folder / "fake.h5", images=iter(fake))
    write_manifest(folder / "real.csv", [{"id": str(k), "split": "test"} for k in range(len(real))])
    return Inputs(folder / "fake.h5", folder / "real.h5", folder / "real.csv")


def test_a_darker_stain_shows_in_its_own_channel_and_real_halves_do_not_differ(tmp_path, rng) -> None:
    def fields(n, haematoxylin):
        return [stained(haematoxylin + rng.normal(0, 0.03), 0.4 + rng.normal(0, 0.03)) for _ in range(n)]

    scores = score(StainScore(kind="stain"), inputs(tmp_path, fields(40, 0.6), fields(30, 1.0)))
    found = {name: value for item, name, value in scores if item == SET}
    assert found["haematoxylin_js"] > 0.5 > found["counterstain_js"]
    assert found["haematoxylin_js_floor"] < 0.2
    assert found["counterstain_js"] == pytest.approx(found["counterstain_js_floor"], abs=0.1)
    assert found["haematoxylin_kl"] > 10 * found["haematoxylin_kl_floor"]
    assert (found["n_images"], found["n_real"], found["n_floor"]) == (30, 40, 20)
    each = [value for item, name, value in scores if name == "haematoxylin_integral"]
    assert np.mean(each) == pytest.approx(1.0, abs=0.03)
    assert found["haematoxylin_integral_real"] == pytest.approx(0.6, abs=0.03)


def test_one_real_image_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match=r"real\.csv: 1 real images of the split 'test'.*expected two or more"):
        score(StainScore(kind="stain"), inputs(tmp_path, [stained(1, 1)], [stained(1, 1)]))
