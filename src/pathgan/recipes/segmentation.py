"""`segmentation`: a SegNet that tells nucleus from background, and the watershed that parts nuclei."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs import SegmentationRun
from pathgan.errors import DataError
from pathgan.masks import separated
from pathgan.networks import SegmentationNetwork
from pathgan.recipes.sources import Source
from pathgan.training.data import Batch
from pathgan.training.devices import Compute
from pathgan.training.optimizers import descend


class Segmentation:
    """The network of a `SegmentationRun` and its stochastic gradient descent."""

    loss_names: tuple[str, ...] = ("cross_entropy",)

    def __init__(self, run: SegmentationRun, compute: Compute):
        self.compute = compute
        segmenter = build_segmenter(run).to(compute.device)
        self.networks: dict[str, nn.Module] = {"segmenter": segmenter}
        self.optimizers: dict[str, Optimizer] = {
            "segmenter": torch.optim.SGD(
                segmenter.parameters(),
                lr=run.training.learning_rate,
                momentum=run.optimizer.momentum,
                weight_decay=run.optimizer.weight_decay,
            )
        }

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: image (n, 3, h, w) and target (n, 1, h, w) in [0, 1]."""
        with self.compute.autocast():
            logits = self.networks["segmenter"](2 * batch["image"] - 1)
        loss = F.binary_cross_entropy_with_logits(logits.float(), batch["target"])
        descend(self.optimizers["segmenter"], loss)
        return {"cross_entropy": loss.detach()}


def build_segmenter(run: SegmentationRun) -> SegmentationNetwork:
    if run.training.crop_px % 2**run.network.stages:
        raise DataError(
            f"training.crop_px = {run.training.crop_px} is no multiple of 2^stages = {2**run.network.stages}; "
            "change it or network.stages"
        )
    return SegmentationNetwork(run.network.width, run.network.stages)


def training_fields(sources: list[Source]) -> dict[str, NDArray[np.uint8]]:
    """image, and target: 1 inside nuclei, 0 outside and where two nuclei touch; all sources one after another."""
    images = [source.images_of_split() for source in sources]
    shapes = {array.shape[1:] for array in images}
    if len(shapes) > 1:
        raise DataError(f"train_on: the sets have tiles of different sizes: {sorted(shapes)}; make them equal")
    return {
        "image": np.concatenate(images),
        "target": np.concatenate([source.maps(separated) for source in sources]),
    }


@torch.inference_mode()
def segment(
    run: SegmentationRun,
    segmenter: SegmentationNetwork,
    images: NDArray[np.uint8],
    compute: Compute,
    batch_size: int = 8,
) -> Iterator[NDArray[np.int32]]:
    """Instance maps (h, w) int32 of images (n, h, w, 3) uint8."""
    from pathgan.masks.watershed import instances_from_probability  # here: training does without scikit-image

    segmenter.eval()
    for start in range(0, len(images), batch_size):
        x = torch.from_numpy(images[start : start + batch_size]).to(compute.device).permute(0, 3, 1, 2).float()
        with compute.autocast():
            probability = torch.sigmoid(segmenter(x / 127.5 - 1).float())[:, 0].cpu().numpy()
        for field in probability:
            yield instances_from_probability(field, run.watershed)
