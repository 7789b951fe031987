"""SynCGAN's parts: GANs from noise, weights that a validation set likes best, masks to images, and augmentation."""

from __future__ import annotations

import csv
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from doing import compose, draw_samples, prepare, train_run, write_store
from pathgan.config.dataset_types import Split, Tiles
from pathgan.config.network_options import PatchGAN, UNet
from pathgan.config.phantom_looks import Smear
from pathgan.config.runs.noise_run import Labels, NoiseRun
from pathgan.config.runs.paired_run import PairedRun, Pixel
from pathgan.config.training_options import Adversarial, Training
from pathgan.datasets.adapters.phantom_smears import SmearDataset
from pathgan.errors import DataError, TrainingError
from pathgan.losses.adversarial import discriminator_loss, labelled_discriminator_loss
from pathgan.masks.collapse import collapse_of
from pathgan.networks.noise_generator import noise_generator_of
from pathgan.networks.unet import UNetGenerator, unet_of
from pathgan.recipes import noise, paired
from pathgan.sampling import drawing
from pathgan.sampling.conditional import generate
from pathgan.sampling.drawing import Drawing, draw, generator_of
from pathgan.sampling.sample_work import SampleWork
from pathgan.stores.manifest import read_manifest, write_manifest
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore
from pathgan.training.best_weights import Best
from pathgan.training.devices import compute_on
from pathgan.training.loop import Interrupted
from pathgan.training.run_training import Job
from pathgan.training.weight_files import load_weights, save_weights

SIDE = 32
SMALL = {"width": 4, "depth": 3, "upsampling": "bilinear"}


@pytest.fixture(scope="module")
def smears(tmp_path_factory):
    """Store and manifest of 32-px smears of two classes in five folds."""
    folder = tmp_path_factory.mktemp("smears")
    looks = {"benign": Smear(cells_per_mpx=6000, radius_px=3), "malignant": Smear(cells_per_mpx=6000, radius_px=5)}
    dataset = SmearDataset(
        adapter="phantom_smears",
        n_images=10,
        size_px=SIDE,
        seed=5,
        smears=looks,
        tiles=Tiles(tile_px=SIDE, stride_px=SIDE),
        split=Split(folds=5),
    )
    prepare(dataset, Path(), folder / "s.h5", folder / "s.csv")
    return folder / "s.h5", folder / "s.csv"


def source(smears, split="train", category=""):
    store, manifest = map(str, smears)
    return Source(images=store, instances=store, manifest=manifest, split=split, category=category)


def ids_of(smears):
    return [row["id"] for row in read_manifest(smears[1])]


def gan(makes="masks", **changes):
    training = {"iterations": 5, "batch_size": 2, "crop_px": SIDE, "history_every": 2, "learning_rate": 1e-3}
    options = {"generator": UNet(**SMALL), "discriminator": PatchGAN(width=4, layers=1)} | changes
    return NoiseRun(
        recipe="noise", dataset="s", category="benign", makes=makes, training=Training(**training), **options
    )


def pair(**changes):
    training = {"iterations": 6, "batch_size": 2, "crop_px": SIDE, "evaluations": 3, "learning_rate": 1e-3, **changes}
    return PairedRun(
        recipe="paired",
        dataset="s",
        condition="mask",
        keep="best",
        generator=UNet(**SMALL),
        discriminator=PatchGAN(width=4, layers=1),
        losses=(Adversarial(kind="adversarial"), Pixel(kind="pixel", norm="squared", weight=100)),
        training=Training(**training),
    )


def outputs(folder, *names):
    return {name: folder / (f"{name}.csv" if name in ("history", "evaluations") else f"{name}.st") for name in names}


def train(run, sources, folder, *names):
    work = Job(seed=0, state_dir=folder / "state", device="cpu")
    train_run(run, sources, work, outputs(folder, *names))
    shutil.rmtree(work.state_dir)  # as the script does
    return {name: path.read_bytes() for name, path in outputs(folder, *names).items()}


def cpu():
    return compute_on("cpu", 1, "fp32")


# --- losses and networks ------------------------------------------------------------------------------------


