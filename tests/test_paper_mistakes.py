"""A mistake in a paper is one message: the file, the key, what was expected, and what came."""

from pathlib import Path

import pytest
import yaml

from pathgan.config.loading import (
    load_paper,
)
from pathgan.errors import ConfigError


def edited(tmp_path, edit, name="sharpgan"):
    tree = yaml.safe_load((ROOT / "config" / "papers" / f"{name}.yaml").read_text())
    edit(tree)
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump(tree, sort_keys=False))
    return path


def set_at(*keys, value):
    def edit(tree):
        for key in keys[:-1]:
            tree = tree[key]
        tree[keys[-1]] = value

    return edit


ROOT = Path(__file__).parents[1]
RUN = "enhanced-{dataset}"


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            set_at("runs", RUN, "conditon", value="mask"),
            r"runs.enhanced-cpm.paired.conditon: unknown key; did you mean 'condition'",
        ),
        (
            set_at("runs", RUN, "condition", value="masks"),
            r"runs.enhanced-cpm.paired.condition: .*'mask', 'distance_map' or 'skeleton_map', got 'masks'",
        ),
        (
            set_at("defaults", "paired", "training", "batch_size", value=0),
            r"training.batch_size: .*greater than 0, got 0",
        ),
        (
            set_at("defaults", "paired", "training", "batch_size", value="two"),
            r"training.batch_size: .*integer.*, got 'two'",
        ),
        (
            set_at("runs", RUN, "dataset", value="cmp"),
            r"runs.enhanced-cpm.dataset: no dataset with masks called 'cmp'; did you mean 'cpm'",
        ),
        (
            set_at("tables", "table1", "rows", "enhanced", "run", value="enhancd-{dataset}"),
            r"tables.table1.rows.enhanced.run: no run called 'enhancd-cpm'; did you mean 'enhanced-cpm'",
        ),
        (
            lambda tree: tree["tables"]["distribution"]["columns"].pop("cpm/fid_floor"),
            r"tables.distribution.columns.cpm/fid: fid needs a column of fid_floor beside it",
        ),
        (
            set_at("scores", "distribution", "untranslated", value=True),
            r"scores.distribution.untranslated: 'enhanced-cpm' translates nothing; take it away",
        ),
        (
            set_at("tables", "distribution", "columns", "cpm/fid_floor", "metric", value="fid_source"),
            r"tables.distribution.columns.cpm/fid_floor: fid_source needs scores.distribution.untranslated: true",
        ),
        (
            set_at("tables", "table1", "columns", "cpm/ssim", "metric", value="psnr"),
            r"tables.table1.columns.cpm/ssim: is named after ssim, but its metric is psnr",
        ),
        (
            set_at("scores", "distribution", "real", value="cpn"),
            r"scores.distribution.real: no dataset with images called 'cpn'; did you mean 'cpm'",
        ),
        (
            set_at("tables", "table1", "columns", "cpm/ssim", "metric", value="sim"),
            r"tables.table1.columns.cpm/ssim.metric: no metric called 'sim'; did you mean 'ssim'",
        ),
        (
            set_at("tables", "table1", "columns", "cpm/ssim", "score", value="nope"),
            r"no score called 'nope'; there are",
        ),
        (
            set_at("defaults", "paired", "training", "crop_px", value=100),
            r"runs.enhanced-cpm.training.crop_px: expected a multiple of 2\^depth = \d+, got 100",
        ),
        (
            set_at("datasets", "cpm", "tiles", "tile_px", value=200),
            r"datasets.cpm.tiles.tile_px: expected a multiple of 2\^depth = 256 of runs.enhanced-cpm, got 200",
        ),
        (
            set_at("datasets", "cpm", "adapter", value="cpn"),
            r"datasets.cpm.adapter: no adapter called 'cpn'; did you mean 'cpm'",
        ),
        (set_at("defaults", "paired", "training", "iterations", value=5), r"give epochs or iterations, exactly one"),
        (set_at("sources", value={}), r"sources: runs.pix2pix-cpm.recipe has no source"),
        (set_at("sources", "runs.*.recipe", value="somebody said"), r"expected 'paper, ...'"),
        (set_at("presets", "quick", value={}), r"presets.quick: expected one of demo"),
        (
            set_at("datasets", "polygons-{dataset}", "like", value="cpn"),
            r"datasets.polygons-cpm.like: no dataset with masks called 'cpn'; did you mean 'cpm'",
        ),
        (
            set_at("figures", "polygons", "sets", value={"cpm": ""}),
            r"polygons.sets: no dataset of masks that is",
        ),
        (
            set_at("samples", "cpm", value={"run": "enhanced-cpm", "dataset": "polygons-cpm"}),
            r"samples.cpm: a dataset has the same name",
        ),
        (set_at("figures", "figure3", "panels", 0, "by", value="segnet_r-cpm"), r"`by` names a segmenter"),
        (
            set_at("figures", "figure3", "panels", 0, "of", value="nowhere"),
            r"figures.figure3: no images called 'nowhere'",
        ),
        (set_at("runs", RUN, "for_each", value=["cpm"]), r"for_each: expected name: \[values\]"),
        (
            set_at("runs", "fixed", value={"for_each": {"dataset": ["cpm", "tnbc"]}, "recipe": "paired"}),
            r"for_each makes 'fixed' twice",
        ),
        (set_at("title", value=None), r"title: .*string, got None"),
        (lambda tree: tree.pop("title"), r"title: expected a value, the key is missing"),
        (
            set_at("runs", "segnet_r-{dataset}", "train_on", value=["enhanced-cpm"]),
            r"train_on: enhanced-cpm holds test masks",
        ),
    ],
)
def test_a_wrong_paper_is_one_message_with_file_key_expected_and_got(tmp_path, edit, message):
    path = edited(tmp_path, edit)
    with pytest.raises(ConfigError, match=message) as caught:
        load_paper(path, "paper")
    assert str(path) in str(caught.value)


