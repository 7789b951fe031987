"""Which file needs which, asked without Snakemake."""

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from asking import images_of, w
from pathgan.cluster.resources import keep_memory, share_source
from pathgan.config.weights import EMBEDDERS
from pathgan.config.workflow import Workflow
from pathgan.errors import ConfigError
from pathgan.plan import slide_plan
from pathgan.plan.workflow_plan import Plan

ROOT = Path(__file__).parents[1]
BASE = "results/demo/sharpgan"


def test_targets_are_every_table_and_figure_and_their_provenance(plan):
    targets = plan.targets("demo", "sharpgan")
    assert f"{BASE}/tables/table1.csv" in targets
    assert f"{BASE}/tables/hyperparameters.csv" in targets
    assert f"{BASE}/figures/figure6.png" in targets
    assert targets[-1] == f"{BASE}/provenance.html"
    assert f"{BASE}/tables/datasets.csv" in targets
    assert f"{BASE}/tables/comparability.csv" in targets
    assert {f"{BASE}/tables/claims.csv", f"{BASE}/tables/printed.csv", f"{BASE}/figures/claims.png"} <= set(targets)
    assert plan.summaries("demo") == ["results/demo/scorecard.csv", "results/demo/index.html"]
    assert len(targets) == 23


def test_a_generator_is_trained_on_its_dataset(plan):
    assert images_of(plan, w(run="enhanced-cpm")) == [f"{BASE}/data/cpm.h5", f"{BASE}/data/cpm.csv"]
    assert plan.training.sources(w(run="enhanced-cpm"))["train"]["split"] == "train"


def test_a_segmenter_is_trained_on_real_and_synthetic_images(plan):
    real, synthetic = plan.training.sources(w(run="segnet_s_aug-tnbc")).values()
    assert real["images"] == real["instances"] == f"{BASE}/data/cpm.h5"
    assert synthetic["images"] == f"{BASE}/samples/synthetic-tnbc/seed0.h5"
    assert synthetic["instances"] == f"{BASE}/data/polygons-tnbc.h5"
    assert (real["split"], synthetic["split"]) == ("train", "all")
    assert "watershed" not in plan.training.run(w(run="segnet_s-cpm"))


def test_samples_need_weights_and_conditions(plan):
    assert plan.samples.inputs(w(samples="synthetic-cpm")) == {
        "weights": [f"{BASE}/models/enhanced-cpm/seed0/generator.safetensors"],
        "images": [f"{BASE}/data/polygons-cpm.h5", f"{BASE}/data/polygons-cpm.csv"],
    }
    assert plan.samples.sources(w(samples="enhanced-cpm"))["conditions"]["split"] == "test"
    assert plan.samples.options(w(samples="synthetic-cpm"))["condition"] == "skeleton_map"


def test_embeddings_are_of_a_dataset_or_of_samples(plan, tmp_path):
    lite0 = "data/weights/efficientnet-lite0.safetensors"
    dataset = w(network="lite0", images="data/cpm")
    assert plan.scores.embedded(dataset) == {"images": f"{BASE}/data/cpm.h5", "weights": lite0}
    samples = w(network="lite0", images="samples/enhanced-cpm/seed1")
    assert plan.scores.embedded(samples) == {"images": f"{BASE}/samples/enhanced-cpm/seed1.h5", "weights": lite0}
    # Who asks for a network by its name gets it, and the papers' own numbers rest on no other.
    samples.network = "inception"
    assert plan.scores.embedded(samples)["weights"] == "data/weights/inception-2015-12-05.pt"
    paper = w(preset="paper", network="inception", images="data/cpm")
    assert plan.scores.embedded(paper)["weights"] == "data/weights/inception-2015-12-05.pt"
    found = Plan(Workflow(data_root=str(tmp_path)), ROOT)
    (tmp_path / "weights").mkdir()
    found.weights.file("inception").touch()
    asked = w(run="enhanced-cpm", score="distribution")
    assert "/lite0/" in found.scores.files(asked)["real_embeddings"]  # asked once, when the plan is made
    assert re.fullmatch(found.weights.absent(), "inception-2015-12-05.pt")
    found = Plan(Workflow(data_root=str(tmp_path)), ROOT)
    assert not re.fullmatch(found.weights.absent(), "inception-2015-12-05.pt")  # its owner's: never fetched over
    assert "/inception/" in found.scores.files(asked)["real_embeddings"]
    assert found.scores.embedded(samples)["weights"] == str(tmp_path / "weights" / "inception-2015-12-05.pt")
    assert found.scores.embedding_weights(samples).startswith("f58cb9b6")


