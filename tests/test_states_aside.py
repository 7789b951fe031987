"""Training states that other code left: set aside, found again, gone on from, and safe from each other."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from doing import synthesize, train_run
from pathgan.config.metric_table import metric_of
from pathgan.config.runs.paired_run import PairedRun
from pathgan.config.table_types import SET
from pathgan.errors import TrainingError
from pathgan.recipes import paired
from pathgan.render.remarks import remarks
from pathgan.scoring.score_files import facts_of_images
from pathgan.stores.store import RESUMED_STALE
from pathgan.stores.weight_facts import facts_of, merged
from pathgan.training.checkpoints import Checkpoints
from pathgan.training.fingerprints import fingerprint
from pathgan.training.run_training import Job
from pathgan.training.weight_files import save_weights
from tiny_trainings import build_gan, gan, outputs, result


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
    said = remarks("ssim", metric_of("ssim"), {"resumed_stale": 1.0}).settings
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


def test_what_is_trained_on_samples_or_weights_of_a_mixed_training_says_so_too(phantom_source, tmp_path, caplog):
    cut(tmp_path / "first", phantom_source, "old")
    finish(tmp_path / "first", phantom_source, "new", caplog, resume_stale=True)
    weights = tmp_path / "first" / "weights.safetensors"
    assert facts_of(weights) == {RESUMED_STALE: "old"}
    source = phantom_source.model_copy(update={"split": "all"})
    save_weights(build_gan(gan(crop_px=32)), tmp_path / "big", facts_of(weights))
    synthesize(gan(crop_px=32), tmp_path / "big", source, tmp_path / "samples.h5")
    drawn = source.model_copy(update={"images": str(tmp_path / "samples.h5"), "manifest": ""})
    assert drawn.resumed_stale == {RESUMED_STALE: "old"}
    for name, sources, first in (("on samples", drawn, {}), ("from weights", phantom_source, {"weights": weights})):
        job = Job(seed=0, state_dir=tmp_path / name, device="cpu", threads=1)
        places = {output: tmp_path / f"{name}.{output}" for output in ("weights", "history")}
        train_run(gan(), [sources], job, places, first=first)
        assert facts_of(places["weights"]) == {RESUMED_STALE: "old"}


@pytest.mark.parametrize(
    ("given", "together"),
    [([], {}), ([{"a": "x"}, {}], {"a": "x"}), ([{"a": "x y"}, {"a": "y z", "b": "w"}], {"a": "x y z", "b": "w"})],
)
def test_facts_are_merged_word_by_word(given, together):
    assert merged(given) == together
