import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from pathgan.config.models import Column, Figure, Panel, Row, Table
from pathgan.datasets.store import write_manifest, write_store
from pathgan.errors import TableError
from pathgan.render.figures import PanelImages, colour_instances, draw_figure, render_panel
from pathgan.render.tables import build_table, interval, write_table

TABLE = Table(
    caption="Table 1. A & B",
    rows={"a": Row(label="A_1", run="a-{dataset}"), "b": Row(label="B", run="b-{dataset}")},
    columns={"x/ssim": Column(label="X SSIM ↑", dataset="x", score="similarity", metric="ssim")},
)
PUBLISHED = pd.DataFrame(
    {"table": "table1", "row": ["a", "b"], "column": "x/ssim", "value": [0.5, 0.25], "sd": [np.nan, 0.1],
     "note": [np.nan, "DQ x SQ is not PQ"]}
)  # fmt: skip


def scores(run, score):
    shift = {"a-x": 0.0, "b-x": 0.2}[run]
    return [
        pd.DataFrame({"item": ["1", "2"], "metric": "ssim", "value": [0.1 + shift + seed, 0.3 + shift + seed]})
        for seed in (0.0, 0.1, 0.3)
    ]


def test_a_cell_is_the_mean_over_seeds_with_students_interval():
    cells = build_table("table1", TABLE, {"x": ""}, scores, PUBLISHED)
    assert list(cells.columns) == [
        "row",
        "column",
        "value",
        "low",
        "high",
        "n",
        "seeds",
        "published",
        "published_sd",
        "comparable",
        "note",
    ]
    a, b = cells.to_dict("records")
    values = np.array([0.2, 0.3, 0.5])
    assert a["value"] == pytest.approx(values.mean())
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert (a["low"], a["high"]) == pytest.approx((low, high))
    assert (a["n"], a["seeds"], a["published"], a["comparable"]) == (2, 3, 0.5, "yes")
    assert b["comparable"] == "no"
    assert b["published_sd"] == 0.1
    assert b["note"] == "published value cannot be: DQ x SQ is not PQ"


def test_one_seed_has_no_interval():
    assert np.isnan(interval(np.array([0.3]))).all()


def test_a_caveat_makes_a_number_incomparable():
    cells = build_table("table1", TABLE, {"x": "phantom data"}, scores, PUBLISHED)
    assert set(cells["comparable"]) == {"no"}
    assert cells["note"].str.startswith("phantom data").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(metric="other"), "'ssim' of a-x/similarity is missing"),
        (lambda frame: frame.assign(value=np.nan), "'ssim' of a-x/similarity is not finite"),
    ],
)
def test_a_cell_without_its_input_is_an_error(change, message):
    with pytest.raises(TableError, match=message):
        build_table("table1", TABLE, {"x": ""}, lambda *args: [change(frame) for frame in scores(*args)], PUBLISHED)


def test_a_published_cell_without_ours_is_an_error():
    more = pd.concat([PUBLISHED, PUBLISHED.head(1).assign(row="c")])
    with pytest.raises(TableError, match="the published cell c / x/ssim has no counterpart"):
        build_table("table1", TABLE, {"x": ""}, scores, more)


def test_every_format_shows_ours_beside_the_published_value(tmp_path):
    cells = build_table("table1", TABLE, {"x": ""}, scores, PUBLISHED)
    out = {suffix: tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(cells, TABLE, out)
    assert pd.read_csv(out["csv"]).shape == (2, 11)
    markdown = out["md"].read_text()
    assert "| A_1 | 0.333 [-0.046, 0.713] (0.500) |" in markdown
    assert "(0.250†)" in markdown
    assert "† not comparable with the paper: published value cannot be" in markdown
    latex = out["tex"].read_text()
    assert r"A\_1 & 0.333" in latex
    assert r"A \& B" in latex
    assert r"SSIM $\uparrow$" in latex
    assert "<td>0.333<br>[-0.046, 0.713]<br>(0.500)</td>" in out["html"].read_text()


def test_every_nucleus_has_a_colour_of_its_own():
    instances = np.arange(64).reshape(8, 8)
    colours = colour_instances(np.kron(instances, np.ones((5, 5), int)))
    inner = colours[2::5, 2::5].reshape(-1, 3)
    assert len(np.unique(inner, axis=0)) == 64
    assert (inner[0] == 0).all()


def test_panels_show_what_they_say():
    instances = np.zeros((12, 12), np.int32)
    instances[2:10, 3:9] = 4
    grey = render_panel(Panel(title="", show="distance_map", of="x"), instances)
    assert grey.max() == 255
    assert grey[0, 0].tolist() == [0, 0, 0]
    red = render_panel(Panel(title="", show="skeleton_map", of="x"), instances)
    assert (red != grey).any()


def test_a_figure_is_drawn_from_the_right_rows_and_reproducibly(tmp_path):
    images = np.stack([np.full((16, 16, 3), value, np.uint8) for value in (10, 100, 200)])
    write_store(tmp_path / "x.h5", images=iter(images))
    rows = [{"id": str(i), "split": split} for i, split in enumerate(("test", "train", "test"))]
    write_manifest(tmp_path / "x.csv", rows)
    figure = Figure(caption="", panels=(Panel(title="Real", show="image", of="x"),), items=(0, 1), across="items")
    files = [{"file": str(tmp_path / "x.h5"), "field": "images", "manifest": str(tmp_path / "x.csv")}]
    read = PanelImages(figure, files).read
    assert read(figure.panels[0], 1)[0, 0, 0] == 200
    for name in ("a", "b"):
        draw_figure(figure, read, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    assert {10, 200} <= set(np.unique(pixels))
    with pytest.raises(TableError, match="asks for item 2 of 2"):
        read(figure.panels[0], 2)
