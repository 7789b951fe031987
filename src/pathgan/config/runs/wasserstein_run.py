"""Options of `latent` and `focus`: GANs with a critic and a penalty on its gradient (MI-GAN)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from pathgan.config.network_options import Critic
from pathgan.config.reads import Side, Use
from pathgan.config.runs.run import GeneratingRun, OneDatasetRun, TrainedRun
from pathgan.config.strict import Name, Positive, Width
from pathgan.config.training_options import Adam, Training

if TYPE_CHECKING:
    from pathgan.config.papers import Paper

NETWORK_KEYS = {"recipe", "width", "critic", "n_latent", "n_layers"}  # equal where weights of one run fit another


class WassersteinRun(OneDatasetRun, TrainedRun):
    """What GANs with a critic and a penalty on its gradient share (WGAN-GP, Gulrajani 2017)."""

    width: Width = 64
    critic: Critic = Critic()
    n_critic: Positive = 5  # updates of the critic for one of the generator, each on other images
    penalty: Annotated[float, Field(ge=0)] = 10.0  # weight of (|gradient| - 1)^2
    start_from: Name | None = None  # a run of the same networks, whose weights these start from
    optimizer: Adam = Adam(beta1=0.0, beta2=0.9)
    training: Training  # an iteration is an update of the generator
    trainer: ClassVar[str] = "pathgan.recipes.wasserstein"
    minutes: ClassVar[int] = 1440

    @model_validator(mode="after")
    def _unmeasured(self) -> Self:
        if self.training.evaluations:
            raise ValueError("training.evaluations: these GANs have no loss on held-out images; take it away")
        if self.training.gpus > 1 and self.critic.norm == "batch":
            raise ValueError(
                "training.gpus: batch norm over several GPUs has no second derivative; use one, or norm: layer"
            )
        side = self.training.crop_px
        if side < 16 or side % 16:
            raise ValueError(f"training.crop_px: four halvings need a multiple of 16, got {side}")
        return self

    @property
    def ingredients(self) -> tuple[str, ...]:
        return (*super().ingredients, *filter(None, [self.start_from]))

    @property
    def uses(self) -> dict[str, Use]:
        return {"stacks": Use(self.dataset, wants="images")}

    @property
    def exports(self) -> dict[str, str]:
        return super().exports | {"critic": "critic.safetensors"}

    @property
    def starts_from(self) -> tuple[str, tuple[str, ...]] | None:
        return (self.start_from, ("weights", "critic")) if self.start_from else None

    def problems(self, where: str, name: str, paper: Paper) -> Iterator[str]:
        yield from paper.check(f"{where}.dataset", self.dataset, paper.stacks, "dataset of focus stacks")
        if self.start_from:
            alike = {key for key, other in paper.runs.items() if key != name and self._fits(other)}
            yield from paper.check(f"{where}.start_from", self.start_from, alike, "run of the same networks")
            if paper.starts_in_a_circle(name):
                yield f"{where}.start_from: {self.start_from!r} starts, in the end, from {name!r} itself"

    def _fits(self, other: Any) -> bool:
        """Whether weights of the other one fit this one."""
        return self.model_dump(include=NETWORK_KEYS) == other.model_dump(include=NETWORK_KEYS)


class LatentRun(WassersteinRun):
    """A GAN from a vector of noise to the plane in focus (MI-GAN, Sec. 2.1)."""

    recipe: Literal["latent"]
    n_latent: Positive = 100
    ratio: Positive = 1  # samples for each training stack
    sampler: ClassVar[str] = "pathgan.sampling.base_planes"
    own_set_only: ClassVar[bool] = True
    unconditioned: ClassVar[bool] = True
    made_in_focus: ClassVar[bool] = True

    @property
    def ratio_made(self) -> int:
        return self.ratio

    def sample_uses(self, images: str, split: Side) -> dict[str, Use]:
        return {"learned": Use(self.dataset, wants="nothing")}

    def sampling_options(self) -> dict[str, Any]:
        training = {"crop_px": self.training.crop_px, "precision": self.training.precision}
        return {"n_latent": self.n_latent, "ratio": self.ratio, "width": self.width, **training}

    def _fits(self, other: Any) -> bool:
        return super()._fits(other) and self.training.crop_px == other.training.crop_px


class FocusRun(WassersteinRun):
    """A GAN from the plane in focus to all planes (MI-GAN, Sec. 2.2)."""

    recipe: Literal["focus"]
    n_layers: Positive = 7  # of the 3D ResNet between encoders and decoders
    link: Annotated[float, Field(ge=0)] = 0.0  # weight of L1 between the plane in focus and the one made of it
    sampler: ClassVar[str] = "pathgan.sampling.focusing"
    composer: ClassVar[str] = "pathgan.sampling.composed_stacks"
    makes_stacks: ClassVar[bool] = True

    def composes(self, other: GeneratingRun) -> bool:
        return other.made_in_focus

    def sampling_options(self) -> dict[str, Any]:
        return {"width": self.width, "n_layers": self.n_layers, "precision": self.training.precision}
