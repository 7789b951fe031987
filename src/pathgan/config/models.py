"""What a paper is made of, as frozen types. They own the defaults, and the JSON schema comes from them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
Positive = Annotated[int, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """Frozen, and deaf to no misspelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- datasets ---------------------------------------------------------------------------------------------


class Download(Strict):
    """An archive that the `fetch` rule gets."""

    kind: Literal["download"]
    url: str
    sha256: Sha256 | None = None
    max_bytes: Positive = 8_000_000_000
    max_unpacked_bytes: Positive = 32_000_000_000


class Manual(Strict):
    """Files that a person must get: the error of an absent dataset names page, file and folder."""

    kind: Literal["manual"]
    page: str
    file: str


Origin = Annotated[Download | Manual, Field(discriminator="kind")]


class Split(Strict):
    """Which images are held out. Seeded, by the manifest's `group` (patient, slide or image)."""

    by: Literal["image", "patient", "slide"] = "image"
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    seed: int = 0


class Tiles(Strict):
    """How images become equal tiles; the last tile of a row or column is flush with the edge."""

    tile_px: Positive = 256
    stride_px: Positive = 256  # of training tiles; test tiles lie edge to edge


class ImageDataset(Strict):
    tiles: Tiles = Tiles()
    split: Split = Split()
    label: str = ""  # the heading in tables and figures
    caveat: str = ""  # why a number on these images may not be compared with the paper's


class FolderDataset(ImageDataset):
    folder: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]  # below data_root
    origin: Origin | None = None


class CpmDataset(ImageDataset):
    """CPM-15 and CPM-17: the layout of the challenge (`_mask.txt`) and that of hover_net (`.mat`)."""

    adapter: Literal["cpm"]
    folders: tuple[str, ...]  # below data_root
    origin: Manual | None = None


class TnbcDataset(FolderDataset):
    """TNBC of Naylor et al.: `Slide_XX/*.png` and `GT_XX/*.png`; brain slides (12 to 14) stay out."""

    adapter: Literal["tnbc"]
    slides: tuple[int, ...] = tuple(range(1, 12))


class MonusegDataset(FolderDataset):
    """MoNuSeg: TIF images and XML polygons."""

    adapter: Literal["monuseg"]


class SheetDataset(ImageDataset):
    """A user's own images: a TSV with the columns image, mask, class, patient, split."""

    adapter: Literal["sheet"]
    split: Split = Split(by="patient")  # an image without a patient is its own
    sheet: str  # path; images and masks are relative to it


class Tissue(Strict):
    """A phantom's look, at the pixel size of the phantom."""

    nuclei_per_mpx: Annotated[float, Field(gt=0)] = 2600.0  # a million pixels
    radius_px: Annotated[float, Field(gt=1)] = 8.0  # of a tumour nucleus
    tumour_fraction: Fraction = 0.7
    touching: Fraction = 0.3  # nuclei that are placed against another
    haematoxylin: float = 1.0  # stain strength, 1 is typical
    eosin: float = 1.0
    fibres: Fraction = 0.6  # of stroma: 0 even, 1 fibrous


class PhantomDataset(ImageDataset):
    adapter: Literal["phantom"]
    n_images: Positive
    size_px: Positive
    seed: int
    tissue: Tissue = Tissue()


class SectionPhantom(Strict):
    """Pairs of serial sections, H&E and Ki-67, of one block each; lengths in pixels of the phantom."""

    n_pairs: Positive
    size_px: Positive
    seed: int
    tissue: Tissue = Tissue()
    shared: Fraction = 0.4  # nuclei of a section that the other one also shows
    max_rotation_deg: Annotated[float, Field(ge=0, le=180)] = 15.0
    max_stretch: Fraction = 0.02
    elastic_px: Annotated[float, Field(ge=0)] = 10.0
    mirror_every: Annotated[int, Field(ge=0)] = 0  # 0 for never
    damage_every: Annotated[int, Field(ge=0)] = 0  # tears and missing tissue


class PolygonDataset(Strict):
    """Nucleus-like polygons (Hou et al. 2019); lengths are given at 400 px and rescaled to `size_px`."""

    adapter: Literal["polygons"]
    n_images: Positive
    size_px: Positive
    seed: int
    radius: tuple[float, float] = (8.5, 13.0)
    irregularity: tuple[float, float] = (0.6, 2.6)
    spike: tuple[float, float] = (0.04, 0.24)
    n_vertices: tuple[int, int] = (10, 17)
    max_overlap: Fraction = 0.15
    max_nuclei: Positive = 256
    min_area: float = 140.0
    scale: Annotated[float, Field(gt=0)] = 1.0  # of the nuclei, where the real ones are larger or smaller
    label: str = ""
    caveat: str = ""


Dataset = Annotated[
    CpmDataset | TnbcDataset | MonusegDataset | SheetDataset | PhantomDataset | PolygonDataset,
    Field(discriminator="adapter"),
]

# --- networks and losses ----------------------------------------------------------------------------------


class UNet(Strict):
    width: Positive = 64
    depth: Positive | None = None  # log2(crop_px) where not given: U-Net-256 has 8
    dropout: Fraction = 0.5


class PatchGAN(Strict):
    width: Positive = 64
    layers: Positive = 3


class SegNet(Strict):
    width: Positive = 64
    stages: Annotated[int, Field(ge=1, le=5)] = 5


