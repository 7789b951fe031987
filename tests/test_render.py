import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import stats

from doing import judge_by, write_store
from pathgan.config.figure_types import ImageFigure, Panel
from pathgan.config.metric_names import of_network
from pathgan.config.metric_table import metric_of
from pathgan.config.table_types import SET, Column, Row, ScoreTable
from pathgan.errors import TableError
from pathgan.intervals import interval_of_mean
from pathgan.render import score_tables
from pathgan.render.image_grids import PanelImages, colour_instances, draw_grid, render_panel
from pathgan.render.table_files import write_table
from pathgan.stores.manifest import write_manifest

TABLE = ScoreTable(
    kind="scores",
    caption="Table 1. A & B",
    rows={"a": Row(label="A_1", run="a-{dataset}"), "b": Row(label="B", run="b-{dataset}")},
    columns={"x/ssim": Column(label="X SSIM ↑", dataset="x", score="similarity", metric="ssim")},
)
PUBLISHED = pd.DataFrame(
    {"table": "table1", "row": ["a", "b"], "column": "x/ssim", "value": ["0.500", "0.250"], "sd": ["", "0.1"],
     "note": ["", "DQ x SQ is not PQ"]}
)  # fmt: skip


def build_table(name, table, caveats, *given):
    """With the metrics that the rule `tabulate` is given."""
    metrics = {column.metric: metric_of(column.metric) for column in table.columns.values()}
    return score_tables.build_table(name, table, judge_by(caveats), *given, metrics)


