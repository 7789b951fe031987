"""Instances that a trained segmenter finds in images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.runs.segmentation_run import SegmentationRun
from pathgan.config.runs.watershed_options import Watershed
from pathgan.masks.watershed import instances_from_probability
from pathgan.networks.pixels import to_signed
from pathgan.networks.segnet import SegmentationNetwork, segnet_of
from pathgan.stores.source import Source
from pathgan.stores.store import ImageStore, write_store
from pathgan.stores.weight_facts import facts_of, merged
from pathgan.training.devices import Compute, compute_on
from pathgan.training.weight_files import load_weights


def segment_source(
    run: SegmentationRun, weights: Path, source: Source, out: Path, device: str = "auto", threads: int = 1
) -> int:
    """Writes the instances that `weights` find in the images of `source`; returns the number of images."""
    compute = compute_on(device, threads, run.training.precision)
    segmenter = load_weights(segnet_of(run.network, run.training.crop_px), weights).to(compute.device)
    with ImageStore(source.images) as store:
        facts = merged([store.facts, facts_of(weights)])
    found = segment(segmenter, run.watershed, source.images_of_split(), compute)
    return write_store(out, source.ids, facts, instances=found)


@torch.inference_mode()
def segment(
    segmenter: SegmentationNetwork,
    watershed: Watershed,
    images: NDArray[np.uint8],
    compute: Compute,
    batch_size: int = 8,
) -> Iterator[NDArray[np.int32]]:
    """Instance maps (h, w) int32 of images (n, h, w, 3) uint8."""
    segmenter.eval()
    for start in range(0, len(images), batch_size):
        with compute.autocast():
            logits = segmenter(to_signed(images[start : start + batch_size], compute.device))
            probability = torch.sigmoid(logits.float())[:, 0].cpu().numpy()
        for field in probability:
            yield instances_from_probability(field, watershed)
