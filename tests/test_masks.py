import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import skeletonize

from pathgan.config.phantom_looks import Tissue
from pathgan.config.polygon_options import Polygons
from pathgan.config.runs.watershed_options import Watershed
from pathgan.datasets.adapters.polygons import PolygonDataset
from pathgan.errors import DataError
from pathgan.masks import (
    contours,
    distance_map,
    polygon_masks,
    random_polygons,
    separated,
    skeleton,
    skeleton_map,
)
from pathgan.masks.maps import erosion_counts
from pathgan.masks.mask_drawing import draw_polygon
from pathgan.masks.polygon_maps import areas_of, fitted
from pathgan.masks.watershed import instances_from_probability
from pathgan.phantoms.fields import histology_field


@st.composite
def instance_maps(draw):
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    instances = np.zeros((24, 31), np.int32)
    for label in range(1, draw(st.integers(0, 7)) + 1):
        centre = (int(rng.integers(-3, 34)), int(rng.integers(-3, 27)))
        axes = (int(rng.integers(1, 9)), int(rng.integers(1, 9)))
        cv2.ellipse(instances, centre, axes, float(rng.uniform(0, 180)), 0, 360, label * 3, -1)
    return instances


def eroded_by_loop(instances):
    """Erosion counts as the paper tells it: each nucleus by itself, one pixel at a time."""
    counts = np.zeros(instances.shape, np.int32)
    for label in np.unique(instances[instances > 0]):
        rest = (instances == label).astype(np.uint8)
        while rest.any():
            counts += rest
            # beyond the border a nucleus goes on, but only while something of the image is outside of it
            eroded = cv2.erode(rest, np.ones((3, 3), np.uint8))
            if (eroded == rest).all():
                break
            rest = eroded
    return counts


@given(instance_maps())
@settings(max_examples=150, deadline=None)
def test_erosion_counts_equal_the_loop_over_nuclei(instances):
    assert np.array_equal(erosion_counts(instances), eroded_by_loop(instances))


@given(instance_maps())
@settings(max_examples=60, deadline=None)
def test_maps_are_bounded_and_empty_outside_nuclei(instances):
    for field in (distance_map(instances), skeleton_map(instances)):
        assert field.dtype == np.float32
        assert field.min() >= 0
        assert field.max() <= 1
        assert not field[instances == 0].any()
    for label in np.unique(instances[instances > 0]):
        assert distance_map(instances)[instances == label].max() == 1


@given(instance_maps())
@settings(max_examples=60, deadline=None)
def test_contours_are_pixels_with_a_foreign_neighbour(instances):
    expected = np.zeros(instances.shape, bool)
    h, w = instances.shape
    for y, x in zip(*np.nonzero(instances), strict=True):
        window = instances[max(y - 1, 0) : min(y + 2, h), max(x - 1, 0) : min(x + 2, w)]
        expected[y, x] = (window != instances[y, x]).any()
    assert np.array_equal(contours(instances), expected)


def test_touching_nuclei_get_skeletons_of_their_own():
    instances = np.zeros((20, 40), np.int32)
    instances[5:15, 2:20], instances[5:15, 20:38] = 1, 2
    together = skeletonize(instances > 0)
    apart = skeleton(instances)
    assert ndimage.label(together, np.ones((3, 3)))[1] == 1
    assert ndimage.label(apart, np.ones((3, 3)))[1] == 2
    assert ndimage.label(separated(instances), np.ones((3, 3)))[1] == 2


def test_an_empty_map_and_a_map_without_background_are_defined():
    assert not skeleton_map(np.zeros((8, 8), np.int32)).any()
    assert np.all(distance_map(np.ones((8, 8), np.int32)) == 1)


def test_polygons_are_seeded_bounded_and_nucleus_like():
    masks = random_polygons(12, 256, seed=4)
    assert masks.dtype == np.int32
    assert np.array_equal(masks, random_polygons(12, 256, seed=4))
    assert not np.array_equal(masks[0], random_polygons(1, 256, seed=5)[0])
    counts = masks.reshape(12, -1).max(1)
    assert (counts <= 256).all()
    assert counts.std() > 5  # sparse and dense fields
    areas = np.concatenate([np.bincount(mask.ravel())[1:] for mask in masks]) * (400 / 256) ** 2
    assert np.median(areas) == pytest.approx(np.pi * 10.75**2, rel=0.35)


