"""Tables of registrations and tilings, curves of evaluations, and panels of translated images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from doing import write_store
from pathgan.config.figure_types import CurveFigure, ImageFigure, Panel
from pathgan.errors import TableError
from pathgan.render import curves
from pathgan.render.figure_files import COLOURS
from pathgan.render.image_grids import PanelImages, draw_grid, render_panel
from pathgan.render.slide_tables import COUNTED, slide_table
from pathgan.render.table_files import write_table
from pathgan.stores.manifest import write_manifest


def scores(item: str, **values: float) -> pd.DataFrame:
    return pd.DataFrame([(item, name, value) for name, value in values.items()], columns=["item", "metric", "value"])


def test_a_pair_without_landmarks_has_no_error_and_says_so(tmp_path):
    with_landmarks = scores("a", quality=0.2, support=0.5, rtre_median=0.1, n_landmarks=80.0)
    cells, table = slide_table("registration", [with_landmarks, scores("b", quality=0.1, support=0.4)], "phantom data")
    assert set(cells["column"]) == {"quality", "support", "rtre_median"}
    assert cells.set_index(["row", "column"])["value"]["a", "rtre_median"] == 0.1
    assert ("b", "rtre_median") not in set(zip(cells["row"], cells["column"], strict=True))
    assert set(cells["note"]) == {"phantom data; not in the paper"}
    out = {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(cells, table, out, COUNTED["registration"])
    row = next(line for line in out["md"].read_text().splitlines() if line.startswith("| b "))
    assert row == "| b | – | 0.100 | 0.40 |"
    assert "n = 0 to 80 landmarks a pair" in out["md"].read_text()


def test_no_slides_are_an_error():
    with pytest.raises(TableError, match="tiling: no slides to tell of"):
        slide_table("tiling", [], "")


def test_curves_are_drawn_of_every_run_and_reproducibly(tmp_path):
    files = []
    for run, best in (("a", 0.9), ("b", 0.4)):
        files.append({})
        for seed in range(2):
            path = tmp_path / f"{run}{seed}.csv"
            pd.DataFrame({"iteration": [1, 2], "epoch": [0.5, 1.0], "ssim": [0.1, best], "mae": [9.0, 3.0]}).to_csv(
                path
            )
            files[-1][f"seed{seed}"] = str(path)
    figure = CurveFigure(kind="curves", caption="", curves={"a": "A", "b": "B"}, metrics={"ssim": "SSIM", "mae": "MAE"})
    drawn = []
    for name in ("one", "two"):
        curves.draw(figure, files, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
        drawn.append((tmp_path / f"{name}.png").read_bytes())
    assert drawn[0] == drawn[1]
    pixels = np.asarray(Image.open(tmp_path / "one.png").convert("RGB")).astype(int)
    for colour in COLOURS[:2]:  # both runs are there
        rgb = np.array(to_rgb(colour)) * 255
        assert (np.abs(pixels - rgb).max(axis=2) < 12).sum() > 200


def test_panels_show_what_came_back_and_how_far_off(tmp_path, rng):
    original = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    back = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    write_store(tmp_path / "he.h5", images=iter(original))
    write_store(tmp_path / "run.h5", ["0", "2"], images=iter(back), reconstructions=iter(back))
    rows = [{"id": str(k), "split": split} for k, split in enumerate(("test", "train", "test"))]
    write_manifest(tmp_path / "he.csv", rows)
    panels = tuple(Panel(title="", show=show, of="run") for show in ("reconstruction", "residual"))
    figure = ImageFigure(kind="images", caption="", panels=panels, items=(1,), columns=1)
    files = {"file": str(tmp_path / "run.h5")}
    files |= {"original": str(tmp_path / "he.h5"), "manifest": str(tmp_path / "he.csv")}
    images = PanelImages(figure, [files, files])
    np.testing.assert_array_equal(images.read(panels[0], 1), back[1])
    expected = np.abs(back[1].astype(float) - original[2]).mean(axis=2)
    np.testing.assert_allclose(images.read(panels[1], 1), expected, rtol=1e-5)
    dark, bright = (render_panel(panels[1], np.full((2, 2), value)) for value in (0.0, 64.0))
    assert dark.max() < 10
    assert bright.mean() > 200
    draw_grid(figure, images.read, tmp_path / "f.png", tmp_path / "f.pdf")
    width, height = Image.open(tmp_path / "f.png").size
    assert height > 1.5 * width  # one column, two rows