@pytest.mark.parametrize("preset", ["demo", "public"])
def test_no_score_and_no_style_rests_on_random_features(plan, preset):
    """Of all papers: each embedding and each style transfer reads a file of trained weights."""
    n = 0
    for name in plan.papers:
        if preset not in plan.library.presets(name):
            continue
        paper = plan.library.paper(preset, name)
        for samples, of in paper.sample_sets.items():
            if paper.generating_runs[of.run].network_used:
                n += 1
                asked = w(preset=preset, paper=name, samples=samples)
                assert plan.samples.inputs(asked)["pretrained"].startswith("data/weights/")
                assert plan.samples.sha256(asked)
        for network in EMBEDDERS:
            asked = w(preset=preset, paper=name, network=network)
            assert plan.weights.used(asked, plan.weights.network(asked, network))
    assert n


def test_a_distribution_score_reads_embeddings(plan):
    files = plan.scores.files(w(run="enhanced-cpm", score="distribution"))
    assert files["real_embeddings"] == f"{BASE}/embeddings/lite0/data/cpm.h5"
    assert files["fake_embeddings"] == f"{BASE}/embeddings/lite0/samples/enhanced-cpm/seed0.h5"
    assert files["predicted"] == f"{BASE}/samples/enhanced-cpm/seed0.h5"
    assert files["store"] == f"{BASE}/data/cpm.h5"


def translation(**wildcards):
    return w(paper="histo2cyto", run="cyclegan_benign", **wildcards)


def test_a_translation_is_held_against_what_it_should_look_like_or_what_it_is_made_of(plan):
    base = "results/demo/histo2cyto"
    cytology = plan.scores.files(translation(score="cytology"))
    assert cytology["real_embeddings"] == f"{base}/embeddings/lite0/data/cytology_benign.h5"
    assert cytology["source_embeddings"] == f"{base}/embeddings/lite0/data/histology_benign.h5"
    assert cytology["source_manifest"] == f"{base}/data/histology_benign.csv"
    histology = plan.scores.files(translation(score="histology"))
    assert histology["real_embeddings"] == f"{base}/embeddings/lite0/data/histology_benign.h5"
    assert "source_embeddings" not in histology


def test_preservation_reads_real_images_of_every_class(plan):
    base = "results/demo/histo2cyto"
    files = plan.scores.files(translation(score="preservation"))
    assert files["class_embeddings"] == [
        f"{base}/embeddings/lite0/data/cytology_{name}.h5" for name in ("benign", "malignant")
    ]
    assert files["fake_embeddings"] == f"{base}/embeddings/lite0/samples/cyclegan_benign/seed0.h5"
    assert plan.scores.category(translation(score="preservation")) == "benign"
    assert plan.scores.category(translation(score="cytology")) == ""


def test_style_transfer_needs_both_sets_and_trains_nothing(plan):
    base = "results/demo/histo2cyto/data"
    asked = w(paper="histo2cyto", samples="style_malignant")
    assert (plan.samples.network(asked), plan.samples.sha256(asked)[:8]) == ("vgg16", "f36ca75e")
    assert plan.samples.inputs(asked) == {
        "weights": [],
        "pretrained": "data/weights/vgg16-lpips.safetensors",
        "images": [
            f"{base}/{name}_malignant.{suffix}" for name in ("histology", "cytology") for suffix in ("h5", "csv")
        ],
    }
    sources = plan.samples.sources(asked)
    assert (sources["source"]["split"], sources["style"]["split"]) == ("test", "train")
    assert sources["source"]["images"] == f"{base}/histology_malignant.h5"
    asked.preset = "paper"
    assert plan.samples.network(asked) == "vgg19"
    assert plan.samples.inputs(asked)["pretrained"] == "data/weights/vgg19-dcbb9e9d.pth"


def test_an_archive_is_fetched_once_for_all_that_is_in_it(plan):
    origin = plan.datasets.download(SimpleNamespace(folder="breakhis", archive="BreaKHis_v1.tar.gz"))
    assert origin["url"].endswith("/BreaKHis_v1.tar.gz")
    benign, malignant = (
        plan.datasets.raw(w(preset="paper", paper="histo2cyto", dataset=f"histology_{name}"))
        for name in ("benign", "malignant")
    )
    assert benign == malignant == ["data/breakhis/BreaKHis_v1.tar.gz.fetched.json"]
    with pytest.raises(ConfigError, match=r"the archive other\.zip of the folder breakhis: no dataset names it"):
        plan.datasets.download(SimpleNamespace(folder="breakhis", archive="other.zip"))


def test_segmentations_read_datasets_and_samples(plan):
    files = plan.segmentations.inputs(w(segmenter="segnet_r-cpm", images="tnbc"))
    assert files["weights"] == f"{BASE}/models/segnet_r-cpm/seed0/segmenter.safetensors"
    assert files["images"] == [f"{BASE}/data/tnbc.h5", f"{BASE}/data/tnbc.csv"]
    files = plan.segmentations.inputs(w(segmenter="segnet_r-cpm", images="enhanced-cpm"))
    assert files["images"] == [f"{BASE}/samples/enhanced-cpm/seed0.h5", f"{BASE}/data/cpm.csv"]


