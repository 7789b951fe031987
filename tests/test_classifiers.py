"""Classifiers: the real architectures, and a job that trains one on several sets."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doing import prepare, train_run, write_store
from pathgan.config.dataset_types import Split, Tiles
from pathgan.config.phantom_looks import Smear
from pathgan.config.runs.classification_run import ClassificationRun
from pathgan.config.training_options import Training
from pathgan.datasets.adapters.phantom_smears import SmearDataset
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.networks.classifiers import Classifier
from pathgan.recipes import classifier_training as classifying
from pathgan.recipes.classifier_training import OUTPUTS
from pathgan.stores.manifest import read_manifest, write_manifest
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore
from pathgan.training.loop import Interrupted
from pathgan.training.run_training import Job

SIDE = 32


class Tiny(nn.Module):
    """Means of colours, and a line: enough for dark against pale."""

    def __init__(self, name, n_classes, weights=None, auxiliary=False):
        super().__init__()
        self.line = nn.Linear(3, n_classes)

    def forward(self, images):
        return self.line(images.mean((2, 3))), None


@pytest.fixture(scope="module")
def smears(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smears")
    looks = {"dense": Smear(cells_per_mpx=12000, radius_px=5), "sparse": Smear(cells_per_mpx=300, radius_px=3)}
    dataset = SmearDataset(
        adapter="phantom_smears",
        n_images=10,
        size_px=48,
        seed=2,
        smears=looks,
        tiles=Tiles(tile_px=48, stride_px=48),
        split=Split(folds=5),
    )
    prepare(dataset, Path(), folder / "s.h5", folder / "s.csv")
    return folder / "s.h5", folder / "s.csv"


def real(smears, split="train"):
    store, manifest = map(str, smears)
    return Source(images=store, instances="", manifest=manifest, split=split)


def run_of(**changes):
    training = {"iterations": 30, "batch_size": 4, "crop_px": SIDE, "evaluations": 3, "learning_rate": 0.2}
    options = {"network": "densenet161", "train_on": {"orig": ("s",), "orig+more": ("s", "more")}} | changes
    return ClassificationRun(
        recipe="classification", dataset="s", training=Training(**training | options.pop("training", {})), **options
    )


def sets(smears, tmp_path, n=12):
    """`orig`, and `orig+more` with n samples of the class `dense`."""
    grey = np.random.default_rng(0).integers(0, 256, (n, 48, 48, 3), dtype=np.uint8)
    write_store(tmp_path / "more.h5", images=iter(grey))
    more = Source(images=str(tmp_path / "more.h5"), instances="", split="all", category="dense")
    return {"orig": {"s": real(smears)}, "orig+more": {"s": real(smears), "more": more}}


def sources(run, smears, training_sets):
    """In the order of `run.uses`: what is in the sets, then validation and test images."""
    given = {name: source for items in training_sets.values() for name, source in items.items()}
    return [*(given[name] for name in run.items), real(smears, "validation"), real(smears, "test")]


def fit(run, smears, tmp_path, training_sets=None, folder="out", ratios=None, **job):
    out = tmp_path / folder
    out.mkdir(exist_ok=True)
    outputs = {name: out / f"{name}.csv" for name in OUTPUTS}
    work = Job(seed=0, state_dir=out / "state", device="cpu", **job)
    training_sets = training_sets or sets(smears, tmp_path)
    train_run(run, sources(run, smears, training_sets), work, outputs, facts={"ratios": ratios or {"more": 2}})
    return {name: path.read_bytes() for name, path in outputs.items()}


def rows(path):
    return list(csv.DictReader(path.open()))


# --- networks -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "px", "n_million"), [("resnet152", 32, 58), ("densenet161", 32, 26), ("inception_v3", 75, 22)]
)
def test_the_papers_architectures(name, px, n_million):
    classifier = Classifier(name, 2)
    logits, auxiliary = classifier(torch.rand(2, 3, px, px))
    assert logits.shape == (2, 2)
    assert auxiliary is None
    assert sum(parameter.numel() for parameter in classifier.parameters()) / 1e6 == pytest.approx(n_million, abs=1)


def test_inceptions_second_classifier():
    classifier = Classifier("inception_v3", 3, auxiliary=True)
    assert [out.shape for out in classifier(torch.rand(2, 3, 299, 299))] == [(2, 3), (2, 3)]
    assert classifier.eval()(torch.rand(1, 3, 299, 299))[1] is None


def test_weights_of_a_file_are_taken_but_for_the_head(tmp_path):
    """DenseNet's file has names of an older torchvision."""
    from torchvision.models import densenet161

    theirs = densenet161(weights=None).eval()
    old = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): v for name, v in theirs.state_dict().items()
    }
    assert any(".norm.1." in name for name in old)
    torch.save(old, tmp_path / "densenet161.pth")
    ours = Classifier("densenet161", 2, tmp_path / "densenet161.pth").eval()
    images = torch.rand(1, 3, 64, 64)
    normalised = (images - ours.mean) / ours.deviation
    assert torch.equal(ours.network.features(normalised), theirs.features(normalised))
    assert ours.network.classifier.out_features == 2


