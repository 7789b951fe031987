"""Snakemake itself, on a paper small enough for seconds: what runs, what re-runs, and that bytes repeat."""

from __future__ import annotations

import copy
import json
import os
import shutil
import threading
import time
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import warm
import yaml
from checkouts import CELLS, GAN, ROOT, checkout, jobs, snakemake
from exempt import do_nothing

from once import made_once
from pathgan.config.loading import load_weights_table
from pathgan.files import sha256_of
from pathgan.provenance.places import record_path
from pathgan.stores.embedding_file import read_embeddings

pytestmark = pytest.mark.workflow
BASE = Path("results/demo/tiny")

TINY = {
    "title": "A paper of <b>two</b> runs",
    "cite": "nobody",
    "caveat": "a test",
    "seeds": [0, 1],
    "datasets": {
        "cells": CELLS,
        "manual": {
            "adapter": "cpm",
            "folders": ["cpm15"],
            "origin": {"kind": "manual", "page": "the page", "file": "cpm15.zip"},
        },
    },
    "runs": {
        "gan": GAN,
        "segnet": {
            "recipe": "segmentation",
            "train_on": ["cells"],
            "network": {"width": 2, "stages": 2},
            "training": {"iterations": 3, "crop_px": 32},
        },
        "absent": {
            "recipe": "segmentation",
            "train_on": ["manual"],
            "training": {"iterations": 1, "crop_px": 32},
        },
    },
    "scores": {
        "similarity": {"kind": "similarity"},
        "utility": {"kind": "utility", "segmenter": "segnet"},
        "distribution": {"kind": "distribution", "split": "all"},
        "hash": {"kind": "perceptual_hash"},
    },
    "tables": {
        "table1": {
            "kind": "scores",
            "caption": "Table 1",
            "rows": {"gan": {"label": "GAN", "run": "gan"}},
            "columns": {
                "ssim": {"label": "{label} SSIM", "dataset": "cells", "score": "similarity", "metric": "ssim"},
                "aji": {"label": "{label} AJI", "dataset": "cells", "score": "utility", "metric": "aji"},
            },
        },
        "table2": {
            "kind": "scores",
            "caption": "Table 2",
            "rows": {"gan": {"label": "GAN", "run": "gan"}},
            "columns": {
                "fid": {"label": "{label} FID", "dataset": "cells", "score": "distribution", "metric": "fid"},
                "floor": {"label": "floor", "dataset": "cells", "score": "distribution", "metric": "fid_floor"},
                "few": {"label": "few", "dataset": "cells", "score": "distribution", "metric": "fid_at_floor_n"},
                "p_hash": {"label": "{label} P-hash", "dataset": "cells", "score": "hash", "metric": "p_hash"},
                "real": {"label": "real", "dataset": "cells", "score": "hash", "metric": "p_hash_real_real"},
                "shuffled": {"label": "shuffled", "dataset": "cells", "score": "hash", "metric": "p_hash_shuffled"},
            },
        },
    },
    "figures": {
        "figure1": {
            "kind": "images",
            "caption": "Figure 1",
            "panels": [
                {"title": "{label}", "show": "image", "of": "cells"},
                {"title": "Synthetic", "show": "image", "of": "gan"},
                {"title": "Segmented", "show": "segmentation", "of": "gan", "by": "segnet"},
            ],
        }
    },
    "sources": {"runs.*": "ours: a test"},
    "presets": {"demo": {}, "public": {}},
}


def tiny(folder: Path) -> Path:
    return checkout(folder, {"tiny": TINY}, ["tiny,table1,gan,ssim,0.5,,"])


def make_tiny(folder: Path) -> None:
    output = snakemake(tiny(folder), "all")
    assert jobs(output)["train_paired"] == 2
    assert jobs(output)["embed"] == 3  # the data and two seeds' samples, by the network that stands in for both


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished checkout. Not to be changed: see `copied`."""
    return made_once(tmp_path_factory, "tiny", make_tiny)


@pytest.fixture
def copied(done, tmp_path):
    """A finished checkout of one's own, with its times."""
    shutil.copytree(done, tmp_path / "copy")
    return tmp_path / "copy"


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