@pytest.mark.parametrize(
    ("run", "score", "predicted"),
    [
        ("enhanced-cpm", "similarity", "samples/enhanced-cpm/seed0.h5"),
        ("enhanced-cpm", "utility-cpm", "segmentations/segnet_r-cpm/seed0/enhanced-cpm.h5"),
        ("segnet_s-tnbc", "segmentation-tnbc", "segmentations/segnet_s-tnbc/seed0/tnbc.h5"),
    ],
)
def test_each_kind_of_score_reads_its_own(plan, run, score, predicted):
    assert plan.scores.files(w(run=run, score=score))["predicted"] == f"{BASE}/{predicted}"


def test_tables_and_figures_list_their_files(plan):
    files = plan.tables.inputs(w(table="table1"))
    assert len(files) == 20  # four methods, two data sets, two scores, one seed; two manifests, and what they hold
    assert all(file.startswith(f"{BASE}/scores/") for file in files[:-4])
    assert files[-4:-2] == [f"{BASE}/data/cpm.csv", f"{BASE}/data/tnbc.csv"]
    assert files[-2:] == [f"{BASE}/data/cpm.counts.csv", f"{BASE}/data/tnbc.counts.csv"]
    drawn = plan.figures.inputs(w(figure="figure5"))
    assert f"{BASE}/segmentations/segnet_r-cpm/seed0/enhanced-cpm.h5" in drawn
    assert f"{BASE}/data/cpm.csv" in drawn
    assert plan.tables.config(w(table="table1"))["columns"]["cpm/ssim"]["label"] == "CPM phantom SSIM ↑"
    titles = [panel["title"] for panel in plan.figures.config(w(figure="figure4"))["panels"]]
    assert titles[3] == "TNBC phantom, synthetic"


def test_caveats_say_why_numbers_are_not_comparable(plan):
    assert plan.tables.caveats(w())["cpm"] == "phantom data, trained for seconds"
    assert plan.tables.caveats(w(preset="public"))["tnbc"].endswith("stand-in dataset (MoNuSeg breast for TNBC)")
    assert set(plan.tables.caveats(w(preset="paper")).values()) == {""}


def test_only_the_papers_sizes_ask_for_a_gpu_and_for_much_memory(plan):
    assert [plan.resources.gpus(w(preset=preset)) for preset in ("demo", "public", "paper")] == [0, 0, 1]
    assert Plan(Workflow(device="gpu"), ROOT).resources.gpus(w()) == 1
    assert Plan(Workflow(device="cpu"), ROOT).resources.gpus(w(preset="paper")) == 0
    memory = plan.resources.memory(3_000, paper=12_000)
    assert [memory(w(), 2), memory(w(preset="paper"), 1)] == [6_000, 12_000]
    assert plan.resources.memory(1_000)(w(preset="paper"), 1) == 1_000


def test_time_limits_follow_preset_attempt_and_the_clusters_factor():
    minutes = Plan(Workflow(), ROOT).resources.minutes(720)
    assert [minutes(w(preset=preset), 1) for preset in ("demo", "public", "paper")] == [30, 360, 720]
    assert minutes(w(preset="paper"), 3) == 3 * 720
    assert Plan(Workflow(time_factor=1.5), ROOT).resources.minutes(720)(w(preset="paper"), 1) == 1080
    download = SimpleNamespace(folder="cpm15")  # its wildcards know of no preset
    assert minutes(download, 1) == 720


def test_only_what_is_short_goes_together_with_scores():
    together = [
        Plan(Workflow(), ROOT).resources.with_scores(w(preset=preset)) for preset in ("demo", "public", "paper")
    ]
    assert together == ["demo-sharpgan-scores", "public-sharpgan-scores", None]
    assert Plan(Workflow(device="gpu"), ROOT).resources.with_scores(w(preset="public")) is None


def test_absent_downloads_are_fetched_and_present_files_never_overwritten(tmp_path):
    plan = Plan(Workflow(data_root=str(tmp_path)), ROOT)
    tnbc = w(preset="paper", dataset="tnbc")
    receipt = f"{tmp_path}/tnbc/TNBC_NucleiSegmentation.zip.fetched.json"
    assert plan.datasets.raw(tnbc) == [receipt]
    (tmp_path / "tnbc" / "Slide_01").mkdir(parents=True)
    (tmp_path / "tnbc" / "Slide_01" / "01_1.png").touch()  # a user's own, without its mask: `prepare` will say so
    assert plan.datasets.raw(tnbc) == []
    Path(receipt).touch()
    assert plan.datasets.raw(tnbc) == [receipt]
    assert plan.datasets.raw(w(preset="paper", dataset="cpm")) == []
    assert plan.datasets.raw(w(dataset="polygons-cpm")) == []