@pytest.mark.parametrize("content", [b"no weights", None])
def test_a_file_of_another_network_is_refused(tmp_path, content):
    path = tmp_path / "w.pth"
    path.write_bytes(content) if content else torch.save({"fc.weight": torch.zeros(2)}, path)
    with pytest.raises(DataError, match=r"w\.pth: does not hold the weights of inception_v3 .*remove it and fetch it"):
        Classifier("inception_v3", 2, path)


# --- the job ------------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(classifying, "Classifier", Tiny)


@pytest.mark.usefixtures("tiny")
def test_every_set_is_tested_on_the_same_images(smears, tmp_path):
    fit(run_of(), smears, tmp_path)
    predictions = rows(tmp_path / "out" / "predictions.csv")
    tested = [row["id"] for row in read_manifest(smears[1]) if row["split"] == "test"]
    for name in ("orig", "orig+more"):
        assert [row["item"] for row in predictions if row["trained_on"] == name] == tested
    orig = [row for row in predictions if row["trained_on"] == "orig"]
    assert all(row["class"] == row["predicted"] for row in orig)  # dense against sparse: any classifier can
    assert {row["first_weights"] for row in predictions} == {"random"}
    listed = rows(tmp_path / "out" / "training_sets.csv")
    assert sum(row["trained_on"] == "orig" for row in listed) == 12
    assert sum(row["trained_on"] == "orig+more" for row in listed) == 24
    assert [row["class"] for row in listed if row["images"] == "more"] == ["dense"] * 12
    assert not {row["item"] for row in listed} & set(tested)
    evaluations = rows(tmp_path / "out" / "evaluations.csv")
    assert [row["iteration"] for row in evaluations] == ["10", "20", "30"] * 2


@pytest.mark.usefixtures("tiny")
def test_a_set_does_not_depend_on_those_before_it(smears, tmp_path):
    both = sets(smears, tmp_path)
    fit(run_of(), smears, tmp_path, both, "both")
    fit(run_of(train_on={"orig+more": ("s", "more")}), smears, tmp_path, {"orig+more": both["orig+more"]}, "alone")
    of_both = [row for row in rows(tmp_path / "both" / "predictions.csv") if row["trained_on"] == "orig+more"]
    assert of_both == rows(tmp_path / "alone" / "predictions.csv")


@pytest.mark.usefixtures("tiny")
def test_a_job_that_is_cut_off_ends_in_the_same_bytes(smears, tmp_path):
    whole = fit(run_of(), smears, tmp_path)
    for _ in range(2 * (30 - 1)):  # every step but a set's last leaves and is resumed
        with pytest.raises(Interrupted):
            fit(run_of(), smears, tmp_path, folder="parts", deadline=0.0)
    assert fit(run_of(), smears, tmp_path, folder="parts", deadline=0.0) == whole


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("n", [11, 13])
def test_a_synthetic_set_of_another_size_is_refused(smears, tmp_path, n):
    with pytest.raises(DataError, match=rf"more: holds {n} samples, expected 12: 2 for each of 6 training images"):
        fit(run_of(), smears, tmp_path, sets(smears, tmp_path, n))
    assert not list((tmp_path / "out").glob("*.csv"))


