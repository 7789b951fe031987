"""The Ki-67-positive share: stains unmix, and phantoms of known status are read as what they are."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import hdx_from_rgb, separate_stains
from skimage.data import immunohistochemistry

from doing import score, write_store
from pathgan.config.phantom_looks import Tissue
from pathgan.config.scores.positivity_score import PositivityScore
from pathgan.config.slide_types import SectionPhantom
from pathgan.errors import DataError
from pathgan.metrics import positive_share
from pathgan.phantoms.sections import serial_pair
from pathgan.scoring.score_files import Inputs
from pathgan.stains import beer_lambert, unmix
from pathgan.stores.manifest import write_manifest


def test_unmixing_inverts_beer_lambert(rng):
    haematoxylin, dab = rng.uniform(0, 1.5, (2, 40, 40))
    image = np.round(beer_lambert({"haematoxylin": haematoxylin, "dab": dab})).astype(np.uint8)
    found = unmix(image, ("haematoxylin", "dab"))
    np.testing.assert_allclose(found["haematoxylin"], haematoxylin, atol=0.05)
    np.testing.assert_allclose(found["dab"], dab, atol=0.05)
    assert np.abs(found["rest"]).max() < 0.05


def test_unmixing_ranks_pixels_of_real_ihc_as_scikit_image_does():
    """Its stain matrix has another third vector and no natural logarithm: DAB agrees in rank, not in scale."""
    image = immunohistochemistry()
    ours = unmix(image, ("haematoxylin", "dab"))["dab"].ravel()
    theirs = separate_stains(image, hdx_from_rgb)[..., 1].ravel()
    ranks = [np.argsort(np.argsort(values)) for values in (ours, theirs)]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


def nuclei(*, positive: int, negative: int) -> np.ndarray:
    """A tile with square nuclei of 64 px each."""
    haematoxylin, dab = np.full((2, 64, 64), 0.03)
    for k in range(positive + negative):
        y, x = 2 + 12 * (k // 5), 2 + 12 * (k % 5)
        target = dab if k < positive else haematoxylin
        target[y : y + 8, x : x + 8] = 0.9
    return np.round(beer_lambert({"haematoxylin": haematoxylin, "dab": dab})).astype(np.uint8)


@pytest.mark.parametrize(("positive", "negative"), [(0, 10), (5, 5), (10, 0), (3, 12)])
def test_the_share_of_a_known_tile(positive, negative):
    share, nuclear = positive_share(nuclei(positive=positive, negative=negative)[None])
    assert share[0] == pytest.approx(positive / (positive + negative), abs=0.03)
    assert nuclear[0] == pytest.approx((positive + negative) * 64 / 64**2, rel=0.15)


def test_a_tile_without_nuclei_has_no_share():
    share, nuclear = positive_share(np.full((1, 32, 32, 3), 244, np.uint8))
    assert np.isnan(share[0])
    assert nuclear[0] == 0


def test_shares_of_phantom_regions_follow_the_known_status():
    """Region by region against the true share of nuclear area, in the Ki-67 section as it was cut."""
    tissue = Tissue(radius_px=6, nuclei_per_mpx=3600)
    options = SectionPhantom(
        adapter="phantom_sections",
        n_pairs=1,
        size_px=640,
        seed=2,
        tissue=tissue,
        max_rotation_deg=0,
        max_stretch=0,
        elastic_px=0,
    )
    pair = serial_pair(options, 0)
    shift = np.round(pair.deformation.to_moving(np.array([[320.0, 320.0]]))[0] - 320).astype(int)
    ours, true = [], []
    status = np.concatenate([[False], pair.positive])[pair.instances]
    for y in range(64, 512, 64):
        for x in range(64, 512, 64):
            here = np.s_[y : y + 64, x : x + 64]
            inside = pair.instances[here] > 0
            if inside.mean() > 0.05:
                there = np.s_[y + shift[1] : y + shift[1] + 64, x + shift[0] : x + shift[0] + 64]
                ours.append(positive_share(pair.ki67[there][None])[0][0])
                true.append(status[here][inside].mean())
    assert len(ours) > 15
    assert np.corrcoef(ours, true)[0, 1] > 0.95
    assert abs(np.mean(ours) - np.mean(true)) < 0.05


def scored(tmp_path, real, fake):
    write_store(tmp_path / "real.h5", images=iter(real))
    write_store(tmp_path / "fake.h5", images=iter(fake))
    write_manifest(tmp_path / "real.csv", [{"id": str(k), "split": "test"} for k in range(len(real))])
    inputs = Inputs(tmp_path / "fake.h5", tmp_path / "real.h5", tmp_path / "real.csv")
    return score(PositivityScore(kind="positivity"), inputs)


def test_scores_of_equal_and_of_unlike_tiles(tmp_path):
    tiles = [nuclei(positive=k, negative=12 - k) for k in range(8)] + [np.full((64, 64, 3), 244, np.uint8)]
    facts = {metric: value for item, metric, value in scored(tmp_path, tiles, tiles) if item == "set"}
    assert facts["positivity_correlation"] == pytest.approx(1)
    assert facts["positivity_bias"] == 0
    assert facts["n_images"] == 8  # the empty tile is left out
    assert abs(facts["positivity_correlation_shuffled"]) < 0.9
    blank = [np.full((64, 64, 3), 244, np.uint8)] * 9
    facts = {metric: value for item, metric, value in scored(tmp_path, tiles, blank) if item == "set"}
    assert facts["positivity_correlation"] == 0
    assert facts["positivity_bias"] == pytest.approx(-np.mean([k / 12 for k in range(8)]), abs=0.03)


def test_too_few_tiles_with_nuclei_are_an_error(tmp_path):
    blank = [np.full((64, 64, 3), 244, np.uint8)] * 4
    with pytest.raises(DataError, match="0 of 4 test tiles have 2% of nuclear area"):
        scored(tmp_path, blank, blank)