def test_polygons_are_made_after_the_masks_that_they_are_like(plan):
    assert plan.datasets.example(w(dataset="polygons-tnbc")) == [f"{BASE}/data/tnbc.h5", f"{BASE}/data/tnbc.csv"]
    assert plan.datasets.example(w(dataset="tnbc")) == []
    shown = plan.figures.config(w(figure="polygons"))["sets"]
    assert shown == {"polygons-cpm": "CPM phantom", "polygons-tnbc": "TNBC phantom"}


def test_a_rule_leaves_what_its_runs_export(plan):
    rules = {rule.name: rule.outputs for rule in plan.training.rules}
    assert set(rules["train_paired"]) == {"weights", "history"}
    assert set(rules["train_paired_best"]) == {"weights", "last", "history", "evaluations"}
    assert rules["train_cycle"]["inverse"].endswith("models/{run}/seed{seed}/inverse.safetensors")
    assert set(rules["train_focus"]) == {"weights", "critic", "history"}


def test_a_stand_in_is_compared_with_the_paper_that_it_extends(plan):
    def printed_of(wildcards):
        return plan.tables.given(wildcards)["printed"]

    stand_in = w(preset="paper", paper="ki67stain_mist", table="table1")
    printed = printed_of(w(preset="paper", paper="ki67stain", table="table1"))
    assert printed_of(stand_in) == printed != printed_of(w(table="table1"))
    assert {row["table"] for row in printed} == {"table1"}
    assert plan.tables.paper_files(stand_in) == ["config/papers/ki67stain_mist.yaml", "config/papers/ki67stain.yaml"]
    assert set(plan.tables.caveats(stand_in).values()) == {"stand-in dataset"}


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda plan: plan.training.inputs(w(run="enhancd-cpm")), r"runs: no .enhancd-cpm.; there are: pix2pix-cpm"),
        (lambda plan: plan.samples.inputs(w(samples="none")), r"samples: no 'none'"),
        (lambda plan: plan.samples.options(w(samples="none")), r"samples: no 'none'"),
        (lambda plan: plan.tables.inputs(w(table="table9")), r"tables: no 'table9'; there are: table1"),
        (lambda plan: plan.scores.files(w(run="segnet_r-cpm", score="similarity")), r"\(similarity\) is not for the"),
        (lambda plan: Plan(Workflow(papers=("other",)), ROOT), r"no paper called 'other'; there are: histo2cyto, "),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_named_with_what_does(plan, ask, message):
    with pytest.raises(ConfigError, match=message):
        ask(plan)


def test_jobs_find_the_source_of_this_checkout(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    share_source()
    share_source()
    assert os.environ["PYTHONPATH"].split(os.pathsep) == [str(ROOT / "src"), "/elsewhere"]


def test_jobs_keep_freed_memory_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "100")
    monkeypatch.delenv("MALLOC_MMAP_THRESHOLD_", raising=False)
    keep_memory()
    assert os.environ["MALLOC_TRIM_THRESHOLD_"] == "100"
    assert int(os.environ["MALLOC_MMAP_THRESHOLD_"]) > 2**30


def test_a_figure_reads_every_file_that_it_shows(plan):
    """And files alone: its labels, some of which end like names of files, are in its configuration."""
    for name in plan.papers:
        for preset in plan.library.presets(name):
            for key, figure in plan.library.paper(preset, name).figures.items():
                wildcards = w(preset=preset, paper=name, figure=key)
                shown = [file for files in plan.figures.shown(wildcards) for file in files.values()]
                assert set(shown) == set(plan.figures.inputs(wildcards))
                assert all(re.fullmatch(rf"results/{preset}/{name}/\w+/\S+\.(h5|csv)", file) for file in shown), shown
                things = (getattr(figure, of) for of in ("panels", "curves", "profiles", "sets") if hasattr(figure, of))
                assert len(plan.figures.shown(wildcards)) == len(next(things, [0]))


def test_a_sheet_of_slides_is_read_once_for_all_its_slides(monkeypatch):
    calls = []
    read = slide_plan.read_slides
    monkeypatch.setattr(
        slide_plan, "read_slides", lambda options, *given: calls.append(options) or read(options, *given)
    )
    plan = Plan(Workflow(papers=("ki67stain",)), ROOT)
    table = w(paper="ki67stain", dataset="he", table="tiling")
    assert len(plan.slides.scores(table)) > 2
    assert plan.slides.parts(table)
    assert len(calls) == 1
