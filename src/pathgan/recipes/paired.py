"""`paired`: a conditional GAN on aligned pairs of condition and image (pix2pix, Sharp-GAN and its successors)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan import losses
from pathgan.config.runs import Adversarial, Loss, PairedRun, Pixel, Sharpness, Smoothness
from pathgan.errors import DataError
from pathgan.masks import condition_map, contours
from pathgan.networks import PatchDiscriminator, UNetGenerator
from pathgan.recipes.sources import Source
from pathgan.training.data import Batch, to_pixels
from pathgan.training.devices import Compute


class Paired:
    """Generator and discriminator of a `PairedRun`, one update of each a step."""

    def __init__(self, run: PairedRun, compute: Compute):
        self.losses = run.losses
        self.form: losses.Form = next((loss.form for loss in run.losses if isinstance(loss, Adversarial)), "log")
        self.compute = compute
        generator = build_generator(run).to(compute.device)
        discriminator = PatchDiscriminator(4, run.discriminator.width, run.discriminator.layers).to(compute.device)
        self.networks: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
        adam = partial(
            torch.optim.Adam, lr=run.training.learning_rate, betas=(run.optimizer.beta1, run.optimizer.beta2)
        )
        self.optimizers: dict[str, Optimizer] = {
            name: adam(network.parameters()) for name, network in self.networks.items()
        }
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
        self._update("discriminator", values["discriminator"])

        discriminator.requires_grad_(False)
        with self.compute.autocast():
            fake_logits = discriminator(torch.cat([condition, fake], 1))
        contour = batch["contour"] > 0.5
        total = fake_logits.new_zeros((), dtype=torch.float32)
        for loss in self.losses:
            values[loss.kind] = _term(loss, fake.float(), real, fake_logits.float(), contour)
            total = total + loss.weight * values[loss.kind]
        self._update("generator", total)
        discriminator.requires_grad_(True)
        return {name: value.detach() for name, value in values.items()}

    def _update(self, name: str, loss: Tensor) -> None:
        self.optimizers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimizers[name].step()


def _term(loss: Loss, fake: Tensor, real: Tensor, fake_logits: Tensor, contour: Tensor) -> Tensor:
    match loss:
        case Adversarial():
            return losses.generator_loss(fake_logits, loss.form)
        case Pixel():
            return (fake - real).abs().mean()
        case Smoothness():
            return losses.smoothness(losses.grey(fake), contour)
        case Sharpness():
            return losses.sharpness(losses.grey(fake), contour, loss.contrast, loss.neighbours)


def build_generator(run: PairedRun) -> UNetGenerator:
    depth = run.generator.depth or run.training.crop_px.bit_length() - 1
    if run.training.crop_px % 2**depth:
        raise DataError(
            f"training.crop_px = {run.training.crop_px} is no multiple of 2^depth = {2**depth}; "
            "use a power of two, or set generator.depth"
        )
    return UNetGenerator(1, 3, run.generator.width, depth, run.generator.dropout)


def training_fields(run: PairedRun, source: Source) -> dict[str, NDArray[np.uint8]]:
    """image, condition and contour of the training split."""
    return {
        "image": source.images_of_split(),
        "condition": source.maps(partial(condition_map, run.condition)),
        "contour": source.maps(contours),
    }


@torch.inference_mode()
def generate(
    run: PairedRun,
    generator: UNetGenerator,
    conditions: NDArray[np.uint8],
    compute: Compute,
    batch_size: int = 8,
) -> Iterator[NDArray[np.uint8]]:
    """Images (h, w, 3) uint8 for conditions (n, h, w) uint8; without dropout, so that they can be made again."""
    side = 2 ** len(generator.down)
    if any(length % side for length in conditions.shape[1:]):
        raise DataError(
            f"conditions of {conditions.shape[2]} x {conditions.shape[1]} px are no multiple of the generator's "
            f"2^depth = {side}; change tiles.tile_px or generator.depth"
        )
    generator.eval()
    for start in range(0, len(conditions), batch_size):
        x = torch.from_numpy(conditions[start : start + batch_size, None]).to(compute.device).float() / 255
        with compute.autocast():
            fake = generator(2 * x - 1)
        yield from to_pixels(fake)
