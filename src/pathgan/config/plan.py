"""What a paper's entries ask of each other: sample sets, cells, and the inputs of a run, score or figure."""

from __future__ import annotations

from dataclasses import dataclass

from pathgan.config.models import AccuracyScore, DistributionScore, Paper, Samples, Score, ScoreTable, SegmentationScore
from pathgan.config.runs import (
    AugmentationRun,
    ClassificationRun,
    ClassRun,
    CycleRun,
    DefocusRun,
    FocusRun,
    GeneratingRun,
    LatentRun,
    NoiseRun,
    PairedRun,
    Run,
    SegmentationRun,
    StyleRun,
    TranslatingRun,
    input_of,
)

SET = "set"  # the item, in a score file, of a score or fact of the whole set
FLOORS_OF = {  # what a table must show beside a metric that means nothing without
    "fid": ("fid_at_floor_n", "fid_floor"),
    "kid": ("kid_floor",),
    "kid_full": ("kid_floor",),
    "precision": ("precision_floor",),
    "recall": ("recall_floor",),
    "p_hash": ("p_hash_real_real", "p_hash_shuffled"),
    "preserved": ("accuracy_real",),
    "nearest_px": ("nearest_px_real",),
    "nearest_embedding": ("nearest_embedding_real",),
    "positivity_correlation": ("positivity_correlation_shuffled",),
    "coverage": ("coverage_real",),
    "n_nuclei": ("n_nuclei_real",),
    "empty": ("empty_real",),
    "adjacent_ssim": ("adjacent_ssim_real",),
    "plane_kid": ("plane_kid_floor",),
}
OF_SOURCES = ("fid_source", "kid_source")  # of the images before a translation
EVALUATED = ("ssim", "ms_ssim", "psnr", "mae")  # of a reconstruction, while a run of the recipe `cycle` trains
PLANE_METRICS = (
    "kid/-5",
    "kid/-4",
    "kid/-3",
    "kid/-2",
    "kid/-1",
    "kid/0",
    "kid/+1",
    "kid/+2",
    "kid/+3",
    "kid/+4",
    "kid/+5",
)
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
    "memorisation": (
        "nearest_px",
        "nearest_px_real",
        "copied_px",
        "nearest_embedding",
        "nearest_embedding_real",
        "copied_embedding",
    ),
    "coverage": ("coverage", "coverage_real", "n_nuclei", "n_nuclei_real", "empty", "empty_real"),
    "focus": (
        "focus_correlation",
        "tenengrad_correlation",
        "peak_error",
        "peak_within_1",
        "adjacent_ssim",
        "adjacent_ssim_real",
        "base_psnr",
        "plane_kid",
        "plane_kid_floor",
        *PLANE_METRICS,
    ),
    "accuracy": (),  # one a set that a run is trained on: accuracy/SET
    "utility": INSTANCE_METRICS,
    "segmentation": INSTANCE_METRICS,
}


@dataclass(frozen=True)
class Cell:
    """One cell of a table, or one fold of it: which score file, and which metric in it."""

    row: str
    column: str
    run: str
    score: str
    metric: str
    dataset: str
    against: str | None = None


def table_cells(table: ScoreTable) -> list[Cell]:
    """The cells of a table, row by row and fold by fold; the dataset is '' where neither row nor column names one."""
    return [
        Cell(
            row,
            name,
            spec.run.replace("{dataset}", dataset).replace("{fold}", str(fold)),
            column.score,
            column.metric,
            dataset,
            column.against,
        )
        for row, spec in table.rows.items()
        for name, column in table.columns.items()
        for fold in range(spec.folds or 1)
        for dataset in [(spec.dataset or column.dataset or "").replace("{fold}", str(fold))]
    ]


def metrics_of(score: Score, run: Run | None) -> tuple[str, ...]:
    """What a score measures of a run."""
    if isinstance(score, AccuracyScore) and isinstance(run, ClassificationRun):
        return tuple(f"accuracy/{name}" for name in run.train_on)
    return SCORE_METRICS[score.kind]


def likeness_of(run: GeneratingRun) -> str:
    """The dataset whose images a run's samples should look like."""
    return run.target if isinstance(run, TranslatingRun) else run.dataset


