"""DQ, SQ, PQ and AJI against their definitions, written as plain loops over pairs of masks."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pathgan.metrics import (
    aggregated_jaccard_index,
    dice_coefficient,
    false_nuclei,
    instance_scores,
    jaccard_by_contact,
    panoptic_quality,
)


def pair_tables(true, predicted):
    true_ids, predicted_ids = np.unique(true[true > 0]), np.unique(predicted[predicted > 0])
    inter = np.array([[((true == t) & (predicted == p)).sum() for p in predicted_ids] for t in true_ids])
    union = np.array([[((true == t) | (predicted == p)).sum() for p in predicted_ids] for t in true_ids])
    return true_ids, predicted_ids, inter, union


def panoptic_by_loop(true, predicted):
    """Kirillov 2018: a pair is matched where its IoU exceeds one half, which makes matches unique."""
    true_ids, predicted_ids, inter, union = pair_tables(true, predicted)
    if not len(true_ids) or not len(predicted_ids):
        value = float(len(true_ids) == len(predicted_ids))
        return value, value, value
    matched = [i / u for i, u in zip(inter.ravel(), union.ravel(), strict=True) if i / u > 0.5]
    dq = 2 * len(matched) / (len(true_ids) + len(predicted_ids))
    sq = float(np.mean(matched)) if matched else 0.0
    return dq, sq, dq * sq


def aji_by_loop(true, predicted):
    """Kumar 2017, in the form of hover_net: a prediction may serve two nuclei; what is unpaired adds its area."""
    true_ids, predicted_ids, inter, union = pair_tables(true, predicted)
    if not len(true_ids) or not len(predicted_ids):
        return float(len(true_ids) == len(predicted_ids))
    shared, total, used = 0, 0, set()
    for row, label in enumerate(true_ids):
        best = int(np.argmax(inter[row] / union[row]))
        if inter[row, best]:
            shared, total = shared + inter[row, best], total + union[row, best]
            used.add(best)
        else:
            total += (true == label).sum()
    total += sum((predicted == p).sum() for column, p in enumerate(predicted_ids) if column not in used)
    return shared / total


@st.composite
def two_maps(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    n, m = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    true = np.zeros((16, 18), np.int32)
    predicted = np.zeros((16, 18), np.int32)
    for target, count, step in ((true, n, 7), (predicted, m, 3)):
        for label in range(count):
            y, x = rng.integers(0, 14, 2)
            target[y : y + rng.integers(1, 8), x : x + rng.integers(1, 8)] = (label + 1) * step
    if draw(st.booleans()):
        keep = rng.random(true.shape) < 0.8
        predicted = np.where(keep, true, predicted)
    if draw(st.booleans()):
        true = true + 1  # no background at all
    return true, predicted


@given(two_maps())
@settings(max_examples=200, deadline=None)
def test_fast_scores_equal_the_loops(maps):
    true, predicted = maps
    assert panoptic_quality(true, predicted) == pytest.approx(panoptic_by_loop(true, predicted), abs=1e-12)
    assert aggregated_jaccard_index(true, predicted) == pytest.approx(aji_by_loop(true, predicted), abs=1e-12)
    n = (true > 0).sum() + (predicted > 0).sum()
    dice = 2 * ((true > 0) & (predicted > 0)).sum() / n if n else 1
    assert dice_coefficient(true, predicted) == pytest.approx(dice, abs=1e-12)


@given(two_maps())
@settings(max_examples=50, deadline=None)
def test_all_scores_at_once_and_ids_of_any_size(maps):
    true, predicted = maps
    scores = instance_scores(true, predicted)
    assert (scores["dq"], scores["sq"], scores["pq"]) == panoptic_quality(true, predicted)
    assert scores["aji"] == aggregated_jaccard_index(true, predicted)
    assert scores["dice"] == dice_coefficient(true, predicted)
    huge = np.where(predicted > 0, predicted + np.int64(2) ** 40, 0)
    assert instance_scores(true, huge) == scores
    assert instance_scores(np.where(true > 0, true + np.int64(10) ** 6, 0), huge) == scores


@given(two_maps())
@settings(max_examples=50, deadline=None)
def test_scores_are_bounded_and_ids_mean_nothing(maps):
    true, predicted = maps
    renamed = np.where(predicted > 0, 100 - predicted, 0)
    assert panoptic_quality(true, predicted) == pytest.approx(panoptic_quality(true, renamed))
    # AJI takes the first of equal partners, so only names in the same order must give the same value.
    spread = np.where(predicted > 0, 5 + 2 * predicted, 0)
    assert aggregated_jaccard_index(true, spread) == aggregated_jaccard_index(true, predicted)
    for value in (*panoptic_quality(true, predicted), aggregated_jaccard_index(true, predicted)):
        assert 0 <= value <= 1
    assert panoptic_quality(true, true) == (1, 1, 1)
    assert aggregated_jaccard_index(true, true) == 1


def test_a_half_is_no_match():
    true, predicted = np.zeros((1, 6), int), np.zeros((1, 6), int)
    true[0, :4], predicted[0, :2] = 1, 1
    assert panoptic_quality(true, predicted)[0] == 0
    predicted[0, :3] = 1
    assert panoptic_quality(true, predicted) == (1, 0.75, 0.75)


def test_real_masks_of_hundreds_of_nuclei(real_data):
    from doing import read_items
    from pathgan.datasets.adapters.monuseg import MonusegDataset

    item = next(iter(read_items(MonusegDataset(adapter="monuseg", folder="monuseg_breast"), real_data)))
    true = item.instances[:300, :300]
    predicted = np.roll(true, (2, -3), (0, 1))
    assert panoptic_quality(true, predicted) == pytest.approx(panoptic_by_loop(true, predicted))
    assert aggregated_jaccard_index(true, predicted) == pytest.approx(aji_by_loop(true, predicted))


def test_maps_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="one size"):
        panoptic_quality(np.zeros((2, 2), int), np.zeros((2, 3), int))
    with pytest.raises(ValueError, match="integer ids, got float64 and float64"):
        panoptic_quality(np.full((2, 2), 0.9), np.full((2, 2), 0.9))
    with pytest.raises(ValueError, match="negative"):
        panoptic_quality(np.zeros((2, 2), int), np.full((2, 2), -1))


def contact_by_loop(true, predicted):
    """AJI over the nuclei that touch another one and over the rest, and false nuclei, written out."""
    ids, found = np.unique(true[true > 0]), np.unique(predicted[predicted > 0])
    ring = np.ones((3, 3), np.uint8)
    touch = {i for i in ids if ((cv2.dilate((true == i).astype(np.uint8), ring) > 0) & (true > 0) & (true != i)).any()}

    def shared(i, j):
        return int(((true == i) & (predicted == j)).sum())

    def iou(i, j):
        return shared(i, j) / int(((true == i) | (predicted == j)).sum())

    partner = {i: max(found, key=lambda j: (iou(i, j), -j)) for i in ids if any(shared(i, j) for j in found)}
    scores = []
    for chosen in (touch, set(ids) - touch):
        inter = union = 0
        for i in chosen:
            inter += shared(i, partner[i]) if i in partner else 0
            union += int(((true == i) | (predicted == partner.get(i, -1))).sum())
        for j in set(found) - set(partner.values()):
            near = max(ids, key=lambda i: (shared(i, j), -i)) if len(ids) else None
            if near in chosen and shared(near, j):
                union += int((predicted == j).sum())
        scores.append(inter / union if chosen else np.nan)
    return scores, sum(not any(shared(i, j) for i in ids) for j in found)


@given(two_maps())
@settings(max_examples=100, deadline=None)
def test_nuclei_that_touch_others_and_false_ones_equal_the_loops(maps):
    true, predicted = maps
    expected, n_false = contact_by_loop(true, predicted)
    assert jaccard_by_contact(true, predicted) == pytest.approx(expected, nan_ok=True)
    assert false_nuclei(true, predicted) == n_false


def test_a_found_nucleus_that_joins_two_costs_those_that_touch_alone():
    true = np.zeros((10, 30), int)
    true[2:8, 2:8], true[2:8, 8:14], true[2:8, 20:26] = 1, 2, 3
    joined = np.where((true == 1) | (true == 2), 1, true)
    assert jaccard_by_contact(true, true) == (1, 1)
    assert jaccard_by_contact(true, joined) == pytest.approx((36 * 2 / (72 * 2), 1))
    assert np.isnan(jaccard_by_contact(np.where(true == 3, 3, 0), true)[0])
    true[:, 29], elsewhere = 0, true.copy()
    elsewhere[9, 28] = 7
    assert (false_nuclei(true, elsewhere), false_nuclei(true, true)) == (1, 0)
