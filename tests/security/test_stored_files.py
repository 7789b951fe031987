"""Stores, weights, checkpoints and polygons that somebody else wrote: nothing outside of them is read, and no NaN."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from attacks import Attack
from safetensors.torch import save_file
from torch import Tensor, nn

from pathgan.datasets.xml_polygons import read_monuseg_xml
from pathgan.errors import DataError
from pathgan.stores.embedding_file import read_embeddings
from pathgan.stores.store import ImageStore, write_store
from pathgan.training.checkpoints import MAGIC, Checkpoints
from pathgan.training.weight_files import load_weights, save_weights

ITEM = np.zeros((4, 4, 3), np.uint8)


def store(path: Path, change: Callable[[h5py.File], object]) -> None:
    write_store(path, ["a"], images=iter([ITEM]))
    with h5py.File(path, "a") as file:
        change(file)


def external_link(file: h5py.File) -> None:
    file["other"] = h5py.ExternalLink("/etc/secret.h5", "/images")


def external_bytes(file: h5py.File) -> None:
    file.create_dataset("other", (64,), "u1", external=[("/etc/passwd", 0, 64)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "u1")
    layout[:] = h5py.VirtualSource("/etc/secret.h5", "images", (4,))
    file.create_virtual_dataset("other", layout)


def declared(file: h5py.File) -> None:
    file.create_dataset("other", (2**40,), "u1", chunks=(2**20,))


STORES = {
    "a store with a link into another file": Attack(external_link, "other: a link, expected a data set"),
    "a store with a link to another name": Attack(
        lambda file: file.__setitem__("other", h5py.SoftLink("/images")), "other: a link"
    ),
    "a store whose bytes lie in /etc/passwd": Attack(external_bytes, "other: its bytes lie in other files"),
    "a store that maps another file": Attack(virtual, "other: its bytes lie in other files"),
    "a store that declares a terabyte and stores nothing": Attack(declared, "declares 1099.51 GB and stores 0 bytes"),
    "a store with a group": Attack(lambda file: file.create_group("other"), "a group, expected a data set"),
}


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    store(tmp_path / "s.h5", STORES[name].do)
    with pytest.raises(DataError, match=STORES[name].said) as raised:
        ImageStore(tmp_path / "s.h5")
    assert str(raised.value).startswith(f"{tmp_path}/s.h5: ")
    with pytest.raises(DataError, match=STORES[name].said):
        read_embeddings(tmp_path / "s.h5")


class Norm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2)


def weights(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        tensors = {name: value.clone() for name, value in Norm().state_dict().items()}
        change(tensors)
        save_file(tensors, path)

    return write


def poke(name: str, value: float) -> Callable[[dict[str, Tensor]], object]:
    return lambda tensors: tensors[name].fill_(value)


def cut(path: Path) -> None:
    save_weights(Norm(), path)
    path.write_bytes(path.read_bytes()[:-3])


def lying_header(path: Path) -> None:
    save_weights(Norm(), path)
    path.write_bytes((2**60).to_bytes(8, "little") + path.read_bytes()[8:])


WEIGHTS = {
    "weights with NaN": Attack(weights(poke("norm.weight", float("nan"))), "norm.weight: holds NaN or infinity"),
    "weights with infinity": Attack(weights(poke("norm.bias", float("-inf"))), "norm.bias: holds NaN or infinity"),
    "weights with a negative variance": Attack(weights(poke("norm.running_var", -1)), "holds a negative variance"),
    "weights of 16 bits": Attack(
        weights(lambda tensors: tensors.update({"norm.bias": tensors["norm.bias"].half()})),
        r"expected \(2,\) torch.float32, got \(2,\) torch.float16",
    ),
    "weights of another shape": Attack(
        weights(lambda tensors: tensors.update({"norm.bias": torch.zeros(3)})), r"got \(3,\) torch.float32"
    ),
    "weights with a tensor too many": Attack(
        weights(lambda tensors: tensors.update({"more": torch.zeros(3)})), "more: a tensor that the network does not"
    ),
    "weights with a tensor too few": Attack(
        weights(lambda tensors: tensors.pop("norm.bias")), "norm.bias: the tensor is missing"
    ),
    "weights that end early": Attack(cut, "not a readable file of weights"),
    "weights whose header declares an exabyte": Attack(lying_header, "not a readable file of weights"),
    "a pickle named .safetensors": Attack(
        lambda path: path.write_bytes(pickle.dumps({"a": 1})), "not a readable file of weights"
    ),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_are_not_this_networks_are_refused(name: str, tmp_path: Path) -> None:
    WEIGHTS[name].do(path := tmp_path / "w.safetensors")
    network = Norm()
    with pytest.raises(DataError, match=WEIGHTS[name].said) as raised:
        load_weights(network, path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)
    assert all(value.isfinite().all() for value in network.state_dict().values())


class Bomb:
    """What a pickle can make Python do."""

    def __reduce__(self) -> tuple[object, ...]:
        return print, ("the code of a checkpoint was run",)


def checkpoint(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return MAGIC + hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue()


STATES = {
    "a checkpoint whose pickle runs code": checkpoint({"fingerprint": "f", "code": "", "a": Bomb()}),
    "a checkpoint that is a bare pickle": pickle.dumps(Bomb()),
    "a checkpoint that is a list": checkpoint([1, 2]),
    "a checkpoint without a fingerprint": checkpoint({"code": ""}),
    "an empty checkpoint": b"",
}


@pytest.mark.parametrize("name", STATES)
def test_training_goes_on_from_the_older_checkpoint(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = Checkpoints(tmp_path, "f")
    states.save(3, {"a": 1})
    (tmp_path / "checkpoint-000000009.pt").write_bytes(STATES[name])
    found = Checkpoints(tmp_path, "f").latest()
    assert found is not None
    assert (found["iteration"], found["a"]) == (3, 1)
    assert "was run" not in capsys.readouterr().out


def annotation(vertex: str, head: str = "") -> str:
    return f"{head}<A><Region><Vertices>{vertex * 3}</Vertices></Region></A>"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
POLYGONS = {
    "XML without Y": Attack(lambda path: path.write_text(annotation("<Vertex X='1'/>")), "region 1: .* got {'X': '1'}"),
    "XML with a NaN": Attack(lambda path: path.write_text(annotation("<Vertex X='nan' Y='1'/>")), "region 1"),
    "XML with an endless coordinate": Attack(
        lambda path: path.write_text(annotation("<Vertex X='1e308' Y='1'/>")), "region 1"
    ),
    "XML whose entities grow without end": Attack(
        lambda path: path.write_text(
            annotation("<Vertex X='1' Y='1'>&l9;</Vertex>", f'<!DOCTYPE A [<!ENTITY l0 "lol">{LAUGHS}]>')
        ),
        "damaged XML .*amplification",
    ),
    "XML that asks for /etc/passwd": Attack(
        lambda path: path.write_text(
            annotation("<Vertex X='1' Y='1'>&x;</Vertex>", '<!DOCTYPE A [<!ENTITY x SYSTEM "file:///etc/passwd">]>')
        ),
        "damaged XML .*undefined entity",
    ),
    "a web page named .xml": Attack(
        lambda path: path.write_text("<html><body/></html>"), "expected Annotations with Regions, got a html"
    ),
    "XML with a nucleus of 9,000 corners": Attack(
        lambda path: path.write_text(annotation("<Vertex X='1' Y='1'/>" * 3000)), "9000 vertices, expected up to 5000"
    ),
    "XML of an unknown encoding": Attack(
        lambda path: path.write_bytes(b"<?xml version='1.0' encoding='no-such'?><A/>"), "damaged XML"
    ),
}


@pytest.mark.parametrize("name", POLYGONS)
def test_polygons_that_are_none_are_refused(name: str, tmp_path: Path) -> None:
    POLYGONS[name].do(path := tmp_path / "a.xml")
    with pytest.raises(DataError, match=POLYGONS[name].said) as raised:
        read_monuseg_xml(path, (8, 8))
    assert "\n" not in str(raised.value)


ATTACKS = (
    STORES
    | WEIGHTS
    | POLYGONS
    | {name: Attack(lambda: None, verdict="passed over; the older one is taken") for name in STATES}
)
