"""Focus stacks (MI-GAN): training, what is made of it and without it, and scores."""

from __future__ import annotations

import shutil
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.stats import pearsonr
from skimage.metrics import structural_similarity

from doing import compose, defocus, draw_samples, judge_by, score, synthesize, train_run
from pathgan.config.metric_table import given_by, metric_of
from pathgan.config.network_options import Critic as CriticOptions
from pathgan.config.runs.defocus_run import DefocusRun
from pathgan.config.runs.wasserstein_run import FocusRun, LatentRun
from pathgan.config.scores.focus_score import FocusScore
from pathgan.config.table_types import Column, Row, ScoreTable
from pathgan.config.training_options import Training
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.metrics import adjacent_similarity, profile_correlation
from pathgan.networks.stack_networks import Critic, StackGenerator
from pathgan.recipes import wasserstein
from pathgan.render.score_tables import build_table
from pathgan.sampling.defocus import WIDTHS_PX, blurred, fit_widths
from pathgan.sampling.embedding import embed_store
from pathgan.scoring.score_files import Inputs
from pathgan.sharpness import focus_profile
from pathgan.stores.embedding_file import Embedder, Embeddings, read_embeddings, write_embeddings
from pathgan.stores.focus_stacks import IN_FOCUS, N_PLANES, write_stacks
from pathgan.stores.manifest import write_manifest
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore
from pathgan.training.devices import compute_on
from pathgan.training.resident_data import TrainingData
from pathgan.training.run_training import Job
from pathgan.training.weight_files import load_weights

FOCUS = FocusScore(kind="focus")
METRICS = FOCUS.metrics_of(None, given_by("focus"))
SIDE = 16
NOTHING = pd.DataFrame({name: [] for name in ("table", "row", "column", "value", "sd", "note")})


def cpu():
    return compute_on("cpu", 1, "fp32")


def options(**changes):
    training = {"iterations": 3, "batch_size": 2, "crop_px": SIDE, "augment": "sixfold", "history_every": 1}
    shared = {"dataset": "s", "width": 4, "n_critic": 2, "critic": CriticOptions(width=4)}
    return {**shared, "training": Training(**training), **changes}


def focus_run(**changes):
    return FocusRun(recipe="focus", **options(**changes))


def latent_run(**changes):
    return LatentRun(recipe="latent", n_latent=8, **options(**changes))


@pytest.fixture(scope="module")
def stacks():
    """(8, 11, 16, 16, 3): a disc each, sharp in the middle plane and blurred away from it."""
    rng, found = np.random.default_rng(1), []
    y, x = np.mgrid[:SIDE, :SIDE]
    for _ in range(8):
        at, colour = rng.uniform(6, 10, 2), rng.uniform(20, 120, 3)
        disc = np.where(((x - at[0]) ** 2 + (y - at[1]) ** 2 < 20)[..., None], colour, 240.0)
        found.append([ndimage.gaussian_filter(disc, (s, s, 0)) for s in 0.4 * abs(np.arange(N_PLANES) - IN_FOCUS)])
    return np.round(found).astype(np.uint8)


