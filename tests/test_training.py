"""The loop's promises: exact resume from any stop, checkpoints that survive damage, one writer."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from doing import synthesize, train_run
from pathgan.config.metric_table import metric_of
from pathgan.config.network_options import PatchGAN, SegNet, UNet
from pathgan.config.runs.paired_run import PairedRun, Pixel, Sharpness, Smoothness
from pathgan.config.runs.segmentation_run import SegmentationRun
from pathgan.config.table_types import SET
from pathgan.config.training_options import Adversarial, Training
from pathgan.errors import DataError, TrainingError
from pathgan.networks.segnet import segnet_of
from pathgan.networks.unet import unet_of
from pathgan.recipes import paired, segmentation
from pathgan.render.remarks import remarks
from pathgan.sampling.segmenting import segment_source
from pathgan.scoring.score_files import facts_of_images
from pathgan.stores.store import RESUMED_STALE
from pathgan.stores.weight_facts import facts_of
from pathgan.training import checkpoints as checkpoints_module
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.devices import compute_on
from pathgan.training.fingerprints import fingerprint
from pathgan.training.loop import History, Interrupted
from pathgan.training.resident_data import TrainingData
from pathgan.training.run_training import Job
from pathgan.training.weight_files import load_weights, save_weights

ITERATIONS = 7
EVERY_STEP = 1e-9  # minutes: a checkpoint after each iteration
FORK = multiprocessing.get_context("fork")  # torch is imported once; one thread, so forking is safe


def gan(**changes):
    training = {
        "iterations": ITERATIONS,
        "batch_size": 2,
        "crop_px": 16,
        "augment": "flips",
        "history_every": 3,
        "checkpoint_minutes": EVERY_STEP,
        "learning_rate": 1e-3,
    }
    return PairedRun(
        recipe="paired",
        dataset="phantom",
        condition="skeleton_map",
        generator=UNet(width=4, dropout=0.5),  # dropout draws from torch's generator: it must resume too
        discriminator=PatchGAN(width=4, layers=1),
        losses=(
            Adversarial(kind="adversarial"),
            Pixel(kind="pixel", weight=10),
            Smoothness(kind="smoothness"),
            Sharpness(kind="sharpness"),
        ),
        training=Training(**{**training, **changes}),
    )


def segnet(**changes):
    training = {
        "iterations": ITERATIONS,
        "batch_size": 3,
        "crop_px": 16,
        "augment": "traditional",
        "history_every": 2,
        "checkpoint_minutes": EVERY_STEP,
        "learning_rate": 0.05,
    }
    return SegmentationRun(
        recipe="segmentation",
        train_on=("phantom",),
        network=SegNet(width=4, stages=2),
        training=Training(**{**training, **changes}),
    )


RUNS = {"gan": (gan, paired.Paired), "segnet": (segnet, segmentation.Segmentation)}


def result(folder: Path) -> bytes:
    return (folder / "weights.safetensors").read_bytes() + (folder / "history.csv").read_bytes()


def outputs(folder):
    return {"weights": folder / "weights.safetensors", "history": folder / "history.csv"}


def train(run, source, folder: Path, seed: int = 0) -> bytes:
    job = Job(seed=seed, state_dir=folder / "state", device="cpu", threads=1)
    train_run(run, [source], job, outputs(folder))
    shutil.rmtree(job.state_dir)  # as the script does
    return result(folder)


def stopped(how: str, at: int, run, recipe, source, folder: Path) -> int:
    """Trains in a forked process that is stopped at iteration `at`; returns its exit code."""

    def work() -> None:
        torch.set_num_threads(1)
        count = 0
        if how == "write":
            save = torch.save

            def torn_save(state, buffer):
                if state["iteration"] == at:
                    with (folder / "state" / f".checkpoint-{at:09d}.torn.pt").open("wb") as file:
                        file.write(checkpoints_module.MAGIC + b"half a checkpoint")
                    os.kill(os.getpid(), signal.SIGKILL)
                save(state, buffer)

            torch.save = torn_save
        else:
            step = recipe.step

            def counted(self, batch):
                nonlocal count
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGTERM if how == "SIGTERM" else signal.SIGKILL)
                return step(self, batch)

            recipe.step = counted
        try:
            train(run, source, folder)
        except Interrupted:
            os._exit(1)
        os._exit(0)

    process = FORK.Process(target=work)
    process.start()
    process.join()
    return process.exitcode


# 20 stops a recipe, in every iteration; of 12 images an epoch ends at 6 (GAN, two a batch) and 4 (SegNet, three).
STOPS = [
    *(("SIGTERM", at) for at in range(1, ITERATIONS + 1)),
    *(("SIGKILL", at) for at in range(1, ITERATIONS + 1)),
    *(("write", at) for at in range(1, ITERATIONS)),
]
assert len(STOPS) == 20


@pytest.fixture(scope="module")
def unbroken(phantom_source, tmp_path_factory):
    return {
        name: train(make(), phantom_source, tmp_path_factory.mktemp(f"unbroken-{name}"))
        for name, (make, _) in RUNS.items()
    }


@pytest.mark.parametrize(("how", "at"), STOPS)
@pytest.mark.parametrize("name", RUNS)
def test_a_stopped_run_ends_in_the_same_bytes(name, how, at, phantom_source, tmp_path, unbroken):
    make, recipe = RUNS[name]
    code = stopped(how, at, make(), recipe, phantom_source, tmp_path)
    if how == "SIGTERM":
        assert code == (0 if at == ITERATIONS else 1)  # at the last step there is nothing left to interrupt
    else:
        assert code == -signal.SIGKILL
        assert not (tmp_path / "weights.safetensors").exists()
    assert train(make(), phantom_source, tmp_path) == unbroken[name]
    assert not (tmp_path / "state").exists()


def test_many_stops_in_a_row_change_nothing(phantom_source, tmp_path, unbroken):
    for _ in range(3):
        stopped("SIGTERM", 1, gan(), paired.Paired, phantom_source, tmp_path)
    assert train(gan(), phantom_source, tmp_path) == unbroken["gan"]


def test_training_is_seeded_and_checkpoints_leave_no_trace(phantom_source, tmp_path, unbroken):
    rare = gan(checkpoint_minutes=60)
    assert train(rare, phantom_source, tmp_path / "rare") == unbroken["gan"]
    assert train(gan(), phantom_source, tmp_path / "other", seed=1) != unbroken["gan"]


@pytest.mark.parametrize("damage", ["cut in half", "one byte changed", "empty"])
def test_a_damaged_checkpoint_falls_back_and_says_so(damage, phantom_source, tmp_path, unbroken, caplog):
    stopped("SIGKILL", 5, gan(), paired.Paired, phantom_source, tmp_path)
    older, newest = sorted((tmp_path / "state").glob("checkpoint-*.pt"))
    data = bytearray(newest.read_bytes())
    if damage == "cut in half":
        data = data[: len(data) // 2]
    elif damage == "empty":
        data = bytearray()
    else:
        data[len(data) // 2] ^= 1
    newest.write_bytes(data)
    with caplog.at_level(logging.INFO):
        assert train(gan(), phantom_source, tmp_path) == unbroken["gan"]
    assert f"{newest}: damaged checkpoint" in caplog.text
    assert f"resumed at iteration {int(older.stem[-9:])}" in caplog.text


def test_a_state_of_other_settings_is_removed_and_does_not_shadow_ours(phantom_source, tmp_path, caplog):
    stopped("SIGKILL", 6, gan(), paired.Paired, phantom_source, tmp_path / "a")
    changed = gan(learning_rate=2e-3)
    stopped("SIGKILL", 3, changed, paired.Paired, phantom_source, tmp_path / "a")
    with caplog.at_level(logging.INFO):
        assert train(changed, phantom_source, tmp_path / "a") == train(changed, phantom_source, tmp_path / "b")
    assert "resumed at iteration 2" in caplog.text


def test_a_kill_after_the_last_step_loses_no_training(phantom_source, tmp_path, unbroken, monkeypatch):
    job = Job(seed=0, state_dir=tmp_path / "state", device="cpu", threads=1)
    train_run(gan(), [phantom_source], job, outputs(tmp_path))
    (tmp_path / "weights.safetensors").unlink()  # as Snakemake does with the outputs of a killed job
    monkeypatch.setattr(paired.Paired, "step", lambda self, batch: pytest.fail("trained again"))
    assert train(gan(), phantom_source, tmp_path) == unbroken["gan"]


def test_how_often_states_are_saved_is_no_other_setting(phantom_source, tmp_path, unbroken, caplog):
    stopped("SIGKILL", 6, gan(), paired.Paired, phantom_source, tmp_path)
    with caplog.at_level(logging.INFO):
        assert train(gan(checkpoint_minutes=9), phantom_source, tmp_path) == unbroken["gan"]
    assert "resumed at iteration 5" in caplog.text


def test_two_checkpoints_are_kept(tmp_path):
    checkpoints = Checkpoints(tmp_path, "x")
    for iteration in range(1, 6):
        checkpoints.save(iteration, {"value": torch.tensor(float(iteration))})
    assert [path.stem[-1] for path in sorted(tmp_path.glob("*.pt"))] == ["4", "5"]
    assert checkpoints.latest()["value"] == 5


def test_a_checkpoint_never_runs_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "owned"),))

    checkpoints = Checkpoints(tmp_path, "x")
    checkpoints.save(1, {"value": Evil()})
    with pytest.raises(Exception, match=r"[Ww]eights.only|[Uu]nsupported"):
        checkpoints.latest()
    assert not (tmp_path / "owned").exists()


def test_a_full_disk_is_one_clear_error_and_keeps_the_last_state(tmp_path, monkeypatch):
    checkpoints = Checkpoints(tmp_path, "x")
    checkpoints.save(1, {"value": torch.tensor(1.0)})

    def full(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pathgan.files.sync", full)
    with pytest.raises(TrainingError, match="no space for a checkpoint"):
        checkpoints.save(2, {"value": torch.tensor(2.0)})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-000000001.pt"]
    assert checkpoints.latest()["iteration"] == 1


def test_a_loss_that_is_not_finite_stops_with_its_name_and_iteration(phantom_source, tmp_path, monkeypatch):
    step = paired.Paired.step
    calls = 0

    def poisoned(self, batch):
        nonlocal calls
        calls += 1
        losses = step(self, batch)
        return {**losses, "pixel": losses["pixel"] * float("nan")} if calls == 5 else losses

    monkeypatch.setattr(paired.Paired, "step", poisoned)
    with pytest.raises(TrainingError, match=r"loss `pixel` is nan at iteration 5"):
        train(gan(checkpoint_minutes=60), phantom_source, tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


def test_no_state_with_a_broken_loss_is_kept(phantom_source, tmp_path, monkeypatch):
    step = paired.Paired.step
    monkeypatch.setattr(
        paired.Paired, "step", lambda self, batch: {**step(self, batch), "pixel": torch.tensor(float("inf"))}
    )
    with pytest.raises(TrainingError, match="iteration 1"):
        train(gan(), phantom_source, tmp_path)
    assert not list((tmp_path / "state").glob("checkpoint-*"))


def test_the_deadline_saves_and_leaves(phantom_source, tmp_path, unbroken):
    job = Job(seed=0, state_dir=tmp_path / "state", device="cpu", threads=1, deadline=time.time() - 1)
    with pytest.raises(Interrupted, match="the time limit is near: saved at iteration 1 of 7"):
        train_run(
            gan(),
            [phantom_source],
            job,
            outputs(tmp_path),
        )
    assert train(gan(), phantom_source, tmp_path) == unbroken["gan"]


def test_history_averages_whole_windows_and_a_last_shorter_one():
    history = History(("a", "b"), every=3)
    for iteration in range(1, 8):
        history.add(iteration, {"a": torch.tensor(float(iteration)), "b": torch.tensor(1.0)})
    history.finish(7)
    assert history.rows == [[3.0, 2.0, 1.0], [6.0, 5.0, 1.0], [7.0, 7.0, 1.0]]


def test_a_robbed_job_stops_before_it_writes(phantom_source, tmp_path, monkeypatch):
    step = paired.Paired.step

    def robbed(self, batch):
        (tmp_path / "state" / "lease.json").write_text(json.dumps({"token": "thief", "host": "elsewhere"}))
        return step(self, batch)

    monkeypatch.setattr(paired.Paired, "step", robbed)
    with pytest.raises(TrainingError, match="another job took over"):
        train(gan(), phantom_source, tmp_path)
    assert not list((tmp_path / "state").glob("checkpoint-*"))
    assert not (tmp_path / "weights.safetensors").exists()


# --- recipes ----------------------------------------------------------------------------------------------


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


def build_gan(run):
    return unet_of(run.generator, run.training.crop_px)


def build_segnet(run):
    return segnet_of(run.network, run.training.crop_px)


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
    with pytest.raises(RuntimeError, match="Missing key"):
        load_weights(build_gan(gan()), tmp_path / "weights.safetensors")


# --- states of other code ---------------------------------------------------------------------------------


def cut(folder: Path, source, code: str, at: int = 5, **job) -> None:
    """A training that is cut off after `at` iterations, by code with this digest."""
    work = Job(seed=0, state_dir=folder / "state", device="cpu", threads=1, code=code, **job)
    step, count = paired.Paired.step, 0

    def stop(self, batch):
        nonlocal count
        count += 1
        if count > at:
            raise KeyboardInterrupt
        return step(self, batch)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paired.Paired, "step", stop)
        with pytest.raises(KeyboardInterrupt):
            train_run(gan(), [source], work, outputs(folder))


def finish(folder: Path, source, code: str, caplog, **job) -> str:
    """The log of a training that goes on to its end."""
    work = Job(seed=0, state_dir=folder / "state", device="cpu", threads=1, code=code, **job)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        train_run(gan(), [source], work, outputs(folder))
    return caplog.text


def test_a_state_of_other_code_is_set_aside_and_comes_back_with_its_code(phantom_source, tmp_path, unbroken, caplog):
    cut(tmp_path, phantom_source, "old")
    cut(tmp_path, phantom_source, "new", at=1)
    aside = tmp_path / "state" / "stale-old"
    assert [path.name for path in sorted(aside.iterdir())] == ["checkpoint-000000004.pt", "checkpoint-000000005.pt"]
    text = finish(tmp_path, phantom_source, "old", caplog)
    assert "the code is again what it was then" in text
    assert "resumed at iteration 5" in text
    assert result(tmp_path) == unbroken["gan"]
    assert facts_of(tmp_path / "weights.safetensors") == {}


def test_without_the_old_code_training_begins_anew_and_says_where_the_state_is(
    phantom_source, tmp_path, unbroken, caplog
):
    cut(tmp_path, phantom_source, "old")
    text = finish(tmp_path, phantom_source, "new", caplog)
    assert "was left by other code: set aside in" in text
    assert "resumed" not in text.replace("resume_stale", "")
    assert result(tmp_path) == unbroken["gan"]


@pytest.mark.parametrize("asked_at_once", [True, False])
def test_a_training_may_go_on_from_other_code_and_what_it_makes_says_so(
    asked_at_once, phantom_source, tmp_path, unbroken, caplog
):
    cut(tmp_path, phantom_source, "a" * 64)
    if not asked_at_once:
        cut(tmp_path, phantom_source, "b" * 64, at=0)
    text = finish(tmp_path, phantom_source, "c" * 64, caplog, resume_stale=True)
    assert "going on from a state of other code, as resume_stale asks for" in text
    assert "resumed at iteration 5" in text
    weights = tmp_path / "weights.safetensors"
    assert facts_of(weights) == {RESUMED_STALE: "a" * 12}
    source = phantom_source.model_copy(update={"split": "test"})
    big = gan(crop_px=32)
    save_weights(build_gan(big), weights, facts_of(weights))
    synthesize(big, weights, source, tmp_path / "samples.h5")
    assert (SET, "resumed_stale", 1.0) in facts_of_images(tmp_path / "samples.h5")
    said = remarks("ssim", metric_of("ssim"), {"resumed_stale": 1.0}).caveats
    assert said == ["a training went on from a state of other code"]


def test_a_mixed_training_that_is_cut_again_stays_known_as_mixed(phantom_source, tmp_path, caplog):
    cut(tmp_path, phantom_source, "old", at=3)
    cut(tmp_path, phantom_source, "new", at=2, resume_stale=True)
    text = finish(tmp_path, phantom_source, "new", caplog)
    assert "resumed at iteration 5" in text
    assert facts_of(tmp_path / "weights.safetensors") == {RESUMED_STALE: "old"}


def test_states_of_three_other_codes_are_kept_and_the_oldest_goes_with_a_word(phantom_source, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        for code in ("one", "two", "three", "four", "five"):
            cut(tmp_path, phantom_source, code, at=1)
    kept = sorted(path.name for path in (tmp_path / "state").glob("stale-*"))
    assert kept == ["stale-four", "stale-three", "stale-two"]
    assert "stale-one: removed, states of 3 other codes are newer" in caplog.text


def test_no_other_code_pushes_out_the_states_of_the_code_that_comes_back(phantom_source, tmp_path, unbroken, caplog):
    cut(tmp_path, phantom_source, "first")
    for code in ("two", "three", "four"):
        cut(tmp_path, phantom_source, code, at=1)
    text = finish(tmp_path, phantom_source, "first", caplog)
    assert "resumed at iteration 5" in text
    assert "removed, states of" not in text
    assert result(tmp_path) == unbroken["gan"]


def test_resuming_from_other_code_takes_the_furthest_state_though_this_code_has_some(phantom_source, tmp_path, caplog):
    cut(tmp_path, phantom_source, "old", at=5)
    cut(tmp_path, phantom_source, "new", at=1)
    text = finish(tmp_path, phantom_source, "new", caplog, resume_stale=True)
    assert "going on from a state of other code" in text
    assert "resumed at iteration 5" in text
    assert facts_of(tmp_path / "weights.safetensors") == {RESUMED_STALE: "old"}


def test_settings_that_change_with_the_code_leave_its_states_aside(tmp_path):
    """And of the same code they are removed: their iteration would outrank ours."""
    Checkpoints(tmp_path, "settings", "old").save(7, {})
    others = Checkpoints(tmp_path, "others", "new")
    assert others.latest() is None
    others.save(3, {})
    assert others.latest()["iteration"] == 3
    assert [path.name for path in tmp_path.glob("stale-old/*")] == ["checkpoint-000000007.pt"]
    assert Checkpoints(tmp_path, "settings", "old").latest()["iteration"] == 7
    assert Checkpoints(tmp_path, "third", "old").latest() is None


def test_an_option_that_new_code_brings_is_no_other_run():
    class Longer(PairedRun):
        ema: bool = False

    settings = gan().model_dump(mode="json")
    same = {"exclude_defaults": True, "mode": "json"}
    assert settings != Longer.model_validate(settings).model_dump(mode="json")
    one, other = gan().model_dump(**same), Longer.model_validate(settings).model_dump(**same)
    assert fingerprint(one, {}) == fingerprint(dict(reversed(other.items())), {})
    assert fingerprint(one, {}) != fingerprint(Longer.model_validate(settings | {"ema": True}).model_dump(**same), {})


def test_damaged_states_do_not_outlive_the_next_one(tmp_path):
    checkpoints = Checkpoints(tmp_path, "settings", "code")
    for iteration in (80, 90):
        (tmp_path / f"checkpoint-{iteration:09d}.pt").write_bytes(b"damaged")
    assert checkpoints.latest() is None
    for iteration in (10, 20, 30):
        checkpoints.save(iteration, {})
        assert checkpoints.latest()["iteration"] == iteration
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-000000020.pt", "checkpoint-000000030.pt"]


def test_a_state_of_other_code_that_does_not_fit_is_one_message(phantom_source, tmp_path):
    cut(tmp_path, phantom_source, "old")
    more = paired.Paired.__init__

    def with_another_loss(self, run, compute):
        more(self, run, compute)
        self.loss_names = (*self.loss_names, "new")

    work = Job(seed=0, state_dir=tmp_path / "state", device="cpu", threads=1, code="new", resume_stale=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paired.Paired, "__init__", with_another_loss)
        with pytest.raises(TrainingError, match=r"does not fit what this code trains \(losses .*; expected .*new\)"):
            train_run(gan(), [phantom_source], work, outputs(tmp_path))
    assert list((tmp_path / "state").glob("stale-old/*.pt"))