def test_hard_labels_give_the_loss_of_goodfellow(rng):
    real, fake = (torch.from_numpy(rng.normal(size=(3, 1, 4, 4))) for _ in range(2))
    ones, zeros = torch.ones(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    expected = discriminator_loss(real, fake)
    assert labelled_discriminator_loss(real, fake, ones, zeros).item() == pytest.approx(expected.item())


def test_soft_labels_are_a_cross_entropy_in_closed_form():
    """D = 0.8 told 0.9, and D = 0.3 told 0.1."""
    real, fake = (torch.full((1, 1, 2, 2), math.log(p / (1 - p)), dtype=torch.float64) for p in (0.8, 0.3))
    expected = -(0.9 * math.log(0.8) + 0.1 * math.log(0.2)) - (0.1 * math.log(0.3) + 0.9 * math.log(0.7))
    got = labelled_discriminator_loss(real, fake, torch.tensor([0.9]).double(), torch.tensor([0.1]).double())
    assert got.item() == pytest.approx(expected)


@pytest.mark.parametrize("flipped", [0.0, 1.0])
def test_labels_are_soft_and_now_and_then_flipped(flipped):
    recipe = noise.FromNoise(gan(labels=Labels(flipped=flipped)), cpu())
    torch.manual_seed(0)
    real, fake = recipe._labels(1000)
    if flipped:
        real, fake = fake, real
    assert 0.9 <= real.min() < 0.905 < 0.995 < real.max() <= 1.0
    assert 0.0 <= fake.min() < 0.005 < 0.095 < fake.max() <= 0.1


def test_a_bilinear_unet_has_no_transposed_convolution():
    network = UNetGenerator(1, 3, 4, 3, 0.5, "bilinear")
    assert not any(isinstance(module, nn.ConvTranspose2d) for module in network.modules())
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 3, 32, 32)


# --- GANs from noise ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("makes", "shape", "dtype"), [("masks", (), np.int32), ("images", (3,), np.uint8)])
def test_a_sample_depends_on_its_seed_and_number_alone(makes, shape, dtype):
    run = Drawing.model_validate(gan(makes).sampling_options())
    torch.manual_seed(0)
    generator = generator_of(run)
    many, few = (list(draw(run, generator, n, 7, cpu())) for n in (11, 3))
    assert len(many) == 11
    assert many[0].shape == (SIDE, SIDE, *shape)
    assert many[0].dtype == dtype
    assert all(np.array_equal(a, b) for a, b in zip(few, many, strict=False))
    assert not np.array_equal(many[0], many[1])
    assert not np.array_equal(many[0], next(draw(run, generator, 1, 8, cpu())))


def test_a_gan_learns_its_class_alone(smears):
    fields = noise.training_fields(gan(), source(smears, category="benign"))
    assert fields["image"].shape == (6, SIDE, SIDE)
    assert set(np.unique(fields["image"])) == {0, 255}
    assert noise.training_fields(gan("images"), source(smears, category="malignant"))["image"].shape == (
        6,
        SIDE,
        SIDE,
        3,
    )


def test_as_many_samples_as_the_ratio_asks_for(smears, tmp_path):
    run = gan(ratio=2)
    save_weights(noise_generator_of(run.generator, SIDE, "masks", None), tmp_path / "g.st")
    learned = {"learned": source(smears, category="benign")}
    work = SampleWork(learned, {"weights": tmp_path / "g.st"}, 0, tmp_path / "m.h5", "cpu")
    assert drawing.make(run.sampling_options(), work) == 12
    with ImageStore(tmp_path / "m.h5") as store:
        assert store.instances().shape == (12, SIDE, SIDE)
        assert store.ids[:2] == ["sample00000", "sample00001"]


def test_a_class_with_one_image_is_refused(smears, tmp_path):
    rows = [{"id": "a", "class": "benign", "split": "train", "group": "a", "x": 0, "y": 0}]
    write_manifest(tmp_path / "one.csv", rows)
    write_store(tmp_path / "one.h5", ["a"], images=iter([np.zeros((SIDE, SIDE, 3), np.uint8)]))
    one = source((tmp_path / "one.h5", tmp_path / "one.csv"), category="benign")
    with pytest.raises(DataError, match=r"the class 'benign' has 1 training image, a GAN needs 2"):
        noise.training_fields(gan("images"), one)
    with pytest.raises(DataError, match=r"the train split of the class 'malignant' is empty"):
        noise.training_fields(gan("images"), one.model_copy(update={"category": "malignant"}))


def test_masks_without_a_nucleus_are_refused(smears, tmp_path):
    write_store(tmp_path / "empty.h5", ids_of(smears), instances=iter([np.zeros((SIDE, SIDE), np.int32)] * 20))
    empty = source(smears, category="benign").model_copy(update={"instances": str(tmp_path / "empty.h5")})
    with pytest.raises(DataError, match=r"empty\.h5: no nucleus in any of the 6 training images of the class"):
        noise.training_fields(gan(), empty)


