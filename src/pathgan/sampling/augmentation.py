"""`augmentation`: training images again, mirrored, turned and with noise (the traditional way of SynCGAN, Sec. 4.2)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pathgan.config.runs.augmentation_run import AugmentationRun
from pathgan.sampling.sample_work import SampleWork, sample_ids
from pathgan.stores.store import write_store
from pathgan.training.devices import compute_on

Images = NDArray[np.uint8]
DIAGONAL = (math.sqrt(2) - 1) / 2  # share of a side that a turned square sticks out at each end


def make(options: Mapping[str, Any], work: SampleWork) -> int:
    """Writes `ratio` samples of each of `images`; returns their number."""
    run, images = AugmentationRun.model_validate(options), work.sources["images"].images_of_split()
    compute_on("cpu", work.threads, "fp32")  # for its threads
    ids = sample_ids(run.ratio * len(images))
    return write_store(work.out, ids, images=augmented(run, images, work.seed))


def augmented(run: AugmentationRun, images: Images, seed: int) -> Iterator[Images]:
    """Each of (n, h, w, 3) images, then each again, `run.ratio` times; sample i depends on (seed, i) alone."""
    from torchvision.transforms import InterpolationMode, v2  # four seconds to import

    height, width = images.shape[1:3]
    rim = math.ceil(DIAGONAL * max(height, width))
    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomVerticalFlip(),
            v2.Pad(rim, padding_mode="symmetric"),  # what a turn brings in from beyond the border is tissue, not black
            v2.RandomRotation(run.max_rotation_deg, InterpolationMode.BILINEAR),
            v2.CenterCrop((height, width)),
            v2.ToDtype(torch.float32, scale=True),
            v2.GaussianNoise(sigma=run.noise_sd),
            v2.ToDtype(torch.uint8, scale=True),
        ]
    )
    for index in range(run.ratio * len(images)):
        image = torch.from_numpy(images[index % len(images)]).permute(2, 0, 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(np.random.SeedSequence((seed, index)).generate_state(1)[0]))
            yield transform(image).permute(1, 2, 0).numpy()
