"""The figure of nuclei: what it reads of which images, that it is drawn the same each time, and of no nuclei, too."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from doing import write_store
from pathgan.config.figure_types import MaskFigure, NucleiFigure
from pathgan.errors import DataError
from pathgan.metrics.morphometry import FEATURES, measure_nuclei, together
from pathgan.render import mask_distributions, nuclei_distributions
from pathgan.render.nuclei_distributions import LABELS, draw
from pathgan.stores.manifest import write_manifest

FIGURE = NucleiFigure(
    kind="nuclei", caption="", sets={"real": "real", "none": "none", "fake": "fake"}, segmenter="x", category="a"
)


@pytest.fixture
def files(tmp_path: Path, rng: np.random.Generator) -> list[dict[str, str]]:
    """Of a dataset, samples without nuclei, and samples with some."""
    maps = np.zeros((6, 48, 48), np.int32)
    for number, one in enumerate(maps):
        for k in range(4):
            side = 6 + number + k
            y, x = 2 + 23 * (k // 2), 2 + 23 * (k % 2)
            one[y : y + side, x : x + side] = k + 1
    images = np.where(maps[..., None] > 0, 90, 240) + rng.integers(0, 15, (6, 48, 48, 3))
    write_store(tmp_path / "images.h5", images=iter(images.astype(np.uint8)))
    write_store(tmp_path / "maps.h5", instances=iter(maps))
    write_store(tmp_path / "empty.h5", instances=iter(np.zeros_like(maps)))
    sides = ("test", "test", "train")
    rows = [{"id": str(i), "class": "ab"[i % 2], "split": sides[i // 2]} for i in range(6)]
    write_manifest(tmp_path / "real.csv", rows)
    shown = {"images": str(tmp_path / "images.h5"), "instances": str(tmp_path / "maps.h5")}
    return [
        {**shown, "manifest": str(tmp_path / "real.csv")},
        {**shown, "instances": str(tmp_path / "empty.h5")},
        shown,
    ]


def test_a_dataset_shows_a_class_of_its_split_and_samples_show_all(
    files: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(nuclei_distributions, "draw_nuclei", lambda figure, sets, *_: seen.append(sets))
    draw(FIGURE, files, tmp_path / "a.png", tmp_path / "a.pdf")
    (sets,) = seen
    assert {name: len(nuclei["area"]) for name, nuclei in sets.items()} == {"real": 8, "none": 0, "fake": 24}
    assert sets["real"]["area"].tolist() == [(6 + n + k) ** 2 for n in (0, 2) for k in range(4)]


def test_it_is_drawn_with_sets_without_nuclei_and_the_same_each_time(
    files: list[dict[str, str]], tmp_path: Path
) -> None:
    figure = FIGURE.model_copy(update={"features": FEATURES})
    for name in ("a", "b"):
        draw(figure, files, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for kind in ("png", "pdf"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert plt.imread(tmp_path / "a.png").std() > 0.02
    assert LABELS.keys() == set(FEATURES)


def test_no_nuclei_at_all_are_an_error_that_says_so(files: list[dict[str, str]], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"empty\.h5: no nuclei in the images that others are held against"):
        draw(FIGURE, [{**one, "instances": files[1]["instances"]} for one in files], tmp_path / "a.png", tmp_path)
    assert not (tmp_path / "a.png").exists()


def test_nuclei_of_several_images_are_put_together(rng: np.random.Generator) -> None:
    assert together([])["area"].tolist() == []
    image = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    one = measure_nuclei(image, np.pad(np.ones((3, 3), np.int32), 3))
    assert together([one, one])["area"].tolist() == [9, 9]


def test_masks_that_were_drawn_are_shown_beside_those_that_they_are_made_after(tmp_path, rng):
    maps = np.zeros((4, 32, 32), np.int32)
    for number, one in enumerate(maps):
        for k in range(3 + number):
            one[k * 5 : k * 5 + 3, 4 : 10 + number] = k + 1
    write_store(tmp_path / "real.h5", ["a", "b", "c", "d"], instances=iter(maps))
    write_store(tmp_path / "drawn.h5", instances=iter(maps[::-1]))
    write_manifest(tmp_path / "real.csv", [{"id": name, "split": "train"} for name in "abcd"])
    files = {name: str(tmp_path / f"{name}.h5") for name in ("real", "drawn")} | {
        "manifest": str(tmp_path / "real.csv")
    }
    figure = MaskFigure(kind="masks", caption="", sets={"polygons": "CPM"})
    real, drawn = mask_distributions._sizes(files)
    assert ([len(one) for one in real], [len(one) for one in drawn]) == ([3, 4, 5, 6], [6, 5, 4, 3])
    assert set(real[0]) == {18}
    for name in ("one", "two"):
        mask_distributions.draw(figure, [files], tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
