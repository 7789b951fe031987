"""Weights that others trained: a file is opened only when its bytes are the expected ones."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from pathgan.errors import DataError
from pathgan.files import sha256_of

UNREADABLE = (
    *(RuntimeError, KeyError, AttributeError, TypeError, ValueError, EOFError),
    *(pickle.UnpicklingError, SafetensorError),
)


def check_weights(path: Path, sha256: str) -> None:
    """Raises DataError unless the file has this sha256."""
    digest = sha256_of(path)
    if digest != sha256:
        raise DataError(
            f"{path}: expected sha256 {sha256}, got {digest}; it was not opened. Remove it, then put the right one "
            f"there or fetch it: snakemake {path}"
        )


@contextmanager
def weights_of(network: str, where: Path | str) -> Iterator[None]:
    """Around what reads a file: raises DataError for one that does not hold the network's weights."""
    try:
        yield
    except UNREADABLE as error:
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise DataError(f"{where}: does not hold the weights of {network} ({first}); remove it and fetch it") from error
