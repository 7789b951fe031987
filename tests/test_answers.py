"""What classifiers said, from predictions to a table's cell; whether samples are copies, and masks empty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.neighbors import NearestNeighbors

from doing import embeddings, judge_by, score, write_store
from pathgan.config.metric_table import given_by, metric_of
from pathgan.config.scores.accuracy_score import AccuracyScore
from pathgan.config.scores.coverage_score import CoverageScore
from pathgan.config.scores.memorisation_score import MemorisationScore
from pathgan.config.table_types import SET, Column, Row, ScoreTable
from pathgan.errors import DataError
from pathgan.files import write_rows
from pathgan.intervals import interval_of_mean, mcnemar_exact, wilson_interval
from pathgan.metrics.neighbours import nearest_distances
from pathgan.recipes.classifier_training import OUTPUTS
from pathgan.render.score_tables import build_table
from pathgan.render.table_files import write_table
from pathgan.scoring.score_files import Inputs
from pathgan.stores.embedding_file import Embedder, write_embeddings
from pathgan.stores.manifest import write_manifest

ACCURACY = AccuracyScore(kind="accuracy")
METRICS = {key: metric_of(key) for key in ("accuracy/orig", "accuracy/prop", "empty", "empty_real")}
NOTHING = pd.DataFrame({name: [] for name in ("table", "row", "column", "value", "sd", "note")})


def predictions(path, right, first="random"):
    """right: set -> 0 or 1 of each test image."""
    rows = [
        (name, f"i{index}", "a", "a" if answer else "b", 0.9, first, "")
        for name, answers in right.items()
        for index, answer in enumerate(answers)
    ]
    write_rows(path, OUTPUTS["predictions"], rows)
    return Inputs(path, Path("no.h5"), Path("no.csv"))


# --- accuracy -----------------------------------------------------------------------------------------------


def test_a_right_answer_is_100_percent(tmp_path):
    scores = score(ACCURACY, predictions(tmp_path / "p.csv", {"orig": [1, 0, 1], "orig+prop": [1, 1, 1]}))
    assert [value for _, metric, value in scores if metric == "accuracy/orig"] == [100, 0, 100]
    assert [value for _, metric, value in scores if metric == "accuracy/orig+prop"] == [100, 100, 100]
    assert (SET, "n_images", 3.0) in scores
    assert (SET, "random_start", 1.0) in scores
    of_imagenet = score(ACCURACY, predictions(tmp_path / "q.csv", {"orig": [1]}, first="394f"))
    assert (SET, "random_start", 0.0) in of_imagenet


@pytest.mark.parametrize("right", [{"orig": [1, 1], "prop": [1]}, {}])
def test_sets_that_were_tested_on_other_images_are_refused(tmp_path, right):
    with pytest.raises(DataError, match="expected the same test images"):
        score(ACCURACY, predictions(tmp_path / "p.csv", right))


# --- tables -------------------------------------------------------------------------------------------------


def table(folds=None):
    run, dataset = ("net_{fold}", "d_{fold}") if folds else ("net", "d")
    columns = {
        "orig": Column(label="orig", score="accuracy", metric="accuracy/orig"),
        "prop": Column(label="prop", score="accuracy", metric="accuracy/prop"),
        "prop/p": Column(label="p", score="accuracy", metric="accuracy/prop", against="accuracy/orig"),
    }
    rows = {"net": Row(label="Net", run=run, dataset=dataset, folds=folds)}
    return ScoreTable(kind="scores", caption="C", rows=rows, columns=columns, published_n=30)


def frame(right, first=0, **facts):
    rows = [
        (f"i{first + index}", f"accuracy/{name}", 100.0 * answer)
        for name, answers in right.items()
        for index, answer in enumerate(answers)
    ]
    rows += [(SET, name, value) for name, value in facts.items()]
    return pd.DataFrame(rows, columns=["item", "metric", "value"])


def answers(n_right, n=30):
    return [1] * n_right + [0] * (n - n_right)


def cells_of(frames, folds=None, groups=None):
    names = [f"d_{fold}" for fold in range(folds)] if folds else ["d"]
    return build_table(
        "t",
        table(folds),
        judge_by(dict.fromkeys(names, "")),
        {},
        lambda run, _: frames[run],
        groups or {},
        NOTHING,
        METRICS,
    ).set_index("column")


def test_22_of_30_has_wilsons_interval_and_mcnemars_p():
    orig, prop = answers(22), [1 - value for value in answers(6)] * 1
    cells = cells_of({"net": [frame({"orig": orig, "prop": prop}, random_start=0.0)]})
    assert cells.loc["orig", "value"] == pytest.approx(73.33, abs=0.01)
    assert (cells.loc["orig", "low"], cells.loc["orig", "high"]) == pytest.approx((55.55, 85.82), abs=0.01)
    expected = mcnemar_exact(np.array(orig, bool), np.array(prop, bool))
    assert cells.loc["prop/p", "value"] == pytest.approx(expected)
    assert np.isnan(cells.loc["prop/p", "low"])
    assert cells.loc["prop/p", "n"] == 30


def test_random_first_weights_are_a_caveat_of_every_cell():
    cells = cells_of({"net": [frame({"orig": answers(3), "prop": answers(4)}, random_start=1.0)]})
    assert cells["note"].str.contains("first weights are random, not ImageNet's").all()
    assert (cells["comparable"] == "no").all()


def test_over_seeds_the_interval_is_still_about_30_images():
    frames = [frame({"orig": answers(n), "prop": answers(n)}) for n in (20, 22, 24)]
    cells = cells_of({"net": frames})
    assert cells.loc["orig", "value"] == pytest.approx(100 * 22 / 30)
    low, high = wilson_interval(22, 30)
    assert cells.loc["orig", "high"] - cells.loc["orig", "low"] >= 100 * (high - low)
    assert cells.loc["orig", "over"] == "units and seeds"


def test_the_p_of_several_seeds_is_the_largest():
    clear, unclear = frame({"orig": answers(5), "prop": answers(25)}), frame({"orig": answers(5), "prop": answers(6)})
    assert cells_of({"net": [clear, unclear]}).loc["prop/p", "value"] == 1.0
    assert cells_of({"net": [clear]}).loc["prop/p", "value"] < 1e-5


def test_folds_are_pooled_and_each_image_counts_once():
    frames = {
        f"net_{fold}": [frame({"orig": answers(n, 10), "prop": answers(10, 10)}, first=10 * fold, n_images=10)]
        for fold, n in enumerate((9, 5, 4))
    }
    cells = cells_of(frames, folds=3)
    assert cells.loc["orig", "n"] == 30
    assert cells.loc["orig", "value"] == pytest.approx(60.0)
    assert (cells.loc["orig", "low"], cells.loc["orig", "high"]) == pytest.approx(
        [100 * x for x in wilson_interval(18, 30)]
    )
    assert cells.loc["prop/p", "value"] == pytest.approx(mcnemar_exact(np.array(answers(18), bool), np.ones(30, bool)))


def test_tiles_of_few_images_have_no_interval_and_a_p_that_says_so():
    groups = {"d": {f"i{index}": str(index // 15) for index in range(30)}}
    cells = cells_of({"net": [frame({"orig": answers(22), "prop": answers(25)})]}, groups=groups)
    assert np.isnan(cells.loc["orig", "low"])
    assert "p takes tiles of one image for independent" in cells.loc["prop/p", "note"]


def test_tiles_of_many_patients_have_an_interval_over_these_whatever_the_seeds():
    groups = {"d": {f"i{index}": str(index // 3) for index in range(30)}}
    frames = [frame({"orig": answers(n), "prop": answers(n)}) for n in (20, 22)]
    cells = cells_of({"net": frames}, groups=groups)
    values = 100.0 * np.array([answers(n) for n in (20, 22)])
    patients = [str(index // 3) for index in range(30)]
    assert tuple(cells.loc["orig", ["low", "high", "over"]]) == interval_of_mean(values, patients, 100.0)


def test_the_ps_of_a_table_are_corrected_together(tmp_path):
    right = {"orig": answers(20), "prop": answers(26)}
    alone = mcnemar_exact(np.array(right["orig"], bool), np.array(right["prop"], bool))
    one = cells_of({"net": [frame(right)]})
    assert one.loc["prop/p", "value"] == pytest.approx(alone)
    assert "Holm" not in one.loc["prop/p", "note"]
    columns = {**table().columns, "again/p": table().columns["prop/p"]}
    twice = table().model_copy(update={"columns": columns})
    cells = build_table("t", twice, judge_by({"d": ""}), {}, lambda *_: [frame(right)], {}, NOTHING, METRICS).set_index(
        "column"
    )
    assert cells.loc["prop/p", "value"] == pytest.approx(2 * alone)
    assert cells.loc["prop/p", "note"].endswith(f"p after Holm over 2 tests: {alone:.3g} by itself")
    write_table(cells.reset_index(), twice, {key: tmp_path / f"t.{key}" for key in ("csv", "md", "tex", "html")})
    assert "p after Holm over 2 tests." in (tmp_path / "t.md").read_text()


def test_the_written_table_says_what_its_intervals_are_about(tmp_path):
    frames = {"net": [frame({"orig": answers(20), "prop": answers(21)})] * 2}
    out = {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(cells_of(frames).reset_index(), table(), out)
    assert "Ours [95 % interval over units and seeds]" in out["md"].read_text()
    assert "Units: patients or slides where they are known, else images." in out["md"].read_text()


# --- Wilson -------------------------------------------------------------------------------------------------


@given(n=st.integers(1, 400), data=st.data())
def test_wilsons_interval_is_scipys(n, data):
    from scipy.stats import binomtest

    k = data.draw(st.integers(0, n))
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson_interval(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilsons_interval_of_a_mean_over_seeds_lies_between_its_neighbours():
    low, middle, high = (wilson_interval(k, 30) for k in (22, 22 + 1 / 3, 23))
    assert low[0] < middle[0] < high[0]
    assert low[1] < middle[1] < high[1]
    with pytest.raises(ValueError, match="got 31 of 30"):
        wilson_interval(31, 30)


# --- memorisation -------------------------------------------------------------------------------------------

POINTS = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.just(3)), elements=st.floats(-10, 10))


@given(points=POINTS, others=POINTS)
def test_nearest_distances_are_scikit_learns(points, others):
    theirs = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(others).kneighbors(points)[0][:, 0]
    assert nearest_distances(points, others) == pytest.approx(theirs, abs=1e-6)


def test_points_of_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"expected \(n, d\) and \(m, d\)"):
        nearest_distances(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="with m > 0"):
        nearest_distances(np.zeros((2, 3)), np.zeros((0, 3)))


def embedded(path, images, store):
    """Mean colours as embeddings."""
    values = images.reshape(len(images), -1, 3).mean(1).astype(np.float32)
    write_embeddings(path, embeddings(values, Embedder("inception", "0" * 64, "none"), store))
    return path


def memorised(tmp_path, rng, fake, sides=("train", "train", "test", "validation")):
    real = rng.integers(0, 256, (len(sides) * 2, 16, 16, 3), dtype=np.uint8)
    rows = [
        {"id": str(i), "class": "benign" if i % 2 else "malignant", "split": sides[i // 2], "group": str(i)}
        for i in range(len(real))
    ]
    write_manifest(tmp_path / "real.csv", rows)
    write_store(tmp_path / "real.h5", images=iter(real))
    write_store(tmp_path / "fake.h5", images=iter(fake(real)))
    files = Inputs(
        tmp_path / "fake.h5",
        tmp_path / "real.h5",
        tmp_path / "real.csv",
        real_embeddings=embedded(tmp_path / "re.h5", real, tmp_path / "real.h5"),
        fake_embeddings=embedded(tmp_path / "fe.h5", fake(real), tmp_path / "fake.h5"),
    )
    return real, score(MemorisationScore(kind="memorisation"), files, "benign")


def values(scores, metric):
    return [value for _, name, value in scores if name == metric]


def test_copies_of_training_images_are_found(tmp_path, rng):
    _, scores = memorised(tmp_path, rng, lambda real: real[[1, 3, 1]])
    assert values(scores, "nearest_px") == pytest.approx([0, 0, 0])
    assert values(scores, "copied_px") == [1, 1, 1]
    assert values(scores, "copied_embedding") == [1, 1, 1]
    assert values(scores, "nearest_px_real")[0] > 50
    assert values(scores, "authentic_px") == values(scores, "authentic_embedding") == [0, 0, 0]
    assert values(scores, "authentic_px_real")[0] in (0, 0.5, 1)  # of two held-out images
    assert set(given_by("memorisation")) <= {metric for _, metric, _ in scores}


def test_a_distance_is_in_grey_levels_to_the_class_alone(tmp_path, rng):
    real, scores = memorised(tmp_path, rng, lambda real: np.stack([np.full((16, 16, 3), 255, np.uint8), real[0]]))
    white = np.sqrt(((255.0 - real[[1, 3]]) ** 2).mean((1, 2, 3))).min()
    assert values(scores, "nearest_px")[0] == pytest.approx(white)
    assert values(scores, "nearest_px")[1] > 50  # a copy of a malignant image copies no benign one
    held_out = real[[5, 7]].astype(float)
    nearest = [np.sqrt(((image - real[[1, 3]]) ** 2).mean((1, 2, 3))).min() for image in held_out]
    assert values(scores, "nearest_px_real") == pytest.approx([np.mean(nearest)])


def test_a_class_without_held_out_images_is_refused(tmp_path, rng):
    with pytest.raises(DataError, match="2 training and 0 held-out images of the class 'benign'"):
        memorised(tmp_path, rng, lambda real: real[:1], sides=("train", "train"))
    with pytest.raises(DataError, match="1 training and 1 held-out images of the class 'benign'"):
        memorised(tmp_path, rng, lambda real: real[:1], sides=("train", "test"))


# --- synthetic masks ----------------------------------------------------------------------------------------


def mask(*boxes):
    """16 x 16, a nucleus of 16 pixels for each box, numbered with gaps."""
    field = np.zeros((16, 16), np.int32)
    for index, box in enumerate(boxes):
        row, column = divmod(box, 4)
        field[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = 3 * index + 2
    return field


def covered(tmp_path, fake):
    """Beside two benign training masks of 1 and 4 nuclei; others are of another class or another side."""
    real = [mask(0), mask(0, 2, 5, 7), mask(), mask(*range(16))]
    sides = [("benign", "train"), ("benign", "train"), ("malignant", "train"), ("benign", "test")]
    rows = [{"id": str(i), "class": name, "split": side, "group": str(i)} for i, (name, side) in enumerate(sides)]
    write_manifest(tmp_path / "real.csv", rows)
    write_store(tmp_path / "real.h5", instances=iter(real))
    write_store(tmp_path / "fake.h5", instances=iter(fake))
    files = Inputs(tmp_path / "fake.h5", tmp_path / "real.h5", tmp_path / "real.csv")
    return score(CoverageScore(kind="coverage"), files, "benign")


def test_synthetic_masks_are_measured_beside_real_ones_of_their_class(tmp_path):
    scores = covered(tmp_path, [mask(), mask(3, 4), mask(1)])
    assert values(scores, "coverage") == [0, 2 / 16, 1 / 16]
    assert values(scores, "n_nuclei") == [0, 2, 1]
    assert values(scores, "empty") == [1, 0, 0]
    assert values(scores, "coverage_real") == [2.5 / 16]
    assert values(scores, "n_nuclei_real") == [2.5]
    assert values(scores, "empty_real") == [0]
    assert set(given_by("coverage")) <= {metric for _, metric, _ in scores}
    assert values(scores, "n_images") + values(scores, "n_real") == [3, 2]


def test_a_collapsed_mask_gan_shows_in_the_table(tmp_path):
    scores = pd.DataFrame(covered(tmp_path, [mask()] * 29 + [mask(1)]), columns=["item", "metric", "value"])
    columns = {name: Column(label=name, score="coverage", metric=name) for name in ("empty", "empty_real")}
    rows = {"benign": Row(label="benign", run="prop", dataset="d")}
    shown = ScoreTable(kind="scores", caption="c", rows=rows, columns=columns)
    cells = build_table("t", shown, judge_by({"d": ""}), {}, lambda *_: [scores], {}, NOTHING, METRICS).set_index(
        "column"
    )
    assert cells.loc["empty", ["value", "low", "high"]].tolist() == pytest.approx([29 / 30, *wilson_interval(29, 30)])
    assert cells.loc["empty_real", "value"] == 0
    assert cells.loc["empty_real", ["low", "high"]].isna().all()
    assert cells["n"].tolist() == [30, 2]
