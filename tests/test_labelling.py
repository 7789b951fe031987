"""The Ki-67 labelling index: nuclei of real fields against true ones, drawn tiles, and slides that agree or not."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from doing import score, write_store
from pathgan.config.metric_table import given_by
from pathgan.config.scores.labelling_score import LabellingScore
from pathgan.errors import DataError
from pathgan.masks.positive_nuclei import count_nuclei
from pathgan.scoring.score_files import Inputs
from pathgan.stains import beer_lambert
from pathgan.stores.manifest import write_manifest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import positive_nuclei

BLANK = np.full((96, 96, 3), 244, np.uint8)


def tile(positive: int, negative: int) -> np.ndarray:
    """96 px, discs of radius 6 on a pale ground."""
    haematoxylin, dab = np.full((2, 96, 96), 0.05, np.float32)
    for k in range(positive + negative):
        target, amount = (dab, 1.5) if k < positive else (haematoxylin, 0.7)
        cv2.circle(target, (12 + 18 * (k % 5), 12 + 18 * (k // 5)), 6, amount, -1)
    return np.round(beer_lambert({"haematoxylin": haematoxylin, "dab": dab})).astype(np.uint8)


def test_nuclei_of_real_fields_are_found(real_data) -> None:
    found = positive_nuclei.compared(real_data / "ki67_ihc")
    for status, n in (("positive", 80), ("negative", 514)):
        parts = [part for part in found if part.status == status]
        assert sum(part.n_true for part in parts) == n
        assert positive_nuclei.f1(parts) > 0.65
    index = {count: positive_nuclei.index(found, count) for count in ("n_true", "n_found")}
    assert index["n_found"] == pytest.approx(index["n_true"], abs=3)  # percent


@pytest.mark.parametrize(("positive", "negative"), [(0, 12), (4, 9), (12, 0), (0, 0)])
def test_drawn_nuclei_are_counted(positive: int, negative: int) -> None:
    assert [counts.tolist() for counts in count_nuclei(tile(positive, negative)[None], 6)] == [[positive], [negative]]


def scored(folder: Path, real: list[np.ndarray], fake: list[np.ndarray], slides: list[str]):
    write_store(folder / "real.h5", images=iter(real))
    write_store(folder / "fake.h5", images=iter(fake))
    rows = [{"id": str(k), "split": "test", "group": slide} for k, slide in enumerate(slides)]
    write_manifest(folder / "real.csv", rows)
    found = score(LabellingScore(kind="labelling"), Inputs(folder / "fake.h5", folder / "real.h5", folder / "real.csv"))
    return {(item, metric): value for item, metric, value in found}


SLIDES = ["a", "a", "b", "b", "c", "c", "d"]
REAL = [tile(1, 9), tile(3, 7), tile(5, 5), tile(5, 5), tile(9, 1), tile(7, 3), BLANK]


def test_an_index_is_of_all_tiles_of_a_slide_and_one_without_nuclei_is_left_out(tmp_path) -> None:
    found = scored(tmp_path, REAL, REAL, SLIDES)
    for name in ("labelling_index", "labelling_index_real"):
        assert {item: value for (item, metric), value in found.items() if metric == name} == {
            "a": 0.2,
            "b": 0.5,
            "c": 0.8,
        }
    assert found["set", "n_images"] == 3
    assert found["set", "labelling_icc"] == pytest.approx(1)
    assert found["set", "labelling_icc_shuffled"] < 0
    assert [found["set", f"labelling_{name}"] for name in ("bias", "lower", "upper")] == [0, 0, 0]
    assert set(given_by("labelling")) <= {metric for _, metric in found}


def test_virtual_slides_without_positive_nuclei_do_not_agree(tmp_path) -> None:
    found = scored(tmp_path, REAL, [tile(0, 10)] * 6 + [BLANK], SLIDES)
    assert found["set", "labelling_bias"] == pytest.approx(-0.5)
    assert found["set", "labelling_lower"] < -1
    assert found["set", "labelling_icc"] == pytest.approx(0, abs=0.05)


def test_two_slides_have_indices_and_no_agreement(tmp_path) -> None:
    found = scored(tmp_path, REAL[:4], REAL[:4], SLIDES[:4])
    assert found["a", "labelling_index"] == 0.2
    assert not any("icc" in metric or "bias" in metric for _, metric in found)


def test_slides_without_any_nucleus_are_an_error(tmp_path) -> None:
    with pytest.raises(DataError, match="no nucleus in any of 2 test tiles"):
        scored(tmp_path, [BLANK] * 2, [BLANK] * 2, ["a", "b"])
