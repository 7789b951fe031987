"""What is trained and how: networks, losses, schedules and runs, as frozen types with defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pathgan.config.base import Fraction, Name, Positive, Strict


class UNet(Strict):
    width: Positive = 64
    depth: Positive | None = None  # log2(crop_px) where not given: U-Net-256 has 8
    dropout: Fraction = 0.5
    upsampling: Literal["transposed", "bilinear"] = "transposed"  # convolution; or enlarged, then a 3x3 convolution


class PatchGAN(Strict):
    width: Positive = 64
    layers: Positive = 3


class ResidualNet(Strict):
    """The generator of CycleGAN (Zhu 2017), and with `skips` that of Liu et al."""

    width: Positive = 64
    downsamplings: Positive = 2
    blocks: Positive = 9
    skips: Literal["none", "concatenate", "add"] = "none"  # from encoder to decoder at equal resolution
    activation: Literal["relu", "leaky_relu"] = "relu"
    init: Literal["normal", "xavier"] = "normal"


class SegNet(Strict):
    width: Positive = 64
    stages: Annotated[int, Field(ge=1, le=5)] = 5


class Adversarial(Strict):
    """-log D (Goodfellow 2014, non-saturating), or (D - 1)^2 (LSGAN, Mao 2017)."""

    kind: Literal["adversarial"]
    weight: float = 1.0
    form: Literal["log", "least_squares"] = "log"


class Pixel(Strict):
    """L1 between fake and real, or the mean square of their difference."""

    kind: Literal["pixel"]
    weight: float = 100.0
    norm: Literal["l1", "squared"] = "l1"


class Smoothness(Strict):
    """Ls1 of Enhanced Sharp-GAN."""

    kind: Literal["smoothness"]
    weight: float = 1.0


class Sharpness(Strict):
    """Ls2 of Enhanced Sharp-GAN, or over all neighbours as in Sharp-GAN."""

    kind: Literal["sharpness"]
    weight: float = 1.0
    neighbours: Literal["outside", "all"] = "outside"
    contrast: Annotated[float, Field(gt=0)] = 0.1  # lambda of Eq. 7, grey in [0, 1]


class Cycle(Strict):
    """L1 between an image and what comes back after both translations, in both directions."""

    kind: Literal["cycle"]
    weight: float = 10.0
    norm: Literal["l1", "squared"] = "l1"


class Identity(Strict):
    """L1 between an image and what the generator into its own set makes of it, in both directions."""

    kind: Literal["identity"]
    weight: float = 5.0


class StructuralCycle(Strict):
    """1 - SSIM of the same, in both directions."""

    kind: Literal["structural_cycle"]
    weight: float = 5.0


CycleLoss = Annotated[Adversarial | Cycle | StructuralCycle | Identity, Field(discriminator="kind")]
Loss = Annotated[Adversarial | Pixel | Smoothness | Sharpness, Field(discriminator="kind")]


class ExponentialDecay(Strict):
    """The learning rate is multiplied by `factor` after every so many epochs."""

    kind: Literal["exponential"]
    factor: Annotated[float, Field(gt=0, le=1)]
    every_epochs: Annotated[float, Field(gt=0)]

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        return float(self.factor ** int(epoch / self.every_epochs))


class LinearDecay(Strict):
    """The learning rate falls evenly to zero over the last part of the training."""

    kind: Literal["linear"]
    from_share: Annotated[float, Field(ge=0, lt=1)] = 0.5  # of the training that has passed when it begins to fall

    def rate(self, epoch: float, epochs: float) -> float:
        """The factor after `epoch` of `epochs`."""
        return min(1.0, (1 - epoch / epochs) / (1 - self.from_share))


Decay = Annotated[ExponentialDecay | LinearDecay, Field(discriminator="kind")]


class Training(Strict):
    epochs: Positive | None = None
    iterations: Positive | None = None
    batch_size: Positive = 1  # of each process
    gpus: Positive = 1  # processes that train together, each with a GPU of its own where there are any
    load_px: Positive | None = None  # images are enlarged to this side before they are cropped
    crop_px: Positive = 256
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    augment: Literal["none", "flips", "sixfold", "traditional"] = "none"
    precision: Literal["fp32", "bf16"] = "fp32"
    decay: Decay | None = None
    evaluations: Annotated[int, Field(ge=0)] = 0  # evenly spread, on test images of a `cycle`, else validation ones
    evaluated_images: Positive = 32  # at most, of a `cycle`
    history_every: Positive = 50  # iterations a row of history.csv averages
    checkpoint_minutes: Annotated[float, Field(gt=0)] = 5.0

    @model_validator(mode="after")
    def _one_length(self) -> Training:
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError("give epochs or iterations, exactly one of them")
        return self


class Adam(Strict):
    beta1: Fraction = 0.5
    beta2: Fraction = 0.999


class SGD(Strict):
    momentum: Fraction = 0.9
    weight_decay: float = 0.0


def check_one_of_a_kind(losses: Sequence[Loss | CycleLoss]) -> None:
    kinds = [loss.kind for loss in losses]
    if len(kinds) != len(set(kinds)):
        raise ValueError(f"losses: expected one of a kind, got {', '.join(kinds)}")


class PairedRun(Strict):
    """A conditional GAN on aligned pairs (pix2pix and its kin)."""

    recipe: Literal["paired"]
    dataset: Name
    condition: Literal["mask", "distance_map", "skeleton_map"]
    masks: Name | None = None  # a run of the recipe `mixture` whose nuclei are the condition, not the dataset's own
    keep: Literal["last", "best"] = "last"  # weights: the last, or those with the smallest loss on validation images
    generator: UNet = UNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[Loss, ...]  # one of a kind
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> PairedRun:
        check_one_of_a_kind(self.losses)
        if (self.keep == "best") != (self.training.evaluations > 0):
            raise ValueError("keep: best needs training.evaluations above 0, and the latter serves nothing else")
        return self


class Watershed(Strict):
    """From a nucleus probability to instances (Naylor et al. 2018)."""

    threshold: Fraction = 0.5
    h: Annotated[int, Field(ge=0, le=255)] = 7  # of 255
    min_area_px: int = 20


class SegmentationRun(Strict):
    """A SegNet on the training split of real datasets, on sample sets, or on both."""

    recipe: Literal["segmentation"]
    train_on: tuple[Name, ...]
    network: SegNet = SegNet()
    watershed: Watershed = Watershed()
    optimizer: SGD = SGD()
    training: Training


class CycleRun(Strict):
    """Two generators between two stains, on images without pairs (CycleGAN and its kin)."""

    recipe: Literal["cycle"]
    source: Name
    target: Name
    generator: ResidualNet = ResidualNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[CycleLoss, ...]  # one of a kind
    pool_size: Annotated[int, Field(ge=0)] = 50  # fakes of earlier steps that the discriminators also see
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> CycleRun:
        check_one_of_a_kind(self.losses)
        return self


class StyleRun(Strict):
    """Neural style transfer (Gatys et al. 2016): nothing is trained, each image is fitted by itself."""

    recipe: Literal["style"]
    source: Name  # whose test images lend their content,
    target: Name  # and a training image of these, drawn with the seed, its style
    content_weight: Annotated[float, Field(gt=0)] = 1.0  # of conv4_2
    style_weight: Annotated[float, Field(gt=0)] = 1e3  # of conv1_1 to conv5_1, each divided by its channels squared
    iterations: Positive = 500
    batch_size: Positive = 8  # images fitted side by side, each as if it were alone
    precision: Literal["fp32", "bf16"] = "fp32"


class ColourMixture(Strict):
    """How nuclei are found by their colours (SynCGAN, Sec. 3.2)."""

    stretch_percent: Annotated[float, Field(ge=0, lt=50)] = 1.0  # of pixels that become black, and as many white
    block_px: Annotated[int, Field(ge=3)] = 51  # odd; of the adaptive threshold,
    offset: float = 10.0  # grey levels that a spot is darker than its block's mean
    n_components: Annotated[int, Field(ge=2)] = 3  # of the mixture
    n_pixels: Positive = 2000  # that it is fitted to
    opening_px: Annotated[int, Field(ge=0)] = 2  # radius
    min_area_px: Annotated[int, Field(ge=0)] = 60
    spacing_px: Positive = 4  # between the middles of two nuclei that touch

    @model_validator(mode="after")
    def _odd(self) -> ColourMixture:
        if self.block_px % 2 == 0:
            raise ValueError(f"block_px: expected an odd number, got {self.block_px}")
        return self


class MixtureRun(ColourMixture):
    """Nuclei of images by their colours: nothing is trained."""

    recipe: Literal["mixture"]


class Labels(Strict):
    """What the discriminator of a `noise` run is told, so that it does not win at once (SynCGAN, Sec. 3.4)."""

    real: tuple[Fraction, Fraction] = (0.9, 1.0)  # drawn evenly from here, an image at a time
    fake: tuple[Fraction, Fraction] = (0.0, 0.1)
    flipped: Fraction = 0.05  # of iterations: real for fake and the other way round


class NoiseRun(Strict):
    """A GAN from noise to images or to masks of one class."""

    recipe: Literal["noise"]
    dataset: Name
    category: str
    makes: Literal["images", "masks"] = "images"
    masks: Name | None = None  # as in `paired`: those that it learns, where it makes masks
    ratio: Positive = 2  # samples for each training image of the class
    generator: UNet = UNet(upsampling="bilinear")  # fed with an image of N(0, 1)
    discriminator: PatchGAN = PatchGAN()
    labels: Labels = Labels()
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _used(self) -> NoiseRun:
        if self.masks and self.makes == "images":
            raise ValueError("masks: a run that makes images learns no masks; take it away")
        if self.training.evaluations:
            raise ValueError("training.evaluations: a GAN from noise has no loss on held-out images; take it away")
        return self


class Critic(Strict):
    """Six convolutions; `layer` and `batch` normalise all but the last."""

    width: Positive = 64
    norm: Literal["layer", "batch", "none"] = "layer"


class WassersteinRun(Strict):
    """What GANs with a critic and a penalty on its gradient share (WGAN-GP, Gulrajani 2017)."""

    dataset: Name  # of focus stacks
    width: Positive = 64
    critic: Critic = Critic()
    n_critic: Positive = 5  # updates of the critic for one of the generator, each on other images
    penalty: Annotated[float, Field(ge=0)] = 10.0  # weight of (|gradient| - 1)^2
    start_from: Name | None = None  # a run of the same networks, whose weights these start from
    optimizer: Adam = Adam(beta1=0.0, beta2=0.9)
    training: Training  # an iteration is an update of the generator

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


class LatentRun(WassersteinRun):
    """A GAN from a vector of noise to the plane in focus (MI-GAN, Sec. 2.1)."""

    recipe: Literal["latent"]
    n_latent: Positive = 100
    ratio: Positive = 1  # samples for each training stack


class FocusRun(WassersteinRun):
    """A GAN from the plane in focus to all planes (MI-GAN, Sec. 2.2)."""

    recipe: Literal["focus"]
    n_layers: Positive = 7  # of the 3D ResNet between encoders and decoders
    link: Annotated[float, Field(ge=0)] = 0.0  # weight of L1 between the plane in focus and the one made of it


class DefocusRun(Strict):
    """Focus stacks without a GAN, to hold one against: nothing is trained."""

    recipe: Literal["defocus"]
    dataset: Name  # of focus stacks
    how: Literal["blur", "shuffle"]  # the plane in focus, blurred as training stacks are; or the true planes, shuffled


class AugmentationRun(Strict):
    """Training images of one class again, mirrored, turned and with noise: nothing is trained."""

    recipe: Literal["augmentation"]
    dataset: Name
    category: str
    ratio: Positive = 2  # samples for each training image of the class
    max_rotation_deg: Annotated[float, Field(ge=0, le=180)] = 180.0
    noise_sd: Annotated[float, Field(ge=0)] = 0.02  # of intensities in [0, 1]


class ClassificationRun(Strict):
    """A network trained anew on each of several sets, from the same first weights, and tested on the same images."""

    recipe: Literal["classification"]
    network: Literal["resnet152", "densenet161", "inception_v3"]
    dataset: Name  # of the images that validate and test it
    train_on: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_+-]*$")], tuple[Name, ...]]  # set -> what is in it
    weights: Literal["imagenet", "none"] = "imagenet"  # at first
    keep: Literal["last", "best"] = "best"  # weights, as in `paired`; by the loss on validation images
    auxiliary_weight: Annotated[float, Field(ge=0)] = 0.4  # of Inception-V3's second classifier, which needs 299 px
    optimizer: Adam = Adam(beta1=0.9)
    training: Training  # crop_px: the side that images are brought to

    @model_validator(mode="after")
    def _sets(self) -> ClassificationRun:
        if not self.train_on:
            raise ValueError("train_on: expected one set or more")
        if self.training.load_px:
            raise ValueError("training.load_px: images are brought to crop_px; take it away")
        if self.training.gpus > 1:
            raise ValueError("training.gpus: classifiers train one after the other on one GPU; take it away")
        if (self.keep == "best") != (self.training.evaluations > 0):
            raise ValueError("keep: best needs training.evaluations above 0, and the latter serves nothing else")
        return self


Run = Annotated[
    PairedRun
    | SegmentationRun
    | CycleRun
    | StyleRun
    | MixtureRun
    | NoiseRun
    | AugmentationRun
    | ClassificationRun
    | LatentRun
    | FocusRun
    | DefocusRun,
    Field(discriminator="recipe"),
]
TranslatingRun = CycleRun | StyleRun
ClassRun = NoiseRun | AugmentationRun  # makes samples of one class
StackRun = FocusRun | DefocusRun  # makes focus stacks of a dataset's planes
GeneratingRun = PairedRun | TranslatingRun | ClassRun | LatentRun | StackRun


def input_of(run: GeneratingRun) -> str:
    """The dataset that a generator is applied to."""
    return run.source if isinstance(run, TranslatingRun) else run.dataset
