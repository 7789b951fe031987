"""The recipe `cycle`: architecture as the paper states it, losses as printed, exact resume, and the image pool."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_msssim import ssim

from doing import synthesize, train_run, write_store
from pathgan.config.runs.cycle_run import Cycle, CycleRun, Identity
from pathgan.config.training_options import Adversarial, ExponentialDecay, LinearDecay
from pathgan.errors import DataError, TrainingError
from pathgan.losses.structural import structural_dissimilarity
from pathgan.metrics import structural_similarity
from pathgan.networks.residual import Reflect, ResidualGenerator
from pathgan.recipes.cycle import CycleTranslation, ImagePool, _Made, _term, evenly
from pathgan.stores.manifest import write_manifest
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore
from pathgan.training.devices import compute_on
from pathgan.training.loop import Interrupted
from pathgan.training.resident_data import TrainingData, Unpaired
from pathgan.training.run_training import Job


@pytest.mark.parametrize(("n", "wanted"), [(10, 4), (4, 10), (7, 7), (9, 1)])
def test_images_are_taken_at_equal_steps(n, wanted):
    found = evenly(np.arange(n), wanted)
    assert len(found) == min(n, wanted) == len(set(found))
    assert found[0] == 0
    assert wanted == 1 or found[-1] == n - 1
    assert np.ptp(np.diff(found)) <= 1 if len(found) > 1 else True


def run(**changes) -> CycleRun:
    tree = {
        "recipe": "cycle",
        "source": "he",
        "target": "ki67",
        "generator": {"width": 4, "blocks": 2, "skips": "concatenate", "activation": "leaky_relu", "init": "xavier"},
        "discriminator": {"width": 4, "layers": 2},
        "losses": [{"kind": "adversarial"}, {"kind": "cycle"}, {"kind": "structural_cycle"}],
        "pool_size": 3,
        "training": {
            "iterations": 6,
            "batch_size": 2,
            "crop_px": 16,
            "augment": "flips",
            "evaluations": 3,
            "decay": {"kind": "exponential", "factor": 0.5, "every_epochs": 0.5},
        },
    }
    return CycleRun.model_validate(tree | changes)


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> list[Source]:
    """Source and target of 6 training and 2 test images of 24 px, and the test images of the source."""
    folder, rng = tmp_path_factory.mktemp("cycle"), np.random.default_rng(0)
    out = []
    for name in ("he", "ki67"):
        write_store(folder / f"{name}.h5", images=iter(rng.integers(0, 256, (8, 24, 24, 3), dtype=np.uint8)))
        rows = [{"id": str(k), "split": "test" if k > 5 else "train"} for k in range(8)]
        write_manifest(folder / f"{name}.csv", rows)
        paths = {"images": str(folder / f"{name}.h5"), "instances": str(folder / f"{name}.h5")}
        out.append(Source(**paths, manifest=str(folder / f"{name}.csv"), split="train"))
    return [*out, out[0].model_copy(update={"split": "test"})]


def outputs(folder: Path) -> dict[str, Path]:
    names = {"weights": "generator.safetensors", "inverse": "inverse.safetensors"}
    tables = {"history": "history.csv", "evaluations": "evaluations.csv"}
    return {key: folder / name for key, name in (names | tables).items()}


# --- network ----------------------------------------------------------------------------------------------


def test_the_papers_generator_has_the_papers_shapes():
    """288 px: three stride-2 convolutions to 36, ten blocks, skips at 288, 144 and 72; 50.7 million parameters."""
    network = ResidualGenerator(64, 3, 10, "concatenate", "leaky_relu", "xavier")
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(50.7, abs=0.05)
    sizes = {}
    for name in ("stem", "blocks", "head"):
        getattr(network, name).register_forward_hook(
            lambda _, inputs, output, name=name: sizes.update({name: (tuple(inputs[0].shape), tuple(output.shape))})
        )
    inputs = []
    for up in network.up:
        up.register_forward_pre_hook(lambda _, args: inputs.append(tuple(args[0].shape[1:])))
    with torch.inference_mode():
        assert network.eval()(torch.zeros(1, 3, 288, 288)).shape == (1, 3, 288, 288)
    assert sizes["blocks"] == ((1, 512, 36, 36), (1, 512, 36, 36))
    assert inputs == [(512, 36, 36), (512, 72, 72), (256, 144, 144)]
    assert sizes["head"][0] == (1, 128, 288, 288)


def test_skips_carry_detail_past_the_bottleneck():
    """With the blocks and decoder of a plain network silent, only skips let the input through."""
    torch.manual_seed(0)
    x = torch.randn(1, 3, 16, 16)
    for skips in ("none", "concatenate", "add"):
        network = ResidualGenerator(4, 2, 1, skips, "relu", "normal")
        for up in network.up:
            torch.nn.init.zeros_(up[0].weight)
        changed = (network(x) - network(x.flip(3))).abs().max()
        assert (changed > 1e-6) == (skips != "none")


def test_reflection_equals_torchs():
    x = torch.randn(2, 3, 9, 8, requires_grad=True)
    for n in (1, 3):
        theirs = torch.nn.functional.pad(x, (n, n, n, n), mode="reflect")
        torch.testing.assert_close(Reflect(n).from_slices(x), theirs)
        ours, reference = (torch.autograd.grad((y**2).sum(), x)[0] for y in (Reflect(n).from_slices(x), theirs))
        torch.testing.assert_close(ours, reference)


# --- losses -----------------------------------------------------------------------------------------------


def test_structural_dissimilarity_equals_pytorch_msssim_and_our_metric(rng):
    a, b = (rng.integers(0, 256, (3, 40, 36, 3), dtype=np.uint8) for _ in range(2))
    x, y = (torch.from_numpy(image).permute(0, 3, 1, 2).double() / 255 for image in (a, b))
    ours = 1 - structural_dissimilarity(x, y).item()
    assert ours == pytest.approx(ssim(x, y, data_range=1.0).item(), abs=1e-6)
    assert ours == pytest.approx(structural_similarity(a, b).mean(), abs=1e-6)
    assert structural_dissimilarity(x, x).item() == pytest.approx(0, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_structural_dissimilarity_of_even_images(a, b):
    """Without texture SSIM is its luminance term."""
    x, y = torch.full((1, 1, 16, 16), a, dtype=torch.float64), torch.full((1, 1, 16, 16), b, dtype=torch.float64)
    expected = 1 - (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    assert structural_dissimilarity(x, y).item() == pytest.approx(expected, abs=1e-6)


# --- pool -------------------------------------------------------------------------------------------------


def test_the_pool_gives_back_what_it_was_given():
    torch.manual_seed(0)
    pool = ImagePool(4, 2)
    fakes = (torch.full((1, 3, 2, 2), float(value)) for value in range(40))
    given_out = [pool.exchange(fake)[0, 0, 0, 0].item() for fake in fakes]
    assert given_out[:4] == [0.0, 1.0, 2.0, 3.0]  # filling
    swapped = [out for value, out in enumerate(given_out) if out != value]
    assert 8 < len(swapped) < 30  # about half of 36
    assert len(swapped) == len(set(swapped))  # each fake leaves the pool once
    held = set(pool.images[:, 0, 0, 0].tolist())
    assert held | set(given_out) == set(map(float, range(40)))


def test_a_pool_of_none_is_no_pool():
    fakes = torch.randn(3, 3, 4, 4)
    assert ImagePool(0, 4).exchange(fakes) is fakes


# --- training ---------------------------------------------------------------------------------------------


def test_both_sets_are_seen_in_orders_of_their_own():
    device = torch.device("cpu")
    sets = [
        TrainingData(
            {"image": np.full((n, 4, 4, 3), np.arange(n)[:, None, None, None], np.uint8)}, 2, 4, "none", seed, device
        )
        for seed, n in enumerate((6, 9))
    ]
    data = Unpaired(*sets)
    assert data.n_images == 9
    assert data.iterations(2) == 9
    batches = [data.batch(t) for t in range(9)]
    seen = [
        (255 * torch.stack([batch[name][:, 0, 0, 0] for batch in batches])).round().int().flatten().tolist()
        for name in ("source", "target")
    ]
    assert sorted(seen[1]) == sorted([*range(9), *range(9)])
    assert sorted(seen[0]) == sorted([*range(6)] * 3)


def test_interrupted_training_ends_in_the_same_bytes(tmp_path, sources, monkeypatch):
    """Networks, both optimisers, pools, evaluations and decay: stopped after each iteration, to the last bit."""
    whole, parts = outputs(tmp_path / "whole"), outputs(tmp_path / "parts")
    train_run(run(), sources, Job(seed=3, state_dir=tmp_path / "whole" / "state"), whole)
    clock = iter([0.0, 2.0] * 50)
    monkeypatch.setattr("pathgan.training.loop.time.time", lambda: next(clock))
    stopped = 0
    for _ in range(20):
        try:
            train_run(run(), sources, Job(seed=3, state_dir=tmp_path / "parts" / "state", deadline=1.0), parts)
            break
        except Interrupted:
            stopped += 1
    assert stopped >= 2
    for name in whole:
        assert whole[name].read_bytes() == parts[name].read_bytes(), name


def test_evaluations_are_evenly_spaced_and_end_with_the_training(tmp_path, sources):
    files = outputs(tmp_path)
    train_run(run(), sources, Job(seed=0, state_dir=tmp_path / "state"), files)
    rows = list(csv.DictReader(files["evaluations"].open()))
    assert [int(row["iteration"]) for row in rows] == [2, 4, 6]
    assert [float(row["epoch"]) for row in rows] == pytest.approx([2 * t / 6 for t in (2, 4, 6)], abs=1e-5)
    assert set(rows[0]) == {"iteration", "epoch", "ssim", "ms_ssim", "psnr", "mae"}
    header = files["history"].read_text().splitlines()[0]
    assert header == "iteration,discriminator,adversarial,cycle,structural_cycle"


def test_the_last_evaluation_is_of_the_weights_that_leave(tmp_path, sources):
    files = outputs(tmp_path)
    train_run(run(), sources, Job(seed=1, state_dir=tmp_path / "state"), files)
    n = synthesize(run(), files["weights"], sources[2], tmp_path / "samples.h5", inverse=files["inverse"])
    with ImageStore(tmp_path / "samples.h5") as store:
        back = store.reconstructions()
        assert store.images().shape == back.shape == (n, 24, 24, 3)
    score = structural_similarity(sources[2].images_of_split(), back).mean()
    last = list(csv.DictReader(files["evaluations"].open()))[-1]
    assert float(last["ssim"]) == pytest.approx(score, abs=1e-5)


def test_the_learning_rate_decays_by_epochs(tmp_path, sources):
    from pathgan.training.loop import _decay

    recipe = CycleTranslation(run(), compute_on("cpu", 1, "fp32"))
    for epoch, expected in ((0.0, 2e-4), (0.49, 2e-4), (0.5, 1e-4), (1.6, 2.5e-5)):
        _decay(recipe, run().training, epoch, 2.0)
        assert {g["lr"] for o in recipe.optimizers.values() for g in o.param_groups} == {expected}


def test_a_linear_decay_is_flat_and_then_falls_to_zero():
    """Zhu 2017: 100 epochs at the full rate, 100 more on the way to zero."""
    decay = LinearDecay(kind="linear", from_share=0.5)
    assert [decay.rate(epoch, 200) for epoch in (0, 50, 100, 150, 200)] == pytest.approx([1, 1, 1, 0.5, 0])


def test_each_loss_of_the_generators_is_the_sum_of_both_directions():
    """Of constants: back 0.5 off one way and right the other, identity 0.25 off both ways, logits of 0 and 3."""
    image = torch.rand(2, 3, 16, 16)
    made = _Made(
        logits=[torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 3.0)],
        cycles=[(image + 0.5, image), (image, image)],
        identities=[(image - 0.25, image), (image + 0.25, image)],
    )
    for loss, expected in (
        (Cycle(kind="cycle"), 0.5),
        (Cycle(kind="cycle", norm="squared"), 0.25),
        (Identity(kind="identity"), 0.5),
        (Adversarial(kind="adversarial"), np.log(2) + np.log1p(np.exp(-3))),
        (Adversarial(kind="adversarial", form="least_squares"), 1 + 4),
    ):
        assert float(_term(loss, made)) == pytest.approx(expected, rel=1e-5)


def test_an_identity_loss_is_of_the_generator_into_the_images_own_set(monkeypatch):
    """The generator makes targets: it is the one that should leave a target alone, and the inverse a source."""
    recipe = CycleTranslation(run(losses=[{"kind": "identity"}]), compute_on("cpu", 1, "fp32"))
    seen: dict[str, list[float]] = {"generator": [], "inverse": []}
    for name, network in ((name, recipe.networks[name]) for name in seen):
        network.register_forward_pre_hook(lambda _, inputs, name=name: seen[name].append(inputs[0].mean().item()))
    batch = {"source": torch.full((1, 3, 16, 16), 0.25), "target": torch.full((1, 3, 16, 16), 0.75)}
    recipe.step(batch)
    source, target = -0.5, 0.5
    assert seen["generator"][0] == source  # its translation, then what comes back, then its own set
    assert seen["generator"][-1] == target
    assert seen["inverse"][0] == target
    assert seen["inverse"][-1] == source


@pytest.mark.parametrize("stop_at", [None, 3])
def test_the_rate_of_a_whole_training_falls_to_the_end_even_when_it_was_cut(sources, tmp_path, monkeypatch, stop_at):
    rates: list[float] = []
    step = CycleTranslation.step

    def watched(self, batch):
        rates.append(self.optimizers["generators"].param_groups[0]["lr"])
        return step(self, batch)

    monkeypatch.setattr(CycleTranslation, "step", watched)
    training = run().training.model_dump() | {"decay": {"kind": "linear", "from_share": 0.5}, "evaluations": 0}
    job = Job(seed=1, state_dir=tmp_path / "state")
    if stop_at:
        monkeypatch.setattr("pathgan.training.loop._overdue", lambda _: "enough" if len(rates) == stop_at else "")
        with pytest.raises(Interrupted):
            train_run(run(training=training), sources, job, outputs(tmp_path))
    train_run(run(training=training), sources, job, outputs(tmp_path))
    assert rates == pytest.approx([2e-4 * share for share in (1, 1, 1, 1, 2 / 3, 1 / 3)])


def test_a_crop_that_does_not_halve_is_refused(tmp_path, sources):
    training = run().training.model_dump() | {"crop_px": 18}
    with pytest.raises(DataError, match=r"training.crop_px = 18 is no multiple of 2\^downsamplings = 4"):
        train_run(run(training=training), sources, Job(seed=0, state_dir=tmp_path / "state"), outputs(tmp_path))


@pytest.mark.slow
def test_processes_keep_their_own_pools_over_a_stop(tmp_path, sources, uncounted):
    both = run(training=run().training.model_dump() | {"gpus": 2, "batch_size": 1})
    whole, parts = outputs(tmp_path / "whole"), outputs(tmp_path / "parts")
    train_run(both, sources, Job(seed=3, state_dir=tmp_path / "whole" / "state"), whole)
    job = Job(seed=3, state_dir=tmp_path / "parts" / "state", deadline=time.time())
    with pytest.raises(TrainingError):
        train_run(both, sources, job, parts)
    train_run(both, sources, replace(job, deadline=None), parts)
    for name in whole:
        assert whole[name].read_bytes() == parts[name].read_bytes(), name


def test_a_rate_falls_in_steps_or_with_every_one_of_them():
    steps = ExponentialDecay(kind="exponential", factor=0.9, every_epochs=2)
    assert [steps.rate(epoch, 30) for epoch in (0, 1.9, 2, 4)] == pytest.approx([1, 1, 0.9, 0.81])
    smooth = steps.model_copy(update={"continuous": True})
    assert [smooth.rate(epoch, 30) for epoch in (0, 1, 2, 4)] == pytest.approx([1, 0.9**0.5, 0.9, 0.81])
