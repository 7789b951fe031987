"""The papers' trainings on random images: one of each recipe in each paper, at the sizes of a preset."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from pathgan.config.loading import declared_presets, load_paper
from pathgan.config.runs.classification_run import ClassificationRun
from pathgan.config.runs.run import TrainedRun
from pathgan.masks.polygon_maps import random_polygons
from pathgan.networks.classifiers import Classifier
from pathgan.recipes.classification import Classification
from pathgan.stores.focus_stacks import N_PLANES
from pathgan.training.devices import Compute, compute_on
from pathgan.training.loop import Recipe
from pathgan.training.resident_data import Data, TrainingData

PAPERS = Path(__file__).parents[1] / "config" / "papers"
N_IMAGES = 8  # or as many as a batch has
N_CLASSES = 2


@dataclass(frozen=True)
class RandomSource:
    """Stands where a `Source` does: n random images of px x px, with random nuclei."""

    n: int
    px: int
    seed: int
    manifest: str = "random images"
    images: str = "random images"
    instances: str = "random images"
    resumed_stale: Mapping[str, str] | None = None

    def images_of_split(self) -> NDArray[np.uint8]:
        return self._pixels(self.n, self.px, self.px, 3)

    def images_to_crop(self, load_px: int | None) -> NDArray[np.uint8]:
        side = load_px or self.px
        return self._pixels(self.n, side, side, 3)

    def stacks_of_split(self) -> NDArray[np.uint8]:
        return self._pixels(self.n, N_PLANES, self.px, self.px, 3)

    def maps(self, draw: Callable[[NDArray[np.int32]], NDArray[np.uint8]]) -> NDArray[np.uint8]:
        return np.stack([draw(one) for one in self._polygons])

    @cached_property
    def _polygons(self) -> NDArray[np.int32]:
        return random_polygons(self.n, self.px, self.seed)

    def _pixels(self, *shape: int) -> NDArray[np.uint8]:
        return np.random.default_rng(self.seed).integers(0, 256, shape, dtype=np.uint8)


def trainings(preset: str) -> dict[str, TrainedRun]:
    """`recipe, paper` -> the run of that recipe in that paper with the most losses, of several the first.

    Papers that only put other data into another paper are left out.
    """
    found: dict[str, TrainedRun] = {}
    for file in sorted(PAPERS.glob("*.yaml")):
        if preset not in declared_presets(file) or "extends:" in file.read_text(encoding="utf-8"):
            continue
        for run in load_paper(file, preset).runs.values():
            name = f"{run.recipe}, {file.stem}"
            if isinstance(run, TrainedRun) and (name not in found or _n_losses(run) > _n_losses(found[name])):
                found[name] = run
    return found


def _n_losses(run: TrainedRun) -> int:
    return len(getattr(run, "losses", ()))


def sources_of(run: TrainedRun) -> dict[str, RandomSource]:
    """What the run is trained on and judged by."""
    n = max(N_IMAGES, run.training.batch_size)
    return {
        name: RandomSource(n, run.training.crop_px, zlib.crc32(name.encode()), resumed_stale={}) for name in run.uses
    }


def in_precision(run: TrainedRun, precision: str) -> tuple[TrainedRun, bool]:
    """The run with that precision, and whether matrix products may round to TF32."""
    training = run.training.model_copy(update={"precision": "bf16" if precision == "bf16" else "fp32"})
    return run.model_copy(update={"training": training}), precision == "tf32"


def compute_for(run: TrainedRun, device: str, threads: int, tf32: bool = False) -> Compute:
    compute = compute_on(device, threads, run.training.precision)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    return compute


def finish(compute: Compute) -> None:
    """Waits until a GPU has done its work."""
    if compute.device.type == "cuda":
        torch.cuda.synchronize()


def set_up(run: TrainedRun, compute: Compute, dropout: bool = True) -> tuple[Recipe, Data]:
    """A recipe with its first weights, always the same, and its data. Without dropout, devices can be compared."""
    torch.manual_seed(0)
    if isinstance(run, ClassificationRun):
        recipe, data = _classification(run, compute)
    else:
        prepared = set_up_of(run)(run, sources_of(run), 0, compute)
        recipe, data = prepared.recipe, prepared.data
    if not dropout:
        for network in recipe.networks.values():
            for module in network.modules():
                if isinstance(module, nn.Dropout):
                    module.p = 0.0
    return recipe, data


def set_up_of(run: TrainedRun) -> Callable[..., Any]:
    """The function that its trainer, one of `train_in_loop`, sets it up with."""
    function: Callable[..., Any] = import_module(run.trainer).set_up
    return function


def _classification(run: ClassificationRun, compute: Compute) -> tuple[Recipe, Data]:
    options = run.training
    n = max(N_IMAGES, options.batch_size)
    images = RandomSource(n, options.crop_px, 0).images_of_split()
    recipe = Classification(run, Classifier(run.network, N_CLASSES, None, run.auxiliary_weight > 0), compute)
    labels = np.arange(n) % N_CLASSES
    return recipe, TrainingData(
        {"image": images}, options.batch_size, options.crop_px, options.augment, 0, compute.device, labels=labels
    )
