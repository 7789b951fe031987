"""`paired`: a conditional GAN on aligned pairs of condition and image (pix2pix, Sharp-GAN and its successors)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.paired_run import Loss, PairedRun, Pixel, Sharpness, Smoothness
from pathgan.config.training_options import Adversarial
from pathgan.losses.adversarial import Form, discriminator_loss, generator_loss
from pathgan.losses.contour_losses import grey, sharpness, smoothness
from pathgan.masks.maps import condition_map, contours, quantised
from pathgan.networks.patchgan import patch_discriminator_of
from pathgan.networks.unet import UNetGenerator, check_sides, unet_of
from pathgan.stores.source import Source
from pathgan.training.best_weights import Best
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend
from pathgan.training.resident_data import Batch, one_batch
from pathgan.training.run_training import Fields, Prepared, Work, resident, train_in_loop


class Paired:
    """Generator and discriminator of a `PairedRun`, one update of each a step."""

    def __init__(self, run: PairedRun, compute: Compute):
        self.losses = run.losses
        self.form: Form = next((loss.form for loss in run.losses if isinstance(loss, Adversarial)), "log")
        self.compute = compute
        generator = unet_of(run.generator, run.training.crop_px).to(compute.device)
        discriminator = patch_discriminator_of(run.discriminator, 4).to(compute.device)
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
        values = {"discriminator": discriminator_loss(real_logits.float(), fake_logits.float(), self.form)}
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
            return generator_loss(fake_logits, loss.form)
        case Pixel(norm="l1"):
            return (fake - real).abs().mean()
        case Pixel():
            return (fake - real).square().mean()
        case Smoothness():
            return smoothness(grey(fake), contour)
        case Sharpness():
            return sharpness(grey(fake), contour, loss.contrast, loss.neighbours)
        case _:
            assert_never(loss)


def training_fields(run: PairedRun, source: Source) -> Fields:
    """image, condition and contour of a source's images."""
    return {
        "image": source.images_of_split(),
        "condition": source.maps(lambda one: quantised(condition_map(run.condition, one))),
        "contour": source.maps(lambda one: quantised(contours(one))),
    }


def set_up(run: PairedRun, sources: Mapping[str, Source], seed: int, compute: Compute) -> Prepared:
    """With `keep: best` it is judged on validation images, and its best weights leave it beside the last."""
    fields = training_fields(run, sources["train"])
    pair = Paired(run, compute)
    data, generator = resident(run.training, fields, seed, compute), pair.networks["generator"]
    if run.keep == "last":
        return Prepared(pair, data, {"weights": generator}, fields)
    validation = training_fields(run, sources["validation"])
    assert isinstance(generator, UNetGenerator)
    check_sides(generator, validation["condition"])
    fields |= {f"validation_{name}": field for name, field in validation.items()}
    exported = {"weights": pair.best.network, "last": generator}
    return Prepared(pair, data, exported, fields, partial(pair.validate, validation))


def train(run: PairedRun, work: Work) -> None:
    """Trains a run; see `run_training`."""
    train_in_loop(run, work, set_up)
