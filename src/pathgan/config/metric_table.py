"""Every metric in one table: which score gives it, what is better, what it rests on, and what must stand beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, get_args

from pathgan.config.metric_names import of_network, of_own
from pathgan.config.scores.embedded_score import EmbeddedScore
from pathgan.config.scores.morphometry_score import NuclearFeature
from pathgan.config.table_types import Metric
from pathgan.config.weights import EMBEDDERS
from pathgan.errors import ConfigError

if TYPE_CHECKING:
    from pathgan.config.runs.run import Run
    from pathgan.config.scores.score import Score

INCEPTION, RESNET = "inception", "resnet18"

_OF_IMAGES = (
    Metric(key="ssim", better="higher"),
    Metric(key="ms_ssim", better="higher"),
    Metric(key="psnr", better="higher"),
    Metric(key="mae", better="lower"),
)
_OF_INSTANCES = (
    Metric(key="dq", better="higher"),
    Metric(key="sq", better="higher"),
    Metric(key="pq", better="higher"),
    Metric(key="aji", better="higher"),
    Metric(key="dice", better="higher"),
    Metric(key="aji_touching", better="higher"),
    Metric(key="aji_lone", better="higher"),
    Metric(key="false_nuclei", better="lower"),
)
# Kind of score -> what it measures.
_GIVEN_BY: dict[str, tuple[Metric, ...]] = {
    "reconstruction": (*_OF_IMAGES, Metric(key="colour_js", better="lower")),
    "structure": (
        Metric(key="structure_dice", better="higher", floors=("structure_dice_shuffled",)),
        Metric(key="structure_dice_shuffled", better=""),
    ),
    "spectrum": (
        Metric(key="spectrum_distance", better="lower", floors=("spectrum_distance_real",)),
        Metric(key="spectrum_distance_real", better="", of="set", is_of_real=True, counts="n_real"),
    ),
    "similarity": (
        *_OF_IMAGES,
        Metric(key="fsim", better="higher"),
        Metric(key="fsimc", better="higher"),
        Metric(key="gmsd", better="lower"),
        Metric(key="contour_contrast", better="near real"),
        Metric(key="contour_contrast_real", better="", is_of_real=True),
        Metric(key="contour_roughness", better="near real"),
        Metric(key="contour_roughness_real", better="", is_of_real=True),
    ),
    "utility": _OF_INSTANCES,
    "segmentation": _OF_INSTANCES,
    "distribution": (
        Metric(key="fid", better="lower", of="set", network=INCEPTION, floors=("fid_at_floor_n", "fid_floor")),
        Metric(key="fid_at_floor_n", better="", of="set", network=INCEPTION, counts="n_floor"),
        Metric(key="fid_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="fid_source", better="", of="set", network=INCEPTION, is_of_real=True),
        Metric(key="kid", better="lower", of="set", network=INCEPTION, floors=("kid_floor",)),
        Metric(key="kid_sd", better="", of="set", network=INCEPTION),
        Metric(key="kid_full", better="lower", of="set", network=INCEPTION, floors=("kid_floor",)),
        Metric(key="kid_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="kid_source", better="", of="set", network=INCEPTION, is_of_real=True),
        Metric(key="fid_inf", better="lower", of="set", network=INCEPTION, floors=("fid_inf_error",)),
        Metric(key="fid_inf_error", better="", of="set", network=INCEPTION),
        Metric(key="mmd", better="lower", of="set", network=INCEPTION, floors=("mmd_floor",)),
        Metric(key="mmd_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="precision", better="higher", of="set", network=INCEPTION, floors=("precision_floor",)),
        Metric(key="precision_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="recall", better="higher", of="set", network=INCEPTION, floors=("recall_floor",)),
        Metric(key="recall_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="density", better="higher", of="set", network=INCEPTION, floors=("density_floor",)),
        Metric(key="density_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="ball_coverage", better="higher", of="set", network=INCEPTION, floors=("ball_coverage_floor",)),
        Metric(key="ball_coverage_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
    ),
    "preservation": (
        Metric(key="preserved", better="higher", network=INCEPTION, all_right=1.0, floors=("accuracy_real",)),
        Metric(key="accuracy_real", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_real"),
    ),
    "perceptual_hash": (
        Metric(key="p_hash", better="higher", network=RESNET, floors=("p_hash_real_real", "p_hash_shuffled")),
        Metric(key="p_hash_sd", better="", of="set", network=RESNET),
        Metric(key="p_hash_median", better="higher", network=RESNET),
        Metric(key="p_hash_pearson", better="higher", network=RESNET),
        Metric(key="p_hash_dct", better="higher", network=RESNET),
        Metric(key="p_hash_real_real", better="", network=RESNET, is_of_real=True),
        Metric(key="p_hash_shuffled", better="", network=RESNET),
    ),
    "perceptual": (
        Metric(key="lpips_alex", better="lower", floors=("lpips_alex_real_real", "lpips_alex_shuffled")),
        Metric(key="lpips_alex_real_real", better="", is_of_real=True),
        Metric(key="lpips_alex_shuffled", better=""),
    ),
    "positivity": (
        Metric(key="positive_share", better="near real"),
        Metric(key="positive_share_real", better="", is_of_real=True),
        Metric(key="positivity_correlation", better="higher", of="set", floors=("positivity_correlation_shuffled",)),
        Metric(key="positivity_correlation_shuffled", better="", of="set"),
        Metric(key="positivity_bias", better="near zero", of="set"),
    ),
    "labelling": (  # one value per slide
        Metric(key="labelling_index", better="near real"),
        Metric(key="labelling_index_real", better="", is_of_real=True),
        Metric(key="labelling_bias", better="near zero", of="set"),
        Metric(key="labelling_lower", better="near zero", of="set"),
        Metric(key="labelling_upper", better="near zero", of="set"),
        Metric(key="labelling_icc", better="higher", of="set", floors=("labelling_icc_shuffled",)),
        Metric(key="labelling_icc_shuffled", better="", of="set"),
    ),
    "accuracy": (  # one for each set that a run is trained on
        Metric(key="accuracy/", better="higher", all_right=100.0),
    ),
    "memorisation": (
        Metric(key="nearest_px", better="near real", floors=("nearest_px_real",)),
        Metric(key="nearest_px_real", better="", of="set", is_of_real=True, counts="n_real"),
        Metric(key="copied_px", better="lower", all_right=1.0),
        Metric(key="nearest_embedding", better="near real", network=INCEPTION, floors=("nearest_embedding_real",)),
        Metric(key="nearest_embedding_real", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_real"),
        Metric(key="copied_embedding", better="lower", network=INCEPTION, all_right=1.0),
        Metric(key="authentic_px", better="higher", all_right=1.0, floors=("authentic_px_real",)),
        Metric(key="authentic_px_real", better="", of="set", is_of_real=True, counts="n_real"),
        Metric(
            key="authentic_embedding",
            better="higher",
            network=INCEPTION,
            all_right=1.0,
            floors=("authentic_embedding_real",),
        ),
        Metric(
            key="authentic_embedding_real", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_real"
        ),
    ),
    "coverage": (
        Metric(key="coverage", better="near real", floors=("coverage_real",)),
        Metric(key="coverage_real", better="", of="set", is_of_real=True, counts="n_real"),
        Metric(key="n_nuclei", better="near real", floors=("n_nuclei_real",)),
        Metric(key="n_nuclei_real", better="", of="set", is_of_real=True, counts="n_real"),
        Metric(key="empty", better="lower", all_right=1.0, floors=("empty_real",)),
        Metric(key="empty_real", better="", of="set", is_of_real=True, counts="n_real"),
    ),
    "morphometry": tuple(
        metric
        for name in get_args(NuclearFeature)
        for metric in (
            Metric(key=f"{name}_shift", better="lower", of="set", counts="n_floor", floors=(f"{name}_shift_floor",)),
            Metric(key=f"{name}_shift_floor", better="", of="set", counts="n_floor", is_of_real=True),
        )
    ),
    "stain": tuple(
        metric
        for channel in ("haematoxylin", "counterstain")
        for metric in (
            *(
                one
                for name in (f"{channel}_js", f"{channel}_kl")
                for one in (
                    Metric(key=name, better="lower", of="set", counts="n_floor", floors=(f"{name}_floor",)),
                    Metric(key=f"{name}_floor", better="", of="set", counts="n_floor", is_of_real=True),
                )
            ),
            Metric(key=f"{channel}_js_source", better="", of="set", counts="n_floor", is_of_real=True),
            Metric(key=f"{channel}_integral", better="near real", floors=(f"{channel}_integral_real",)),
            Metric(key=f"{channel}_integral_real", better="", of="set", counts="n_real", is_of_real=True),
        )
    ),
    "focus": (
        Metric(key="focus_correlation", better="higher"),
        Metric(key="tenengrad_correlation", better="higher"),
        Metric(key="peak_error", better="lower"),
        Metric(key="peak_within_1", better="higher", all_right=1.0),
        Metric(key="adjacent_ssim", better="near real", floors=("adjacent_ssim_real",)),
        Metric(key="adjacent_ssim_real", better="", of="set", is_of_real=True, counts="n_real"),
        Metric(key="base_psnr", better="higher"),
        Metric(key="plane_kid", better="lower", of="set", network=INCEPTION, floors=("plane_kid_floor",)),
        Metric(key="plane_kid_floor", better="", of="set", network=INCEPTION, is_of_real=True, counts="n_floor"),
        Metric(key="kid/", better="lower", of="set", network=INCEPTION),
    ),
}
METRICS: dict[str, Metric] = {metric.key: metric for metrics in _GIVEN_BY.values() for metric in metrics}


def given_by(kind: str) -> tuple[str, ...]:
    """Keys of what a kind of score measures, each on its own network's features."""
    return tuple(metric.key for metric in _GIVEN_BY.get(kind, ()))