class Adversarial(Strict):
    kind: Literal["adversarial"]
    weight: float = 1.0


class Pixel(Strict):
    """L1 between fake and real."""

    kind: Literal["pixel"]
    weight: float = 100.0


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


Loss = Annotated[Adversarial | Pixel | Smoothness | Sharpness, Field(discriminator="kind")]

# --- runs -------------------------------------------------------------------------------------------------


class Training(Strict):
    epochs: Positive | None = None
    iterations: Positive | None = None
    batch_size: Positive = 1
    crop_px: Positive = 256
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    augment: Literal["none", "flips", "traditional"] = "none"
    precision: Literal["fp32", "bf16"] = "fp32"
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


class PairedRun(Strict):
    """A conditional GAN on aligned pairs (pix2pix and its kin)."""

    recipe: Literal["paired"]
    dataset: Name
    condition: Literal["mask", "distance_map", "skeleton_map"]
    generator: UNet = UNet()
    discriminator: PatchGAN = PatchGAN()
    losses: tuple[Loss, ...]  # one of a kind
    optimizer: Adam = Adam()
    training: Training

    @model_validator(mode="after")
    def _one_of_a_kind(self) -> PairedRun:
        kinds = [loss.kind for loss in self.losses]
        if len(kinds) != len(set(kinds)):
            raise ValueError(f"losses: expected one of a kind, got {', '.join(kinds)}")
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


Run = Annotated[PairedRun | SegmentationRun, Field(discriminator="recipe")]


class Samples(Strict):
    """A run applied to the conditions of a dataset. Every generating run has a set of its own name: its
    dataset's test split."""

    run: Name
    dataset: Name
    split: Literal["test", "all"] = "all"


# --- scores, tables, figures ------------------------------------------------------------------------------


class SimilarityScore(Strict):
    """Samples against the real images they were conditioned on, pair by pair."""

    kind: Literal["similarity"]


class UtilityScore(Strict):
    """A segmenter reads the run's samples; truth is the condition: dq, sq, pq, aji."""

    kind: Literal["utility"]
    segmenter: Name


class SegmentationScore(Strict):
    """The run, a segmenter, reads the dataset's test split: dq, sq, pq, aji."""

    kind: Literal["segmentation"]
    dataset: Name


class DistributionScore(Strict):
    """The run's samples against a set of real images, as sets of embeddings: FID, KID, precision, recall."""

    kind: Literal["distribution"]
    network: Literal["inception"] = "inception"
    real: Name | None = None  # a dataset; the run's own where not given
    split: Literal["train", "test", "all"] = "test"
    subset_size: Annotated[int, Field(ge=2)] = 50  # of KID; smaller where a set is
    n_subsets: Positive = 100


class PerceptualHashScore(Strict):
    """Samples against the real images of the run's test split, pair by pair, as hashes of channel means."""

    kind: Literal["perceptual_hash"]
    network: Literal["resnet18"] = "resnet18"


Score = Annotated[
    SimilarityScore | DistributionScore | PerceptualHashScore | UtilityScore | SegmentationScore,
    Field(discriminator="kind"),
]


class Row(Strict):
    label: str
    run: str  # may hold {dataset}, filled from the column


class Column(Strict):
    label: str  # may hold {label}, the dataset's
    dataset: Name
    score: Name
    metric: Name
    digits: Positive | None = None  # the table's where not given


class Table(Strict):
    """One cell a row and column: the mean over seeds of one metric of one score of one run."""

    caption: str
    rows: dict[str, Row]
    columns: dict[str, Column]
    digits: Positive = 3
    published_n: Positive | None = None  # images behind a printed percentage of right answers


class Panel(Strict):
    title: str  # may hold {label}, that of the dataset
    show: Literal["image", "mask", "distance_map", "skeleton_map", "segmentation"]
    of: Name  # a dataset (test split) or a sample set
    by: Name | None = None  # the segmenter, where a segmentation is shown

    @model_validator(mode="after")
    def _segmenter(self) -> Panel:
        if (self.show == "segmentation") != (self.by is not None):
            raise ValueError("`by` names a segmenter where `show: segmentation`, and only there")
        return self


class Figure(Strict):
    caption: str
    panels: tuple[Panel, ...]
    items: tuple[int, ...] = (0,)
    across: Literal["panels", "items"] = "panels"


class Paper(Strict):
    """A paper under one preset: everything the rules need to know."""

    title: str
    cite: str
    caveat: str = ""  # why no number of this preset may be compared with the paper's
    seeds: tuple[int, ...] = (0,)
    datasets: dict[Name, Dataset]
    runs: dict[Name, Run]
    samples: dict[Name, Samples] = {}
    scores: dict[Name, Score]
    tables: dict[Name, Table]
    figures: dict[Name, Figure]
    sources: dict[str, str]


NETWORKS = ("inception", "resnet18")  # whose weights `config/weights.yaml` names


class Weights(Strict):
    """Trained weights that are fetched, not made: an entry of `config/weights.yaml`."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]  # below data_root/weights
    url: str
    sha256: Sha256
    n_bytes: Positive
    licence: str


class Workflow(Strict):
    """`config/config.yaml`."""

    preset: Literal["demo", "public", "paper"] = "demo"
    papers: tuple[Name, ...] = ("sharpgan",)
    data_root: str = "data"
    device: Literal["auto", "cpu", "gpu"] = "auto"
