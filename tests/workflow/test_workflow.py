"""Snakemake itself, on a paper small enough for seconds: what runs, what re-runs, and that bytes repeat."""

from __future__ import annotations

import copy
import json
import time

import pandas as pd
import pytest
import yaml
from checkouts import ROOT, checkout, jobs, snakemake
from exempt import do_nothing
from tiny_paper import BASE, TINY, tiny

from pathgan.files import sha256_of
from pathgan.provenance.places import record_path

pytestmark = pytest.mark.workflow


@pytest.mark.slow
def test_a_run_may_train_in_two_processes(tmp_path):
    paper = copy.deepcopy(TINY)
    paper["runs"]["gan"]["training"] |= {"gpus": 2, "batch_size": 2}
    folder = checkout(tmp_path / "two", {"tiny": paper})
    weights = BASE / "models/gan/seed0/generator.safetensors"
    snakemake(folder, str(weights))
    log = (folder / "results/demo/logs/tiny/train_paired/gan/seed0.log").read_text()
    assert log.count("trained 3 iterations") == 1  # the first process alone speaks
    assert json.loads((folder / record_path(weights)).read_text())["threads"] == 1  # of each
    assert not (folder / weights).with_name("state").exists()


def test_everything_is_there_and_recorded(done):
    table = pd.read_csv(done / BASE / "tables/table1.csv")
    assert table["seeds"].tolist() == [2, 2]
    assert table["published"].tolist()[0] == 0.5
    assert table["note"].tolist() == [
        "a test; protocol: given by the user; settings: loss weights of ours",
        "a test; not in the paper",
    ]
    assert "cells SSIM" in (done / BASE / "tables/table1.md").read_text()
    stand_in = pd.read_csv(done / BASE / "tables/table2.csv").set_index("column")
    assert set(stand_in["comparable"]) == {"no"}
    assert stand_in.loc["fid", "note"].startswith(
        "a test; fd_lite0 in place of FID; not in the paper; fd_lite0 is biased"
    )
    assert set(stand_in["n"]) == {4}
    assert (done / BASE / "figures/figure1.png").stat().st_size > 5000
    made = [path for path in (done / BASE).rglob("*") if path.is_file() and "state" not in path.parts]
    for path in made:
        relative = path.relative_to(done)
        entry = json.loads((done / record_path(relative)).read_text())
        assert entry["outputs"][str(relative)] == sha256_of(path), relative
        assert all(sha256_of(done / name) == digest for name, digest in entry["inputs"].items())
    assert not list((done / BASE).rglob("state/*"))


def test_a_script_that_is_only_newer_reruns_nothing(copied):
    """After a clone or a switch of branches all scripts are."""
    for script in (copied / "scripts").iterdir():
        script.touch()
    assert "Nothing to be done" in snakemake(copied, "all")


def test_a_second_call_runs_nothing(done):
    assert "Nothing to be done" in snakemake(done, "all")


def test_a_deleted_table_is_one_job(copied):
    (copied / BASE / "tables/table1.csv").unlink()
    output = snakemake(copied, f"{BASE}/tables/table1.csv")
    assert jobs(output) == {"tabulate": 1}


def test_two_runs_from_scratch_give_the_same_bytes_and_exempt_modules_change_none(done, tmp_path):
    """The second run has exempt modules that do nothing, and each job is a Python of its own."""
    again = tiny(tmp_path / "again")
    do_nothing(again)
    names = ("table1", "table2", "hyperparameters", "datasets", "comparability")
    wanted = [*(f"{BASE}/tables/{name}.csv" for name in names), f"{BASE}/figures/figure1.png"]
    snakemake(again, *wanted, warm_jobs=False)
    assert not (again / "results/demo/provenance").exists()
    compared = 0
    for pattern in (
        "data/*",
        "models/*/*/*",
        "samples/**/*.h5",
        "embeddings/**/*.h5",
        "scores/**/*.csv",
        "tables/*",
        "figures/*",
    ):
        for path in (done / BASE).glob(pattern):
            if path.is_file():
                assert path.read_bytes() == (again / path.relative_to(done)).read_bytes(), path
                compared += 1
    assert compared > 20


def test_an_edit_of_code_reruns_what_it_touches(copied):
    module = copied / "src/pathgan/metrics/instances.py"
    module.write_text(module.read_text() + "\nNEW = 1\n")
    planned = jobs(snakemake(copied, "-n", "all"))
    assert {"score"} <= planned.keys() <= {"score", "tabulate", "compare", "show_provenance", "write_page", "all"}
    assert "score" in planned


def test_an_edit_of_a_caption_reruns_the_table_only(copied):
    paper = copied / "config/papers/tiny.yaml"
    paper.write_text(paper.read_text().replace("Table 1", "Table One"))
    planned = jobs(snakemake(copied, "-n", f"{BASE}/tables/table1.csv"))
    assert planned == {"tabulate": 1}


def test_an_edit_of_a_hyper_parameter_reruns_its_training(copied):
    paper = copied / "config/papers/tiny.yaml"
    tree = yaml.safe_load(paper.read_text())
    tree["runs"]["segnet"]["training"]["learning_rate"] = 0.5
    paper.write_text(yaml.safe_dump(tree, sort_keys=False))
    planned = jobs(snakemake(copied, "-n", f"{BASE}/tables/table1.csv"))
    assert planned["train_segmentation"] == 2
    assert "train_paired" not in planned


def test_a_wrong_configuration_stops_before_any_job(copied):
    paper = copied / "config/papers/tiny.yaml"
    paper.write_text(paper.read_text().replace("condition: mask", "condition: masks"))
    output = snakemake(copied, "all", code=1)
    assert "config/papers/tiny.yaml (preset demo): runs.gan.paired.condition" in output.replace("paper)", "demo)")
    assert "got 'masks'" in output
    assert "Traceback" not in output
    assert "unknown key; did you mean 'preset'" in snakemake(copied, "all", "--config", "prest=demo", code=1)


def test_any_path_of_any_preset_is_a_target():
    for target in (
        "results/demo/sharpgan/tables/table2.csv",
        "results/public/sharpgan/models/enhanced-cpm/seed2/generator.safetensors",
        "results/paper/sharpgan/figures/figure6.pdf",
        "results/paper/sharpgan/models/segnet_s-tnbc/seed1/history.csv",
        "sharpgan",
    ):
        output = snakemake(ROOT, "-n", "--quiet", "rules", "--forceall", target)
        assert "Job stats" in output


def test_planning_the_papers_own_sizes_is_quick():
    started = time.perf_counter()
    output = snakemake(ROOT, "-n", "sharpgan", "--config", "preset=paper")
    # Four methods, three of an ablation and six sensitivities on two data sets, and four methods in ten folds.
    assert jobs(output)["train_paired"] == 3 * ((4 + 3 + 6) * 2 + 4 * 10)
    assert time.perf_counter() - started < 60  # a hang, not a benchmark
