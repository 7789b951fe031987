"""What must be said beside a score, from the facts that stand with it in its score file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pathgan.config.plan import OF_SOURCES

MS_SSIM_SCALES = 5  # Wang et al. 2003
MANY_IMAGES = 2048  # the dimension of the embeddings: fewer leave their covariance singular
FLOORS = ("fid_floor", "kid_floor", "precision_floor", "recall_floor", "plane_kid_floor")
OF_REAL_IMAGES = (
    *FLOORS,
    *OF_SOURCES,
    "p_hash_real_real",
    "accuracy_real",
    "nearest_px_real",
    "nearest_embedding_real",
    "coverage_real",
    "n_nuclei_real",
    "empty_real",
    "adjacent_ssim_real",
)  # the same for every seed, so there is no interval over seeds
PROPORTIONS = {
    "preserved": 1.0,
    "accuracy": 100.0,
    "copied_px": 1.0,
    "copied_embedding": 1.0,
    "empty": 1.0,
    "peak_within_1": 1.0,
}  # what all is called
OF_PIXELS = (  # of scores that also embed: these need no network
    *("_px", "_px_real"),
    *("focus_correlation", "tenengrad_correlation", "peak_error", "peak_within_1"),
    *("adjacent_ssim", "adjacent_ssim_real", "base_psnr"),
)
TILES = "images, which gave "  # so many tiles
FID_IS_BIASED = "FID is biased at n = "


@dataclass(frozen=True)
class Remarks:
    """caveats: why a number may not be compared with the paper's. notes: what a reader must know anyway."""

    caveats: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def remarks(metric: str, facts: Mapping[str, float]) -> Remarks:
    """`facts`: the values that stand for a whole set in the score files of `metric`, means over seeds."""
    caveats, notes = [], []
    if facts.get("random_weights") and not metric.endswith(OF_PIXELS):
        caveats.append(f"random network for {'ResNet-18' if metric.startswith('p_hash') else 'Inception'}")
    if facts.get("random_start"):
        caveats.append("first weights are random, not ImageNet's")
    if facts.get("random_style") and metric not in OF_REAL_IMAGES:
        caveats.append("random network for VGG-19")
    n_scales = facts.get("ms_ssim_scales", MS_SSIM_SCALES)
    if metric == "ms_ssim" and n_scales < MS_SSIM_SCALES:
        caveats.append(f"MS-SSIM with {n_scales:.0f} of {MS_SSIM_SCALES} scales")
    if metric == "fid" and (fewer := min(facts["n_images"], facts["n_real"])) < MANY_IMAGES:
        notes.append(
            f"{FID_IS_BIASED}{fewer:.0f}: of {facts['n_floor']:.0f} images it is "
            f"{facts['fid_at_floor_n']:.4g}, and {facts['fid_floor']:.4g} for real against real"
        )
    if metric.startswith("copied") and facts["n_origins"] < facts["n_real"]:
        notes.append("held-out tiles are of other images than training tiles, and further from these for that alone")
    if metric in ("kid", "kid_sd"):
        whole = facts["kid_subset_size"] == facts["n_images"] == facts["n_real"]
        notes.append(
            f"KID over subsets of {facts['kid_subset_size']:.0f} images"
            + (", which is all of them: its sd says nothing" if whole else "")
        )
    return Remarks(caveats, notes)


def in_legend(note: str) -> str:
    """A cell's note without what is that cell's alone: a legend gathers the notes of all cells."""
    if note.startswith(TILES):
        return "an image may give many tiles"
    return note.partition(":")[0] if note.startswith(FID_IS_BIASED) else note


def n_images(metric: str, facts: Mapping[str, float]) -> int:
    """The number of images that a score of a whole set rests on."""
    if metric in (*FLOORS, "fid_at_floor_n"):
        return int(facts["n_floor"])
    of_real = metric in OF_REAL_IMAGES and not metric.startswith("p_hash") and metric not in OF_SOURCES
    return int(facts["n_real" if of_real else "n_images"])


def whole(metric: str) -> float | None:
    """What a proportion is when all images are right; None for another kind of metric."""
    return PROPORTIONS.get(metric.partition("/")[0])
