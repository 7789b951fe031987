"""Nuclei by their colours: against exact masks, true masks of real cells, and images that are none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image
from sklearn.mixture import GaussianMixture

from doing import read_items, write_store
from pathgan.config.phantom_looks import Smear
from pathgan.config.runs.mixture_run import ColourMixture
from pathgan.datasets.adapters.class_masks import ClassMaskDataset
from pathgan.datasets.adapters.monuseg import MonusegDataset
from pathgan.errors import DataError
from pathgan.masks.colour_nuclei import components, part, segment_nuclei, stretch
from pathgan.metrics import aggregated_jaccard_index, dice_coefficient
from pathgan.phantoms.smears import cytology_smear
from pathgan.sampling.nuclei_finding import segment_store
from pathgan.stores.store import ImageStore

PURPLE, PINK, RED, GLASS = (90, 60, 140), (225, 170, 205), (225, 130, 135), (240, 238, 242)
LOOKS = {
    "benign": Smear(pleomorphism=0.05, clustering=0.75),
    "malignant": Smear(pleomorphism=0.6, clustering=0.4),
}


def drawn(discs, side=160, ground=GLASS):
    """An image with discs (x, y, radius, colour), and a camera's noise."""
    image = np.full((side, side, 3), ground, np.uint8)
    for x, y, radius, colour in discs:
        cv2.circle(image, (x, y), radius, colour, -1)
    noise = np.random.default_rng(0).normal(0, 3, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


CELLS = [(x, y, 12, PURPLE) for x, y in ((30, 30), (110, 40), (60, 120))]
CYTOPLASM = [(x, y, 22, PINK) for x, y, _, _ in CELLS]


def dice(found, true):
    return dice_coefficient((true > 0).astype(np.int32), (found > 0).astype(np.int32))


def test_discs_are_found_whole_and_one_by_one():
    found = segment_nuclei(drawn([*CYTOPLASM, *CELLS]))
    true = np.zeros(found.shape, np.int32)
    for label, (x, y, radius, _) in enumerate(CELLS, start=1):
        cv2.circle(true, (x, y), radius, label, -1)
    assert found.max() == 3
    assert found.dtype == np.int32
    assert dice(found, true) > 0.97
    assert aggregated_jaccard_index(true, found) > 0.94


@pytest.mark.parametrize("order", ["mixture_first", "threshold_first"])
def test_red_cells_are_left_out(order):
    red = [(130, 120, 12, RED), (30, 80, 12, RED)]
    options = ColourMixture(order=order, n_components=3 if order == "mixture_first" else 2)
    found = segment_nuclei(drawn([*CYTOPLASM, *CELLS, *red]), options)
    assert found.max() == 3
    assert not found[120, 130]


def test_rounded_colours_are_of_the_component_of_their_pixels(rng):
    """The fast path, a look-up a rounded colour, against the plain one."""
    image = cytology_smear(LOOKS["malignant"], 256, (8, 15)).image
    drawn_pixels = rng.choice(image.reshape(-1, 3), 2000).astype(float)
    mixture = GaussianMixture(3, init_params="k-means++", reg_covar=4.0, random_state=0).fit(drawn_pixels)
    plain = mixture.predict(image.reshape(-1, 3).astype(float)).reshape(image.shape[:2])
    assert (components(image, mixture) == plain).mean() > 0.96


def test_a_field_of_red_cells_has_no_nuclei():
    for index in range(5):
        smear = Smear(cells_per_mpx=0.001, red_cells_per_mpx=400, radius_px=8)
        field = cytology_smear(smear, 160, (3, index))
        assert not field.instances.any()
        assert not segment_nuclei(field.image).any()


def test_two_that_touch_are_parted():
    mask = np.zeros((60, 90), np.uint8)
    cv2.circle(mask, (30, 30), 15, 1, -1)
    cv2.circle(mask, (55, 30), 15, 1, -1)
    found = part(mask > 0, ColourMixture(spacing_px=8))
    assert found.max() == 2
    assert found[30, 25] != found[30, 60]
    assert ((found > 0) == (mask > 0)).all()


def test_no_part_of_a_mask_is_lost_beside_a_deeper_one():
    mask = np.zeros((100, 120), np.uint8)
    cv2.circle(mask, (40, 50), 30, 1, -1)
    mask[10:90, 74:82] = 1
    found = part(mask > 0, ColourMixture(spacing_px=12, min_area_px=300))
    assert ((found > 0) == (mask > 0)).all()
    assert found[50, 40] != found[50, 78]


def test_no_piece_of_a_cluster_is_smaller_than_asked(rng):
    for index in range(6):
        field = cytology_smear(LOOKS["malignant"], 256, (31, index))
        found = segment_nuclei(field.image)
        assert np.bincount(found.ravel())[1:].min() >= ColourMixture().min_area_px
        assert np.array_equal(np.unique(found), np.arange(found.max() + 1))


@pytest.mark.parametrize("look", LOOKS)
def test_nuclei_of_phantom_smears(look):
    scores = []
    for index in range(12):
        field = cytology_smear(LOOKS[look], 256, (4711, index))
        scores.append(dice(segment_nuclei(field.image), field.instances))
    assert np.mean(scores) >= 0.85


def test_nuclei_of_white_blood_cells(real_data):
    """Files 101 to 300: the settings were chosen on the first hundred."""
    wbc = ClassMaskDataset(adapter="class_masks", folder="wbc_cytology")
    held_out = list(read_items(wbc, real_data))[100:]
    assert len(held_out) == 200
    assert np.mean([dice(segment_nuclei(item.image), item.instances) for item in held_out]) >= 0.80


def test_nuclei_of_breast_tissue_are_found_in_part(real_data):
    """Histology is not what the method is for: a bound that its failure would break."""
    breast = MonusegDataset(adapter="monuseg", folder="monuseg_breast")
    assert np.mean([dice(segment_nuclei(item.image), item.instances) for item in read_items(breast, real_data)]) > 0.6


def test_the_seed_decides_and_nothing_else():
    image = cytology_smear(LOOKS["malignant"], 128, (1, 1)).image
    assert np.array_equal(segment_nuclei(image, seed=3), segment_nuclei(image.copy(), seed=3))


def test_stretching_uses_the_whole_range():
    image = np.random.default_rng(0).integers(100, 151, (50, 50, 3)).astype(np.uint8)
    stretched = stretch(image, 0.0)
    assert stretched.min() == 0
    assert stretched.max() == 255
    order = np.argsort(image[..., 0], axis=None)
    assert (np.diff(stretched[..., 0].ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize("colour", [GLASS, PURPLE, (0, 0, 0)])
def test_an_empty_field_has_no_nuclei(colour):
    assert not segment_nuclei(np.full((64, 64, 3), colour, np.uint8)).any()
    assert not segment_nuclei(drawn([], ground=colour)).any()


@pytest.mark.parametrize(
    "image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)]
)
def test_what_is_no_rgb_image_is_refused(image):
    with pytest.raises(ValueError, match="expected an RGB image"):
        segment_nuclei(image)


def test_an_inverted_image_is_refused():
    with pytest.raises(ValueError, match="expected dark nuclei on a pale ground: is it inverted"):
        segment_nuclei(255 - drawn(CELLS))


@pytest.mark.parametrize("light", [(40, 40, 255), (200, 30, 30), (120, 120, 120)], ids=["blue", "red", "grey"])
def test_nuclei_that_glow_on_black_are_refused(light):
    with pytest.raises(ValueError, match="no brightfield image"):
        segment_nuclei(drawn([(x, y, 12, light) for x, y, _, _ in CELLS], ground=(6, 6, 6)))


def test_densely_stained_tissue_is_dark_and_no_mistake(real_data):
    """The darkest 128-px tile of the breast cases of MoNuSeg: half of it is below grey level 64."""
    file = real_data / "monuseg_breast" / "tissue_images" / "TCGA-AC-A2FO-01A-01-TS1.tif"
    image = np.asarray(Image.open(file).convert("RGB"))
    tile = image[320:448, 704:832]
    assert np.median(cv2.cvtColor(tile, cv2.COLOR_RGB2GRAY)) < 64
    assert segment_nuclei(tile).max() > 0


def test_a_store_of_images_becomes_a_store_of_instances(tmp_path):
    images = [drawn(CELLS), drawn([]), drawn(CELLS[:1])]
    write_store(tmp_path / "images.h5", images=iter(images))
    assert segment_store(ColourMixture(), tmp_path / "images.h5", 0, tmp_path / "a.h5") == 3
    segment_store(ColourMixture(), tmp_path / "images.h5", 0, tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    with ImageStore(tmp_path / "a.h5") as store:
        assert [int(field.max()) for field in store.instances()] == [3, 0, 1]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([drawn(CELLS), 255 - drawn(CELLS)], r"images\.h5: image 1: .*inverted"),
        ([drawn([]), drawn([])], r"no nucleus in any of 2 images.*blank"),
    ],
)
def test_a_store_without_nuclei_leaves_nothing_behind(tmp_path, images, message):
    write_store(tmp_path / "images.h5", images=iter(images))
    with pytest.raises(DataError, match=message):
        segment_store(ColourMixture(), tmp_path / "images.h5", 0, tmp_path / "out.h5")
    assert [file.name for file in tmp_path.iterdir()] == ["images.h5"]


def test_an_even_block_is_refused():
    with pytest.raises(ValueError, match="expected an odd number, got 50"):
        ColourMixture(block_px=50)
