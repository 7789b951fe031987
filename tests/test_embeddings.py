"""Embedders: fed as clean-fid feeds them, and built from checked files only."""

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from doing import write_store
from pathgan.datasets.image_files import read_image
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.networks.pretrained import PRETRAINED, build
from pathgan.sampling.embedding import embed, embed_store
from pathgan.stores.embedding_file import Embedder, Embeddings, check_same_embedder, read_embeddings, write_embeddings
from pathgan.training.devices import compute_on

EMBEDDER = Embedder("inception", "0" * 64, "clean-fid, 299 px")


class Layers(nn.Module):
    """Stands for the layers of Inception: the means of the channels, and nothing else."""

    def forward(self, images):
        return torch.cat([images.mean((2, 3)), images.new_zeros(len(images), 2045)], 1)


class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = Layers()

    def forward(self, images):
        return self.layers(images)


@pytest.fixture
def script(tmp_path):
    """A TorchScript file of the structure that the published one has."""
    path = tmp_path / "inception-2015-12-05.pt"
    torch.jit.save(torch.jit.script(Scripted()), path)
    return path


@pytest.fixture(scope="module")
def cpu():
    return compute_on("cpu", 1, "fp32")


def test_inception_sees_clean_fids_resize(real_data, script, cpu):
    """PIL's bicubic on each channel in float32, clipped, then (x - 128) / 128, written out once more."""
    image = read_image(sorted((real_data / "monuseg_breast").rglob("*.tif"))[0])[:200, :310]
    values = embed(image[None], "inception", script, cpu)[0]
    for channel in range(3):
        plane = Image.fromarray(image[..., channel].astype(np.float32), mode="F").resize((299, 299), Image.BICUBIC)
        expected = (np.asarray(plane).clip(0, 255).mean(dtype=np.float64) - 128) / 128
        assert values[channel] == pytest.approx(expected, abs=1e-5)
    assert values.shape == (2048,)


def test_resnet18_from_a_state_dict_gives_the_means_of_its_second_stage(tmp_path, cpu, rng):
    from torchvision.models import resnet18

    network = resnet18(weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    seen = {}
    network.layer2.register_forward_hook(lambda module, inputs, output: seen.update(layer2=output))
    images = rng.integers(0, 256, (3, 70, 40, 3), dtype=np.uint8)
    scaled = torch.from_numpy(images / 255).float().permute(0, 3, 1, 2)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.inference_mode():
        network((scaled - mean[:, None, None]) / deviation[:, None, None])
    values = embed(images, "resnet18", tmp_path / "resnet18.pth", cpu)
    assert values.shape == (3, 128)
    assert values == pytest.approx(seen["layer2"].mean((2, 3)).numpy(), abs=1e-5)


def scalar(path):
    with h5py.File(path, "w") as file:
        file["embeddings"] = 1.0


class Evil:
    """A pickle that would write a file when it is opened carelessly."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("network", list(PRETRAINED))
@pytest.mark.parametrize("how", ["pickle", "torch.save", "nothing"])
def test_a_pickle_with_code_is_never_executed(tmp_path, network, how):
    path, target = tmp_path / "weights.pt", tmp_path / "executed"
    if how == "pickle":
        path.write_bytes(pickle.dumps(Evil(target)))
    elif how == "nothing":
        path.touch()
    else:
        torch.save(Evil(target), path)
    with pytest.raises(DataError, match=rf"weights\.pt: does not hold the weights of {network}"):
        build(network, path)
    assert not target.exists()


def test_a_file_of_another_hash_is_not_opened(tmp_path, script, monkeypatch):
    write_store(tmp_path / "a.h5", images=iter(np.zeros((2, 8, 8, 3), np.uint8)))
    opened = []
    monkeypatch.setattr(torch.jit, "load", lambda *args, **options: opened.append(args))
    monkeypatch.setattr(torch, "load", lambda *args, **options: opened.append(args))
    with pytest.raises(DataError, match=r"inception-2015-12-05\.pt: expected sha256 000.*snakemake .*inception"):
        embed_store(tmp_path / "a.h5", "inception", (script, "0" * 64), tmp_path / "out.h5")
    assert opened == []
    assert not (tmp_path / "out.h5").exists()


def test_a_store_is_embedded_and_says_what_made_it(tmp_path, script, cpu, rng):
    images = rng.integers(0, 256, (5, 12, 12, 3), dtype=np.uint8)
    write_store(tmp_path / "a.h5", images=iter(images))
    embed_store(tmp_path / "a.h5", "inception", (script, sha256_of(script)), tmp_path / "out.h5", "cpu")
    found = read_embeddings(tmp_path / "out.h5")
    assert found.values == pytest.approx(embed(images, "inception", script, cpu))
    assert found.values.dtype == np.float32
    assert found.embedder == Embedder("inception", sha256_of(script), "clean-fid, 299 px")
    assert found.images == sha256_of(tmp_path / "a.h5")


@pytest.mark.parametrize(
    "other",
    [
        Embedder("resnet18", EMBEDDER.weights, EMBEDDER.resize),
        Embedder("inception", "1" * 64, EMBEDDER.resize),
        Embedder("inception", EMBEDDER.weights, "legacy"),
    ],
)
def test_embeddings_of_another_embedder_are_refused_by_name_and_hash(tmp_path, other):
    values = np.zeros((2, 4), np.float32)
    write_embeddings(tmp_path / "a.h5", Embeddings(values, EMBEDDER, "1" * 64, ("a", "b")))
    write_embeddings(tmp_path / "b.h5", Embeddings(values, other, "2" * 64, ("a", "b")))
    paths = tmp_path / "a.h5", tmp_path / "b.h5"
    one, two = map(read_embeddings, paths)
    check_same_embedder(paths[0], one, paths[0], one)
    with pytest.raises(DataError) as error:
        check_same_embedder(paths[0], one, paths[1], two)
    for text in ("b.h5", "a.h5", str(EMBEDDER), str(other)):
        assert text in str(error.value)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"no HDF5"), "not a readable HDF5 file"),
        (lambda path: scalar(path), "not a readable file of embeddings"),
        (lambda path: write_store(path, images=iter(np.zeros((1, 2, 2, 3), np.uint8))), "not a readable file"),
        (
            lambda path: write_embeddings(
                path, Embeddings(np.full((2, 4), np.nan, np.float32), EMBEDDER, "", ("a", "b"))
            ),
            "expected finite embeddings",
        ),
    ],
)
def test_unreadable_embeddings_are_refused(tmp_path, spoil, message):
    spoil(tmp_path / "a.h5")
    with pytest.raises(DataError, match=message):
        read_embeddings(tmp_path / "a.h5")