def measured_by(score: Score, run: Run | None) -> tuple[str, ...]:
    """Keys of what a score measures of a run."""
    keys = score.metrics_of(run, given_by(score.kind))
    return tuple(as_named(key, score.network) for key in keys) if isinstance(score, EmbeddedScore) else keys


def as_named(key: str, network: str) -> str:
    """The key of a metric where it rests on the features of `network`; of other metrics and facts, `key` itself."""
    metric = _entry(key)
    return key if metric is None or metric.network in ("", network) else of_network(key, network)


def add(kind: str, metrics: Sequence[Metric]) -> None:
    """Makes metrics of a kind of score known, beside those that it has. Raises ConfigError for another one's key."""
    for metric in metrics:
        if METRICS.setdefault(metric.key, metric) != metric:
            raise ConfigError(f"METRICS[{kind!r}]: there is a metric {metric.key!r}; take another key")
        if metric not in _GIVEN_BY.get(kind, ()):
            _GIVEN_BY[kind] = (*_GIVEN_BY.get(kind, ()), metric)


def metric_of(key: str) -> Metric:
    """The entry of a metric, or of the family `NAME/` that it is one of. Raises KeyError where there is none."""
    if metric := _entry(key):
        return metric
    for network in EMBEDDERS:
        if (metric := _entry(of_own(key, network))) and metric.network:
            floors = tuple(as_named(floor, network) for floor in metric.floors)
            return metric.model_copy(update={"key": key, "network": network, "floors": floors})
    raise KeyError(key)


def _entry(key: str) -> Metric | None:
    return METRICS.get(key) or METRICS.get(f"{key.partition('/')[0]}/")
