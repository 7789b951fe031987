import numpy as np
import pytest

from pathgan.config.datasets import Tissue
from pathgan.phantoms import histology_field, rasterise, scatter
from pathgan.phantoms.noise import blobs, fibres
from pathgan.stains import STAIN_VECTORS, beer_lambert, optical_density


def test_a_field_is_its_seed():
    first, again, other = (histology_field(Tissue(), 96, (7, index)) for index in (0, 0, 1))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.instances, again.instances)
    assert not np.array_equal(first.image, other.image)


def test_nuclei_are_bluer_and_darker_than_stroma():
    field = histology_field(Tissue(), 256, (0,))
    inside = field.instances > 0
    density = optical_density(field.image)
    assert density[inside].mean() > 1.5 * density[~inside].mean()
    red = density[..., 0]  # haematoxylin absorbs red, eosin hardly
    assert red[inside].mean() > 3 * red[~inside].mean()
    assert 0.1 < inside.mean() < 0.7


def test_every_instance_belongs_to_a_nucleus():
    field = histology_field(Tissue(), 128, (5,))
    ids = np.unique(field.instances)
    assert ids.max() <= len(field.nuclei)
    assert set(field.nuclei.kind) <= {"tumour", "lymphocyte", "stromal"}


def test_rasterise_draws_the_scattered_map_again(rng):
    nuclei, instances = scatter(128, 60, 7.0, {"tumour": 1.0}, 0.3, rng)
    assert np.array_equal(rasterise(nuclei, 128), instances)


def test_touching_raises_the_share_of_touching_nuclei():
    def meeting(touching):
        total = 0
        for seed in range(6):
            _, field = scatter(192, 60, 7.0, {"tumour": 1.0}, touching, np.random.default_rng(seed))
            right = (field[:, 1:] != field[:, :-1]) & (field[:, 1:] > 0) & (field[:, :-1] > 0)
            total += right.sum()
        return total

    assert meeting(0.8) > 1.5 * meeting(0.0)


def test_beer_lambert_is_undone_by_optical_density():
    amounts = np.array([[0.0, 0.3], [0.6, 1.0]])
    light = beer_lambert({"haematoxylin": amounts})
    density = -np.log(light / 255)
    assert density == pytest.approx(amounts[..., None] * np.array(STAIN_VECTORS["haematoxylin"]), abs=1e-5)
    two = beer_lambert({"haematoxylin": amounts, "eosin": amounts})
    product = light * beer_lambert({"eosin": amounts}) / 255
    assert two == pytest.approx(product, rel=1e-4)


def test_textures_are_standard(rng):
    for texture in (blobs(80, 6, rng), fibres(80, 20, 3, rng)):
        assert texture.shape == (80, 80)
        assert texture.mean() == pytest.approx(0, abs=1e-4)
        assert texture.std() == pytest.approx(1, abs=1e-3)