def test_a_store_of_other_images_is_refused(smears, tmp_path):
    write_store(tmp_path / "few.h5", instances=iter([np.zeros((SIDE, SIDE), np.int32)] * 7))
    few = source(smears).model_copy(update={"instances": str(tmp_path / "few.h5")})
    with pytest.raises(DataError, match=r"few\.h5: 12 of 12 items are not in it, first: phantom0"):
        noise.training_fields(gan(), few)


@pytest.mark.parametrize("kind", ["masks", "images", "pair"])
def test_training_resumes_to_the_last_bit(kind, smears, tmp_path, monkeypatch):
    run, names = (
        (pair(), ("weights", "last", "history", "evaluations"))
        if kind == "pair"
        else (gan(kind), ("weights", "history"))
    )
    category = "" if kind == "pair" else "benign"
    sources = [source(smears, side, category) for side in ("train", "validation")[: len(run.uses)]]
    (tmp_path / "whole").mkdir()
    whole = train(run, sources, tmp_path / "whole", *names)
    recipe = paired.Paired if kind == "pair" else noise.FromNoise
    step, count = recipe.step, 0

    def counted(self, batch):
        nonlocal count
        count += 1
        return step(self, batch)

    folder = tmp_path / "parts"
    folder.mkdir()
    job = Job(seed=0, state_dir=folder / "state", device="cpu", deadline=0.0)  # leaves after every step
    monkeypatch.setattr(recipe, "step", counted)
    for _ in range(run.training.iterations - 1):
        with pytest.raises(Interrupted):
            train_run(run, sources, job, outputs(folder, *names))
    train_run(run, sources, job, outputs(folder, *names))
    assert count == run.training.iterations
    assert {name: path.read_bytes() for name, path in outputs(folder, *names).items()} == whole


# --- the best weights ---------------------------------------------------------------------------------------


def test_the_best_are_those_with_the_smallest_loss():
    network = nn.Linear(1, 1)
    best = Best(network)
    for weight, loss in ((1.0, 5.0), (2.0, 3.0), (3.0, 4.0)):
        nn.init.constant_(network.weight, weight)
        best.update(network, loss)
    assert best.network.weight.item() == 2.0
    assert best.loss.item() == 3.0
    with pytest.raises(TrainingError, match="validation images is nan"):
        best.update(network, float("nan"))


def test_the_weights_that_leave_have_the_smallest_validation_loss(smears, tmp_path):
    """The last ones too where the smallest loss was the last."""
    run = pair(iterations=12, evaluations=6, learning_rate=5e-2)
    train(run, [source(smears), source(smears, "validation")], tmp_path, "weights", "last", "history", "evaluations")
    rows = list(csv.DictReader((tmp_path / "evaluations.csv").open()))
    values = [float(row["validation_loss"]) for row in rows]
    assert [int(row["iteration"]) for row in rows] == [2, 4, 6, 8, 10, 12]
    assert min(values) < values[0]
    same = (tmp_path / "weights.st").read_bytes() == (tmp_path / "last.st").read_bytes()
    assert same == (values.index(min(values)) == 5)


def test_the_validation_loss_is_the_generators(smears):
    """Eq. 3 on validation images, computed here by hand."""
    torch.manual_seed(0)
    recipe = paired.Paired(pair(), cpu())
    fields = paired.training_fields(pair(), source(smears, "validation"))
    got = recipe.validate(fields)["validation_loss"]
    generator, discriminator = recipe.networks["generator"].eval(), recipe.networks["discriminator"]
    totals = []
    with torch.no_grad():
        for image, condition in zip(fields["image"], fields["condition"], strict=True):
            real = torch.from_numpy(image).permute(2, 0, 1)[None] / 127.5 - 1
            mask = torch.from_numpy(condition)[None, None] / 127.5 - 1
            fake = generator(mask)
            adversarial = -torch.nn.functional.logsigmoid(discriminator(torch.cat([mask, fake], 1))).mean()
            totals.append((adversarial + 100 * ((fake - real) ** 2).mean()).item())
    assert got == pytest.approx(np.mean(totals), rel=1e-5)


def test_validation_images_that_do_not_halve_are_refused_before_training(smears, tmp_path):
    store, manifest = tmp_path / "odd.h5", smears[1]
    write_store(
        store,
        ids_of(smears),
        images=iter(np.zeros((20, 36, 36, 3), np.uint8)),
        instances=iter(np.ones((20, 36, 36), np.int32)),
    )
    odd = [source((store, manifest)), source((store, manifest), "validation")]
    with pytest.raises(DataError, match="conditions of 36 x 36 px are no multiple of the generator's 2\\^depth = 8"):
        train(pair(), odd, tmp_path, "weights", "last", "history", "evaluations")


