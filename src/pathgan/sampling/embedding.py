"""From images to embeddings by a network that somebody else trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.files import sha256_of
from pathgan.networks.checked_weights import check_weights
from pathgan.networks.pretrained import PRETRAINED, build
from pathgan.stores.embedding_file import Embedder, Embeddings, write_embeddings
from pathgan.stores.store import ImageStore
from pathgan.training.devices import Compute, compute_on

Item = TypeVar("Item")
BATCH = 16  # fixed: how a batch is cut may change the last bits of a convolution


def embed(images: Iterable[NDArray[np.uint8]], network: str, weights: Path, compute: Compute) -> NDArray[np.float32]:
    """Images (h, w, 3) of one size -> (n, d) float32."""
    prepare = PRETRAINED[network].prepare
    embedder = build(network, weights).to(compute.device)
    with torch.inference_mode():
        batches = (torch.stack(batch).to(compute.device) for batch in batched(map(prepare, images), BATCH))
        parts = [embedder(batch).cpu().numpy() for batch in batches]
    return np.concatenate(parts)


def embed_store(
    store: Path,
    network: str,
    weights: tuple[Path, str],
    out: Path,
    device: str = "auto",
    threads: int = 1,
) -> None:
    """Embeds the images of a store, of focus stacks each plane, and says what made them.

    `weights`: the file and its sha256. Raises DataError for a file of another sha256, which is never opened.
    """
    check_weights(*weights)
    compute = compute_on(device, threads, "fp32")
    with ImageStore(store) as file:
        values = embed(_images(file), network, weights[0], compute)
        if file.has("stacks"):
            values = values.reshape(file.count("stacks"), -1, values.shape[1])
        ids = tuple(file.ids)
    embedder = Embedder(network, weights[1], PRETRAINED[network].resize)
    write_embeddings(out, Embeddings(values, embedder, sha256_of(store), ids))


def _images(file: ImageStore) -> Iterator[NDArray[np.uint8]]:
    """Image by image, or plane by plane."""
    stacked = file.has("stacks")
    for part in batched(range(file.count("stacks" if stacked else "images")), BATCH):
        rows = np.array(part)
        yield from (plane for stack in file.stacks(rows) for plane in stack) if stacked else file.images(rows)


def batched(items: Iterable[Item], n: int) -> Iterator[tuple[Item, ...]]:
    """Runs of n items, the last one shorter (itertools.batched, which Python 3.11 lacks)."""
    rest = iter(items)
    while batch := tuple(islice(rest, n)):
        yield batch
