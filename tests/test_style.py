"""Neural style transfer: its optimiser against torch's own, its network against torchvision's, its losses by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from doing import stylize, write_store
from pathgan.config.runs.style_run import StyleRun
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.networks.pretrained import IMAGENET_DEVIATION, IMAGENET_MEAN
from pathgan.networks.vgg import style_features
from pathgan.sampling.lbfgs import minimise
from pathgan.sampling.sample_work import Pretrained
from pathgan.sampling.style_transfer import STYLE, StyleLoss, companions, gram, transfer
from pathgan.stores.manifest import write_manifest
from pathgan.stores.source import Source
from pathgan.stores.store import STAND_IN, ImageStore
from pathgan.training.devices import compute_on


def run(**changes) -> StyleRun:
    return StyleRun.model_validate(
        {"recipe": "style", "source": "a", "target": "b", "iterations": 3, "batch_size": 3} | changes
    )


@pytest.fixture(scope="module")
def cpu():
    return compute_on("cpu", 1, "fp32")


# --- optimiser --------------------------------------------------------------------------------------------


def quartics(n: int, d: int):
    """n problems of their own: sum of a convex quadratic and a quartic, (n, d) -> (n,)."""
    generator = torch.Generator().manual_seed(0)
    roots = torch.randn(n, d, d, dtype=torch.float64, generator=generator)
    matrices = roots @ roots.transpose(1, 2) + torch.eye(d, dtype=torch.float64)
    slopes = torch.randn(n, d, dtype=torch.float64, generator=generator)

    def evaluate(x, rows=slice(None)):
        quadratic = torch.einsum("ni,nij,nj->n", x, matrices[rows], x) / 2
        return quadratic - (slopes[rows] * x).sum(1) + 0.1 * (x**4).sum(1)

    return evaluate


def test_each_row_goes_the_way_of_torchs_own_lbfgs():
    evaluate, start = quartics(3, 12), torch.zeros(3, 12, dtype=torch.float64)
    for iterations, history in ((1, 7), (4, 7), (14, 7), (40, 100)):
        found = minimise(evaluate, start, iterations, history)
        for row in range(3):
            x = start[row : row + 1].clone().requires_grad_(True)
            optimizer = torch.optim.LBFGS(
                [x], max_iter=iterations, max_eval=1000, history_size=history, tolerance_grad=0, tolerance_change=0
            )

            def closure(x=x, row=row, optimizer=optimizer):
                optimizer.zero_grad()
                loss = evaluate(x, [row]).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
            assert found[row].numpy() == pytest.approx(x.detach()[0].numpy(), abs=1e-12)


def test_the_unit_of_a_loss_does_not_matter():
    """A loss a millionth as large leads to the same place: nothing is taken for flat that is only small."""
    evaluate, start = quartics(3, 12), torch.zeros(3, 12, dtype=torch.float64)
    best = evaluate(minimise(evaluate, start, 60))
    for unit in (1e-6, 1e6):
        found = minimise(lambda x, unit=unit: unit * evaluate(x), start, 60)
        assert evaluate(found).numpy() == pytest.approx(best.numpy(), rel=1e-6)


def test_a_row_without_a_finite_gradient_stays_and_stops_no_other():
    def evaluate(x):
        return torch.stack([x[0].square().sum(), (1e-3 - x[1]).log().sum()])  # the second one leaves its domain

    found = minimise(evaluate, torch.tensor([[1.0, 2.0], [0.0, 0.0]]), 20)
    assert found[0].numpy() == pytest.approx([0, 0], abs=1e-5)
    assert found[1].isfinite().all()


# --- network and losses -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vgg(tmp_path_factory):
    """torchvision's own layers, with random weights whose activations keep their size, and a file of them."""
    from torchvision.models.vgg import cfgs, make_layers

    torch.manual_seed(3)
    layers = make_layers(cfgs["E"]).eval().requires_grad_(False)
    for layer in layers:
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.zeros_(layer.bias)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.pth"
    torch.save({f"features.{name}": value for name, value in layers.state_dict().items()}, path)
    return layers, path