# --- masks to images ----------------------------------------------------------------------------------------


def test_a_composition_holds_masks_and_what_was_made_of_each(tmp_path):
    masks, run = gan(), pair()
    torch.manual_seed(1)
    save_weights(noise_generator_of(masks.generator, SIDE, "masks", None), tmp_path / "m.st")
    save_weights(unet_of(run.generator, SIDE), tmp_path / "g.st")
    assert compose(run, masks, tmp_path / "g.st", tmp_path / "m.st", 9, 0, tmp_path / "out.h5") == 9
    draw_samples(masks, tmp_path / "m.st", 9, 0, tmp_path / "masks.h5")
    with ImageStore(tmp_path / "out.h5") as out, ImageStore(tmp_path / "masks.h5") as drawn:
        images, instances = out.images(), out.instances()
        assert np.array_equal(instances, drawn.instances())
    generator = load_weights(unet_of(run.generator, SIDE), tmp_path / "g.st")
    conditions = np.where(instances > 0, 255, 0).astype(np.uint8)
    assert np.array_equal(images, np.stack(list(generate(generator, conditions, cpu()))))


@pytest.mark.parametrize(
    ("bias", "message"),
    [
        (-9.0, r"m\.st: the GAN that draws the masks has collapsed: 9 of 9 masks have no nucleus"),
        (9.0, "nuclei all over"),
    ],
)
def test_no_image_is_made_of_masks_that_have_collapsed(bias, message, tmp_path):
    masks, run = gan(), pair()
    painter = noise_generator_of(masks.generator, SIDE, "masks", None)
    convolutions = [module for module in painter.modules() if isinstance(module, torch.nn.Conv2d)]
    torch.nn.init.constant_(next(one for one in convolutions if one.out_channels == 1).bias, bias)
    save_weights(painter, tmp_path / "m.st")
    save_weights(unet_of(run.generator, SIDE), tmp_path / "g.st")
    with pytest.raises(DataError, match=message):
        compose(run, masks, tmp_path / "g.st", tmp_path / "m.st", 9, 0, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()


def test_one_mask_again_and_again_is_a_collapse(rng):
    one = np.zeros((6, 20, 20), np.int32)
    one[:, 4:12, 4:12] = 1
    assert collapse_of(one) == "6 masks are nearly the same one: each overlaps the next by 100%"
    moved = np.stack([np.roll(mask, 3 * index, axis=0) for index, mask in enumerate(one)])
    assert collapse_of(moved) == ""
    assert collapse_of(one[:1]) == ""


def test_a_vector_of_noise_becomes_masks_too(smears, tmp_path):
    run = gan(n_latent=7)
    recipe = noise.FromNoise(run, cpu())
    assert recipe.networks["generator"].latent_shape == (7,)
    image = recipe.networks["generator"].enter(torch.randn(4000, 7))
    assert image.std().item() == pytest.approx(1, abs=0.1)  # as an image of noise
    train(run, [source(smears, category="benign")], tmp_path, "weights", "history")
    weights = outputs(tmp_path, "weights", "history")["weights"]
    draw_samples(run, weights, 5, 0, tmp_path / "a.h5")
    draw_samples(run, weights, 5, 1, tmp_path / "b.h5")
    with ImageStore(tmp_path / "a.h5") as a, ImageStore(tmp_path / "b.h5") as b:
        assert a.instances().shape == (5, SIDE, SIDE)
        assert not np.array_equal(a.instances(), b.instances())


def test_dropout_at_synthesis_differs_from_seed_to_seed_and_not_without():
    generator = unet_of(UNet(**SMALL | {"depth": 4}), SIDE)
    conditions = np.full((3, SIDE, SIDE), 255, np.uint8)
    plain, again = (np.stack(list(generate(generator, conditions, cpu()))) for _ in range(2))
    first, same, other = (np.stack(list(generate(generator, conditions, cpu(), seed))) for seed in (1, 1, 2))
    assert np.array_equal(plain, again)
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, plain)


def test_affine_norms_have_weights_of_their_own():
    plain, affine = (unet_of(UNet(**SMALL, affine=on), SIDE) for on in (False, True))
    norms = [name for name in affine.state_dict() if name not in plain.state_dict()]
    assert norms
    assert affine(torch.zeros(1, 1, SIDE, SIDE)).shape == (1, 3, SIDE, SIDE)
