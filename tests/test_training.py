"""The loop's promises: exact resume from any stop, checkpoints that survive damage, one writer."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import torch

from doing import train_run
from pathgan.config.training_options import SGD, Adam
from pathgan.errors import TrainingError
from pathgan.recipes import paired
from pathgan.training import checkpoints as checkpoints_module
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.loop import History, Interrupted
from pathgan.training.optimizers import adam, descend, sgd
from pathgan.training.run_training import Job
from tiny_trainings import ITERATIONS, RUNS, gan, outputs, train

FORK = multiprocessing.get_context("fork")  # torch is imported once; one thread, so forking is safe


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


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (
            lambda p: adam(p, Adam(beta1=0.5), 1e-2),
            lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.5, 0.999)),
        ),
        (
            lambda p: sgd(p, SGD(momentum=0.8, weight_decay=0.1), 1e-2),
            lambda p: torch.optim.SGD(p, lr=1e-2, momentum=0.8, weight_decay=0.1),
        ),
    ],
)
def test_weights_are_updated_as_torch_does_bit_for_bit(ours, theirs):
    def weights(first, second):
        """After ten updates by one optimiser, and ten by another that goes on from its state."""
        generator = torch.Generator().manual_seed(0)
        parameters = [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 4), (5,))]
        state = None
        for make in (first, second):
            optimizer = make(parameters)
            if state is not None:
                optimizer.load_state_dict(state)
            for group in optimizer.param_groups:
                group["lr"] *= 0.7  # as a decay does
            for _ in range(10):
                factors = [torch.randn(p.shape, generator=generator) for p in parameters]
                descend(optimizer, sum(((p * f) ** 2).sum() for p, f in zip(parameters, factors, strict=True)))
            assert all(p.requires_grad and p.grad is not None for p in parameters)
            state = optimizer.state_dict()
        return parameters

    expected = weights(theirs, theirs)
    for pair in ((ours, ours), (ours, theirs), (theirs, ours)):
        assert all(map(torch.equal, weights(*pair), expected))


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
    assert checkpoints.latest() is None
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
