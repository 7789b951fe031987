"""Weights that others trained: a file is opened only when its bytes are the expected ones."""

from __future__ import annotations

from pathlib import Path

from pathgan.errors import DataError
from pathgan.files import sha256_of


def check_weights(path: Path, sha256: str) -> None:
    """Raises DataError unless the file has this sha256."""
    digest = sha256_of(path)
    if digest != sha256:
        raise DataError(
            f"{path}: expected sha256 {sha256}, got {digest}; it was not opened. Remove it, then put the right one "
            f"there or fetch it: snakemake {path}"
        )
