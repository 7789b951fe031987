"""What a batch holds: the order of images, crops, turns and sizes."""

import numpy as np
import pytest
import torch

from pathgan.errors import DataError
from pathgan.training.resident_data import TrainingData


def test_images_are_enlarged_before_they_are_cropped():
    """A ramp of 16 px at 32 is the same ramp at half the slope; fields stay aligned, crops stay inside."""
    ramp = np.broadcast_to(np.linspace(0, 240, 16)[None, None, :, None], (3, 16, 16, 3)).astype(np.uint8)
    fields = {"image": ramp, "mask": np.ascontiguousarray(ramp[..., 0])}
    data = TrainingData(fields, 2, 24, "none", 0, torch.device("cpu"), load_px=32)
    batch = data.batch(0)
    assert batch["image"].shape == (2, 3, 24, 24)
    assert torch.equal(batch["image"][:, :1], batch["mask"])
    steps = torch.diff(255 * batch["mask"][:, 0, 0], dim=1)[:, 2:-2]
    assert steps.mean().item() == pytest.approx(8, abs=0.6)  # 16 a pixel before
    same = TrainingData(fields, 2, 16, "none", 0, torch.device("cpu"), load_px=16)
    plain = TrainingData(fields, 2, 16, "none", 0, torch.device("cpu"))
    assert torch.equal(same.batch(1)["image"], plain.batch(1)["image"])
    with pytest.raises(DataError, match=r"32 x 32 px are smaller than .*_px = 40; .* raise training.load_px"):
        TrainingData(fields, 2, 40, "none", 0, torch.device("cpu"), load_px=32)


def test_an_epoch_shows_every_image_once_whatever_the_batch():
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 3), np.uint8)
    data = TrainingData({"image": images}, 4, 8, "none", 0, torch.device("cpu"))
    assert data.iterations(epochs=2) == 5
    seen = torch.cat([data.batch(t)["image"][:, 0, 0, 0] for t in range(5)]) * 255
    assert sorted(seen[:10].round().int().tolist()) == list(range(10))
    assert sorted(seen[10:].round().int().tolist()) == list(range(10))
    again = TrainingData({"image": images}, 4, 8, "none", 0, torch.device("cpu"))
    assert torch.equal(again.batch(3)["image"], data.batch(3)["image"])


@pytest.mark.parametrize("augment", ["none", "flips", "traditional"])
def test_fields_are_cut_and_turned_alike(augment, rng):
    plane = rng.integers(0, 256, (6, 20, 20), dtype=np.uint8)
    fields = {"image": np.repeat(plane[..., None], 3, 3), "mask": plane}
    data = TrainingData(fields, 3, 8, augment, 5, torch.device("cpu"))
    for iteration in range(6):
        batch = data.batch(iteration)
        assert batch["image"].shape == (3, 3, 8, 8)
        if augment != "traditional":  # which changes colours too
            assert torch.equal(batch["image"][:, :1], batch["mask"])
        assert 0 <= batch["image"].min() <= batch["image"].max() <= 1


@pytest.mark.parametrize(
    ("shape", "batch", "crop", "message"),
    [((3, 8, 8, 3), 1, 16, "smaller than training.crop_px"), ((3, 8, 8, 3), 4, 8, "fewer than training.batch_size")],
)
def test_unfit_training_data_are_refused(shape, batch, crop, message):
    with pytest.raises(DataError, match=message):
        TrainingData({"image": np.zeros(shape, np.uint8)}, batch, crop, "none", 0, torch.device("cpu"))
