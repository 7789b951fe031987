"""From images to embeddings by a network that somebody else trained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.models import Weights
from pathgan.datasets.embeddings import Embedder, Embeddings, write_embeddings
from pathgan.datasets.store import ImageStore, read_manifest, rows_of_split
from pathgan.errors import DataError
from pathgan.files import sha256_of
from pathgan.networks.pretrained import PRETRAINED, RANDOM_SEED, build
from pathgan.training.devices import Compute, compute_on

BATCH = 16  # fixed: how a batch is cut may change the last bits of a convolution


def embed(images: NDArray[np.uint8], network: str, weights: Path | None, compute: Compute) -> NDArray[np.float32]:
    """(n, h, w, 3) uint8 -> (n, d) float32; `weights` None for the random stand-in.

    Raises DataError where the network in the file puts out vectors of another length.
    """
    prepare, d = PRETRAINED[network].prepare, PRETRAINED[network].d
    embedder = build(network, weights).to(compute.device)

    def batches() -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(images), BATCH):
            batch = torch.stack([prepare(image) for image in images[start : start + BATCH]])
            yield embedder(batch.to(compute.device)).cpu().numpy()

    with torch.inference_mode():
        values = np.concatenate(list(batches()))
    if values.shape[1:] != (d,):
        raise DataError(f"{weights}: expected a network with {d} features, got {values.shape[1:]}; fetch it again")
    return values


def embed_store(
    store: Path,
    manifest: Path | None,
    split: str,
    network: str,
    weights: tuple[Path, Weights] | None,
    out: Path,
    device: str = "auto",
    threads: int = 1,
) -> None:
    """Embeds the images of a store, or with a manifest those of a split, and says what made them.

    `weights`: the file and what it should be; None for the random stand-in. Raises DataError for a file of
    another sha256, which is never opened.
    """
    if weights is not None:
        check_weights(*weights)
    rows = None if manifest is None else rows_of_split(read_manifest(manifest), split, manifest.name)
    with ImageStore(store) as file:
        images = file.images(rows)
    compute = compute_on(device, threads, "fp32")  # type: ignore[arg-type]
    values = embed(images, network, weights and weights[0], compute)
    digest = weights[1].sha256 if weights else f"random, seed {RANDOM_SEED}"
    embedder = Embedder(network, digest, PRETRAINED[network].resize)
    write_embeddings(out, Embeddings(values, embedder, sha256_of(store)))


def check_weights(path: Path, expected: Weights) -> None:
    """Raises DataError unless the file is the one that the configuration names."""
    digest = sha256_of(path)
    if digest != expected.sha256:
        raise DataError(
            f"{path}: expected sha256 {expected.sha256}, got {digest}; it was not opened. Remove it, then fetch "
            f"{expected.url}"
        )
