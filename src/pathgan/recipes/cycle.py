"""`cycle`: two generators between two sets of images without pairs (CycleGAN and its kin)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.cycle_run import Cycle, CycleLoss, CycleRun, Identity, StructuralCycle
from pathgan.config.training_options import Adversarial
from pathgan.losses.adversarial import Form, discriminator_loss, generator_loss
from pathgan.losses.structural import structural_dissimilarity
from pathgan.networks.patchgan import patch_discriminator_of
from pathgan.networks.residual import residual_of
from pathgan.recipes.cycle_evaluation import evaluate
from pathgan.stores.source import Source
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend
from pathgan.training.resident_data import Batch, Unpaired
from pathgan.training.run_training import Prepared, Work, resident, train_in_loop


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
        self.form: Form = next((loss.form for loss in run.losses if isinstance(loss, Adversarial)), "log")
        self.has_identity = any(isinstance(loss, Identity) for loss in run.losses)
        self.compute = compute
        discriminator = partial(patch_discriminator_of, run.discriminator, 3)
        self.networks: dict[str, nn.Module] = {
            "generator": residual_of(run.generator, run.training.crop_px),
            "inverse": residual_of(run.generator, run.training.crop_px),
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
        each = [discriminator_loss(real.float(), fake.float(), self.form) for real, fake in judged]
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
            each = [generator_loss(logits, loss.form) for logits in made.logits]
        case Cycle(norm="l1"):
            each = [(back - image).abs().mean() for back, image in made.cycles]
        case Cycle():
            each = [(back - image).square().mean() for back, image in made.cycles]
        case StructuralCycle():
            each = [structural_dissimilarity((a + 1) / 2, (b + 1) / 2) for a, b in made.cycles]
        case Identity():
            each = [(same - image).abs().mean() for same, image in made.identities]
    return torch.stack(each).sum()


def evenly(images: NDArray[np.uint8], n: int) -> NDArray[np.uint8]:
    """At most n of them, at equal steps: stores hold tiles slide by slide, so that all slides have their share."""
    return images[np.linspace(0, len(images) - 1, min(n, len(images))).round().astype(int)]


def set_up(run: CycleRun, sources: Mapping[str, Source], seed: int, compute: Compute) -> Prepared:
    """source and target are trained on; images of `evaluated` are translated there and back while it trains."""
    fields = {name: sources[name].images_to_crop(run.training.load_px) for name in ("source", "target")}
    fields["evaluated"] = evenly(sources["evaluated"].images_of_split(), run.training.evaluated_images)
    recipe = CycleTranslation(run, compute)
    # Seeds of their own: the n-th images of both sets must not be companions forever.
    unpaired = Unpaired(
        *(
            resident(run.training, {"image": fields[name]}, 2 * seed + k, compute)
            for k, name in enumerate(("source", "target"))
        )
    )
    generators = (recipe.networks["generator"], recipe.networks["inverse"])
    measure = partial(evaluate, *generators, fields["evaluated"], compute)
    exported = dict(zip(("weights", "inverse"), generators, strict=True))
    return Prepared(recipe, unpaired, exported, fields, measure)


def train(run: CycleRun, work: Work) -> None:
    """Trains a run; see `run_training`."""
    train_in_loop(run, work, set_up)
