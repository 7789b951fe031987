"""`noise`: a GAN from noise to images or masks of one class (SynCGAN, Sec. 3.4)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.noise_run import NoiseRun
from pathgan.errors import DataError
from pathgan.losses.adversarial import generator_loss, labelled_discriminator_loss
from pathgan.masks.maps import mask_map, quantised
from pathgan.networks.noise_generator import CHANNELS, noise_generator_of
from pathgan.networks.patchgan import patch_discriminator_of
from pathgan.stores.source import Source
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend
from pathgan.training.resident_data import Batch
from pathgan.training.run_training import Fields, Prepared, Work, resident, train_in_loop

LEAST_IMAGES = 2  # a GAN of one image can only repeat it


class FromNoise:
    """Generator and discriminator of a `NoiseRun`, one update of each a step."""

    loss_names: tuple[str, ...] = ("discriminator", "adversarial")

    def __init__(self, run: NoiseRun, compute: Compute):
        self.labels, self.compute = run.labels, compute
        generator = noise_generator_of(run.generator, run.training.crop_px, run.makes, run.n_latent)
        self.latent_shape = generator.latent_shape
        discriminator = patch_discriminator_of(run.discriminator, CHANNELS[run.makes])
        self.networks: dict[str, nn.Module] = {
            "generator": generator.to(compute.device),
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
        latent = torch.randn(len(real), *self.latent_shape).to(real)  # of the CPU's generator, which checkpoints hold
        with self.compute.autocast():
            fake = generator(latent)
            real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        told_real, told_fake = (labels.to(real) for labels in self._labels(len(real)))
        judged = labelled_discriminator_loss(real_logits.float(), fake_logits.float(), told_real, told_fake)
        descend(self.optimizers["discriminator"], judged)

        discriminator.requires_grad_(False)
        with self.compute.autocast():
            fake_logits = discriminator(fake)
        adversarial = generator_loss(fake_logits.float())
        descend(self.optimizers["generator"], adversarial)
        discriminator.requires_grad_(True)
        return {"discriminator": judged.detach(), "adversarial": adversarial.detach()}

    def _labels(self, n: int) -> tuple[Tensor, Tensor]:
        """What the discriminator is told of n real and n fake images: soft, and now and then the wrong way round."""
        soft = [low + (high - low) * torch.rand(n) for low, high in (self.labels.real, self.labels.fake)]
        flipped = bool(torch.rand(()) < self.labels.flipped)
        return (soft[1], soft[0]) if flipped else (soft[0], soft[1])


def training_fields(run: NoiseRun, source: Source) -> Fields:
    """image: the masks or images of the class. Raises DataError for fewer than LEAST_IMAGES, and for empty masks."""
    images = source.maps(lambda one: quantised(mask_map(one))) if run.makes == "masks" else source.images_of_split()
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


def set_up(run: NoiseRun, sources: Mapping[str, Source], seed: int, compute: Compute) -> Prepared:
    """The images or masks of its class are all that it learns from."""
    (source,) = sources.values()
    fields = training_fields(run, source)
    gan = FromNoise(run, compute)
    return Prepared(gan, resident(run.training, fields, seed, compute), {"weights": gan.networks["generator"]}, fields)


def train(run: NoiseRun, work: Work) -> None:
    """Trains a run; see `run_training`."""
    train_in_loop(run, work, set_up)
