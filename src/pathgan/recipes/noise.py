"""`noise`: a GAN from noise to images or masks of one class (SynCGAN, Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan import losses
from pathgan.config.runs import NoiseRun
from pathgan.errors import DataError
from pathgan.masks import mask_map
from pathgan.networks import PatchDiscriminator, UNetGenerator
from pathgan.recipes.paired import build_generator
from pathgan.recipes.sources import Source
from pathgan.training.data import Batch, to_pixels
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend

LEAST_IMAGES = 2  # a GAN of one image can only repeat it
BATCH = 8


class FromNoise:
    """Generator and discriminator of a `NoiseRun`, one update of each a step."""

    loss_names: tuple[str, ...] = ("discriminator", "adversarial")

    def __init__(self, run: NoiseRun, compute: Compute):
        self.labels, self.compute = run.labels, compute
        n_channels = channels(run)
        discriminator = PatchDiscriminator(n_channels, run.discriminator.width, run.discriminator.layers)
        self.networks: dict[str, nn.Module] = {
            "generator": build_generator(run.generator, run.training.crop_px, n_channels).to(compute.device),
            "discriminator": discriminator.to(compute.device),
        }
        self.optimizers: dict[str, Optimizer] = {
            name: adam(network.parameters(), run.optimizer, run.training.learning_rate)
            for name, network in self.networks.items()
        }

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: image (n, c, h, w) in [0, 1], one channel of masks or three of colours."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        real = 2 * batch["image"] - 1
        latent = torch.randn(len(real), 1, *real.shape[2:]).to(real)  # of the CPU's generator, which checkpoints hold
        with self.compute.autocast():
            fake = generator(latent)
            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        told_real, told_fake = (labels.to(real) for labels in self._labels(len(real)))
        judged = losses.labelled_discriminator_loss(real_logits.float(), fake_logits.float(), told_real, told_fake)
        descend(self.optimizers["discriminator"], judged)

        discriminator.requires_grad_(False)
        with self.compute.autocast():
            fake_logits = discriminator(fake)
        adversarial = losses.generator_loss(fake_logits.float())
        descend(self.optimizers["generator"], adversarial)
        discriminator.requires_grad_(True)
        return {"discriminator": judged.detach(), "adversarial": adversarial.detach()}

    def _labels(self, n: int) -> tuple[Tensor, Tensor]:
        """What the discriminator is told of n real and n fake images: soft, and now and then the wrong way round."""
        soft = [low + (high - low) * torch.rand(n) for low, high in (self.labels.real, self.labels.fake)]
        flipped = bool(torch.rand(()) < self.labels.flipped)
        return (soft[1], soft[0]) if flipped else (soft[0], soft[1])


def channels(run: NoiseRun) -> int:
    return 1 if run.makes == "masks" else 3


def training_fields(run: NoiseRun, source: Source) -> dict[str, NDArray[np.uint8]]:
    """image: the masks or images of the class. Raises DataError for fewer than LEAST_IMAGES, and for empty masks."""
    images = source.maps(mask_map) if run.makes == "masks" else source.images_of_split()
    if len(images) < LEAST_IMAGES:
        raise DataError(
            f"{source.manifest}: the class {run.category!r} has {len(images)} training image, a GAN needs "
            f"{LEAST_IMAGES} or more; add images of the class"
        )
    if run.makes == "masks" and not images.any():
        raise DataError(
            f"{source.instances}: no nucleus in any of the {len(images)} training images of the class "
            f"{run.category!r}; look at the images, or at the settings of the run that finds nuclei"
        )
    return {"image": images}


@torch.inference_mode()
def draw(
    run: NoiseRun, generator: UNetGenerator, n: int, seed: int, compute: Compute
) -> Iterator[NDArray[np.uint8] | NDArray[np.int32]]:
    """n images (h, w, 3) uint8, or instance maps (h, w) int32 of the separate pieces of n masks.

    Sample i depends on (seed, i) alone; without dropout.
    """
    generator.eval()
    side = run.training.crop_px
    for start in range(0, n, BATCH):
        indices = range(start, min(start + BATCH, n))
        latent = np.stack([np.random.default_rng((seed, index)).standard_normal((1, side, side)) for index in indices])
        with compute.autocast():
            fakes = generator(torch.from_numpy(latent.astype(np.float32)).to(compute.device))
        if run.makes == "images":
            yield from to_pixels(fakes)
        else:
            for mask in (fakes[:, 0] > 0).cpu().numpy():
                yield cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[1].astype(np.int32)
