"""What a paper is made of, as frozen types. They own the defaults, and the JSON schema comes from them."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pathgan.config.base import Fraction, Name, Positive, Sha256, Strict
from pathgan.config.datasets import Dataset, SlideSet
from pathgan.config.runs import GeneratingRun, Run, input_of


class Samples(Strict):
    """A run applied to the conditions of a dataset, or to the masks of a run that makes them. Every generating run
    has a set of its own name: its dataset's test split, or of a run of one class as many samples as it says."""

    run: Name
    dataset: Name
    split: Literal["test", "all"] = "all"


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
    real: Name | None = None  # a dataset; the run's own where not given:
    side: Literal["target", "source"] = "target"  # of a translation, what it should look like or what it is made of
    untranslated: bool = False  # also of the images before their translation: what doing nothing would score
    split: Literal["train", "test", "all"] = "test"
    subset_size: Annotated[int, Field(ge=2)] = 50  # of KID; smaller where a set is
    n_subsets: Positive = 100


class PositivityScore(Strict):
    """Ki-67-positive nuclei in samples against those in the registered stain, tile by tile."""

    kind: Literal["positivity"]
    min_nuclear: Fraction = 0.02  # share of a real tile's area; a smaller one says little of its nuclei


class PreservationScore(Strict):
    """Whether a linear classifier of real images (training split) still reads a run's samples as of their class."""

    kind: Literal["preservation"]
    network: Literal["inception"] = "inception"  # whose embeddings it classifies
    classes: dict[str, Name]  # class -> dataset of real images

    @model_validator(mode="after")
    def _several(self) -> PreservationScore:
        if len(self.classes) < 2:
            raise ValueError(f"classes: expected two or more, got {', '.join(self.classes) or 'none'}")
        return self


class AccuracyScore(Strict):
    """Whether a `classification` run is right about each test image: 100 or 0 [%], a metric a set it trained on."""

    kind: Literal["accuracy"]


class MemorisationScore(Strict):
    """How far samples of a class are from the training image next to them, and how far real images are that no model
    has seen: in pixels and in embeddings."""

    kind: Literal["memorisation"]
    network: Literal["inception"] = "inception"


class CoverageScore(Strict):
    """Masks that a GAN of a class made beside the real masks that it learned from: nuclei, their area, empty masks."""

    kind: Literal["coverage"]


class FocusScore(Strict):
    """Focus stacks against the real ones of the same cells: sharpness over planes, and each plane's KID."""

    kind: Literal["focus"]
    network: Literal["inception"] = "inception"


class PerceptualHashScore(Strict):
    """Samples against the real images of the run's test split, pair by pair, as hashes of channel means."""

    kind: Literal["perceptual_hash"]
    network: Literal["resnet18"] = "resnet18"


Score = Annotated[
    SimilarityScore
    | DistributionScore
    | PreservationScore
    | PerceptualHashScore
    | PositivityScore
    | AccuracyScore
    | MemorisationScore
    | CoverageScore
    | FocusScore
    | UtilityScore
    | SegmentationScore,
    Field(discriminator="kind"),
]


Metric = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_/+-]*$")]


class Heading(Strict):
    label: str
    digits: Annotated[int, Field(ge=0)] | None = None  # the table's where not given


class Row(Strict):
    label: str
    run: str  # may hold {dataset}, the cell's; a sample set is as good, where samples are scored
    dataset: str | None = None  # the column's where not given
    folds: Positive | None = None  # of a cross-validation: run and dataset hold {fold}, 0 and up, all items count once

    @model_validator(mode="after")
    def _of_folds(self) -> Row:
        for name in (self.run, self.dataset or ""):
            if ("{fold}" in name) != (self.folds is not None):
                raise ValueError(f"folds: expected with {{fold}} in run and dataset, and nowhere else; got {name!r}")
        return self


class Column(Heading):
    label: str  # may hold {label}, the dataset's
    dataset: Name | None = None
    score: Name
    metric: Metric
    against: Metric | None = None  # the cell is the p of McNemar's exact test that both are right equally often


class ScoreTable(Strict):
    """One cell a row and column: the mean over seeds of one metric of one score of one run."""

    kind: Literal["scores"]
    caption: str
    rows: dict[str, Row]
    columns: dict[str, Column]
    omitted: dict[str, str] = Field(default={})  # published row or column -> why this preset has none
    digits: Positive = 3
    published_n: Positive | None = None  # images behind a printed percentage of right answers


class CountRow(Strict):
    label: str
    datasets: tuple[Name, ...]  # or sample sets


class CountColumn(Heading):
    split: Literal["train", "validation", "test"]
    category: str | None = None  # any class where not given


