"""A sixth paper is YAML alone; a recipe with a metric is two files and a line. Both run through the workflow."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from checkouts import ROOT, checkout, jobs, snakemake

from pathgan.provenance.closure import code_state
from small_papers import CELLS

pytestmark = pytest.mark.workflow

# A recipe that learns the mean image, and paints it wherever it is asked; a metric of how bright its samples are.
KINDS = '''"""A recipe and a score of one's own: their options."""

from typing import ClassVar, Literal

from pathgan.config.reads import Use
from pathgan.config.runs.run import GeneratingRun, TrainedRun
from pathgan.config.scores.score import Score, named_pairs
from pathgan.config.table_types import Metric


class MeanRun(TrainedRun, GeneratingRun):
    """The mean of the training images."""

    recipe: Literal["mean_image"]
    dataset: str
    trainer: ClassVar[str] = "lab.work"
    sampler: ClassVar[str] = "lab.work"

    @property
    def ingredients(self):
        return (self.dataset,)

    @property
    def uses(self):
        return {"images": Use(self.dataset, wants="images")}

    @property
    def applied_to(self):
        return self.dataset

    def sampling_options(self):
        return {}


class BrightnessScore(Score):
    """How bright samples are."""

    kind: Literal["brightness"]
    scorer: ClassVar[str] = "lab.work"

    def reads(self, name, run, paper):
        return named_pairs(name, run)


KINDS = {"runs": {"mean_image": "lab.kinds:MeanRun"}, "scores": {"brightness": "lab.kinds:BrightnessScore"}}
METRICS = {"brightness": [Metric(key="brightness", better="near real")]}
'''
WORK = '''"""A recipe and a score of one's own: their work."""

import numpy as np
import torch
from torch import nn

from pathgan.scoring.score_files import tidy
from pathgan.stores.store import ImageStore, write_store
from pathgan.training.optimizers import adam, descend
from pathgan.config.training_options import Adam
from pathgan.training.run_training import Prepared, resident, train_in_loop
from pathgan.training.weight_files import load_weights


class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.zeros(3))


class Recipe:
    loss_names = ("distance",)

    def __init__(self, run):
        mean = Mean()
        self.networks = {"mean": mean}
        self.optimizers = {"mean": adam(mean.parameters(), Adam(), run.training.learning_rate)}

    def step(self, batch):
        loss = (batch["image"].mean((0, 2, 3)) - self.networks["mean"].value).square().sum()
        descend(self.optimizers["mean"], loss)
        return {"distance": loss.detach()}


def set_up(run, sources, seed, compute):
    fields, recipe = {"image": sources["images"].images_of_split()}, Recipe(run)
    data = resident(run.training, fields, seed, compute)
    return Prepared(recipe, data, {"weights": recipe.networks["mean"]}, fields)


def train(run, work):
    train_in_loop(run, work, set_up)


def make(options, work):
    colour = load_weights(Mean(), work.weights["weights"]).value.detach().numpy()
    images, source = work.sources["images"].images_of_split(), work.sources["images"]
    painted = np.broadcast_to(np.clip(255 * colour, 0, 255).astype(np.uint8), images.shape)
    return write_store(work.out, source.ids, work.facts, images=iter(np.ascontiguousarray(painted)))


def score(config, inputs, category):
    with ImageStore(inputs.predicted) as store:
        return tidy(store.ids, {"brightness": store.images().mean((1, 2, 3))})
'''
TINY: dict[str, Any] = {
    "title": "A sixth paper",
    "cite": "nobody",
    "caveat": "a test",
    "datasets": {"cells": CELLS},
    "runs": {
        "mean": {
            "recipe": "mean_image",
            "dataset": "cells",
            "training": {"iterations": 40, "crop_px": 32, "batch_size": 2, "learning_rate": 0.05},
        }
    },
    "scores": {"brightness": {"kind": "brightness"}},
    "tables": {
        "table1": {
            "kind": "scores",
            "caption": "Table 1",
            "rows": {"mean": {"label": "Mean", "run": "mean"}},
            "columns": {"b": {"label": "B", "dataset": "cells", "score": "brightness", "metric": "brightness"}},
        }
    },
    "figures": {},
    "sources": {"runs.*": "ours: a test"},
    "presets": {"demo": {}},
}
TABLE = Path("results/demo/tiny/tables/table1.csv")


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = checkout(tmp_path_factory.mktemp("extended") / "project", {"tiny": TINY})
    package = folder / "src" / "lab"
    package.mkdir()
    (package / "kinds.py").write_text(KINDS)
    (package / "work.py").write_text(WORK)
    with (folder / "config" / "config.yaml").open("a") as file:
        file.write("extensions: [lab.kinds]\n")
    return folder


def test_two_files_and_a_line_are_a_recipe_and_a_metric(extended: Path) -> None:
    ran = jobs(snakemake(extended, str(TABLE)))
    assert ran == {"prepare": 1, "train_mean_image": 1, "sample_mean_image": 1, "score": 1, "tabulate": 1}
    (cell,) = pd.read_csv(extended / TABLE).to_dict("records")
    assert cell["row"] == "mean"
    assert 60 < cell["value"] < 250
    assert (extended / "results/demo/tiny/models/mean/seed0/history.csv").exists()


def test_their_code_is_what_makes_their_results_stale(extended: Path) -> None:
    files = code_state(["scripts/train.py", "lab.kinds", "lab.work"], extended)["files"]
    assert {"src/lab/kinds.py", "src/lab/work.py"} <= set(files)
    work = extended / "src" / "lab" / "work.py"
    work.write_text(work.read_text() + "\nNEW = 1\n")
    planned = jobs(snakemake(extended, "-n", str(TABLE)))
    assert {"train_mean_image", "sample_mean_image", "score"} <= set(planned)
    assert "prepare" not in planned


def test_an_extension_that_is_not_there_is_one_line(extended: Path) -> None:
    said = snakemake(extended, "-n", str(TABLE), "--config", "extensions=lab.nothing", code=1)
    assert "config/config.yaml: extensions: lab.nothing: No module named 'lab.nothing'" in said
    assert "Traceback" not in said


def test_a_sixth_paper_is_yaml_alone(tmp_path: Path) -> None:
    """That of docs/extending.md, as it stands there."""
    (text,) = re.findall(r"^```yaml\n(title:.*?)^```", (ROOT / "docs" / "extending.md").read_text(), re.M | re.S)
    folder = checkout(tmp_path / "project", {"sixth": yaml.safe_load(text)})
    snakemake(folder, "sixth")
    assert pd.read_csv(folder / "results/demo/sixth/tables/table1.csv")["row"].tolist() == ["gan"]
