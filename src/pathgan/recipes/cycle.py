"""`cycle`: two generators between two sets of images without pairs (CycleGAN and its kin)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan import losses
from pathgan.config.runs import Adversarial, Cycle, CycleLoss, CycleRun, Identity, StructuralCycle
from pathgan.errors import DataError
from pathgan.networks import PatchDiscriminator, ResidualGenerator
from pathgan.training.data import Batch, to_pixels
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend

Images = NDArray[np.uint8]


class ImagePool(nn.Module):
    """Fakes of earlier steps for a discriminator (Shrivastava 2017); a buffer, so that it is saved with the weights."""

    def __init__(self, size: int, side_px: int):
        super().__init__()
        self.images: Tensor
        self.filled: Tensor
        self.register_buffer("images", torch.zeros(size, 3, side_px, side_px))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, fakes: Tensor) -> Tensor:
        """(n, 3, h, w) -> as many: each is kept and returned, or with even odds swapped for an earlier one."""
        size = len(self.images)
        if size == 0:
            return fakes
        out = []
        for fake in fakes:
            filled = int(self.filled)
            if filled < size:
                self.images[filled] = fake
                self.filled += 1
                out.append(fake)
            elif torch.rand(()) < 0.5:  # the CPU's generator, which checkpoints hold
                place = int(torch.randint(size, ()))
                out.append(self.images[place].clone())
                self.images[place] = fake
            else:
                out.append(fake)
        return torch.stack(out)


class CycleTranslation:
    """Both generators and discriminators of a `CycleRun`; `generator` goes from source to target, `inverse` back."""

    def __init__(self, run: CycleRun, compute: Compute):
        self.losses = run.losses
        self.form: losses.Form = next((loss.form for loss in run.losses if isinstance(loss, Adversarial)), "log")
        self.has_identity = any(isinstance(loss, Identity) for loss in run.losses)
        self.compute = compute
        discriminator = partial(PatchDiscriminator, 3, run.discriminator.width, run.discriminator.layers)
        self.networks: dict[str, nn.Module] = {
            "generator": build_generator(run),
            "inverse": build_generator(run),
            "source_discriminator": discriminator(),
            "target_discriminator": discriminator(),
            "source_pool": ImagePool(run.pool_size, run.training.crop_px),
            "target_pool": ImagePool(run.pool_size, run.training.crop_px),
        }
        for network in self.networks.values():
            network.to(compute.device)
        rate = run.training.learning_rate
        judges = self._parameters("source_discriminator", "target_discriminator")
        self.optimizers: dict[str, Optimizer] = {
            "generators": adam(self._parameters("generator", "inverse"), run.optimizer, rate),
            "discriminators": adam(judges, run.optimizer, rate),
        }
        self.loss_names = ("discriminator", *(loss.kind for loss in run.losses))

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: source and target (n, 3, h, w) in [0, 1]."""
        source, target = 2 * batch["source"] - 1, 2 * batch["target"] - 1
        generator, inverse = self.networks["generator"], self.networks["inverse"]
        judges = {"source": self.networks["source_discriminator"], "target": self.networks["target_discriminator"]}
        for judge in judges.values():
            judge.requires_grad_(False)
        with self.compute.autocast():
            fakes = {"target": generator(source), "source": inverse(target)}
            back = {"source": inverse(fakes["target"]), "target": generator(fakes["source"])}
            verdicts = [judge(fakes[name]) for name, judge in judges.items()]
            unchanged = [generator(target), inverse(source)] if self.has_identity else [target, source]
        made = _Made(
            logits=[verdict.float() for verdict in verdicts],
            cycles=[(back["source"].float(), source), (back["target"].float(), target)],
            identities=[(same.float(), image) for same, image in zip(unchanged, (target, source), strict=True)],
        )
        values: dict[str, Tensor] = {loss.kind: _term(loss, made) for loss in self.losses}
        total = torch.stack([loss.weight * values[loss.kind] for loss in self.losses]).sum()
        descend(self.optimizers["generators"], total)

        reals = {"source": source, "target": target}
        with self.compute.autocast():
            judged = []
            for name, judge in judges.items():
                judge.requires_grad_(True)
                pool = self.networks[f"{name}_pool"]
                assert isinstance(pool, ImagePool)
                judged.append((judge(reals[name]), judge(pool.exchange(fakes[name].detach().float()))))
        each = [losses.discriminator_loss(real.float(), fake.float(), self.form) for real, fake in judged]
        values["discriminator"] = torch.stack(each).sum()
        descend(self.optimizers["discriminators"], values["discriminator"])
        return {name: value.detach() for name, value in values.items()}

    def _parameters(self, *names: str) -> Iterator[nn.Parameter]:
        return chain.from_iterable(self.networks[name].parameters() for name in names)


@dataclass(frozen=True)
class _Made:
    """What the losses of a step look at, both directions of each. Pairs are (made, original)."""

    logits: list[Tensor]
    cycles: list[tuple[Tensor, Tensor]]
    identities: list[tuple[Tensor, Tensor]]


def _term(loss: CycleLoss, made: _Made) -> Tensor:
    """Each is the sum over both directions."""
    match loss:
        case Adversarial():
            each = [losses.generator_loss(logits, loss.form) for logits in made.logits]
        case Cycle(norm="l1"):
            each = [(back - image).abs().mean() for back, image in made.cycles]
        case Cycle():
            each = [(back - image).square().mean() for back, image in made.cycles]
        case StructuralCycle():
            each = [losses.structural_dissimilarity((a + 1) / 2, (b + 1) / 2) for a, b in made.cycles]
        case Identity():
            each = [(same - image).abs().mean() for same, image in made.identities]
    return torch.stack(each).sum()


def build_generator(run: CycleRun) -> ResidualGenerator:
    options = run.generator
    if run.training.crop_px % 2**options.downsamplings:
        raise DataError(
            f"training.crop_px = {run.training.crop_px} is no multiple of 2^downsamplings = "
            f"{2**options.downsamplings}; change it or generator.downsamplings"
        )
    return ResidualGenerator(
        options.width, options.downsamplings, options.blocks, options.skips, options.activation, options.init
    )


@torch.inference_mode()
def translate(
    generator: nn.Module, inverse: nn.Module, images: Images, compute: Compute, batch_size: int = 4
) -> Iterator[tuple[Images, Images]]:
    """For each image (h, w, 3) its translation and what comes back, both (h, w, 3) uint8."""
    generator.eval(), inverse.eval()
    for start in range(0, len(images), batch_size):
        x = torch.from_numpy(images[start : start + batch_size]).to(compute.device).permute(0, 3, 1, 2).float()
        with compute.autocast():
            fake = generator(x / 127.5 - 1)
            back = inverse(fake)
        yield from zip(to_pixels(fake), to_pixels(back), strict=True)
