"""One HDF5 file of embeddings a set of images, which says what made them of what."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from pathgan.datasets.store import read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import atomic, sha256_of


@dataclass(frozen=True)
class Embedder:
    """What turns images into vectors; vectors of two embedders must not be compared.

    weights: the sha256 of a file, or `random, seed N`. resize: how images become the network's input.
    """

    network: str
    weights: str
    resize: str

    @property
    def is_random(self) -> bool:
        return self.weights.startswith("random")

    def __str__(self) -> str:
        return f"{self.network} (weights {self.weights}; resize {self.resize})"


@dataclass(frozen=True)
class Embeddings:
    """values: (n, d) float32, one row an image. images: the `image_set_digest` of what they were made of."""

    values: NDArray[np.float32]
    embedder: Embedder
    images: str


def image_set_digest(store: Path, manifest: Path | None = None, split: str = "all") -> str:
    """Names a set of images by its bytes: the sha256 of a store, and of the ids of the rows where a split is meant."""
    digest = sha256_of(store)
    if manifest is None:
        return digest
    rows = read_manifest(manifest)
    ids = [f"{row} {rows[row]['id']}" for row in rows_of_split(rows, split, manifest.name)]
    return hashlib.sha256("\n".join([digest, *ids]).encode()).hexdigest()


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file["embeddings"] = embeddings.values.astype(np.float32, copy=False)
        file.attrs.update({**asdict(embeddings.embedder), "images": embeddings.images})


def read_embeddings(path: Path) -> Embeddings:
    """Raises DataError for a file that is damaged, holds no embeddings, or NaN."""
    try:
        with h5py.File(path, "r") as file:
            values = np.asarray(file["embeddings"][:], np.float32)
            facts = {name: str(file.attrs[name]) for name in ("network", "weights", "resize", "images")}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a readable file of embeddings ({error}); make it again with --force") from error
    if values.ndim != 2 or not np.isfinite(values).all():
        raise DataError(f"{path}: expected finite embeddings (n, d), got shape {values.shape} or NaN; make it again")
    images = facts.pop("images")
    return Embeddings(values, Embedder(**facts), images)


def read_pair(real: Path, fake: Path) -> tuple[Embeddings, Embeddings]:
    """Two sets that may be compared. Raises DataError where their embedders differ."""
    a, b = read_embeddings(real), read_embeddings(fake)
    if a.embedder != b.embedder:
        raise DataError(
            f"{fake}: made by {b.embedder}, but {real} by {a.embedder}: their distance means nothing; make both again"
        )
    return a, b
