"""Data that stay on the device as uint8, in an order that depends on the seed and the iteration alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Literal, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pathgan.errors import DataError
from pathgan.networks.pixels import channels_first, to_unit

Augment = Literal["none", "flips", "sixfold", "traditional"]
Batch = dict[str, Tensor]
N_SIXFOLD = 6  # versions of each image in an epoch


class Data(Protocol):
    """What the loop draws batches from."""

    n_images: int  # of an epoch

    def iterations(self, epochs: int) -> int:
        """Iterations in which every image of an epoch is seen `epochs` times."""

    def epoch(self, iteration: int) -> float:
        """Epochs that lie behind before an iteration."""

    def batch(self, iteration: int) -> Batch:
        """Batch t depends on the seed and t alone."""


class TrainingData:
    """Aligned fields, uint8 (n, h, w) or (n, h, w, c), cut and turned alike; and where given one label per image.

    Batch t depends on (seed, t) alone: an epoch is a permutation, and a resumed run needs no position.
    """

    def __init__(
        self,
        fields: Mapping[str, NDArray[np.uint8]],
        batch_size: int,
        crop_px: int,
        augment: Augment,
        seed: int,
        device: torch.device,
        load_px: int | None = None,
        labels: NDArray[np.int64] | None = None,
        n_batches: int = 1,
        share: tuple[int, int] = (0, 1),
    ):
        """n_batches: how many batches of `batch_size` images are drawn at once, for as many updates per iteration.

        share: (which, of how many) processes that train together; each gets `batch_size` images of a batch of all.
        """
        sizes = {name: field.shape[:3] for name, field in fields.items()}
        (n, height, width), *others = sizes.values()
        if any(other != (n, height, width) for other in others):
            raise DataError(f"fields of a training set differ in shape: {sizes}")
        self._shape = (load_px, load_px) if load_px else (height, width)
        if min(self._shape) < crop_px:
            raise DataError(
                f"images of {self._shape[1]} x {self._shape[0]} px are smaller than training.crop_px = {crop_px}; "
                f"lower it or raise {'training.load_px' if load_px else 'tiles.tile_px'}"
            )
        together = batch_size * share[1]
        if n < together:
            times = f" x training.gpus = {share[1]}" if share[1] > 1 else ""
            raise DataError(f"{n} training images are fewer than training.batch_size = {batch_size}{times}")
        self._fields = {
            name: torch.from_numpy(np.ascontiguousarray(field)).to(device) for name, field in fields.items()
        }
        self._labels = None if labels is None else torch.from_numpy(labels).to(device)
        self._batch_size, self._crop_px, self._augment, self._seed = together * n_batches, crop_px, augment, seed
        mine = range(batch_size * share[0], batch_size * (share[0] + 1))
        self._mine = [place % together in mine for place in range(self._batch_size)]
        self._n_versions = N_SIXFOLD if augment == "sixfold" else 1
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self.n_images = n * self._n_versions

    def iterations(self, epochs: int) -> int:
        """Iterations in which every image is seen `epochs` times."""
        return -(-epochs * self.n_images // self._batch_size)

    def batch(self, iteration: int) -> Batch:
        """Field -> (batch, c, crop_px, crop_px) float32 in [0, 1]; `label` -> (batch,) int64."""
        rng = np.random.default_rng((self._seed, 1, iteration))
        size, parts = self._crop_px, []
        rows = [self._row(iteration * self._batch_size + offset) for offset in range(self._batch_size)]
        for row, mine in zip(rows, self._mine, strict=True):
            y, x = (int(rng.integers(0, side - size + 1)) for side in self._shape)
            index, version = divmod(row, self._n_versions)
            turn = self._turn(rng, version)
            if not mine:  # its random numbers are drawn all the same
                continue
            images = {name: self._loaded(field[index]) for name, field in self._fields.items()}
            parts.append({name: turn(image[y : y + size, x : x + size]) for name, image in images.items()})
        batch = {name: channels_first(torch.stack([part[name] for part in parts])).div(255) for name in self._fields}
        if self._augment == "traditional":
            batch["image"] = _perturb(batch["image"], rng, np.array(self._mine))
        if self._labels is None:
            return batch
        own = [row // self._n_versions for row, mine in zip(rows, self._mine, strict=True) if mine]
        return batch | {"label": self._labels[own]}

    def epoch(self, iteration: int) -> float:
        """Epochs that lie behind before an iteration."""
        return iteration * self._batch_size / self.n_images

    def _loaded(self, image: Tensor) -> Tensor:
        """(h, w) or (h, w, c) uint8 at the size that crops are cut from."""
        if image.shape[:2] == self._shape:
            return image
        enlarged = F.interpolate(
            channels_first(image[None]).div(255), self._shape, mode="bilinear", align_corners=False
        )
        return (255 * enlarged[0]).round().to(torch.uint8).permute(1, 2, 0).reshape(*self._shape, *image.shape[2:])

    def _row(self, position: int) -> int:
        epoch, place = divmod(position, self.n_images)
        if self._order[0] != epoch:
            self._order = (epoch, np.random.default_rng((self._seed, 0, epoch)).permutation(self.n_images))
        return int(self._order[1][place])

    def _turn(self, rng: np.random.Generator, version: int):  # type: ignore[no-untyped-def]
        """One of the square's symmetries: two with flips, all eight with `traditional`, the given one of `sixfold`."""
        if self._augment == "none":
            return lambda tile: tile
        if self._augment == "sixfold":
            return partial(_version, version)
        flip, quarters = bool(rng.integers(2)), int(rng.integers(4)) if self._augment == "traditional" else 0

        def turn(tile: Tensor) -> Tensor:
            tile = tile.flip(1) if flip else tile
            return torch.rot90(tile, quarters, (0, 1))

        return turn


