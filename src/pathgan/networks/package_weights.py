"""Weights as packages carry them -> tensors by the names of the architectures that we load them into."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy._core.multiarray import _reconstruct
from numpy.typing import NDArray
from safetensors.torch import save
from torch import Tensor

from pathgan.config.weights import Package
from pathgan.networks.checked_weights import weights_of

Tensors = dict[str, Tensor]
# What a pickle of numpy arrays needs, by the names of numpy 1 and 2. Nothing else is ever looked up.
ARRAYS = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
}
# Places of the convolutions among the layers of torchvision's `features`.
VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
ALEXNET = (0, 3, 6, 8, 10)
FIRES = {"fire2": 3, "fire3": 4, "fire4": 6, "fire5": 7, "fire6": 9, "fire7": 10, "fire8": 11, "fire9": 12}


def convert(network: str, data: bytes, package: Package) -> bytes:
    """The file of a package as safetensors, with `package` in its header. Raises DataError for other weights.

    A pickle that refers to anything but arrays and tensors is refused before it could do something.
    """
    with weights_of(network, f"{package.archive}: {package.member}"):
        tensors = _CONVERTERS[network](data)
    # One entry: safetensors writes several in an order of its own.
    return save(tensors, metadata={"origin": package.model_dump_json()})


class ArraysOnly(pickle.Unpickler):
    """Builds numpy arrays in plain containers, and refuses to look up anything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"refers to {module}.{name}; expected numpy arrays alone")
        return ARRAYS[module, name]


def _arrays(data: bytes) -> Any:
    return ArraysOnly(io.BytesIO(data), encoding="latin1").load()


def _lite0(data: bytes) -> Tensors:
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    return {name: value.contiguous() for name, value in state.items()}


def _squeezenet(data: bytes) -> Tensors:
    """Keras' kernels (h, w, in, out), by torchvision's names of SqueezeNet 1.1."""
    layers: Mapping[str, Any] = _arrays(data)
    names = {"conv1": "features.0", "conv10": "classifier.1"}
    for fire, place in FIRES.items():
        for theirs, ours in (("squeeze1x1", "squeeze"), ("expand1x1", "expand1x1"), ("expand3x3", "expand3x3")):
            names[f"{fire}/{theirs}"] = f"features.{place}.{ours}"
    return _named({ours: (layers[theirs][0], layers[theirs][1]) for theirs, ours in names.items()})


def _lpips(trunk: str, places: tuple[int, ...]) -> Callable[[bytes], Tensors]:
    """Flax' kernels (h, w, in, out) of a trunk, by torchvision's names, and the five heads of LPIPS as `heads.k`."""

    def read(data: bytes) -> Tensors:
        tree: Mapping[str, Any] = _arrays(data)
        parts = [tree[f"{trunk}_0"][f"Conv_{k}"] for k in range(len(places))]
        layers = {f"features.{at}": (part["kernel"], part["bias"]) for at, part in zip(places, parts, strict=True)}
        heads = [np.asarray(tree[f"NetLinLayer_{k}"]["Conv_0"]["kernel"]).reshape(-1) for k in range(5)]
        return _named(layers) | {f"heads.{k}": _tensor(head) for k, head in enumerate(heads)}

    return read


def _named(layers: Mapping[str, tuple[Any, Any]]) -> Tensors:
    state = {}
    for name, (kernel, bias) in layers.items():
        state[f"{name}.weight"] = _tensor(np.asarray(kernel).transpose(3, 2, 0, 1))
        state[f"{name}.bias"] = _tensor(np.asarray(bias).reshape(-1))
    return state


def _tensor(values: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))


_CONVERTERS: dict[str, Callable[[bytes], Tensors]] = {
    "lite0": _lite0,
    "squeezenet": _squeezenet,
    "vgg16": _lpips("VGG16", VGG16),
    "lpips_alex": _lpips("AlexNet", ALEXNET),
}