def test_a_cell_under_the_wrong_dataset_is_named(tmp_path):
    path = edited(tmp_path, set_at("tables", "table2", "columns", "tnbc/dq", "score", value="segmentation-cpm"))
    with pytest.raises(ConfigError, match=r"columns.tnbc/dq.dataset: expected 'cpm', which 'segmentation-cpm'"):
        load_paper(path, "paper")


def test_a_preset_must_be_there_and_losses_be_of_different_kinds(tmp_path):
    path = edited(tmp_path, lambda tree: tree["presets"].pop("demo"))
    with pytest.raises(ConfigError, match=r"presets.demo: expected an entry"):
        load_paper(path, "demo")
    path = edited(tmp_path, set_at("runs", RUN, "losses", value=[{"kind": "pixel"}, {"kind": "pixel"}]))
    with pytest.raises(ConfigError, match="expected one of a kind, got pixel, pixel"):
        load_paper(path, "paper")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            set_at("runs", "resnet152{at}", "train_on", "orig", value=["cytology_1_1"]),
            r"runs.resnet152.train_on: no set of this dataset called 'cytology_1_1'",
        ),
        (
            set_at("runs", "resnet152{at}", "train_on", "prop", value=["prop_benign_1_1"]),
            r"'prop_benign_1_1' is made with 'cytology_1_1', whose training images may be test images of 'cytology'",
        ),
        (
            set_at("runs", "resnet152{at}", "train_on", "prop", value=["cgan{at}"]),
            r"runs.resnet152.train_on: 'cgan' is of no one class, so that its images have no label",
        ),
        (
            set_at("runs", "cgan{at}", "masks", value="gan_benign"),
            r"runs.cgan.masks: no run of the recipe `mixture` called 'gan_benign'",
        ),
        (
            set_at("samples", "prop_{class}{at}", "dataset", value="gan_{class}{at}"),
            r"samples.prop_benign.dataset: no dataset called 'gan_benign'",
        ),
        (
            set_at("samples", "more", value={"run": "gan_benign", "dataset": "cytology"}),
            r"samples.more.run: 'gan_benign' makes a set of its own name",
        ),
        (
            set_at("tables", "table2", "columns", "orig+prop", "metric", value="accuracy/orig+porp"),
            r"tables.table2.columns.orig\+prop.metric: no metric called 'accuracy/orig\+porp'; did you mean",
        ),
        (
            set_at("tables", "table2", "columns", "orig+prop/p", "against", value="accuracy/none"),
            r"tables.table2.columns.orig\+prop/p.against: no metric called 'accuracy/none'",
        ),
        (
            set_at("tables", "table2", "rows", "resnet152", "run", value="gan_benign"),
            r"tables.table2.rows.resnet152: 'accuracy' is no score of the run 'gan_benign'",
        ),
        (
            set_at("tables", "memorisation", "rows", "prop/benign", "run", value="cgan"),
            r"tables.memorisation.rows.prop/benign: 'cgan' makes no samples of one class",
        ),
        (
            set_at("tables", "synthetic_masks", "rows", "benign", "run", value="gan_benign"),
            r"tables.synthetic_masks.rows.benign: no GAN made masks of 'gan_benign'",
        ),
        (
            set_at("defaults", "paired", "training", "evaluations", value=0),
            r"keep: best needs training.evaluations above 0",
        ),
        (set_at("datasets", "cytology", "split", "fold", value=5), r"fold: expected 0 to 4, got 5"),
        (
            set_at("tables", "crossvalidation", "rows", "resnet152/{repeat}", "folds", value=4),
            r"tables.crossvalidation.rows.resnet152/1.folds: expected 5, those of 'cytology_1_0'",
        ),
        (
            set_at("tables", "table2", "rows", "resnet152", "folds", value=5),
            r"folds: expected with {fold} in run and dataset, and nowhere else; got 'resnet152'",
        ),
        (
            set_at("tables", "crossvalidation", "columns", "orig", "score", value="nuclei"),
            r"tables.crossvalidation.columns.orig.score: no score called 'nuclei'",
        ),
        (set_at("runs", "gan_{class}{at}", "masks", value="masks"), r"a run that makes images learns no masks"),
        (set_at("defaults", "noise", "training", "evaluations", value=3), r"no loss on held-out images"),
        (set_at("defaults", "classification", "training", "load_px", value=300), r"images are brought to crop_px"),
    ],
)
def test_a_mistake_in_syncgan_is_named(tmp_path, edit, message):
    with pytest.raises(ConfigError, match=message):
        load_paper(edited(tmp_path, edit, "syncgan"), "paper")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            set_at("runs", "cancer_transferred", "start_from", value="base_siha"),
            r"runs.cancer_transferred.start_from: no run of the same networks called 'base_siha'",
        ),
        (
            set_at("runs", "cancer_transferred", "width", value=32),
            r"runs.cancer_transferred.start_from: no run of the same networks called 'linked'",
        ),
        (
            set_at("runs", "linked", "start_from", value="cancer_transferred"),
            r"start_from: '.*' starts, in the end, from '.*' itself",
        ),
        (
            set_at("runs", "base_cancer", "training", value={"crop_px": 32}),
            r"runs.base_cancer.start_from: no run of the same networks called 'base_siha'",
        ),
        (set_at("defaults", "focus", "training", "crop_px", value=40), r"a multiple of 16, got 40"),
        (set_at("defaults", "latent", "training", "evaluations", value=3), r"no loss on held-out images"),
        (
            set_at("samples", "synthetic_siha", "dataset", value="faithful"),
            r"samples.synthetic_siha.dataset: no dataset called 'faithful'",
        ),
        (
            set_at("samples", "more", value={"run": "blurred", "dataset": "siha"}),
            r"samples.more.run: 'blurred' makes a set of its own name",
        ),
        (
            set_at("tables", "focus", "rows", "linked", "run", value="synthetic_siha"),
            r"tables.focus.rows.linked: 'synthetic_siha' holds no stacks of test cells to compare with",
        ),
        (
            set_at("tables", "focus", "rows", "linked", "run", value="base_siha"),
            r"tables.focus.rows.linked: 'base_siha' holds no stacks",
        ),
        (set_at("scores", "focus", "kind", value="similarity"), r"no score of the run 'faithful'"),
        (set_at("figures", "figure4", "of", value="base_siha"), r"figures.figure4: no set of focus stacks called"),
        (set_at("datasets", "siha", "slides", value="nowhere"), r"datasets.siha.slides: no set of slides called"),
        (set_at("datasets", "siha", "diameter_um", value=[9, 3]), r"diameter_um: expected \(smallest, largest\)"),
    ],
)
def test_a_mistake_in_migan_is_named(tmp_path, edit, message):
    with pytest.raises(ConfigError, match=message):
        load_paper(edited(tmp_path, edit, "migan"), "paper")


def test_all_mistakes_are_told_together_beside_a_circle(tmp_path):
    def wrong(tree):
        tree["runs"]["linked"]["start_from"] = "cancer_transferred"
        tree["samples"]["synthetic_siha"]["dataset"] = "nowhere"
        tree["figures"]["figure4"]["of"] = "base_siha"

    with pytest.raises(ConfigError) as caught:
        load_paper(edited(tmp_path, wrong, "migan"), "paper")
    for said in ("starts, in the end, from", "samples.synthetic_siha.dataset: no dataset", "figures.figure4: no set"):
        assert said in str(caught.value)


def test_tiles_are_not_cut_from_phantom_stacks(tmp_path):
    tiles = {"adapter": "slides", "slides": "siha_slides", "stain": "siha", "mpp": 0.5}
    path = edited(tmp_path, set_at("presets", "demo", "datasets", "tiles", value=tiles), "migan")
    with pytest.raises(ConfigError, match="'siha_slides' holds focus stacks of cells; use `adapter: cells`"):
        load_paper(path, "demo")
