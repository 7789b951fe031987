"""`paired`: a conditional GAN on aligned pairs of condition and image (pix2pix, Sharp-GAN and its successors)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan import losses
from pathgan.config.runs import Adversarial, Loss, PairedRun, Pixel, Sharpness, Smoothness, UNet
from pathgan.errors import DataError
from pathgan.masks import condition_map, contours
from pathgan.networks import PatchDiscriminator, UNetGenerator
from pathgan.recipes.sources import Source
from pathgan.training.best import Best
from pathgan.training.data import Batch, one_batch, to_pixels
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend


class Paired:
    """Generator and discriminator of a `PairedRun`, one update of each a step."""

    def __init__(self, run: PairedRun, compute: Compute):
        self.losses = run.losses
        self.form: losses.Form = next((loss.form for loss in run.losses if isinstance(loss, Adversarial)), "log")
        self.compute = compute
        generator = build_generator(run.generator, run.training.crop_px).to(compute.device)
        discriminator = PatchDiscriminator(4, run.discriminator.width, run.discriminator.layers).to(compute.device)
        self.networks: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
        self.optimizers: dict[str, Optimizer] = {
            name: adam(network.parameters(), run.optimizer, run.training.learning_rate)
            for name, network in self.networks.items()
        }
        if run.keep == "best":
            self.networks["best"] = Best(generator)
        self.loss_names = ("discriminator", *(loss.kind for loss in run.losses))

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: image (n, 3, h, w), condition and contour (n, 1, h, w), all in [0, 1]."""
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]
        real, condition = 2 * batch["image"] - 1, 2 * batch["condition"] - 1
        with self.compute.autocast():
            fake = generator(condition)
            real_logits = discriminator(torch.cat([condition, real], 1))
            fake_logits = discriminator(torch.cat([condition, fake.detach()], 1))
        values = {"discriminator": losses.discriminator_loss(real_logits.float(), fake_logits.float(), self.form)}
        descend(self.optimizers["discriminator"], values["discriminator"])

        discriminator.requires_grad_(False)
        with self.compute.autocast():
            fake_logits = discriminator(torch.cat([condition, fake], 1))
        terms = self._terms(fake.float(), real, fake_logits.float(), batch["contour"] > 0.5)
        descend(self.optimizers["generator"], self._total(terms))
        discriminator.requires_grad_(True)
        return {name: value.detach() for name, value in (values | terms).items()}

    @torch.inference_mode()
    def validate(self, fields: Mapping[str, NDArray[np.uint8]]) -> dict[str, float]:
        """The generator's loss on the `training_fields` of images that it does not learn from; keeps the best."""
        generator, discriminator = self.networks["generator"].eval(), self.networks["discriminator"]
        totals = []
        for index in range(len(fields["image"])):
            batch = one_batch(fields, index, self.compute.device)
            real, condition = 2 * batch["image"] - 1, 2 * batch["condition"] - 1
            with self.compute.autocast():
                fake = generator(condition)
                fake_logits = discriminator(torch.cat([condition, fake], 1))
            terms = self._terms(fake.float(), real, fake_logits.float(), batch["contour"] > 0.5)
            totals.append(self._total(terms))
        generator.train()
        loss = torch.stack(totals).double().mean().item()
        self.best.update(generator, loss)
        return {"validation_loss": loss}

    @property
    def best(self) -> Best:
        """The weights with the smallest loss on validation images, of a run that keeps them."""
        best = self.networks["best"]
        assert isinstance(best, Best)
        return best

    def _terms(self, fake: Tensor, real: Tensor, fake_logits: Tensor, contour: Tensor) -> dict[str, Tensor]:
        return {loss.kind: _term(loss, fake, real, fake_logits, contour) for loss in self.losses}

    def _total(self, terms: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([loss.weight * terms[loss.kind] for loss in self.losses]).sum()


def _term(loss: Loss, fake: Tensor, real: Tensor, fake_logits: Tensor, contour: Tensor) -> Tensor:
    match loss:
        case Adversarial():
            return losses.generator_loss(fake_logits, loss.form)
        case Pixel(norm="l1"):
            return (fake - real).abs().mean()
        case Pixel():
            return (fake - real).square().mean()
        case Smoothness():
            return losses.smoothness(losses.grey(fake), contour)
        case Sharpness():
            return losses.sharpness(losses.grey(fake), contour, loss.contrast, loss.neighbours)


def build_generator(options: UNet, crop_px: int, channels: int = 3) -> UNetGenerator:
    """From one channel to `channels`, for images of crop_px."""
    depth = options.depth or crop_px.bit_length() - 1
    if crop_px % 2**depth:
        raise DataError(
            f"training.crop_px = {crop_px} is no multiple of 2^depth = {2**depth}; "
            "use a power of two, or set generator.depth"
        )
    return UNetGenerator(1, channels, options.width, depth, options.dropout, options.upsampling)


def training_fields(run: PairedRun, source: Source) -> dict[str, NDArray[np.uint8]]:
    """image, condition and contour of a source's images."""
    return {
        "image": source.images_of_split(),
        "condition": source.maps(partial(condition_map, run.condition)),
        "contour": source.maps(contours),
    }


def check_sides(generator: nn.Module, conditions: NDArray[np.uint8]) -> None:
    """Raises DataError for conditions (n, h, w) whose sides the generator cannot halve often enough."""
    assert isinstance(generator, UNetGenerator)
    side = 2 ** len(generator.down)
    if any(length % side for length in conditions.shape[1:]):
        raise DataError(
            f"conditions of {conditions.shape[2]} x {conditions.shape[1]} px are no multiple of the generator's "
            f"2^depth = {side}; change tiles.tile_px or generator.depth"
        )


@torch.inference_mode()
def generate(
    run: PairedRun,
    generator: UNetGenerator,
    conditions: NDArray[np.uint8],
    compute: Compute,
    batch_size: int = 8,
) -> Iterator[NDArray[np.uint8]]:
    """Images (h, w, 3) uint8 for conditions (n, h, w) uint8; without dropout, so that they can be made again."""
    check_sides(generator, conditions)
    generator.eval()
    for start in range(0, len(conditions), batch_size):
        x = torch.from_numpy(conditions[start : start + batch_size, None]).to(compute.device).float() / 255
        with compute.autocast():
            fake = generator(2 * x - 1)
        yield from to_pixels(fake)
