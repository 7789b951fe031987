"""One HDF5 file of embeddings per set of images, which says what made them of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from pathgan.errors import DataError
from pathgan.files import atomic
from pathgan.stores.hdf5_files import open_hdf5
from pathgan.stores.store import places_of, read_ids, write_ids


@dataclass(frozen=True)
class Embedder:
    """What turns images into vectors; vectors of two embedders must not be compared.

    weights: the sha256 of a file. resize: how images become the network's input.
    """

    network: str
    weights: str
    resize: str

    def __str__(self) -> str:
        return f"{self.network} (weights {self.weights}; resize {self.resize})"


@dataclass(frozen=True)
class Embeddings:
    """values: (n, d) float32, one row per image, or (n, n_planes, d) of focus stacks.

    images: the sha256 of the store that they were made of. ids: of its items.
    """

    values: NDArray[np.float32]
    embedder: Embedder
    images: str
    ids: tuple[str, ...]

    def of(self, wanted: Sequence[str], where: Path | str) -> NDArray[np.float32]:
        """The vectors of the items with these ids, in their order. Raises DataError for one that is not here."""
        return self.values[places_of(wanted, self.ids, where)]


def write_embeddings(path: Path, embeddings: Embeddings) -> None:
    with atomic(path) as temporary, h5py.File(temporary, "w") as file:
        file["embeddings"] = embeddings.values.astype(np.float32, copy=False)
        file.attrs.update({**asdict(embeddings.embedder), "images": embeddings.images})
        write_ids(file, embeddings.ids, len(embeddings.values), path)


def read_embeddings(path: Path) -> Embeddings:
    """Raises DataError for a file that is damaged, holds no embeddings, or NaN."""
    try:
        with open_hdf5(path) as file:
            values = np.asarray(file["embeddings"][:], np.float32)
            facts = {name: str(file.attrs[name]) for name in ("network", "weights", "resize", "images")}
            ids = tuple(read_ids(file))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: not a readable file of embeddings ({error}); make it again with --force") from error
    if values.ndim not in (2, 3) or not np.isfinite(values).all():
        raise DataError(
            f"{path}: expected finite embeddings (n, d) or (n, n_planes, d), got {values.shape} or NaN; make it again"
        )
    images = facts.pop("images")
    return Embeddings(values, Embedder(**facts), images, ids)


def check_same_embedder(path: Path | None, one: Embeddings, other_path: Path | None, other: Embeddings) -> None:
    """Raises DataError where the vectors of two sets must not be compared."""
    if one.embedder != other.embedder:
        raise DataError(
            f"{other_path}: made by {other.embedder}, but {path} by {one.embedder}: their distance means nothing; "
            "make both again"
        )
