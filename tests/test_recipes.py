"""Recipes: what they teach, what they refuse, and what is made with what they leave."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doing import synthesize
from pathgan.errors import DataError
from pathgan.recipes import paired
from pathgan.sampling.segmenting import segment_source
from pathgan.training.devices import compute_on
from pathgan.training.resident_data import TrainingData
from pathgan.training.weight_files import load_weights
from tiny_trainings import build_gan, build_segnet, gan, segnet, train


def test_samples_and_segmentations_can_be_made_again(phantom_source, tmp_path):
    train(gan(crop_px=32), phantom_source, tmp_path / "gan")
    train(segnet(), phantom_source, tmp_path / "segnet")
    source = phantom_source.model_copy(update={"split": "test"})
    made = []
    for attempt in range(2):
        samples, instances = tmp_path / f"samples{attempt}.h5", tmp_path / f"instances{attempt}.h5"
        synthesize(gan(crop_px=32), tmp_path / "gan" / "weights.safetensors", source, samples)
        read = source.model_copy(update={"images": str(samples)})
        segment_source(segnet(), tmp_path / "segnet" / "weights.safetensors", read, instances, "cpu")
        made.append(samples.read_bytes() + instances.read_bytes())
    assert made[0] == made[1]


def test_the_discriminator_is_not_moved_by_the_generators_loss(phantom_source):
    compute = compute_on("cpu", 1, "fp32")
    run = gan()
    torch.manual_seed(0)
    recipe = paired.Paired(run, compute)
    data = TrainingData(paired.training_fields(run, phantom_source), 2, 16, "none", 0, compute.device)
    recipe.step(data.batch(0))
    gradients = [parameter.grad.clone() for parameter in recipe.networks["discriminator"].parameters()]
    torch.manual_seed(0)
    alone = paired.Paired(run, compute)
    alone.losses = ()
    with pytest.raises(RuntimeError):  # without terms the generator has nothing to differentiate
        alone.step(data.batch(0))
    for ours, theirs in zip(gradients, alone.networks["discriminator"].parameters(), strict=True):
        torch.testing.assert_close(ours, theirs.grad)


def test_training_lowers_the_losses(phantom_source, tmp_path):
    train(gan(iterations=80, history_every=10, checkpoint_minutes=60, learning_rate=2e-3), phantom_source, tmp_path)
    rows = np.genfromtxt(tmp_path / "history.csv", delimiter=",", names=True)
    assert rows["pixel"][-1] < 0.75 * rows["pixel"][0]
    train(segnet(iterations=60, history_every=10, checkpoint_minutes=60), phantom_source, tmp_path)
    rows = np.genfromtxt(tmp_path / "history.csv", delimiter=",", names=True)
    assert rows["cross_entropy"][-1] < 0.7 * rows["cross_entropy"][0]


def test_bf16_stays_close_to_fp32(phantom_source, tmp_path):
    values = []
    for precision in ("fp32", "bf16"):
        train(gan(precision=precision, history_every=7), phantom_source, tmp_path / precision)
        values.append(np.genfromtxt(tmp_path / precision / "history.csv", delimiter=",", skip_header=1)[1:])
    assert values[1] == pytest.approx(values[0], rel=0.05)


@pytest.mark.parametrize(
    ("build", "run"),
    [
        (build_gan, gan(crop_px=24)),
        (build_segnet, segnet(crop_px=18)),
    ],
)
def test_sizes_that_do_not_halve_are_refused(build, run):
    with pytest.raises(DataError, match="is no multiple of 2\\^"):
        build(run)


def test_weights_of_another_network_are_refused(phantom_source, tmp_path):
    train(segnet(), phantom_source, tmp_path)
    with pytest.raises(DataError, match="a tensor that the network does not have"):
        load_weights(build_gan(gan()), tmp_path / "weights.safetensors")
