"""Whether our numbers may be compared with printed ones: sources, what data hold, and the verdicts on cells."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from doing import judge_by
from pathgan.config.cell_entries import entries_behind
from pathgan.config.comparability import judge, respect_of
from pathgan.config.loading import load_paper
from pathgan.config.sources import Key, Setting, leaves, settings_of, shares
from pathgan.config.verdicts import RESPECTS, Judgement, worst
from pathgan.config.workflow import Workflow
from pathgan.errors import ConfigError
from pathgan.plan.workflow_plan import Plan
from pathgan.render.comparability_table import write_comparability
from pathgan.render.published_cells import beside_published
from pathgan.render.settings_table import write_settings
from pathgan.render.table_inputs import PRINTED

ROOT = Path(__file__).parents[1]
PAPERS = ROOT / "config" / "papers"
FIVE = ("sharpgan", "ki67stain", "histo2cyto", "syncgan", "migan")


def w(preset="paper", paper="sharpgan", **names):
    return SimpleNamespace(preset=preset, paper=paper, **names)


def verdicts(plan, **names):
    """Of every printed cell: (table, row, column) -> words and reasons."""
    wildcards = w(**names)
    return {
        (table, told["row"], told["column"]): told
        for table in plan.library.of(wildcards).tables
        for told in plan.tables.given(w(**names, table=table))["verdicts"]
    }


MINE = {
    "rate": "extends: sharpgan, runs: {enhanced-cpm: {training: {learning_rate: 0.01}}}",
    "other": "extends: sharpgan, datasets: {tnbc: {adapter: monuseg, folder: six, tiles: {tile_px: 256}}}",
    "no_pixel": "extends: sharpgan, runs: {pix2pix-cpm: {losses: [{kind: adversarial}]}}",
    "no_cycle": "extends: ki67stain, runs: {skip: {losses: [{kind: adversarial}]}}",
    "row": "extends: sharpgan, tables: {table1: {rows: {enhanced: {run: 'pix2pix-{dataset}'}}}}",
    "expect": "extends: sharpgan, datasets: {cpm: {expect: {images: 12, nuclei: 5}}}",
    "half": "extends: sharpgan, datasets: {cpm: {folders: [cpm15, cpm17/test]}}",
    "two_sides": "extends: syncgan, datasets: {cytology: {split: {validation: false}}}",
    "gan_rate": "extends: syncgan, runs: {cgan: {training: {learning_rate: 0.01}}}",
    "sets": "extends: syncgan, runs: {resnet152: {train_on: {orig+trad: [cytology]}}}",
    "often": "extends: sharpgan, defaults: {paired: {training: {checkpoint_minutes: 7}}}",
    "gpus": "extends: sharpgan, defaults: {paired: {training: {gpus: 2}}}",
}


@pytest.fixture(scope="module")
def mine(tmp_path_factory) -> Plan:
    """A checkout with papers of a user, each of which changes one thing."""
    root = tmp_path_factory.mktemp("mine")
    shutil.copytree(ROOT / "config", root / "config")
    for name, text in MINE.items():
        (root / f"config/papers/{name}.yaml").write_text(f"{{{text}}}")
    return Plan(Workflow(papers=tuple(MINE)), root)


# --- sources ------------------------------------------------------------------------------------------------


def test_the_five_papers_have_a_source_for_every_setting():
    for name in FIVE:
        paper = load_paper(PAPERS / f"{name}.yaml", "paper")
        assert paper.fully_sourced
        found = settings_of(paper, paper, lambda key, value: "nowhere")
        assert {one.origin for one in found} >= {"paper", "default", "ours"}
        assert {one.origin for one in found} <= {"paper", "default", "ours", "unused", "bookkeeping"}
        assert sum(shares(found).values()) == pytest.approx(1)


def test_what_a_preset_changes_does_not_bear_the_papers_source(plan):
    settings = {str(one.key): one for one in plan.tables._comparison.settings(w(preset="demo"))}
    rate = settings["runs.enhanced-cpm.training.learning_rate"]
    assert (rate.value, rate.printed, rate.source) == (1e-3, 1e-4, "changed in preset demo")
    beta = settings["runs.enhanced-cpm.losses.sharpness.weight"]
    assert (beta.value, beta.origin) == (beta.printed, "ours")
    assert settings["datasets.cpm.tissue.radius_px"].source == "only in preset demo"


def test_a_users_value_reads_as_changed_with_the_papers_beside_it(mine, tmp_path):
    settings = {str(one.key): one for one in mine.tables._comparison.settings(w(paper="rate"))}
    rate = settings["runs.enhanced-cpm.training.learning_rate"]
    assert (rate.value, rate.printed, rate.source) == (0.01, 1e-4, "changed in rate.yaml")
    assert settings["runs.enhanced-cpm.training.epochs"].source == "paper, Sec. 3.1"
    assert settings["runs.enhanced-tnbc.training.learning_rate"].source == "paper, Sec. 3.1"
    told = mine.tables.settings(w(paper="rate"))
    write_settings(told["rows"], told["title"], {key: tmp_path / f"s.{key}" for key in ("csv", "html")})
    rows = pd.read_csv(tmp_path / "s.csv", dtype=str)
    row = rows[(rows["parameter"] == "training.learning_rate") & (rows["entries"] == "enhanced-cpm")].iloc[0]
    assert (row["value"], row["paper"], row["origin"]) == ("0.01", "0.0001", "changed")
    assert "decisions: default" in (tmp_path / "s.html").read_text()


def test_a_paper_without_sources_says_what_its_user_gave(tmp_path):
    data = "{d: {adapter: phantom, n_images: 6, size_px: 64, seed: 1}}"
    nothing = "runs: {}, scores: {}, tables: {}, figures: {}"
    (tmp_path / "own.yaml").write_text(f"{{title: T, cite: C, datasets: {data}, {nothing}}}")
    paper = load_paper(tmp_path / "own.yaml", "paper")
    sources = {str(one.key): one.source for one in settings_of(paper, paper, lambda key, value: "")}
    assert sources["datasets.d.n_images"] == "user"
    assert sources["datasets.d.split.test_fraction"] == "default, of pathgan"


def test_a_setting_without_a_source_is_named_where_all_must_have_one(tmp_path):
    text = (PAPERS / "migan.yaml").read_text().replace('  seeds: "ours: three; the paper tells of one training"\n', "")
    (tmp_path / "migan.yaml").write_text(text)
    with pytest.raises(ConfigError, match="sources: seeds has no source; add a pattern"):
        load_paper(tmp_path / "migan.yaml", "paper")
    (tmp_path / "migan.yaml").write_text(text.replace("fully_sourced: true\n", ""))
    assert load_paper(tmp_path / "migan.yaml", "paper").seeds == (0, 1, 2)


# --- what stands behind a cell ------------------------------------------------------------------------------


def test_everything_that_could_change_a_cell_stands_behind_it():
    paper = load_paper(PAPERS / "syncgan.yaml", "paper")
    cells = {(cell.row, cell.column): cell for cell in paper.tables["table3"].cells}
    behind = set(entries_behind(paper, cells["resnet152", "orig+prop"]))
    assert {"runs.resnet152", "runs.cgan", "runs.mask_gan_benign", "runs.masks", "samples.prop_malignant"} <= behind
    assert "datasets.cytology" in behind
    assert not any("cytology_1" in name for name in behind)
    sharpgan = load_paper(PAPERS / "sharpgan.yaml", "paper")
    aji = next(cell for cell in sharpgan.tables["table1"].cells if cell.column == "tnbc/aji")
    assert {"runs.segnet_r-tnbc", "scores.utility-tnbc", "datasets.tnbc"} <= set(entries_behind(sharpgan, aji))
    star = next(cell for cell in sharpgan.tables["table2"].cells if (cell.row, cell.column) == ("S*", "tnbc/aji"))
    assert {"datasets.cpm", "datasets.tnbc", "datasets.polygons-tnbc"} <= set(entries_behind(sharpgan, star))


# --- verdicts -----------------------------------------------------------------------------------------------


def setting(leaf: str, origin: str, section: str = "runs") -> Setting:
    source = "changed in preset demo" if origin == "changed" else origin
    return Setting(Key(section, "x", leaf), 1, 1, source, origin, origin == "changed")


PAPERS_OWN, OURS = setting("width", "paper"), setting("epochs", "ours")
OWN_WEIGHT, OTHER_DATA = setting("losses.pixel.weight", "ours"), setting("adapter", "changed", "datasets")


@pytest.mark.parametrize(
    ("settings", "words", "reasons"),
    [
        ([setting("width", "paper"), setting("network", "paper", "scores")], "yes yes yes yes", ()),
        ([setting("width", "bookkeeping")], "yes yes yes yes", ()),
        ([OWN_WEIGHT, *[PAPERS_OWN] * 9], "yes yes yes partly", ("settings: loss weights of ours",)),
        ([OURS, *[PAPERS_OWN] * 4], "yes yes yes yes", ()),
        ([OURS, *[PAPERS_OWN] * 3], "yes yes yes partly", ("settings: more than 20% are ours",)),
        ([setting("split.seed", "ours", "datasets")], "yes partly yes yes", ("protocol: ours",)),
        ([setting("metric.fid", "ours", "scores")], "yes yes partly yes", ("metric: ours",)),
        ([OTHER_DATA, setting("width", "changed")], "no yes yes no", ("data, settings: changed in preset demo",)),
        ([setting("width", "user")], "yes yes yes partly", ("settings: more than 20% are ours",)),
        ([setting("split.by", "user", "datasets")], "yes partly yes yes", ("protocol: given by the user",)),
        ([setting("adapter", "user", "datasets")], "yes yes yes yes", ()),
    ],
)  # fmt: skip
def test_each_respect_is_judged_by_its_settings(settings, words, reasons):
    judgement, details = judge(settings)
    assert [judgement.words[respect] for respect in RESPECTS] == words.split()
    assert judgement.reasons == reasons
    assert judgement.word == worst(judgement.words.values())
    assert {respect for respect in RESPECTS if details[respect]} == {
        respect for respect, word in judgement.words.items() if word != "yes"
    }


def test_every_setting_of_the_papers_has_a_say_in_a_respect():
    for name in FIVE:
        said = {key: respect_of(key) for key in leaves(load_paper(PAPERS / f"{name}.yaml", "paper"))}
        assert [str(key) for key, respect in said.items() if respect is None] == ["seeds"]
        assert set(said.values()) - {None} == set(RESPECTS)


def test_the_four_respects_are_filled_for_119_of_119_published_cells(plan):
    told = [verdict for paper in FIVE for verdict in verdicts(plan, paper=paper).values()]
    assert len(told) == len(pd.read_csv(ROOT / "config" / "published.csv")) == 119
    assert all(set(one["words"]) == set(RESPECTS) for one in told)
    assert all(one["datasets"] for one in told)


def test_what_the_paper_leaves_open_is_comparable_in_part_at_most(plan):
    of_sets = verdicts(plan, paper="histo2cyto")
    assert {one["words"]["metric"] for key, one in of_sets.items() if key[2] in ("fid", "kid")} == {"partly"}
    assert {one["words"]["metric"] for one in verdicts(plan, paper="ki67stain").values()} == {"partly"}
    weighted = [one for key, one in verdicts(plan).items() if key[:2] == ("table1", "enhanced")]
    assert weighted
    assert {one["words"]["settings"] for one in weighted} == {"partly"}
    assert all("settings: loss weights of ours" in one["reasons"] for one in weighted)


def test_a_count_is_the_papers_where_data_and_sides_are(plan):
    counts = [one for key, one in verdicts(plan, paper="histo2cyto").items() if key[0] == "table1"]
    assert len(counts) == 8
    assert {tuple(one["words"].values()) for one in counts} == {("yes",) * 4}
    synthetic = verdicts(plan, paper="syncgan")["table1", "synthetic", "train"]
    assert set(synthetic["words"].values()) == {"yes"}


def test_no_cell_of_a_demo_is_comparable_without_anybodys_caveat(plan):
    for paper in ("sharpgan", "ki67stain", "histo2cyto", "syncgan"):
        for one in verdicts(plan, preset="demo", paper=paper).values():
            assert one["words"]["data"] == "no"


def test_a_paper_that_changes_another_is_incomparable_where_it_does_and_only_there(mine):
    rate = verdicts(mine, paper="rate")
    assert rate["table1", "enhanced", "cpm/ssim"]["words"]["settings"] == "no"
    assert rate["table1", "enhanced", "cpm/ssim"]["reasons"][-1] == "settings: changed in rate.yaml"
    assert rate["table1", "enhanced", "tnbc/ssim"]["words"]["settings"] == "partly"
    assert rate["table1", "pix2pix", "cpm/ssim"]["words"]["settings"] == "yes"
    other = verdicts(mine, paper="other")
    assert other["table1", "enhanced", "tnbc/ssim"]["words"]["data"] == "no"
    assert other["table1", "enhanced", "cpm/ssim"]["words"]["data"] == "yes"


ENHANCED, PIX2PIX = ("table1", "enhanced", "cpm/ssim"), ("table1", "pix2pix", "cpm/ssim")
ORIG, PROP, TRAD = (("table2", "resnet152", column) for column in ("orig", "orig+prop", "orig+trad"))


@pytest.mark.parametrize(
    ("paper", "cell", "respect", "word"),
    [
        ("no_pixel", PIX2PIX, "settings", "no"),  # a loss that was dropped
        ("no_pixel", ("table1", "pix2pix", "tnbc/ssim"), "settings", "yes"),
        ("no_cycle", ("table1", "cyclegan+skip", "p_hash"), "settings", "no"),
        ("row", ENHANCED, "protocol", "no"),  # another run in the row
        ("row", PIX2PIX, "protocol", "partly"),
        ("half", ENHANCED, "data", "no"),  # the other half of CPM-17
        ("two_sides", ("table1", "original", "validation"), "protocol", "no"),
        ("gan_rate", PROP, "settings", "no"),
        ("gan_rate", ORIG, "settings", "partly"),  # which no GAN has a share in
        ("sets", TRAD, "settings", "no"),
        ("sets", ORIG, "settings", "partly"),
        ("often", ENHANCED, "settings", "partly"),  # how often a checkpoint is written changes no number
        ("gpus", ENHANCED, "settings", "no"),  # two processes make a batch twice as large
    ],
)  # fmt: skip
def test_what_a_user_changes_shows_where_it_stands_behind_a_cell(mine, paper, cell, respect, word):
    assert verdicts(mine, paper=paper)[cell]["words"][respect] == word


def test_what_is_taken_away_is_listed_with_the_papers_value(mine):
    settings = {str(one.key): one for one in mine.tables._comparison.settings(w(paper="no_pixel"))}
    weight = settings["runs.pix2pix-cpm.losses.pixel.weight"]
    assert (weight.value, weight.printed, weight.source) == ("", 100.0, "changed in no_pixel.yaml")
    often = {str(one.key): one for one in mine.tables._comparison.settings(w(paper="often"))}
    minutes = often["runs.enhanced-cpm.training.checkpoint_minutes"]
    assert (minutes.source, minutes.changed) == ("bookkeeping; changed in often.yaml", False)


def test_nobody_changes_what_the_paper_counted(mine):
    assert mine.tables._comparison.expected(w(paper="expect"))["cpm"] == {"images": 47, "nuclei": 10475}


# --- the tables ---------------------------------------------------------------------------------------------


def test_comparability_lists_each_printed_cell_with_its_respects(tmp_path):
    printed = pd.DataFrame([["t", "a", "x", "0.5", "0.1", ""]], columns=PRINTED).set_index(["row", "column"])
    ours = {"value": 0.4, "low": np.nan, "high": np.nan, "n": 3, "seeds": 1}
    judgement = judge_by({"d": "stand-in"})(("a", "x"), ["d"])
    cells = [beside_published(key, ours, printed, judgement) for key in (("a", "x"), ("b", "x"))]
    pd.DataFrame(cells).to_csv(tmp_path / "t.csv", index=False)
    told = {"table": "t", "row": "a", "column": "x", "shares": {"ours": 0.25}, "details": {"settings": ["width"]}}
    out = {key: tmp_path / f"c.{key}" for key in ("csv", "html")}
    write_comparability([tmp_path / "t.csv"], [told], "T", out)
    (row,) = pd.read_csv(out["csv"], dtype=str, keep_default_na=False).to_dict("records")
    assert [row[name] for name in ("row", "comparable", *RESPECTS)] == ["a", "no", "no", "yes", "yes", "yes"]
    assert (row["ours"], row["details"], row["note"]) == ("0.25", "settings: width", "stand-in")
    write_comparability([], [], "T", out)
    assert out["csv"].read_text().count("\n") == 1


def test_a_printed_value_that_cannot_be_is_compared_with_nothing():
    printed = pd.DataFrame([["t", "a", "x", "0.5", "", ""]], columns=PRINTED).set_index(["row", "column"])
    cell = beside_published(("a", "x"), {"value": 1.0}, printed, Judgement(), doubt="25.4 of 30 images")
    assert (cell["comparable"], cell["note"], Counter(cell[respect] for respect in RESPECTS)) == (
        "no",
        "25.4 of 30 images",
        {"yes": 4},
    )
