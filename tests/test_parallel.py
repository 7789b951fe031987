"""Two processes that train together are one with twice the batch."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from doing import train_run, write_store
from pathgan.config.loading import load_paper
from pathgan.config.network_options import PatchGAN, UNet
from pathgan.config.runs.paired_run import PairedRun, Pixel
from pathgan.config.runs.wasserstein_run import FocusRun
from pathgan.config.training_options import Adversarial, Training
from pathgan.errors import ConfigError, TrainingError
from pathgan.networks.unet import unet_of
from pathgan.stores.source import Source
from pathgan.training import parallel
from pathgan.training.checkpoints import MAGIC
from pathgan.training.devices import check_gpus
from pathgan.training.resident_data import TrainingData
from pathgan.training.run_training import Job
from pathgan.training.weight_files import load_weights

ITERATIONS = 6


def gan(gpus: int, batch_size: int) -> PairedRun:
    return PairedRun(
        recipe="paired",
        dataset="phantom",
        condition="mask",
        losses=(Adversarial(kind="adversarial"), Pixel(kind="pixel")),
        generator=UNet(width=4, dropout=0.0),
        discriminator=PatchGAN(width=4, layers=1),
        training=Training(iterations=ITERATIONS, crop_px=32, batch_size=batch_size, gpus=gpus, history_every=1),
    )


def trained(run: PairedRun | FocusRun, source: Source, folder: Path, deadline: float | None = None) -> dict[str, Path]:
    names = {"weights": "generator.safetensors", "history": "history.csv"}
    if isinstance(run, FocusRun):
        names["critic"] = "critic.safetensors"
    outputs = {name: folder / file for name, file in names.items()}
    job = Job(seed=0, state_dir=folder / "state", device="cpu", deadline=deadline)
    train_run(run, [source], job, outputs)
    return outputs


def losses(folder: Path) -> np.ndarray:
    """Of each iteration, as the last state has them: history.csv rounds them."""
    state = folder / "state" / f"checkpoint-{ITERATIONS:09}.pt"
    content = torch.load(io.BytesIO(state.read_bytes()[len(MAGIC) + 32 :]), weights_only=True)
    return np.array(content["history"]["rows"])


@pytest.fixture(scope="module")
def together(uncounted: None, phantom_source: Source, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What two processes leave."""
    return trained(gan(2, 2), phantom_source, tmp_path_factory.mktemp("together"))


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one_with_twice_the_batch(
    together: dict[str, Path], phantom_source: Source, tmp_path: Path
) -> None:
    one, two = trained(gan(1, 4), phantom_source, tmp_path), together
    np.testing.assert_allclose(losses(two["weights"].parent), losses(tmp_path), rtol=0, atol=1e-5)
    # Not weight by weight: biases before a norm have a gradient of 0, and drift with its rounding.
    condition = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    images = [load_weights(unet_of(gan(1, 4).generator, 32), run["weights"])(condition) for run in (one, two)]
    torch.testing.assert_close(*images, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_two_processes_stop_together_and_go_on_to_the_same_bytes(
    together: dict[str, Path], phantom_source: Source, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="one of 2 processes ended with an error"):
        trained(gan(2, 2), phantom_source, tmp_path / "cut", deadline=time.time())
    assert [path.name for path in (tmp_path / "cut" / "state").glob("*.pt")] == ["checkpoint-000000001.pt"]
    resumed = trained(gan(2, 2), phantom_source, tmp_path / "cut")
    for name, path in together.items():
        assert resumed[name].read_bytes() == path.read_bytes(), name


@pytest.mark.slow
def test_a_gan_with_a_critic_trains_in_two_processes(tmp_path: Path, rng: np.random.Generator) -> None:
    stacks = rng.integers(0, 256, (6, 11, 16, 16, 3), dtype=np.uint8)
    write_store(tmp_path / "cells.h5", images=iter(stacks[:, 5]), stacks=iter(stacks))
    source = Source(images=str(tmp_path / "cells.h5"), instances="", manifest="", split="all")
    training = Training(iterations=ITERATIONS, crop_px=16, batch_size=2, gpus=2, history_every=1)
    run = FocusRun(
        recipe="focus", dataset="cells", width=2, n_layers=1, critic={"width": 2}, n_critic=2, training=training
    )
    trained(run, source, tmp_path / "out")
    assert np.isfinite(losses(tmp_path / "out")).all()


@pytest.mark.slow
def test_what_one_process_complains_of_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TrainingError, match="one of 2 processes ended with an error"):
        parallel.launch(2, load_paper, Path("nowhere.yaml"), "demo")
    assert "nowhere.yaml: no such paper" in capfd.readouterr().err


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(0, 5))
def test_shares_of_a_batch_are_the_whole_of_it(batch_size: int, n: int, n_batches: int, iteration: int) -> None:
    images = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    labels = np.arange(12)

    def data(size: int, share: tuple[int, int]) -> TrainingData:
        cpu = torch.device("cpu")
        return TrainingData({"image": images}, size, 4, "flips", 3, cpu, None, labels, n_batches, share)

    whole = data(batch_size * n, (0, 1)).batch(iteration)
    shares = [data(batch_size, (rank, n)) for rank in range(n)]
    for name, expected in whole.items():
        parts = [share.batch(iteration)[name].chunk(n_batches) for share in shares]
        together = torch.cat([part[k] for k in range(n_batches) for part in parts])
        assert torch.equal(together, expected)
    assert shares[0].iterations(2) == data(batch_size * n, (0, 1)).iterations(2)


def test_one_process_is_its_own_company() -> None:
    value = torch.ones(3)
    parallel.average([value])
    assert torch.equal(value, torch.ones(3))
    assert (parallel.rank(), parallel.size()) == (0, 1)
    assert parallel.any_of(True, False) == (True, False)
    assert parallel.gathered("x") == ["x"]
    assert parallel.first_then_others(lambda: 7) == 7


def test_fewer_gpus_than_asked_for_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    check_gpus(2, "cpu")
    with pytest.raises(ConfigError, match="expected 2 GPUs, but torch finds 1; lower it"):
        check_gpus(2, "auto")