GROUPS = {"x": {str(i): str(i // 2) for i in range(20)}}


OF_ITEMS = np.array([0.1, 0.3, 0.2, 0.15, 0.25])


def scores(run, score):
    shift = {"a-x": 0.0, "b-x": 0.2}[run]
    return [
        pd.DataFrame({"item": ["0", "2", "4", "6", "8"], "metric": "ssim", "value": OF_ITEMS + shift + seed})
        for seed in (0.0, 0.1, 0.3)
    ]


def test_a_cell_is_the_mean_over_seeds_with_students_interval():
    cells = build_table("table1", TABLE, {"x": ""}, {}, scores, GROUPS, PUBLISHED)
    assert list(cells.columns) == [
        "row",
        "column",
        "value",
        "low",
        "high",
        "over",
        "n",
        "seeds",
        "published",
        "published_sd",
        "comparable",
        "data",
        "protocol",
        "metric",
        "settings",
        "note",
    ]
    a, b = cells.to_dict("records")
    values = np.array([0.2, 0.3, 0.5])
    assert a["value"] == pytest.approx(values.mean())
    low, high = stats.t.interval(0.95, 2, values.mean(), stats.sem(values))
    assert (a["low"], a["high"]) == pytest.approx((low, high))
    assert (a["n"], a["seeds"], a["published"], a["comparable"]) == (5, 3, 0.5, "yes")
    assert b["comparable"] == "no"
    assert b["published_sd"] == 0.1
    assert b["note"] == "published value cannot be: DQ x SQ is not PQ"


def one_seed(values, metric="ssim", **facts):
    """Score files of one seed; facts stand for the whole set."""
    frame = pd.DataFrame({"item": [str(i) for i in range(len(values))], "metric": metric, "value": values})
    of_set = pd.DataFrame({"item": SET, "metric": list(facts), "value": list(facts.values())})
    return lambda run, score: [pd.concat([frame, of_set]) if facts else frame]


def with_metric(metric, **change):
    column = TABLE.columns["x/ssim"].model_copy(update={"metric": metric})
    return TABLE.model_copy(update={"columns": {"x/ssim": column}, **change})


def test_one_seed_has_the_interval_of_its_patients():
    values = np.arange(20.0)
    cells = build_table("table1", TABLE, {"x": ""}, {}, one_seed(values), GROUPS, PUBLISHED)
    assert (cells["low"][0], cells["high"][0]) == interval_of_mean(
        values[None], [GROUPS["x"][str(i)] for i in range(20)]
    )[:2]
    few = build_table("table1", TABLE, {"x": ""}, {}, one_seed(values[:6]), GROUPS, PUBLISHED)
    assert few[["low", "high"]].isna().all(axis=None)


def test_an_infinite_psnr_is_shown_as_such(tmp_path):
    cells = build_table("table1", with_metric("psnr"), {"x": ""}, {}, one_seed([30, np.inf], "psnr"), GROUPS, PUBLISHED)
    assert cells["value"].tolist() == [np.inf, np.inf]
    out = {suffix: tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(cells, TABLE, out)
    assert "a,x/ssim,inf,,,none: a value is infinite,2,1" in out["csv"].read_text()
    assert "| A_1 | inf (0.500) |" in out["md"].read_text()


FACTS = {
    "fid": 80.0, "fid_at_floor_n": 95.0, "fid_floor": 60.0, "kid": 0.1, "n_images": 44, "n_real": 94, "n_floor": 44,
    "kid_subset_size": 44,
}  # fmt: skip
SIZES = {name: value for name, value in FACTS.items() if name.startswith("n_") or "size" in name}
FD = {"fd_lite0": 80.0, "fd_at_floor_n_lite0": 95.0, "fd_floor_lite0": 60.0, **SIZES}


def test_a_distance_of_few_images_says_so_and_shows_its_floor():
    fid = build_table("table1", with_metric("fid"), {"x": ""}, {}, one_seed([], **FACTS), GROUPS, PUBLISHED)
    assert fid["note"][0] == ("FID is biased at n = 44: of 44 images it is 95, and 60 for real against real")
    assert (fid["value"][0], fid["n"][0], fid["comparable"][0]) == (80, 44, "yes")
    few_real = build_table(
        "table1", with_metric("fid"), {"x": ""}, {}, one_seed([], **FACTS | {"n_images": 3000}), GROUPS, PUBLISHED
    )
    assert few_real["note"][0].startswith("FID is biased at n = 94")
    many = FACTS | {"n_images": 3000, "n_real": 2500}
    assert (
        build_table("table1", with_metric("fid"), {"x": ""}, {}, one_seed([], **many), GROUPS, PUBLISHED)["note"][0]
        == ""
    )
    floor = build_table("table1", with_metric("fid_floor"), {"x": ""}, {}, one_seed([], **many), GROUPS, PUBLISHED)
    assert floor["n"][0] == 44
    kid = build_table("table1", with_metric("kid"), {"x": ""}, {}, one_seed([], **FACTS), GROUPS, PUBLISHED)
    assert kid["note"][0] == "KID over subsets of 44 images"
    same = FACTS | {"n_real": 44}
    kid = build_table("table1", with_metric("kid"), {"x": ""}, {}, one_seed([], **same), GROUPS, PUBLISHED)
    assert kid["note"][0] == "KID over subsets of 44 images, which is all of them: its sd says nothing"


def test_facts_are_means_over_seeds_and_a_floor_has_no_interval_over_them(tmp_path):
    by_seed = [FACTS, FACTS | {"fid": 90.0, "fid_at_floor_n": 105.0}]

    def two_seeds(run, score):
        return [one_seed([], **facts)(run, score)[0] for facts in by_seed]

    fid = build_table("table1", with_metric("fid"), {"x": ""}, {}, two_seeds, GROUPS, PUBLISHED)
    assert fid["note"][0] == "FID is biased at n = 44: of 44 images it is 100, and 60 for real against real"
    assert fid["value"][0] == 85
    assert np.isfinite(fid["low"][0])
    floor = build_table("table1", with_metric("fid_floor"), {"x": ""}, {}, two_seeds, GROUPS, PUBLISHED)
    assert floor[["low", "high"]].isna().all(axis=None)
    out = {suffix: tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(fid, with_metric("fid"), out)
    assert "Notes: FID is biased at n = 44; published value" in out["md"].read_text()


def test_what_is_of_real_images_has_no_interval_over_seeds():
    """Each seed repeats the same number: Student's interval of that is of no width, and says nothing."""
    shares = one_seed([0.2, 0.4], "positive_share_real")("a", "positivity")
    cells = build_table(
        "table1", with_metric("positive_share_real"), {"x": ""}, {}, lambda *_: 3 * shares, GROUPS, PUBLISHED
    )
    assert (cells["value"][0], cells["seeds"][0]) == (pytest.approx(0.3), 3)
    assert cells[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("metric", "facts", "caveat"),
    [
        ("fid", FD, "fd_lite0 in place of FID; fd_lite0 is biased at n = 44: of 44 images it is 95"),
        ("kid", {"kd_lite0": 0.1, **SIZES}, "kd_lite0 in place of KID; kd_lite0 over subsets"),
        ("kid_floor", {"kd_floor_lite0": 0.1, **SIZES}, "kd_lite0 in place of KID"),
        ("p_hash", {"p_hash_lite0": 0.5}, "Lite0 in place of ResNet-18"),
        ("precision", {"precision_lite0": 0.5, **SIZES}, "Lite0 in place of Inception"),
        ("fd_lite0", FD, ""),
        ("ms_ssim", {"ms_ssim_scales": 3}, "MS-SSIM with 3 of 5 scales"),
        ("ms_ssim", {"ms_ssim_scales": 5}, ""),
        ("ssim", {"ms_ssim_scales": 3}, ""),
    ],
)
def test_what_a_score_rests_on_can_make_it_incomparable(metric, facts, caveat):
    values = [] if facts.keys() & {metric, of_network(metric, "lite0")} else [0.5, 0.6]
    cells = build_table(
        "table1", with_metric(metric), {"x": ""}, {}, one_seed(values, metric, **facts), GROUPS, PUBLISHED
    )
    assert cells["note"][0].startswith(caveat)
    assert cells["comparable"][0] == ("no" if caveat else "yes")


def test_a_percentage_that_no_count_gives_is_flagged():
    printed = PUBLISHED.assign(value=["84.67", "86.67"], note="")
    table = with_metric("ssim", published_n=30)
    cells = build_table("table1", table, {"x": ""}, {}, one_seed([0.5, 0.6]), GROUPS, printed)
    assert cells["note"].tolist() == ["published value cannot be: 84.67 % of 30 images is 25.4 images", ""]
    assert cells["comparable"].tolist() == ["no", "yes"]


def test_a_caveat_makes_a_number_incomparable():
    cells = build_table("table1", TABLE, {"x": "phantom data"}, {}, scores, GROUPS, PUBLISHED)
    assert set(cells["comparable"]) == {"no"}
    assert cells["note"].str.startswith("phantom data").all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(metric="other"), "'ssim' of a-x/similarity is missing"),
        (lambda frame: frame.assign(value=np.nan), "'ssim' of a-x/similarity is not a number"),
    ],
)
def test_a_cell_without_its_input_is_an_error(change, message):
    with pytest.raises(TableError, match=message):
        build_table(
            "table1", TABLE, {"x": ""}, {}, lambda *args: [change(frame) for frame in scores(*args)], GROUPS, PUBLISHED
        )


def test_a_published_cell_without_ours_is_an_error():
    more = pd.concat([PUBLISHED, PUBLISHED.head(1).assign(row="c")])
    with pytest.raises(TableError, match="the published cell c / x/ssim has no counterpart"):
        build_table("table1", TABLE, {"x": ""}, {}, scores, GROUPS, more)


def test_every_format_shows_ours_beside_the_published_value(tmp_path):
    cells = build_table("table1", TABLE, {"x": ""}, {}, scores, GROUPS, PUBLISHED)
    out = {suffix: tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "tex", "html")}
    write_table(cells, TABLE, out)
    assert pd.read_csv(out["csv"]).shape == (2, 16)
    markdown = out["md"].read_text()
    assert "| A_1 | 0.333 [-0.046, 0.713] (0.500) |" in markdown
    assert "(0.250 ± 0.100†)" in markdown
    assert "† not comparable with the paper. Notes: published value cannot be" in markdown
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
    figure = ImageFigure(
        kind="images", caption="", panels=(Panel(title="Real", show="image", of="x"),), items=(0, 1), across="items"
    )
    files = [{"file": str(tmp_path / "x.h5"), "manifest": str(tmp_path / "x.csv")}]
    read = PanelImages(figure, files).read
    assert read(figure.panels[0], 1)[0, 0, 0] == 200
    for name in ("a", "b"):
        draw_grid(figure, read, tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("L"))
    assert {10, 200} <= set(np.unique(pixels))
    with pytest.raises(TableError, match="asks for item 2 of 2"):
        read(figure.panels[0], 2)


def test_a_proportion_of_one_seed_has_wilsons_interval():
    """22 of 30 right answers: 55.6 to 85.8 %."""
    table = ScoreTable.model_validate(
        {
            "kind": "scores",
            "caption": "Preserved",
            "rows": {"a": {"label": "A", "run": "a", "dataset": "x"}},
            "columns": {"preserved": {"label": "read right", "score": "preservation", "metric": "preserved"}},
        }
    )
    answers = [("preserved", f"s{k}", float(k < 22)) for k in range(30)] + [("accuracy_real", SET, 0.9)]
    frame = pd.DataFrame(answers, columns=["metric", "item", "value"])
    (cell,) = build_table("mine", table, {"x": ""}, {}, lambda run, score: [frame], {}, PUBLISHED).to_dict("records")
    assert cell["value"] == pytest.approx(22 / 30)
    assert (cell["low"], cell["high"]) == pytest.approx((0.556, 0.858), abs=1e-3)
    assert cell["n"] == 30


def test_what_a_preset_has_no_data_for_is_said_below_the_table(tmp_path):
    lacking = TABLE.model_copy(update={"rows": {"a": TABLE.rows["a"]}, "omitted": {"b": "no public data"}})
    cells = build_table("table1", lacking, {"x": ""}, {}, scores, GROUPS, PUBLISHED)
    assert cells["row"].tolist() == ["a"]
    write_table(cells, lacking, {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "tex", "html")})
    assert (tmp_path / "t.md").read_text().rstrip().endswith("Not here: b (no public data).")


