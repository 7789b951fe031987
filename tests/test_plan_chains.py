"""Plans of chains: masks that are found, drawn and painted on; classifiers of what comes out; focus stacks."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from asking import images_of, rules_of, w
from pathgan.config.workflow import Workflow
from pathgan.errors import ConfigError
from pathgan.plan.workflow_plan import Plan

ROOT = Path(__file__).parents[1]


def test_runs_are_told_apart_by_kind(plan):
    """By preset, paper and name: another paper may give the same name to another kind."""
    patterns = {rule.name: rule.preset for rule in plan.training.rules}
    assert rules_of(patterns, "demo/sharpgan/models/enhanced-cpm/seed0") == ["train_paired"]
    assert rules_of(patterns, "demo/sharpgan/models/segnet_r-cpm/seed0") == ["train_segmentation"]
    assert rules_of(patterns, "demo/syncgan/models/cgan/seed0") == ["train_paired_best"]
    assert rules_of(patterns, "demo/syncgan/models/gan_benign/seed0") == ["train_noise"]
    for nobody in ("demo/sharpgan/models/enhanced-cpm2/seed0", "demo/ki67stain/models/enhanced-cpm/seed0"):
        assert rules_of(patterns, nobody) == []
    patterns = {"gather": plan.slides.preset, "prepare": plan.datasets.preset}
    for path, rule in {"paper/ki67stain": "gather", "paper/ki67stain_mist": "prepare"}.items():
        assert rules_of(patterns, f"{path}/data/he.h5") == rules_of(patterns, f"{path}/data/he.csv") == [rule]
    assert rules_of(patterns, "paper/ki67stain/data/he.v2.h5") == []  # dots are for names too


def syncgan(**wildcards):
    return w(paper="syncgan", **wildcards)


SYNCGAN = "results/demo/syncgan"
MASKS = f"{SYNCGAN}/segmentations/masks/seed0/cytology.h5"


def test_a_gan_of_masks_learns_the_nuclei_that_were_found(plan):
    (source,) = plan.training.sources(syncgan(run="mask_gan_benign")).values()
    assert source["instances"] == MASKS
    assert (source["split"], source["category"]) == ("train", "benign")
    assert images_of(plan, syncgan(run="gan_benign")) == [
        f"{SYNCGAN}/data/cytology.h5",
        f"{SYNCGAN}/data/cytology.csv",
    ]


def test_a_run_that_keeps_its_best_weights_reads_validation_images(plan):
    sources = plan.training.sources(syncgan(run="cgan"))
    assert {name: source["split"] for name, source in sources.items()} == {"train": "train", "validation": "validation"}
    assert {source["instances"] for source in sources.values()} == {MASKS}


def test_a_composition_takes_both_generators(plan):
    assert plan.samples.weights(syncgan(samples="prop_benign_1_1")) == {
        "weights": f"{SYNCGAN}/models/cgan_1_1/seed0/generator.safetensors",
        "drawn": f"{SYNCGAN}/models/mask_gan_benign_1_1/seed0/generator.safetensors",
    }
    assert plan.samples.inputs(syncgan(samples="prop_benign_1_1"))["images"] == [f"{SYNCGAN}/data/cytology_1_1.csv"]
    assert list(plan.samples.options(syncgan(samples="prop_benign_1_1"))) == ["applied", "drawn"]


def test_a_classifier_reads_every_set_and_knows_how_large_it_must_be(plan):
    sources = plan.training.sources(syncgan(run="resnet152"))
    assert {"cytology", "prop_benign", "prop_malignant", "@validation", "@test"} < set(sources)
    assert sources["prop_malignant"] == {
        "images": f"{SYNCGAN}/samples/prop_malignant/seed0.h5",
        "instances": "",
        "manifest": "",
        "split": "all",
        "category": "malignant",
    }
    assert [sources[name]["split"] for name in ("@validation", "@test")] == ["validation", "test"]
    assert plan.training.facts(syncgan(run="resnet152"))["ratios"] == dict.fromkeys(
        (f"{kind}_{name}" for kind in ("prop", "gan", "trad") for name in ("benign", "malignant")), 2
    )
    files = plan.training.inputs(syncgan(run="resnet152"))
    assert len(files["images"]) == len(set(files["images"])) == 8
    assert "weights" not in files  # absent, and the demo does without


def test_every_fold_of_a_row_is_an_input_of_its_table(plan):
    files = plan.tables.scores(syncgan(table="crossvalidation"))
    assert list(files) == [f"densenet161_1_{fold}/accuracy" for fold in range(3)]
    inputs = plan.tables.made_with(syncgan(table="crossvalidation"))
    assert inputs["densenet161_1_2"] == ["cytology_1_2"]


def test_samples_are_counted_where_a_table_counts_them(plan):
    assert plan.tables.samples(syncgan(table="table1"))["prop_benign"] == {
        "file": f"{SYNCGAN}/counts/prop_benign/seed0.csv",
        "category": "benign",
    }
    assert f"{SYNCGAN}/counts/prop_benign/seed0.csv" in plan.tables.inputs(syncgan(table="table1"))
    assert plan.tables.made_with(syncgan(table="table1"))["prop_benign"] == ["cytology"]


def test_memorisation_is_of_a_class(plan):
    assert plan.scores.category(syncgan(run="prop_malignant", score="memorisation")) == "malignant"
    files = plan.scores.files(syncgan(run="prop_malignant", score="memorisation"))
    assert files["predicted"] == f"{SYNCGAN}/samples/prop_malignant/seed0.h5"
    assert files["real_embeddings"] == f"{SYNCGAN}/embeddings/lite0/data/cytology.h5"


def test_synthetic_masks_are_held_against_those_that_their_gan_learned_from(plan):
    files = plan.scores.files(syncgan(run="prop_malignant", score="coverage"))
    assert files == {
        "predicted": f"{SYNCGAN}/samples/prop_malignant/seed0.h5",
        "store": f"{SYNCGAN}/segmentations/masks/seed0/cytology.h5",
        "manifest": f"{SYNCGAN}/data/cytology.csv",
    }
    assert plan.scores.category(syncgan(run="prop_malignant", score="coverage")) == "malignant"
    assert plan.scores.files(syncgan(run="mask_gan_benign", score="coverage"))["store"] == files["store"]
    with pytest.raises(ConfigError, match="the score 'coverage' is not for 'gan_benign', whose masks no GAN made"):
        plan.scores.files(syncgan(run="gan_benign", score="coverage"))


def test_rules_of_one_path_are_told_apart_by_what_makes_it(plan):
    patterns = {rule.name: rule.preset for rule in plan.samples.rules}
    made_by = {
        "prop_benign": "compose_paired",
        "gan_benign": "sample_noise",
        "trad_benign": "sample_augmentation",
        "cgan": "sample_paired",
    }
    for samples, rule in made_by.items():
        assert rules_of(patterns, f"demo/syncgan/samples/{samples}/seed0.h5") == [rule]
    assert plan.samples.sampler(syncgan(samples="prop_benign")) == "pathgan.sampling.composed_images"


MIGAN = "results/demo/migan"


def migan(**wildcards):
    return w(paper="migan", **wildcards)


def test_cells_are_cut_from_painted_slides_and_gathered(plan):
    slide = f"{MIGAN}/slides/siha_slides/slide001.ome.tif"
    assert plan.slides.extracted_files(migan(dataset="siha", slide="siha001")) == [slide]
    assert plan.slides.extraction(migan(dataset="siha", slide="siha001"))["slide"]["path"] == slide
    assert plan.slides.stores(migan(dataset="siha")) == [f"{MIGAN}/cells/siha/siha00{k}.h5" for k in range(2)]
    assert {part["split"] for part in plan.slides.parts(migan(dataset="siha"))} == {"train", "test"}
    assert plan.slides.split_of_items(migan(dataset="siha")) is None
    assert plan.slides.scores(migan(table="extraction"))[0] == f"{MIGAN}/extractions/siha/siha000.csv"
    with pytest.raises(ConfigError, match="no siha slide 'nowhere'"):
        plan.slides.extracted_files(migan(dataset="siha", slide="nowhere"))
    with pytest.raises(ConfigError, match="siha_slides: not a phantom"):
        plan.slides.phantom(migan(slides="siha_slides"))


def test_a_folder_of_planes_is_read_file_by_file(plan, tmp_path):
    (tmp_path / "focus_stack").mkdir()
    for index in range(3):
        (tmp_path / "focus_stack" / f"{index}.tif").touch()
    there = Plan(Workflow(data_root=str(tmp_path)), ROOT)
    public = SimpleNamespace(preset="public", paper="migan", dataset="siha", slide="field", seed="0")
    files = there.slides.extracted_files(public)
    assert files == [str(tmp_path / "focus_stack" / f"{index}.tif") for index in range(3)]
    assert there.slides.split_of_items(public)["by"] == "image"
    assert there.slides.parts(public)[0]["split"] == ""


def test_a_transfer_needs_the_weights_that_it_starts_from(plan):
    assert plan.training.first(migan(run="cancer_transferred")) == {
        "weights": f"{MIGAN}/models/linked/seed0/generator.safetensors",
        "critic": f"{MIGAN}/models/linked/seed0/critic.safetensors",
    }
    assert plan.training.inputs(migan(run="linked")) == {
        "images": [f"{MIGAN}/data/siha.h5", f"{MIGAN}/data/siha.csv"],
        "first": [],
    }


def test_stacks_are_made_of_real_planes_or_of_drawn_ones(plan):
    linked = plan.samples.sources(migan(samples="linked"))["images"]
    assert (linked["images"], linked["split"]) == (f"{MIGAN}/data/siha.h5", "test")
    assert plan.samples.inputs(migan(samples="synthetic_siha")) == {
        "weights": [
            f"{MIGAN}/models/linked/seed0/generator.safetensors",
            f"{MIGAN}/models/base_siha/seed0/generator.safetensors",
        ],
        "images": [f"{MIGAN}/data/siha.csv"],
    }
    sources = plan.samples.sources(migan(samples="blurred"))
    assert [source["split"] for source in sources.values()] == ["train", "test"]
    files = plan.scores.files(migan(run="blurred", score="focus"))
    assert files["fake_embeddings"] == f"{MIGAN}/embeddings/lite0/samples/blurred/seed0.h5"


def test_figures_of_stacks_show_test_cells_or_samples(plan):
    assert plan.figures.shown(migan(figure="figure4")) == [
        {"file": f"{MIGAN}/data/siha.h5", "manifest": f"{MIGAN}/data/siha.csv"}
    ]
    assert plan.figures.inputs(migan(figure="figure5")) == [f"{MIGAN}/samples/synthetic_siha/seed0.h5"]
    assert len(plan.figures.inputs(migan(figure="profiles"))) == 7
