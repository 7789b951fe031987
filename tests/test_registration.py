"""Registration: transforms are maps, known deformations are found, unrelated tissue is refused."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pathgan.config.phantom_looks import Tissue
from pathgan.config.slide_types import SectionPhantom
from pathgan.phantoms.sections import serial_pair
from pathgan.slides import open_slide, register
from pathgan.slides.registration import RegistrationError, align, landmark_errors, quality
from pathgan.slides.transforms import GRID, Transform
from pathgan.stores.slide_files import write_slide

PHANTOM = SectionPhantom(
    adapter="phantom_sections",
    n_pairs=4,
    size_px=900,
    seed=11,
    tissue=Tissue(radius_px=6, nuclei_per_mpx=3600),
    max_rotation_deg=180,
    elastic_px=6,  # as 10 at 1500 px
    mirror_every=2,
    damage_every=2,
)


@pytest.fixture(scope="module")
def pairs():
    return [serial_pair(PHANTOM, index) for index in range(2)]


def bent(size=(300, 200)) -> Transform:
    knots = np.stack(np.meshgrid(np.linspace(0, 1, GRID), np.linspace(0, 1, GRID)), -1)
    displacement = 6 * np.sin(4 * knots[..., ::-1])
    return Transform(np.array([[0.9, -0.3, 20.0], [0.3, 0.9, 5.0]]), displacement, size, (320, 280))


# --- transforms -------------------------------------------------------------------------------------------


def test_an_affine_transform_maps_as_its_matrix_says(rng):
    matrix = np.array([[1.1, 0.2, -3.0], [-0.1, 0.9, 7.0]])
    points = rng.uniform(0, 100, (50, 2))
    mapped = Transform.affine(matrix, (100, 100), (100, 100)).map_points(points)
    np.testing.assert_allclose(mapped, points @ matrix[:, :2].T + matrix[:, 2])


def test_rescaling_a_transform_moves_the_same_places(rng):
    transform, points = bent(), rng.uniform(5, 190, (60, 2))
    large = transform.rescaled(4.0, 2.5)
    there = large.map_points((points + 0.5) * 4.0 - 0.5)
    np.testing.assert_allclose((there + 0.5) / 2.5 - 0.5, transform.map_points(points), atol=1e-9)


def test_warping_takes_each_pixel_from_where_its_point_maps():
    """Of an image that is a ramp, the warped pixel is the coordinate it came from."""
    transform = bent()
    y, x = np.mgrid[:280, :320].astype(np.float32)
    warped = transform.warp(np.stack([x, y, x], axis=-1), background=-1)
    columns, rows = np.meshgrid(np.arange(300), np.arange(200))
    expected = transform.map_points(np.stack([columns.ravel(), rows.ravel()], 1).astype(float)).reshape(200, 300, 2)
    inside = ((expected > 1) & (expected < (318, 278))).all(-1)
    assert inside.mean() > 0.5
    np.testing.assert_allclose(warped[..., :2][inside], expected[inside], atol=0.05)


def test_tiles_of_a_slide_are_pieces_of_the_whole_warp(tmp_path, pairs):
    """Applied per tile, without the slide in memory, as to the whole: to the last bit."""
    write_slide(tmp_path / "moving.tif", pairs[0].ki67, mpp=0.5)
    transform = bent((900, 900))
    with open_slide(tmp_path / "moving.tif") as slide:
        moving = slide.region(0, 0, 0, 900, 900)
        transform = replace(transform, moving_size=(900, 900))
        whole = transform.warp(moving)
        for x, y in ((0, 0), (300, 200), (644, 644)):
            tile = transform.warp_tile(slide, 0, x, y, 256, 256)
            assert np.abs(tile.astype(int) - whole[y : y + 256, x : x + 256]).max() <= 1
        far = Transform.affine(np.array([[1, 0, 5000.0], [0, 1, 0]]), (900, 900), (900, 900))
        assert (far.warp_tile(slide, 0, 0, 0, 64, 64) == 255).all()


def test_a_stored_transform_comes_back(tmp_path, rng):
    transform = bent()
    transform.write(tmp_path / "t.h5", quality=0.5)
    back = Transform.read(tmp_path / "t.h5")
    points = rng.uniform(0, 200, (20, 2))
    np.testing.assert_array_equal(back.map_points(points), transform.map_points(points))
    assert (back.size, back.moving_size) == (transform.size, transform.moving_size)


def test_fold_is_the_smallest_change_of_area():
    flat = Transform.affine(np.eye(2, 3), (100, 100), (100, 100))
    assert flat.fold() == 1.0
    x, y = np.meshgrid(np.linspace(0, 100, GRID), np.linspace(0, 100, GRID))
    shrunk = replace(flat, displacement=np.stack([-0.2 * x, -0.5 * y], axis=-1))
    assert shrunk.fold() == pytest.approx(0.8 * 0.5)
    folded = replace(flat, displacement=np.stack([-1.5 * x, 0 * y], axis=-1))
    assert folded.fold() == pytest.approx(-0.5)


# --- phantoms ---------------------------------------------------------------------------------------------


def test_the_phantoms_deformation_and_its_inverse_agree(pairs, rng):
    for pair in pairs:
        points = pair.landmarks_he
        back = pair.deformation.to_fixed(pair.deformation.to_moving(points))
        np.testing.assert_allclose(back, points, atol=1e-6)
        assert len(points) == 80


def test_a_phantom_pair_is_the_same_every_time_and_unlike_the_next(pairs):
    again = serial_pair(PHANTOM, 0)
    np.testing.assert_array_equal(again.ki67, pairs[0].ki67)
    assert (pairs[0].he != pairs[1].he).any()


def test_positive_nuclei_of_a_phantom_are_brown(pairs):
    """Seen through the true deformation: DAB in the nuclei that are positive, and in no other."""
    pair = pairs[1]
    y, x = np.mgrid[:900, :900]
    places = np.stack([x.ravel(), y.ravel()], 1).astype(float)[pair.instances.ravel() > 0]
    ids = pair.instances.ravel()[pair.instances.ravel() > 0]
    kept = pair.deformation.keeps(places)
    u, v = np.round(pair.deformation.to_moving(places[kept])).astype(int).T
    brown = pair.ki67[v, u, 0].astype(int) - pair.ki67[v, u, 2]
    is_positive = pair.positive[ids[kept] - 1]
    assert np.median(brown[is_positive]) > 40
    assert np.median(brown[~is_positive]) < 0


# --- registration -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_known_deformations_are_found(pairs):
    """Turned by any angle, the second mirrored, the first torn: median within 0.15 % of the diagonal."""
    for pair in pairs:
        found = align(pair.he, pair.ki67)
        error = 100 * landmark_errors(found.transform, pair.landmarks_he, pair.landmarks_ki67)
        assert np.median(error) < 0.15
        assert found.mirrored == (np.linalg.det(pair.deformation.linear) < 0)
        assert found.quality >= found.pose_quality
        assert found.transform.fold() > 0.2


def test_a_section_lies_on_itself(pairs):
    transform = register(pairs[0].he, pairs[0].he)
    assert landmark_errors(transform, pairs[0].landmarks_he, pairs[0].landmarks_he).max() < 5e-4


@pytest.mark.slow
def test_unrelated_tissue_is_refused(pairs):
    with pytest.raises(RegistrationError, match=r"the sections do not fit: only \d+% of the blocks"):
        register(pairs[0].he, pairs[1].ki67)


def test_blank_sections_are_refused(pairs):
    blank = np.full_like(pairs[0].he, 244)
    for fixed, moving in ((pairs[0].he, blank), (blank, pairs[0].he), (blank, blank)):
        with pytest.raises(RegistrationError, match="the sections do not fit"):
            register(fixed, moving)


def test_quality_falls_as_the_transform_leaves_the_true_one(pairs):
    """Of a section against itself: high in place, less a few pixels off, next to nothing a nucleus off."""
    size = (900, 900)
    values = [
        quality(pairs[0].he, pairs[0].he, Transform.affine(np.array([[1, 0, shift], [0, 1, 0.0]]), size, size))
        for shift in (0.0, 3.0, 12.0)
    ]
    assert values[0] > values[1] > values[2]
    assert values[2] < 0.2 * values[0]


def landmarks_of(folder: Path, stain: str) -> tuple[np.ndarray, np.ndarray]:
    (image,) = (folder / "images_5pc").glob(f"*{stain}*.jpg")
    (table,) = (folder / "landmarks_50pc").glob(f"*{stain}*.csv")
    with table.open() as file:
        points = [(float(row["X"]), float(row["Y"])) for row in csv.DictReader(file)]
    return np.asarray(Image.open(image)), np.array(points) / 10  # set at 50 %, the images are at 5 %


@pytest.mark.slow
@pytest.mark.parametrize("stain", ["Cc10-5", "CD31-3", "proSPC-4", "Ki67-7"])
def test_real_serial_sections(real_data, stain):
    """By intensities alone as close as the best affine map that the landmarks themselves allow."""
    folder = real_data / "serial_sections"
    fixed, at = landmarks_of(folder, "He-les3")
    moving, goal = landmarks_of(folder, stain)
    found = align(fixed, moving)
    error = np.median(landmark_errors(found.transform, at, goal))
    design = np.c_[at, np.ones(len(at))]
    best_affine = design @ np.linalg.lstsq(design, goal, rcond=None)[0]
    floor = np.median(np.linalg.norm(best_affine - goal, axis=1)) / np.hypot(*fixed.shape[:2])
    assert error <= floor