def test_features_are_torchvisions_behind_each_relu(vgg):
    layers, path = vgg
    images = torch.rand(2, 3, 48, 33)
    found = style_features("vgg19", path)(images)
    x = (images - torch.tensor(IMAGENET_MEAN).view(3, 1, 1)) / torch.tensor(IMAGENET_DEVIATION).view(3, 1, 1)
    expected = []
    for layer in layers[:30]:  # to the first ReLU of the fifth stage
        x = layer(x)
        if isinstance(layer, torch.nn.ReLU):
            expected.append(x.clone())
    assert list(found) == [
        *("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        *(f"conv3_{k}" for k in (1, 2, 3, 4)),
        *(f"conv4_{k}" for k in (1, 2, 3, 4)),
        "conv5_1",
    ]
    for mine, theirs in zip(found.values(), expected, strict=True):
        assert mine.numpy() == pytest.approx(theirs.detach().numpy(), abs=1e-5)


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save({"features.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    for network in ("vgg19", "vgg16"):
        with pytest.raises(DataError, match=rf"other\.pth: does not hold the weights of {network}"):
            style_features(network, tmp_path / "other.pth")


def test_a_gram_matrix_is_the_mean_of_products_of_channels(rng):
    activations = rng.normal(size=(2, 3, 4, 5))
    found = gram(torch.from_numpy(activations))
    assert found.numpy() == pytest.approx(np.einsum("nahw,nbhw->nab", activations, activations) / 20)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_losses_vanish_where_they_should(precision, vgg):
    """An image has its own content and its own style, and another's content or style it has not."""
    cpu = compute_on("cpu", 1, precision)
    images = torch.rand(2, 3, 40, 40)
    features = style_features("vgg19", vgg[1])
    own = StyleLoss(run(), features, images, images, cpu)
    assert own(images).tolist() == pytest.approx([0, 0], abs=1e-9)
    content = StyleLoss(run(style_weight=1e-12), features, images.flip(0), images, cpu)(images)
    style = StyleLoss(run(content_weight=1e-12), features, images, images.flip(0), cpu)(images)
    assert content.min() > 0.01
    assert style.min() > 1e-6
    # Style does not know where: a mirrored image has nearly the same.
    mirrored = StyleLoss(run(content_weight=1e-12), features, images, images.flip(3), cpu)(images)
    assert (mirrored < style).all()
    assert len(STYLE) == 5


# --- the recipe -------------------------------------------------------------------------------------------


@pytest.fixture
def sources(tmp_path, rng):
    """Four dark images of which two are tested, and five bright ones of 36 px of which four are trained on."""
    out = []
    for name, n, size, low, high, n_test in (("dark", 4, 40, 0, 90, 2), ("bright", 5, 36, 160, 256, 1)):
        images = rng.integers(low, high, (n, size, size, 3), dtype=np.uint8)
        write_store(tmp_path / f"{name}.h5", images=iter(images))
        rows = [{"id": str(k), "split": "test" if k < n_test else "train"} for k in range(n)]
        write_manifest(tmp_path / f"{name}.csv", rows)
        store = str(tmp_path / f"{name}.h5")
        split = "test" if name == "dark" else "train"
        out.append(Source(images=store, instances=store, manifest=str(tmp_path / f"{name}.csv"), split=split))
    return out


def test_an_images_result_does_not_depend_on_its_neighbours(cpu, rng, vgg):
    """The fast way, side by side, against the plain one."""
    contents, styles = rng.integers(0, 256, (2, 3, 36, 36, 3), dtype=np.uint8)
    features = style_features("vgg19", vgg[1])
    together = np.stack(list(transfer(run(iterations=4), features, contents, styles, cpu)))
    alone = np.stack(list(transfer(run(iterations=4, batch_size=1), features, contents, styles, cpu)))
    assert (
        np.abs(together.astype(int) - alone).max() <= 2
    )  # convolutions of a batch round otherwise, and each step adds to it
    assert np.abs(together.astype(int) - contents).mean() > 2


def test_images_take_on_the_style_of_a_training_image(tmp_path, sources, vgg):
    pretrained = Pretrained("vgg19", vgg[1], sha256_of(vgg[1]))
    n = stylize(run(iterations=30, content_weight=1e-3), *sources, pretrained, 0, tmp_path / "out.h5")
    with ImageStore(tmp_path / "out.h5") as store:
        images = store.images()
    assert images.shape == (n, 40, 40, 3) == (2, 40, 40, 3)
    assert images.mean() > sources[0].images_of_split().mean() + 60
    stylize(run(iterations=30, content_weight=1e-3), *sources, pretrained, 0, tmp_path / "again.h5")
    assert (tmp_path / "again.h5").read_bytes() == (tmp_path / "out.h5").read_bytes()


def test_style_images_are_drawn_with_the_seed_and_none_twice_before_all():
    drawn = companions(10, 4, seed=3)
    assert sorted(drawn[:4]) == sorted(drawn[4:8]) == [0, 1, 2, 3]
    assert (drawn == companions(10, 4, seed=3)).all()
    assert (drawn != companions(10, 4, seed=4)).any()


def test_weights_of_another_hash_are_not_opened(tmp_path, sources, vgg):
    with pytest.raises(DataError, match=r"vgg19\.pth: expected sha256 000"):
        stylize(run(), *sources, Pretrained("vgg19", vgg[1], "0" * 64), 0, tmp_path / "out.h5")
    assert not (tmp_path / "out.h5").exists()
    stylize(run(iterations=1), *sources, Pretrained("vgg19", vgg[1], sha256_of(vgg[1])), 0, tmp_path / "out.h5")
    with ImageStore(tmp_path / "out.h5") as store:
        assert STAND_IN not in store.facts


def test_images_too_small_for_the_fifth_stage_are_refused(cpu, vgg):
    tiny = np.zeros((1, 24, 40, 3), np.uint8)
    with pytest.raises(DataError, match=r"at least 32 px, got 40 x 24 and 40 x 24; raise tiles\.tile_px"):
        list(transfer(run(), style_features("vgg19", vgg[1]), tiny, tiny, cpu))