class CountTable(Strict):
    """How many images of a class lie on each side of a split; samples count as training images."""

    kind: Literal["counts"]
    caption: str
    rows: dict[str, CountRow]
    columns: dict[str, CountColumn]
    omitted: dict[str, str] = Field(default={})
    digits: Literal[0] = 0


Table = Annotated[ScoreTable | CountTable, Field(discriminator="kind")]


class Panel(Strict):
    title: str  # may hold {label}, that of the dataset
    show: Literal[
        "image", "mask", "distance_map", "skeleton_map", "segmentation", "outlines", "reconstruction", "residual"
    ]
    of: Name  # a dataset (test split) or a sample set; for the last two a run of the recipe `cycle`
    by: Name | None = None  # the segmenter, where a segmentation or its outlines are shown
    category: str = ""  # items of this class alone

    @model_validator(mode="after")
    def _segmenter(self) -> Panel:
        if (self.show in ("segmentation", "outlines")) != (self.by is not None):
            raise ValueError("`by` names a segmenter where `show: segmentation` or `outlines`, and only there")
        return self


class ImageFigure(Strict):
    """A grid of images: one row an item, one column a panel; or the other way round; or one item in `columns`."""

    kind: Literal["images"]
    caption: str
    panels: tuple[Panel, ...]
    items: tuple[int, ...] = (0,)
    across: Literal["panels", "items"] = "panels"
    columns: Positive | None = None

    @model_validator(mode="after")
    def _one_item(self) -> ImageFigure:
        if self.columns and len(self.items) != 1:
            raise ValueError(f"columns: a figure in columns shows one item, got {len(self.items)}")
        return self


class CurveFigure(Strict):
    """What a run's evaluations measured, against the epoch: one panel a metric, one curve a run."""

    kind: Literal["curves"]
    caption: str
    curves: dict[Name, str]  # run -> label
    metrics: dict[Name, str]  # column of evaluations.csv -> label


class StackFigure(Strict):
    """Focus stacks, a row each, a plane a column."""

    kind: Literal["stacks"]
    caption: str
    of: Name  # a dataset of stacks (test split) or a sample set
    items: tuple[int, ...] = (0, 1, 2, 3)


class ProfileFigure(Strict):
    """How sharp each plane is, of real stacks and of synthetic ones: means and the middle 80 %."""

    kind: Literal["profiles"]
    caption: str
    profiles: dict[Name, str]  # dataset (test split) or sample set -> label


Figure = Annotated[ImageFigure | CurveFigure | StackFigure | ProfileFigure, Field(discriminator="kind")]


class Paper(Strict):
    """A paper under one preset: everything the rules need to know."""

    title: str
    cite: str
    extends: Name | None = None  # a paper of which this file says the differences; published values are its
    caveat: str = ""  # why no number of this preset may be compared with the paper's
    seeds: tuple[int, ...] = (0,)
    slides: dict[Name, SlideSet] = Field(default={})
    datasets: dict[Name, Dataset]
    runs: dict[Name, Run]
    samples: dict[Name, Samples] = Field(default={})
    scores: dict[Name, Score]
    tables: dict[Name, Table]
    figures: dict[Name, Figure]
    sources: dict[str, str]

    @cached_property
    def generating_runs(self) -> dict[Name, GeneratingRun]:
        return {name: run for name, run in self.runs.items() if isinstance(run, GeneratingRun)}

    @cached_property
    def sample_sets(self) -> dict[Name, Samples]:
        """The declared sample sets, and one of its own name a generating run: of its dataset's test split, or of its
        class."""
        runs = self.generating_runs.items()
        own = {name: Samples(run=name, dataset=input_of(run), split="test") for name, run in runs}
        return {**own, **self.samples}


EMBEDDERS = ("inception", "resnet18")
STYLE_NETWORK = "vgg19"  # of neural style transfer
CLASSIFIERS = ("resnet152", "densenet161", "inception_v3")
NETWORKS = (*EMBEDDERS, STYLE_NETWORK, *CLASSIFIERS)  # whose weights `config/weights.yaml` names


class Weights(Strict):
    """Trained weights that are fetched, not made: an entry of `config/weights.yaml`."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]  # below data_root/weights
    url: str
    sha256: Sha256
    max_bytes: Positive  # a larger file is not downloaded
    licence: str


class Workflow(Strict):
    """`config/config.yaml`."""

    preset: Literal["demo", "public", "paper"] = "demo"
    papers: tuple[Name, ...] = ("sharpgan",)
    data_root: str = "data"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    time_factor: Annotated[float, Field(gt=0)] = 1.0  # of every job's time limit under a scheduler
    longest_min: Positive | None = None  # no job asks for more minutes
