import numpy as np
import pytest

from pathgan.config.phantom_looks import Smear, Tissue
from pathgan.phantoms.drawn_nuclei import rasterise, scatter
from pathgan.phantoms.fields import histology_field
from pathgan.phantoms.smears import cytology_smear
from pathgan.phantoms.textures import blobs, fibres
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


# --- smears -----------------------------------------------------------------------------------------------

SMEARS = {
    "benign": Smear(cells_per_mpx=900, radius_px=7, pleomorphism=0.05, clustering=0.75),
    "malignant": Smear(cells_per_mpx=1500, radius_px=10, pleomorphism=0.6, clustering=0.4),
}


def test_a_smear_is_the_same_for_the_same_seed_and_its_nuclei_are_dark_on_pale_glass():
    for smear in SMEARS.values():
        field, again = (cytology_smear(smear, 128, (7, 1)) for _ in range(2))
        assert np.array_equal(field.image, again.image)
        assert not np.array_equal(field.image, cytology_smear(smear, 128, (7, 2)).image)
        inside = field.instances > 0
        assert field.image[inside].mean() < field.image[~inside].mean() - 40
        assert np.percentile(field.image, 95) > 230  # bare glass
        assert set(np.unique(field.instances)) == set(range(len(field.nuclei) + 1))


def test_the_classes_of_smears_differ_in_density_size_and_spread_of_nuclei():
    cover, areas = {}, {}
    for name, smear in SMEARS.items():
        fields = [cytology_smear(smear, 256, (1, k)).instances for k in range(3)]
        cover[name] = np.mean([(field > 0).mean() for field in fields])
        sizes = [np.bincount(field[field > 0])[1:] for field in fields]
        areas[name] = np.concatenate([size[size > 0] for size in sizes])
    spread = {name: sizes.std() / sizes.mean() for name, sizes in areas.items()}
    assert cover["malignant"] > 2 * cover["benign"]
    assert areas["malignant"].mean() > 1.5 * areas["benign"].mean()
    assert spread["malignant"] > 1.5 * spread["benign"]


def test_glass_without_cells_is_pale():
    empty = cytology_smear(Smear(cells_per_mpx=1e-6, red_cells_per_mpx=0), 64, (0,))
    assert not empty.instances.any()
    assert empty.image.mean() > 225
