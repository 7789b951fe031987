"""Folds: every image is tested once, every class in equal parts, and no image on two sides."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from doing import prepare
from pathgan.config.dataset_types import Split, Tiles
from pathgan.config.phantom_looks import Smear
from pathgan.config.slide_types import SlideDataset
from pathgan.datasets.adapters.phantom_smears import SmearDataset
from pathgan.datasets.items import Item
from pathgan.datasets.splits import assign_folds, check_apart, check_every_class, chosen
from pathgan.errors import DataError
from pathgan.stores.manifest import read_manifest

SIDES = ("train", "validation", "test")


def classes(n_benign, n_malignant):
    return {f"b{i}": "benign" for i in range(n_benign)} | {f"m{i}": "malignant" for i in range(n_malignant)}


def test_the_papers_split_is_one_of_five_folds():
    sides = assign_folds(classes(75, 75), Split(folds=5))
    assert Counter(sides.values()) == {"train": 90, "validation": 30, "test": 30}
    assert all(
        sum(sides[g] == side for g in sides if g.startswith("b")) == n
        for side, n in zip(SIDES, (45, 15, 15), strict=True)
    )


@given(n=st.tuples(st.integers(3, 40), st.integers(3, 40)), folds=st.integers(3, 6), seed=st.integers(0, 9))
def test_over_all_folds_each_is_tested_once_and_validates_once(n, folds, seed):
    if min(n) < folds:
        with pytest.raises(DataError, match=r"fewer than split\.folds"):
            assign_folds(classes(*n), Split(folds=folds, seed=seed))
        return
    every = [assign_folds(classes(*n), Split(folds=folds, fold=fold, seed=seed)) for fold in range(folds)]
    for group in classes(*n):
        assert Counter(sides[group] for sides in every) == {"test": 1, "validation": 1, "train": folds - 2}
    for sides in every:
        for name, total in zip("bm", n, strict=True):
            tested = sum(side == "test" for group, side in sides.items() if group.startswith(name))
            assert total // folds <= tested <= -(-total // folds)


def test_the_seed_makes_other_folds():
    one, other = (assign_folds(classes(20, 20), Split(folds=5, seed=seed)) for seed in (0, 1))
    assert one != other
    assert one == assign_folds(dict(reversed(classes(20, 20).items())), Split(folds=5))


def test_as_many_of_each_class_are_taken():
    items = [Item(str(i), None, None, "", "benign" if i < 8 else "malignant") for i in range(20)]
    taken = chosen(items, Split(per_class=6, seed=1))
    assert taken == sorted(taken)
    assert Counter(items[i].category for i in taken) == {"benign": 6, "malignant": 6}
    assert chosen(items, Split()) == list(range(20))
    with pytest.raises(DataError, match=r"the class 'benign' has 8 images, fewer than split\.per_class = 9"):
        chosen(items, Split(per_class=9))


def test_a_class_with_one_image_is_refused(tmp_path):
    smears = {name: Smear(cells_per_mpx=2000, radius_px=3) for name in ("benign", "malignant")}
    options = {"n_images": 1, "size_px": 32, "seed": 0, "tiles": Tiles(tile_px=32, stride_px=32)}
    dataset = SmearDataset(adapter="phantom_smears", smears=smears, split=Split(folds=3), **options)
    with pytest.raises(DataError, match=r"'benign' has 1 image\(s\), fewer than split\.folds = 3 \(files"):
        prepare(dataset, Path(), tmp_path / "a.h5", tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_tiles_of_an_image_stay_on_its_side(tmp_path):
    smears = {name: Smear(cells_per_mpx=2000, radius_px=3) for name in ("benign", "malignant")}
    dataset = SmearDataset(
        adapter="phantom_smears",
        n_images=4,
        size_px=48,
        seed=0,
        smears=smears,
        tiles=Tiles(tile_px=32, stride_px=16),
        split=Split(folds=3, per_class=3),
    )
    prepare(dataset, Path(), tmp_path / "a.h5", tmp_path / "a.csv")
    rows = read_manifest(tmp_path / "a.csv")
    assert {row["class"] for row in rows} == {"benign", "malignant"}
    assert len({row["group"] for row in rows}) == 6
    assert all(
        len({row["split"] for row in rows if row["group"] == group}) == 1 for group in {row["group"] for row in rows}
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 5, "fold": 5}, "fold: expected 0 to 4, got 5"),
        ({"folds": 5, "n_test": 3}, "take n_test and last away"),
        ({"folds": 2}, "greater than or equal to 3"),
    ],
)
def test_folds_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ValidationError, match=message):
        Split(**options)


def test_slides_have_no_folds():
    with pytest.raises(ValidationError, match="slides have no folds"):
        SlideDataset(adapter="slides", slides="s", stain="he", mpp=0.5, split=Split(folds=5))


def test_the_last_by_name_are_held_out_where_asked(tmp_path):
    dataset = SmearDataset(
        adapter="phantom_smears",
        n_images=5,
        size_px=32,
        seed=0,
        smears={"benign": Smear(cells_per_mpx=2000, radius_px=3)},
        tiles=Tiles(tile_px=32, stride_px=32),
        split=Split(last=True, n_test=2),
    )
    prepare(dataset, Path(), tmp_path / "a.h5", tmp_path / "a.csv")
    assert [row["split"] for row in read_manifest(tmp_path / "a.csv")] == ["train"] * 3 + ["test"] * 2


def item(name, category, sha256=""):
    return Item(name, None, None, name, category, sha256=sha256)


def test_a_side_without_a_class_is_refused():
    items = [item("a", "benign"), item("b", "malignant"), item("c", "benign")]
    check_every_class(items, ["train", "train", "train"])
    with pytest.raises(
        DataError, match="the test images have none of the class 'malignant', as patients have images of"
    ):
        check_every_class(items, ["test", "train", "train"])


def test_the_same_file_in_two_classes_is_refused():
    items = [item("a.png", "benign", "f0"), item("b.png", "malignant", "f0")]
    with pytest.raises(
        DataError, match=r"b\.png: the same file as a\.png, but one is 'benign' and the other 'malignant'"
    ):
        check_apart(items, ["train", "train"])


def test_rounds_of_folds_take_the_same_images():
    items = [item(str(index), "benign") for index in range(20)]
    assert chosen(items, Split(per_class=6, seed=1)) == chosen(items, Split(per_class=6, seed=2))
