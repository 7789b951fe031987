"""What a paper's entries ask of each other: sample sets, cells, and the inputs of a run, score or figure."""

from __future__ import annotations

from dataclasses import dataclass

from pathgan.config.models import DistributionScore, Paper, Samples, ScoreTable, SegmentationScore
from pathgan.config.runs import GeneratingRun, TranslatingRun

SET = "set"  # the item, in a score file, of a score or fact of the whole set
FLOORS_OF = {  # what a table must show beside a metric that means nothing without
    "fid": ("fid_at_floor_n", "fid_floor"),
    "kid": ("kid_floor",),
    "kid_full": ("kid_floor",),
    "precision": ("precision_floor",),
    "recall": ("recall_floor",),
    "p_hash": ("p_hash_real_real", "p_hash_shuffled"),
    "preserved": ("accuracy_real",),
    "positivity_correlation": ("positivity_correlation_shuffled",),
}
OF_SOURCES = ("fid_source", "kid_source")  # of the images before a translation
EVALUATED = ("ssim", "ms_ssim", "psnr", "mae")  # of a reconstruction, while a run of the recipe `cycle` trains
INSTANCE_METRICS = ("dq", "sq", "pq", "aji", "dice")
SCORE_METRICS = {
    "similarity": ("ssim", "ms_ssim", "psnr", "mae", "fsim", "fsimc", "gmsd", "contour_contrast"),
    "distribution": (
        "fid",
        "fid_at_floor_n",
        "fid_floor",
        "kid",
        "kid_sd",
        "kid_full",
        "kid_floor",
        "precision",
        "precision_floor",
        "recall",
        "recall_floor",
        "fid_source",
        "kid_source",
    ),
    "preservation": ("preserved", "accuracy_real"),
    "perceptual_hash": (
        "p_hash",
        "p_hash_sd",
        "p_hash_median",
        "p_hash_pearson",
        "p_hash_dct",
        "p_hash_real_real",
        "p_hash_shuffled",
    ),
    "positivity": (
        "positive_share",
        "positive_share_real",
        "positivity_correlation",
        "positivity_correlation_shuffled",
        "positivity_bias",
    ),
    "utility": INSTANCE_METRICS,
    "segmentation": INSTANCE_METRICS,
}


@dataclass(frozen=True)
class Cell:
    """One cell of a table: which score file, and which metric in it."""

    row: str
    column: str
    run: str
    score: str
    metric: str
    dataset: str


def table_cells(table: ScoreTable) -> list[Cell]:
    """The cells of a table, row by row; the dataset is '' where neither row nor column names one."""
    return [
        Cell(row, name, spec.run.replace("{dataset}", dataset), column.score, column.metric, dataset)
        for row, spec in table.rows.items()
        for name, column in table.columns.items()
        for dataset in [spec.dataset or column.dataset or ""]
    ]


def generating_runs(paper: Paper) -> dict[str, GeneratingRun]:
    return {name: run for name, run in paper.runs.items() if isinstance(run, GeneratingRun)}


def input_of(run: GeneratingRun) -> str:
    """The dataset that a generator is applied to."""
    return run.source if isinstance(run, TranslatingRun) else run.dataset


def likeness_of(run: GeneratingRun) -> str:
    """The dataset whose images a run's samples should look like."""
    return run.target if isinstance(run, TranslatingRun) else run.dataset


def datasets_of(paper: Paper, run: str) -> list[str]:
    """Every dataset that a run is trained on or applied to by itself."""
    entry = paper.runs[run]
    if isinstance(entry, GeneratingRun):
        return list(dict.fromkeys([input_of(entry), likeness_of(entry)]))
    samples = sample_sets(paper)
    return list(dict.fromkeys(samples[name].dataset if name in samples else name for name in entry.train_on))


def scored_dataset(paper: Paper, cell: Cell) -> str | None:
    """The dataset that a cell's score is about; None where its score or run does not exist."""
    score, run = paper.scores.get(cell.score), paper.runs.get(cell.run)
    if score is None or run is None:
        return None
    if isinstance(score, SegmentationScore):
        return score.dataset
    if not isinstance(run, GeneratingRun):
        return None
    return real_of(score, run) if isinstance(score, DistributionScore) else likeness_of(run)


def real_of(score: DistributionScore, run: GeneratingRun) -> str:
    """The dataset whose images a distribution score compares a run's samples with."""
    return score.real or (likeness_of(run) if score.side == "target" else input_of(run))


def sample_sets(paper: Paper) -> dict[str, Samples]:
    """The declared sample sets, and one of its own name a generating run: its dataset's test split."""
    runs = generating_runs(paper).items()
    own = {name: Samples(run=name, dataset=input_of(run), split="test") for name, run in runs}
    return {**own, **paper.samples}


def conditions_of(paper: Paper, images: str) -> Samples | None:
    """The sample set of this name; None where `images` is a dataset."""
    return sample_sets(paper).get(images)


def label_of(paper: Paper, images: str) -> str:
    """What a heading calls a dataset or sample set: the label of the dataset that it looks like."""
    samples = conditions_of(paper, images)
    name = likeness_of(generating_runs(paper)[samples.run]) if samples else images
    return paper.datasets[name].label or name


def truth_of(paper: Paper, images: str) -> str:
    """The dataset that holds the true instances of a dataset or sample set."""
    samples = conditions_of(paper, images)
    return samples.dataset if samples else images