def test_absent_manual_data_name_page_file_and_folder(copied):
    target = f"{BASE}/models/absent/seed0/segmenter.safetensors"
    output = snakemake(copied, target, code=1)
    assert "no image with a mask in data/cpm15; get cpm15.zip from the page and unpack it there" in output
    assert not (copied / BASE / "data/manual.h5").exists()


def test_a_dataset_is_fetched_once(copied, tmp_path):
    """Two slides of TNBC in an archive on loopback; the second call runs nothing."""
    served = tmp_path / "served"
    with zipfile.ZipFile(make_folder(served) / "tnbc.zip", "w") as archive:
        for slide in (1, 2):
            for kind in ("Slide", "GT"):
                picture = np.zeros((32, 32, 4), np.uint8)
                picture[8 : 16 + slide, 8:16] = picture[..., 3] = 255
                archive.writestr(f"TNBC/{kind}_0{slide}/0{slide}_1.png", cv2.imencode(".png", picture)[1].tobytes())
    http = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: SimpleHTTPRequestHandler(*args, directory=str(served)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    paper = copied / "config/papers/tiny.yaml"
    tree = yaml.safe_load(paper.read_text())
    tree["datasets"]["fetched"] = {
        "adapter": "tnbc",
        "folder": "tnbc",
        "origin": {
            "kind": "download",
            "url": f"http://127.0.0.1:{http.server_address[1]}/tnbc.zip",
            "sha256": sha256_of(served / "tnbc.zip"),
        },
        "tiles": {"tile_px": 32, "stride_px": 32},
        "split": {"by": "patient", "test_fraction": 0.5},
    }
    paper.write_text(yaml.safe_dump(tree, sort_keys=False))
    target = f"{BASE}/data/fetched.csv"
    assert jobs(snakemake(copied, target)) == {"fetch": 1, "prepare": 1}
    http.shutdown()
    http.server_close()
    assert len(pd.read_csv(copied / target)) == 2
    assert "Nothing to be done" in snakemake(copied, target)


def test_every_embedding_is_made_by_a_trained_network(done):
    """By its record: the weights that it read have the sha256 of an entry in the table, and of its parameter."""
    known = {entry.sha256 for entry in load_weights_table(done / "config/weights.yaml").values()}
    files = sorted((done / BASE / "embeddings").rglob("*.h5"))
    assert files
    for file in files:
        record = json.loads((done / record_path(file.relative_to(done))).read_text())
        (weights,) = [sha256 for name, sha256 in record["inputs"].items() if "weights/" in name]
        assert weights == record["params"]["sha256"]
        assert weights in known
        assert read_embeddings(file).embedder.weights == weights


def test_weights_are_fetched_checked_and_used(done, copied, tmp_path):
    """A tiny TorchScript file on loopback stands for Inception's."""
    import torch

    class Layers(torch.nn.Module):
        def forward(self, images):
            return torch.nn.functional.adaptive_avg_pool2d(images, 1).flatten(1).repeat(1, 683)[:, :2048]

    class Scripted(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = Layers()

        def forward(self, images):
            return self.layers(images)

    served = make_folder(tmp_path / "served")
    torch.jit.save(torch.jit.script(Scripted()), served / "inception-2015-12-05.pt")
    http = ThreadingHTTPServer(("127.0.0.1", 0), lambda *args: SimpleHTTPRequestHandler(*args, directory=str(served)))
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}/inception-2015-12-05.pt"
    table = copied / "config/weights.yaml"
    entries = yaml.safe_load(table.read_text())
    size = (served / "inception-2015-12-05.pt").stat().st_size
    entries["inception"] |= {"url": url, "max_bytes": size, "sha256": "0" * 64}
    table.write_text(yaml.safe_dump(entries))
    output = snakemake(copied, "data/weights/inception-2015-12-05.pt", code=1)
    assert "data/weights/inception-2015-12-05.pt: absent, and could not be fetched" in output
    assert f"{url}: expected sha256 000" in output
    assert not (copied / "data/weights/inception-2015-12-05.pt").exists()

    entries["inception"]["sha256"] = sha256_of(served / "inception-2015-12-05.pt")
    table.write_text(yaml.safe_dump(entries))
    assert jobs(snakemake(copied, "data/weights/inception-2015-12-05.pt")) == {"fetch_weights": 1}
    http.shutdown()
    http.server_close()
    target = f"{BASE}/tables/table2.csv"
    assert "lite0 stands in for inception" in snakemake(done, "-n", "-F", target)
    assert jobs(snakemake(copied, target)) == {"embed": 3, "score": 2, "tabulate": 1}
    cells = pd.read_csv(copied / target).set_index("column")
    assert "in place of" not in cells.loc["fid", "note"]
    assert "Lite0 in place of ResNet-18" in cells.loc["p_hash", "note"]

    os.utime(copied / "data/weights/inception-2015-12-05.pt", (1, 1))  # older than every script, as a copied file is
    assert "Nothing to be done" in snakemake(copied, target)
    assert "fetch_weights" not in snakemake(copied, "-n", "-F", target)
    (copied / "data/weights/inception-2015-12-05.pt").write_bytes(b"something else")
    assert "expected sha256" in snakemake(copied, target, "--forcerun", "embed", code=1)


def test_absent_weights_are_an_error_with_their_url_in_the_paper_preset(copied):
    table = copied / "config/weights.yaml"
    entries = yaml.safe_load(table.read_text())
    entries["inception"]["url"] = "http://127.0.0.1:9/inception.pt"
    table.write_text(yaml.safe_dump(entries))
    target = "results/paper/tiny/embeddings/inception/data/cells.h5"
    output = snakemake(copied, target, "--retries", "0", code=1)
    assert f"data/weights/{entries['inception']['file']}: absent, and could not be fetched" in output
    assert "http://127.0.0.1:9/inception.pt" in output


def make_folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


def test_a_wrong_configuration_stops_before_any_job(copied):
    paper = copied / "config/papers/tiny.yaml"
    paper.write_text(paper.read_text().replace("condition: mask", "condition: masks"))
    output = snakemake(copied, "all", code=1)
    assert "config/papers/tiny.yaml (preset demo): runs.gan.paired.condition" in output.replace("paper)", "demo)")
    assert "got 'masks'" in output
    assert "Traceback" not in output
    assert "unknown key; did you mean 'preset'" in snakemake(copied, "all", "--config", "prest=demo", code=1)


def test_the_front_page_shows_everything_and_takes_no_markup_from_a_paper(done):
    page = (done / "results/demo/index.html").read_text()
    assert "A paper of &lt;b&gt;two&lt;/b&gt; runs" in page
    assert "<b>two" not in page
    for name in (
        "tiny/table1/gan/ssim",
        "tiny/table2/gan/p_hash",
        "tiny/figures/figure1",
        "tiny/hyperparameters",
        "tiny/datasets",
    ):
        assert f'id="{name}"' in page
    assert (
        json.loads((done / record_path(BASE / "tables/table1.csv")).read_text())["outputs"][
            str(BASE / "tables/table1.csv")
        ]
        in page
    )
    assert "Drawn images (phantoms)" in page


def test_an_edit_of_a_template_reruns_the_page_alone(copied):
    style = copied / "src/pathgan/page/page.css"
    style.write_text(style.read_text() + "p { color: red; }\n")
    assert set(jobs(snakemake(copied, "-n", "all"))) == {"write_page", "all"}


def test_a_demo_of_what_is_there_says_so_and_writes_the_report(copied):
    done = warm.run(
        "pathgan.cli", ["demo", "--cores", "2"], copied, {**warm.environment(False), "PYTHONPATH": "src"}, False
    )
    assert done.returncode == 0, done.stderr
    assert "Everything is there already." in done.stdout
    assert done.stdout.rstrip().splitlines()[-2] == "Read: results/demo/index.html"
    assert "front page" in (copied / "results/demo/report.html").read_text()


def test_the_report_is_one_page_with_captions(copied):
    snakemake(copied, "--report", "results/demo/report.html")
    page = (copied / "results/demo/report.html").read_text()
    assert "Figure 1" in page
    assert "tiny" in page


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