def test_a_translation_bears_the_caveats_of_what_it_is_made_of():
    caveats = {"x": "a preset; short training", "source": "a preset; stand-in dataset"}
    cells = build_table("table1", TABLE, caveats, {"a-x": ["source", "x"]}, scores, GROUPS, PUBLISHED)
    assert cells["note"][0] == "a preset; short training; stand-in dataset"
    assert cells["note"][1].startswith("a preset; short training; published value cannot be")


def test_answers_to_tiles_of_few_patients_have_no_interval():
    """Wilson's is for images that have nothing to do with each other."""
    table = with_metric("preserved")
    answers = one_seed([1.0, 0.0] * 10, "preserved")
    alone = build_table("table1", table, {"x": ""}, {}, answers, {}, PUBLISHED)
    assert alone["low"][0] == pytest.approx(0.299, abs=1e-3)
    grouped = build_table(
        "table1", table, {"x": ""}, {}, answers, {"x": {str(i): str(i % 3) for i in range(20)}}, PUBLISHED
    )
    assert np.isnan(grouped["low"][0])


def test_numbers_of_a_stand_ins_style_say_so():
    cells = build_table(
        "table1", with_metric("fid"), {"x": ""}, {}, one_seed([], **FACTS, stand_in_style=1), GROUPS, PUBLISHED
    )
    assert cells["note"][0].startswith("VGG-16 in place of VGG-19; FID is biased")
    assert cells["comparable"][0] == "no"