def run_behind(paper: Paper, name: str) -> Run | None:
    """The run of this name, or the one that makes the sample set of this name."""
    samples = paper.sample_sets.get(name)
    return paper.runs.get(samples.run if samples else name)


def datasets_of(paper: Paper, name: str) -> list[str]:
    """Every dataset that a run or sample set is made with: trained on, or applied to by itself."""
    run, samples = run_behind(paper, name), paper.sample_sets.get(name)
    if run is None:
        return [name] if name in paper.datasets else []
    found: list[str] = []
    match run:
        case PairedRun() | NoiseRun() | AugmentationRun() | DefocusRun():
            found = [run.dataset]
        case LatentRun() | FocusRun():
            found = [run.dataset, *(datasets_of(paper, run.start_from) if run.start_from else [])]
        case CycleRun() | StyleRun():
            found = [run.source, run.target]
        case SegmentationRun():
            found = [dataset for item in run.train_on for dataset in datasets_of(paper, item)]
        case ClassificationRun():
            sets = dict.fromkeys(item for items in run.train_on.values() for item in items)
            found = [run.dataset, *(dataset for item in sets for dataset in datasets_of(paper, item))]
    if samples and samples.dataset != name:
        found += datasets_of(paper, samples.dataset)
    return list(dict.fromkeys(found))


def category_of(paper: Paper, name: str) -> str:
    """The class that all samples of a set are of; '' where they are of several."""
    run, samples = run_behind(paper, name), paper.sample_sets.get(name)
    if isinstance(run, ClassRun):
        return run.category
    return category_of(paper, samples.dataset) if samples and samples.dataset in paper.sample_sets else ""


def scored_dataset(paper: Paper, cell: Cell) -> str | None:
    """The dataset that a cell's score is about; None where its score or run does not exist."""
    score, run = paper.scores.get(cell.score), run_behind(paper, cell.run)
    if score is None or run is None:
        return None
    if isinstance(score, SegmentationScore):
        return score.dataset
    if isinstance(run, ClassificationRun):
        return run.dataset
    if not isinstance(run, GeneratingRun):
        return None
    return real_of(score, run) if isinstance(score, DistributionScore) else likeness_of(run)


def real_of(score: DistributionScore, run: GeneratingRun) -> str:
    """The dataset whose images a distribution score compares a run's samples with."""
    return score.real or (likeness_of(run) if score.side == "target" else input_of(run))


class Composition:
    """What is behind a sample set that two GANs make, one after the other: masks and their images (SynCGAN, Eq. 7), or
    planes in focus and their stacks (MI-GAN)."""


def maker_of(paper: Paper, name: str) -> Run | Composition:
    """What makes a sample set: a run, or a composition of two."""
    samples = paper.sample_sets[name]
    return paper.runs[samples.run] if samples.dataset in paper.datasets else Composition()


def mask_maker_of(paper: Paper, name: str) -> NoiseRun | None:
    """The GAN that made the masks of a sample set; None where they are real ones, or where it has none."""
    samples = paper.sample_sets.get(name)
    makers = [paper.runs.get(entry) for entry in (samples.run, samples.dataset)] if samples else []
    return next((run for run in makers if isinstance(run, NoiseRun) and run.makes == "masks"), None)


def conditions_of(paper: Paper, images: str) -> Samples | None:
    """The sample set of this name; None where `images` is a dataset."""
    return paper.sample_sets.get(images)


def label_of(paper: Paper, images: str) -> str:
    """What a heading calls a dataset or sample set: the label of the dataset that it looks like."""
    samples = conditions_of(paper, images)
    name = likeness_of(paper.generating_runs[samples.run]) if samples else images
    return paper.datasets[name].label or name


def truth_of(paper: Paper, images: str) -> str:
    """The dataset that holds the true instances of a dataset or sample set, or the sample set itself."""
    samples = conditions_of(paper, images)
    return (
        samples.dataset if samples and samples.dataset in paper.datasets and not _of_class(paper, samples) else images
    )


def _of_class(paper: Paper, samples: Samples) -> bool:
    return isinstance(paper.runs[samples.run], ClassRun | LatentRun)