def _version(version: int, tile: Tensor) -> Tensor:
    """MI-GAN, Sec. 3: the image, turned by 90, 180, 270 degrees, mirrored up-down, mirrored left-right."""
    return torch.rot90(tile, version, (0, 1)) if version < 4 else tile.flip(version - 4)


class Unpaired:
    """Two sets of images, each in an order of its own; an epoch is one of the larger."""

    def __init__(self, source: TrainingData, target: TrainingData):
        self._source, self._target = source, target
        self._larger = max(source, target, key=lambda data: data.n_images)
        self.n_images = self._larger.n_images

    def iterations(self, epochs: int) -> int:
        return self._larger.iterations(epochs)

    def epoch(self, iteration: int) -> float:
        return self._larger.epoch(iteration)

    def batch(self, iteration: int) -> Batch:
        """source and target (batch, 3, crop_px, crop_px)."""
        return {
            "source": self._source.batch(iteration)["image"],
            "target": self._target.batch(iteration)["image"],
        }


def one_batch(fields: Mapping[str, NDArray[np.uint8]], index: int, device: torch.device) -> Batch:
    """One whole image of every field as a batch, uncropped and unturned."""
    return {name: to_unit(field[index : index + 1], device) for name, field in fields.items()}


def _perturb(image: Tensor, rng: np.random.Generator, mine: NDArray[np.bool_]) -> Tensor:
    """Median blur of one image in four, and stain strength a channel; (n, 3, h, w) in [0, 1], those of a batch that are
    `mine`."""
    blurred = torch.from_numpy((rng.random(len(mine)) < 0.25)[mine]).to(image.device)
    windows = F.pad(image, (1, 1, 1, 1), mode="replicate").unfold(2, 3, 1).unfold(3, 3, 1).flatten(4)
    median = windows.sort(-1).values[..., 4]  # torch.median has no deterministic form on GPUs
    image = torch.where(blurred[:, None, None, None], median, image)
    strengths = rng.uniform(0.9, 1.1, (len(mine), 3, 1, 1))[mine]
    strength = torch.from_numpy(strengths.astype(np.float32)).to(image.device)
    return image.clamp(min=1 / 255).pow(strength).clamp(0, 1)  # a power of light is a factor of optical density
