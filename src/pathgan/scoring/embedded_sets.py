"""Embeddings of the images of a split and of samples, as scores compare them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pathgan.config.metric_names import of_network
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.scoring.score_files import Inputs
from pathgan.stores.embedding_file import Embedder, Embeddings, check_same_embedder, read_embeddings
from pathgan.stores.manifest import ids_of_split, read_manifest

T = TypeVar("T")


def compared(inputs: Inputs, split: str, category: str = "") -> tuple[Embeddings, Embeddings]:
    """Those of a split of the real images, of a class or of all, and of the samples. Raises DataError for stale or
    different ones."""
    real = of_split(inputs.real_embeddings, inputs.store, inputs.manifest, split, category)
    fake = fresh(inputs.fake_embeddings, inputs.predicted)
    check_same_embedder(inputs.real_embeddings, real, inputs.fake_embeddings, fake)
    return real, fake


def of_split(
    path: Path | None, store: Path | None, manifest: Path | None, split: str, category: str = ""
) -> Embeddings:
    """Those of the items of a split, of a class or of all, in the manifest's order."""
    assert path is not None
    assert manifest is not None
    embeddings, ids = fresh(path, store), ids_of_split(read_manifest(manifest), split, manifest.name, category)
    return replace(embeddings, values=embeddings.of(ids, path), ids=tuple(ids))


def named(scores: Mapping[str, T], embedder: Embedder, own: str = "inception") -> dict[str, T]:
    """Scores that rest on embeddings, by the names that they have on the features of this embedder.

    own: the network whose features need no other name.
    """
    network = embedder.network
    return {key if network == own else of_network(key, network): value for key, value in scores.items()}


def fresh(path: Path | None, images: Path | None) -> Embeddings:
    """Embeddings of the images as they are now. Raises DataError for others."""
    assert path is not None
    assert images is not None
    embeddings = read_embeddings(path)
    if embeddings.images != sha256_of(images):
        raise DataError(f"{path}: made of other images than {images} holds now; make it again with --force")
    return embeddings