@pytest.mark.usefixtures("tiny")
def test_a_test_tile_beside_a_training_tile_is_refused(smears, tmp_path):
    table = read_manifest(smears[1])
    trained = next(row for row in table if row["split"] == "train")
    tested = next(row for row in table if row["split"] == "test")
    tested["group"] = trained["group"]
    write_manifest(tmp_path / "s.csv", table)
    leaking = smears[0], tmp_path / "s.csv"
    with pytest.raises(DataError, match=f"is in test, but other tiles of {trained['group']} are in training; split by"):
        fit(run_of(), leaking, tmp_path)


@pytest.mark.usefixtures("tiny")
def test_samples_of_an_unknown_class_are_refused(smears, tmp_path):
    training_sets = sets(smears, tmp_path)
    more = training_sets["orig+more"]["more"]
    training_sets["orig+more"]["more"] = more.model_copy(update={"category": "odd"})
    with pytest.raises(DataError, match="expected the classes dense, sparse, got 'odd'"):
        fit(run_of(), smears, tmp_path, training_sets)


@pytest.mark.usefixtures("tiny")
def test_a_set_that_lacks_a_class_is_refused(smears, tmp_path):
    more = sets(smears, tmp_path)["orig+more"]["more"]
    with pytest.raises(DataError, match=r"train_on\.prop: has no images of the class 'sparse'"):
        fit(run_of(train_on={"prop": ("more",)}), smears, tmp_path, {"prop": {"more": more}})


@pytest.mark.usefixtures("tiny")
def test_samples_of_another_field_of_view_are_refused(smears, tmp_path):
    training_sets = sets(smears, tmp_path)
    write_store(tmp_path / "more.h5", images=iter(np.zeros((12, 24, 24, 3), np.uint8)))
    with pytest.raises(DataError, match="expected images of one size, got s 48 x 48 px, more 24 x 24 px"):
        fit(run_of(), smears, tmp_path, training_sets)


@pytest.mark.usefixtures("tiny")
def test_a_finished_set_of_other_names_is_trained_again(smears, tmp_path):
    fit(run_of(), smears, tmp_path)
    table = read_manifest(smears[1])
    for row in table:
        row["id"] = f"new-{row['id']}"
    write_manifest(tmp_path / "s.csv", table)
    with ImageStore(smears[0]) as store:
        write_store(tmp_path / "s.h5", [f"new-{name}" for name in store.ids], images=iter(store.images()))
    fit(run_of(), (tmp_path / "s.h5", tmp_path / "s.csv"), tmp_path)
    assert all(row["item"].startswith("new-") for row in rows(tmp_path / "out" / "predictions.csv"))


@pytest.mark.usefixtures("tiny")
def test_images_without_a_class_are_refused(smears, tmp_path):
    table = read_manifest(smears[1])
    table[0]["class"] = ""
    write_manifest(tmp_path / "s.csv", table)
    with pytest.raises(DataError, match="expected images of two classes or more"):
        fit(run_of(), (smears[0], tmp_path / "s.csv"), tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training": {"crop_px": 16}}, "densenet161 needs 32 px or more"),
        ({"network": "inception_v3", "training": {"crop_px": 96}}, "second classifier needs 299 px"),
    ],
)
def test_images_too_small_for_a_network_are_refused(smears, tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        fit(run_of(**changes), smears, tmp_path)


@pytest.mark.usefixtures("tiny")
def test_weights_of_another_hash_are_not_opened(smears, tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"x")
    outputs = {name: tmp_path / f"{name}.csv" for name in OUTPUTS}
    work, known = (
        Job(seed=0, state_dir=tmp_path / "state", device="cpu"),
        sources(run_of(), smears, sets(smears, tmp_path)),
    )
    with pytest.raises(DataError, match=f"expected sha256 {'0' * 64}, got {sha256_of(path)}"):
        train_run(run_of(), known, work, outputs, pretrained=(path, "0" * 64))


def test_a_real_network_is_trained_on_two_sets(smears, tmp_path):
    run = run_of(training={"iterations": 2, "evaluations": 1, "learning_rate": 1e-4})
    fit(run, smears, tmp_path)
    predictions = rows(tmp_path / "out" / "predictions.csv")
    assert len(predictions) == 8
    assert all(0.5 <= float(row["probability"]) <= 1 for row in predictions)
