"""`segmentation`: a SegNet that tells nucleus from background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.segmentation_run import SegmentationRun
from pathgan.errors import DataError
from pathgan.masks.maps import quantised, separated
from pathgan.networks.segnet import segnet_of
from pathgan.stores.source import Source
from pathgan.training.devices import Compute
from pathgan.training.optimizers import descend, sgd
from pathgan.training.resident_data import Batch
from pathgan.training.run_training import Fields, Prepared, Work, resident, train_in_loop


class Segmentation:
    """The network of a `SegmentationRun` and its stochastic gradient descent."""

    loss_names: tuple[str, ...] = ("cross_entropy",)

    def __init__(self, run: SegmentationRun, compute: Compute):
        self.compute = compute
        segmenter = segnet_of(run.network, run.training.crop_px).to(compute.device)
        self.networks: dict[str, nn.Module] = {"segmenter": segmenter}
        self.optimizers: dict[str, Optimizer] = {
            "segmenter": sgd(segmenter.parameters(), run.optimizer, run.training.learning_rate)
        }

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: image (n, 3, h, w) and target (n, 1, h, w) in [0, 1]."""
        with self.compute.autocast():
            logits = self.networks["segmenter"](2 * batch["image"] - 1)
        loss = F.binary_cross_entropy_with_logits(logits.float(), batch["target"])
        descend(self.optimizers["segmenter"], loss)
        return {"cross_entropy": loss.detach()}


def training_fields(sources: Sequence[Source]) -> Fields:
    """image, and target: 1 inside nuclei, 0 outside and where two nuclei touch; all sources one after another."""
    images = [source.images_of_split() for source in sources]
    shapes = {array.shape[1:] for array in images}
    if len(shapes) > 1:
        raise DataError(f"train_on: the sets have tiles of different sizes: {sorted(shapes)}; make them equal")
    return {
        "image": np.concatenate(images),
        "target": np.concatenate([source.maps(lambda one: quantised(separated(one))) for source in sources]),
    }


def set_up(run: SegmentationRun, sources: Mapping[str, Source], seed: int, compute: Compute) -> Prepared:
    """It learns from all sources alike."""
    fields = training_fields([sources[name] for name in run.train_on])
    nuclei = Segmentation(run, compute)
    exported = {"weights": nuclei.networks["segmenter"]}
    return Prepared(nuclei, resident(run.training, fields, seed, compute), exported, fields)


def train(run: SegmentationRun, work: Work) -> None:
    """Trains a run; see `run_training`."""
    train_in_loop(run, work, set_up)
