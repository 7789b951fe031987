"""`latent` and `focus`: GANs with a critic and a penalty on its gradient (MI-GAN)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from pathgan.config.runs.wasserstein_run import FocusRun, LatentRun, WassersteinRun
from pathgan.losses.critic_losses import critic_loss, gradient_penalty
from pathgan.networks.stack_networks import Critic, StackGenerator, base_generator_of
from pathgan.stores.focus_stacks import IN_FOCUS, N_PLANES, check_planes
from pathgan.stores.source import Source
from pathgan.training.devices import Compute
from pathgan.training.optimizers import adam, descend
from pathgan.training.resident_data import Batch
from pathgan.training.run_training import Fields, Prepared, Work, resident, train_in_loop


class Wasserstein(ABC):
    """Generator and critic, `n_critic` updates of the critic and one of the generator a step."""

    def __init__(self, run: WassersteinRun, generator: nn.Module, critic: Critic, compute: Compute):
        self.run, self.compute = run, compute
        self.link = run.link if isinstance(run, FocusRun) else 0.0
        self.loss_names = ("critic", "penalty", "generator", *(["link"] if self.link else []))
        self.networks: dict[str, nn.Module] = {
            "generator": generator.to(compute.device),
            "critic": critic.to(compute.device),
        }
        self.optimizers: dict[str, Optimizer] = {
            name: adam(network.parameters(), run.optimizer, run.training.learning_rate)
            for name, network in self.networks.items()
        }

    @abstractmethod
    def real(self, batch: Batch) -> Tensor:
        """What the critic is to take for real, in [-1, 1]; a batch for each of its updates, one after the other."""

    @abstractmethod
    def condition(self, real: Tensor) -> Tensor:
        """What the generator makes as many fakes of."""

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """batch: a field of `training_fields`, as (n_critic * batch_size, c, h, w) in [0, 1]."""
        generator, critic = self.networks["generator"], self.networks["critic"]
        judged, penalties = [], []
        for real in self.real(batch).chunk(self.run.n_critic):
            with torch.no_grad(), self.compute.autocast():
                fake = generator(self.condition(real))
            mix = torch.rand(len(real)).to(real)  # of the CPU's generator, which checkpoints hold
            judged.append(critic_loss(critic(real), critic(fake.float())))
            penalties.append(gradient_penalty(critic, real, fake.float(), mix))
            descend(self.optimizers["critic"], judged[-1] + self.run.penalty * penalties[-1])

        critic.requires_grad_(False)
        condition = self.condition(real)
        with self.compute.autocast():
            fake = generator(condition)
        terms = {"generator": -critic(fake.float()).mean()}
        total = terms["generator"]
        if self.link:
            terms["link"] = (fake.float()[:, :, IN_FOCUS] - condition).abs().mean()
            total = total + self.link * terms["link"]
        descend(self.optimizers["generator"], total)
        critic.requires_grad_(True)
        values = {"critic": torch.stack(judged).mean(), "penalty": torch.stack(penalties).mean(), **terms}
        return {name: value.detach() for name, value in values.items()}


class FromLatent(Wasserstein):
    """G1 and D1 (Eqs. 1 to 3)."""

    def __init__(self, run: LatentRun, compute: Compute):
        super().__init__(
            run,
            base_generator_of(run.n_latent, run.width, run.training.crop_px),
            Critic(2, run.critic.width, run.critic.norm),
            compute,
        )
        self.n_latent = run.n_latent

    def real(self, batch: Batch) -> Tensor:
        return 2 * batch["image"] - 1

    def condition(self, real: Tensor) -> Tensor:
        return torch.randn(len(real), self.n_latent).to(real)


class FromFocus(Wasserstein):
    """G2 and D2 (Eqs. 4 to 6), and where `link` is above 0 an L1 between I0 and V0."""

    def __init__(self, run: FocusRun, compute: Compute):
        super().__init__(
            run,
            StackGenerator(run.width, N_PLANES, run.n_layers),
            Critic(3, run.critic.width, run.critic.norm),
            compute,
        )

    def real(self, batch: Batch) -> Tensor:
        return 2 * batch["stack"].unflatten(1, (N_PLANES, 3)).transpose(1, 2) - 1

    def condition(self, real: Tensor) -> Tensor:
        return real[:, :, IN_FOCUS]


def build(run: LatentRun | FocusRun, compute: Compute) -> Wasserstein:
    return FromLatent(run, compute) if isinstance(run, LatentRun) else FromFocus(run, compute)


def training_fields(run: WassersteinRun, source: Source) -> Fields:
    """image: the planes in focus (n, h, w, 3); or stack: (n, h, w, 3 * N_PLANES), the colours plane by plane."""
    if isinstance(run, LatentRun):
        return {"image": source.images_of_split()}
    stacks = source.stacks_of_split()
    check_planes(source.images, stacks)
    n, planes, height, width, colours = stacks.shape
    return {"stack": stacks.transpose(0, 2, 3, 1, 4).reshape(n, height, width, planes * colours)}


def set_up(run: LatentRun | FocusRun, sources: Mapping[str, Source], seed: int, compute: Compute) -> Prepared:
    """Generator and critic leave it, so that another run may start from both."""
    fields = training_fields(run, sources["stacks"])
    judged = build(run, compute)
    batches = resident(run.training, fields, seed, compute, run.n_critic)
    exported = {"weights": judged.networks["generator"], "critic": judged.networks["critic"]}
    return Prepared(judged, batches, exported, fields)


def train(run: LatentRun | FocusRun, work: Work) -> None:
    """Trains a run; see `run_training`."""
    train_in_loop(run, work, set_up)