@pytest.fixture(scope="module")
def source(stacks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stacks")
    write_stacks(folder / "s.h5", [f"c{i}" for i in range(8)], iter(stacks))
    sides = ["train"] * 4 + ["test"] * 4
    rows = [{"id": f"c{i}", "split": side, "group": f"slide{i // 2}", "class": ""} for i, side in enumerate(sides)]
    write_manifest(folder / "s.csv", rows)
    store, manifest = str(folder / "s.h5"), str(folder / "s.csv")
    return Source(images=store, instances="", manifest=manifest, split="train")


def test_source(source):
    return source.model_copy(update={"split": "test"})


# pytest takes the helper above for a test, by its name alone.
test_source.__test__ = False


# --- training data ------------------------------------------------------------------------------------------


def test_an_epoch_of_six_versions_shows_each_once(rng):
    images = rng.integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    data = TrainingData({"image": images}, 2, 8, "sixfold", 0, torch.device("cpu"), n_batches=3)
    assert (data.n_images, data.iterations(1)) == (18, 3)
    drawn = [np.round(255 * data.batch(t)["image"].numpy()).astype(np.uint8).transpose(0, 2, 3, 1) for t in range(3)]
    wanted = [
        version
        for image in images
        for version in (image, *(np.rot90(image, k) for k in (1, 2, 3)), image[::-1], image[:, ::-1])
    ]
    assert sorted(map(bytes, np.concatenate(drawn))) == sorted(bytes(np.ascontiguousarray(v)) for v in wanted)


def test_planes_keep_their_order_on_the_way_to_the_critic(source, stacks):
    fields = wasserstein.training_fields(focus_run(), source)
    assert fields["stack"].shape == (4, SIDE, SIDE, 33)
    data = TrainingData(fields, 4, SIDE, "none", 0, torch.device("cpu"))
    real = wasserstein.FromFocus(focus_run(), cpu()).real(data.batch(0))
    back = np.round((real.numpy() + 1) * 127.5).astype(np.uint8).transpose(0, 2, 3, 4, 1)
    assert {bytes(stack) for stack in np.ascontiguousarray(back)} == {bytes(stack) for stack in stacks[:4]}
    assert np.array_equal(wasserstein.training_fields(latent_run(), source)["image"], stacks[:4, IN_FOCUS])


# --- training -----------------------------------------------------------------------------------------------


def train(run, source, folder, first=None):
    folder.mkdir(exist_ok=True)
    work = Job(seed=0, state_dir=folder / "state", device="cpu")
    outputs = {name: folder / name for name in ("weights", "critic", "history")}
    train_run(run, [source], work, outputs, first=first)
    shutil.rmtree(work.state_dir)  # as the script does
    return {name: path.read_bytes() for name, path in outputs.items()}


@pytest.mark.parametrize("run", [focus_run(link=10), latent_run()], ids=["focus", "latent"])
def test_a_stopped_run_ends_in_the_same_bytes(run, source, tmp_path, monkeypatch):
    whole = train(run, source, tmp_path / "whole")
    kind = wasserstein.FromFocus if isinstance(run, FocusRun) else wasserstein.FromLatent
    step, seen = kind.step, []

    def killed(self, batch):
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return step(self, batch)

    often = run.model_copy(update={"training": run.training.model_copy(update={"checkpoint_minutes": 1e-9})})
    monkeypatch.setattr(kind, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(often, source, tmp_path / "cut")
    monkeypatch.setattr(kind, "step", lambda self, batch: seen.append(1) or step(self, batch))
    assert train(often, source, tmp_path / "cut") == whole
    assert len(seen) == 3 + 1  # two steps were saved, the third was cut off, one was left


def test_a_state_of_other_first_weights_is_not_gone_on_with(source, tmp_path, monkeypatch):
    for name, width in (("one", 1), ("two", 2)):
        training = Training(iterations=width, batch_size=2, crop_px=SIDE)
        train(focus_run(training=training), source, tmp_path / name)
    first = [{output: tmp_path / name / output for output in ("weights", "critic")} for name in ("one", "two")]
    expected = train(focus_run(), source, tmp_path / "whole", first[1])
    step, seen = wasserstein.FromFocus.step, []

    def killed(self, batch):
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return step(self, batch)

    run = focus_run()
    often = run.model_copy(update={"training": run.training.model_copy(update={"checkpoint_minutes": 1e-9})})
    monkeypatch.setattr(wasserstein.FromFocus, "step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(often, source, tmp_path / "cut", first[0])
    monkeypatch.undo()
    assert train(often, source, tmp_path / "cut", first[1]) == expected


def test_transfer_starts_from_the_other_runs_weights(source, tmp_path):
    train(focus_run(), source, tmp_path / "siha")
    still = focus_run(training=Training(iterations=1, batch_size=2, crop_px=SIDE, learning_rate=1e-12))
    first = {name: tmp_path / "siha" / name for name in ("weights", "critic")}
    train(still, source, tmp_path / "cancer", first)
    for name, network in (("weights", StackGenerator(4)), ("critic", Critic(3, 4))):
        before, after = (
            dict(load_weights(type_of(network), tmp_path / at / name).named_parameters()) for at in ("siha", "cancer")
        )
        assert all(torch.allclose(before[key], after[key], atol=1e-9) for key in before)
    afresh = train(still, source, tmp_path / "afresh")
    assert afresh["weights"] != (tmp_path / "cancer" / "weights").read_bytes()


def type_of(network):
    return StackGenerator(4) if isinstance(network, StackGenerator) else Critic(3, 4)


def test_the_link_draws_the_plane_in_focus_to_its_input(source, stacks, tmp_path):
    def off(link):
        training = Training(iterations=30, batch_size=4, crop_px=SIDE, learning_rate=5e-3)
        run = focus_run(link=link, n_critic=1, training=training)
        train(run, source, tmp_path / str(link))
        tested = test_source(source)
        synthesize(run, tmp_path / str(link) / "weights", tested, tmp_path / f"{link}.h5")
        with ImageStore(tmp_path / f"{link}.h5") as store:
            assert np.array_equal(store.images(), store.stacks()[:, IN_FOCUS])
            return np.abs(store.images().astype(float) - stacks[4:, IN_FOCUS]).mean()

    assert off(100.0) < 0.7 * off(0.0)


def test_stacks_from_noise_can_be_made_again(source, tmp_path):
    base, lens = latent_run(ratio=2), focus_run()
    train(base, source, tmp_path / "base")
    train(lens, source, tmp_path / "lens")
    weights = tmp_path / "lens" / "weights", tmp_path / "base" / "weights"
    for name in ("one", "two"):
        assert compose(lens, base, *weights, 8, 3, tmp_path / name) == 8
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with ImageStore(tmp_path / "one") as store:
        assert store.stacks().shape == (8, 11, SIDE, SIDE, 3)
    draw_samples(base, weights[1], 3, 3, tmp_path / "bases")
    with ImageStore(tmp_path / "bases") as store:
        assert store.images().shape == (3, SIDE, SIDE, 3)


def test_nine_planes_are_refused(tmp_path, stacks):
    write_stacks(tmp_path / "n.h5", [str(i) for i in range(8)], iter(stacks[:, :9]))
    write_manifest(tmp_path / "n.csv", [{"id": str(i), "split": "train", "class": ""} for i in range(8)])
    nine = Source(images=str(tmp_path / "n.h5"), instances="", manifest=str(tmp_path / "n.csv"), split="train")
    with pytest.raises(DataError, match="expected stacks of 11 planes, got 9"):
        wasserstein.training_fields(focus_run(), nine)


# --- stacks without a GAN -----------------------------------------------------------------------------------


def test_the_blur_is_found_that_made_the_stacks(stacks):
    widths = fit_widths(stacks)
    assert widths[IN_FOCUS] == 0
    assert widths == pytest.approx(0.4 * abs(np.arange(N_PLANES) - IN_FOCUS), abs=0.25)
    assert set(widths) <= set(WIDTHS_PX)
    guess = blurred(stacks[0, IN_FOCUS], widths).astype(float)
    assert np.abs(guess - stacks[0]).mean() < 2


def test_shuffled_planes_are_the_real_ones(source, stacks, tmp_path):
    run = DefocusRun(recipe="defocus", dataset="s", how="shuffle")
    defocus(run, source, test_source(source), 0, tmp_path / "s.h5")
    with ImageStore(tmp_path / "s.h5") as store:
        made = store.stacks()
    assert not np.array_equal(made, stacks[4:])
    for one, other in zip(made, stacks[4:], strict=True):
        assert sorted(map(bytes, one)) == sorted(map(bytes, other))


# --- metrics ------------------------------------------------------------------------------------------------


def test_sharpness_is_a_plain_laplacian_and_sobel(rng):
    stack = rng.integers(0, 256, (1, 2, 12, 9, 1), dtype=np.uint8).repeat(3, axis=-1)
    for plane, laplacian, tenengrad in zip(
        stack[0, ..., 0].astype(float),
        focus_profile(stack)[0],
        focus_profile(stack, "tenengrad")[0],
        strict=True,
    ):
        plane = ndimage.gaussian_filter(plane, 1, mode="mirror", truncate=4)
        assert laplacian == pytest.approx(ndimage.laplace(plane, mode="mirror").var(), rel=1e-3)
        squares = sum(ndimage.sobel(plane, axis, mode="mirror") ** 2 for axis in (0, 1))
        assert tenengrad == pytest.approx(squares.mean(), rel=1e-3)


def test_an_even_plane_has_no_sharpness():
    assert (focus_profile(np.full((2, 3, 8, 8, 3), 99, np.uint8)) == 0).all()


@given(data=st.data())
def test_profile_correlation_is_pearsons(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    one, other = rng.normal(size=(2, 4, 11))
    theirs = [pearsonr(a, b).statistic for a, b in zip(one, other, strict=True)]
    assert profile_correlation(one, other) == pytest.approx(theirs)
    assert profile_correlation(one, 3 * one + 2) == pytest.approx(np.ones(4))
    assert (profile_correlation(one, np.ones((4, 11))) == 0).all()


def test_adjacent_similarity_is_skimages(stacks):
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "channel_axis": -1}
    for stack, ours in zip(stacks[:2], adjacent_similarity(stacks[:2]), strict=True):
        theirs = [structural_similarity(a, b, data_range=255, **options) for a, b in pairwise(stack)]
        assert ours == pytest.approx(np.mean(theirs), abs=1e-4)


# --- scores -------------------------------------------------------------------------------------------------


def embedded(path, stacks, store, ids, network):
    """Mean colours of planes as embeddings."""
    values = stacks.mean((2, 3)).astype(np.float32)
    write_embeddings(path, Embeddings(values, Embedder(network, "0" * 64, "none"), sha256_of(store), ids))
    return path


def scored(tmp_path, source, stacks, fake, network="inception"):
    ids = tuple(f"c{i}" for i in range(8))
    write_stacks(tmp_path / "fake.h5", ids[4:], iter(fake))
    files = Inputs(
        tmp_path / "fake.h5",
        source.images,
        tmp_path.joinpath(source.manifest),
        real_embeddings=embedded(tmp_path / "re.h5", stacks, source.images, ids, network),
        fake_embeddings=embedded(tmp_path / "fe.h5", fake, tmp_path / "fake.h5", ids[4:], network),
    )
    return pd.DataFrame(score(FOCUS, files), columns=["item", "metric", "value"])


def values(scores, metric):
    return scores[scores["metric"] == metric]["value"].to_numpy()


def test_the_true_stacks_have_full_marks(source, stacks, tmp_path):
    scores = scored(tmp_path, source, stacks, stacks[4:])
    for metric, best in {
        "focus_correlation": 1,
        "tenengrad_correlation": 1,
        "peak_error": 0,
        "peak_within_1": 1,
    }.items():
        assert values(scores, metric) == pytest.approx(np.full(4, best))
    assert values(scores, "base_psnr") == pytest.approx(np.full(4, 58.92), abs=0.01)
    assert values(scores, "adjacent_ssim").mean() == pytest.approx(values(scores, "adjacent_ssim_real")[0])
    assert set(METRICS) <= set(scores["metric"])


def test_stacks_upside_down_keep_their_peak_and_flat_ones_lose_it(source, stacks, tmp_path):
    flat = np.repeat(stacks[4:, :1], N_PLANES, axis=1)
    scores = scored(tmp_path, source, stacks, flat)
    assert (values(scores, "focus_correlation") == 0).all()
    assert (values(scores, "peak_error") == 5).all()
    assert (values(scores, "peak_within_1") == 0).all()
    assert values(scores, "adjacent_ssim") == pytest.approx(np.ones(4))


def test_a_plane_that_is_off_shows_in_its_own_kid(source, stacks, tmp_path):
    fake = stacks[4:].copy()
    fake[:, 0] = 0
    scores = scored(tmp_path, source, stacks, fake)
    each = {name: values(scores, name)[0] for name in METRICS if name.startswith("kid/")}
    assert max(each, key=each.get) == "kid/-5"
    assert values(scores, "plane_kid")[0] == pytest.approx(np.mean(list(each.values())))


def test_only_kid_depends_on_the_network(source, stacks, tmp_path):
    scores = scored(tmp_path, source, stacks, stacks[4:], "lite0")
    assert {"plane_kd_lite0", "plane_kd_floor_lite0", "kd_lite0/+1", "kd_lite0/0"} <= set(scores["metric"])
    names = (
        "focus_correlation",
        "peak_within_1",
        "adjacent_ssim_real",
        "base_psnr",
        "plane_kid",
        "plane_kid_floor",
        "kid/0",
    )
    columns = {name: Column(label=name, score="focus", metric=name) for name in names}
    table = ScoreTable(kind="scores", caption="c", rows={"r": Row(label="r", run="r", dataset="s")}, columns=columns)
    metrics = {name: metric_of(name) for name in names}
    cells = build_table("t", table, judge_by({"s": ""}), {}, lambda *_: [scores], {}, NOTHING, metrics).set_index(
        "column"
    )
    in_place = cells["note"].str.contains("kd_lite0 in place of KID")
    assert in_place.to_dict() == {name: "kid" in name for name in names}
    assert cells.loc["peak_within_1", ["low", "high"]].notna().all()
    assert cells["n"].to_dict() == {name: 2 if "floor" in name else 4 for name in names}


def test_samples_of_another_size_are_refused(source, stacks, tmp_path):
    with pytest.raises(DataError, match="holds stacks of"):
        scored(tmp_path, source, stacks, stacks[4:, :, :8, :8])


def test_every_plane_is_embedded(source, tmp_path, package_weights):
    weights = package_weights("lite0")
    embed_store(tmp_path.joinpath(source.images), "lite0", weights, tmp_path / "e.h5", "cpu")
    found = read_embeddings(tmp_path / "e.h5")
    assert found.values.shape == (8, 11, 1280)
    assert found.embedder == Embedder("lite0", weights[1], "clean-fid, 224 px")