def test_a_polygon_mask_depends_on_its_own_number_only():
    options = PolygonDataset(adapter="polygons", n_images=6, size_px=64, seed=9)
    few = PolygonDataset(adapter="polygons", n_images=2, size_px=64, seed=9)
    assert np.array_equal(list(polygon_masks(options))[1], list(polygon_masks(few))[1])


def test_as_many_polygons_are_drawn_whatever_the_size_of_the_field():
    """The published number is of a field: a smaller one has as many, smaller ones."""
    small, large = (random_polygons(12, px, seed=4).reshape(12, -1).max(1) for px in (128, 400))
    assert small.mean() == pytest.approx(large.mean(), rel=0.15)


@pytest.mark.parametrize("radius", [6, 9])
def test_polygons_are_as_large_and_as_many_as_the_nuclei_that_they_are_made_after(radius):
    looks = Tissue(radius_px=radius, nuclei_per_mpx=9e4 / radius**2)
    fields = [histology_field(looks, 192, (5, index)).instances for index in range(24)]
    masks = np.array([field[32:160, 32:160] for field in fields])
    options = Polygons(n_images=200, size_px=128, seed=1)
    like = fitted(options, masks)
    drawn = list(polygon_masks(options, like))
    real, made = (np.concatenate(areas_of(each)) for each in (masks, drawn))
    assert made.mean() == pytest.approx(real.mean(), rel=0.03)
    assert len(made) / len(drawn) == pytest.approx(len(real) / len(masks), rel=0.1)
    assert np.array_equal(drawn[7], list(polygon_masks(options, fitted(options, masks)))[7])
    n_published = sum(map(len, areas_of(polygon_masks(options)))) / len(drawn)
    assert abs(n_published * len(masks) / len(real) - 1) > 0.5  # what the fit is for


def test_there_is_nothing_to_fit_without_nuclei_or_in_masks_of_another_size():
    options = Polygons(n_images=2, size_px=64, seed=1)
    with pytest.raises(DataError, match="expected nuclei in its training masks"):
        fitted(options, np.zeros((3, 64, 64), np.int32))
    with pytest.raises(DataError, match="expected masks of size_px = 64, got 32 x 32"):
        fitted(options, np.ones((3, 32, 32), np.int32))


def test_some_polygons_touch():
    masks = random_polygons(20, 256, seed=0)
    assert any((separated(mask) != (mask > 0)).any() for mask in masks)


@pytest.mark.parametrize(("shift", "drawn"), [(9, True), (8, False)])
def test_a_polygon_hidden_by_more_than_the_bound_is_not_drawn(shift, drawn):
    """Squares of 10 x 10 pixels: moved by 9 the second is hidden by 10 %, moved by 8 by 20 %."""
    square = np.array([[5, 5], [14, 5], [14, 14], [5, 14]], float)
    instances = np.zeros((30, 40), np.int32)
    assert draw_polygon(instances, square, 1, max_overlap=0.15)
    before = instances.copy()
    assert (before == 1).sum() == 100
    assert draw_polygon(instances, square + np.array([shift, 0]), 2, max_overlap=0.15) is drawn
    assert (instances == 2).sum() == (90 if drawn else 0)
    assert np.array_equal(instances == 1, before == 1)


def test_watershed_parts_two_domes_and_leaves_shallow_ones_together():
    y, x = np.mgrid[:40, :60]
    domes = [np.exp(-((x - cx) ** 2 + (y - 20) ** 2) / (2 * 7.0**2)) for cx in (20, 38)]
    probability = np.clip(np.maximum(*domes), 0, 1)
    options = Watershed(threshold=0.3, h=7, min_area_px=5)
    assert instances_from_probability(probability, options).max() == 2
    shallow = probability.copy()
    shallow[20, 29] = 1.0
    shallow[:, 20:39] = np.maximum(shallow[:, 20:39], 0.99)
    assert instances_from_probability(shallow, options).max() == 1
    assert instances_from_probability(np.zeros((8, 8)), options).max() == 0
    assert instances_from_probability(np.ones((8, 8)), options).max() == 1


def test_watershed_drops_small_instances_and_numbers_the_rest():
    probability = np.zeros((30, 30))
    probability[2:4, 2:4] = 0.9
    probability[10:20, 10:20] = 0.9
    found = instances_from_probability(probability, Watershed(min_area_px=20))
    assert set(np.unique(found)) == {0, 1}
    assert (found > 0).sum() == 100
