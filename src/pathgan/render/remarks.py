"""What must be said beside a score, from the facts that stand with it in its score file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pathgan.config.table_types import Metric

MS_SSIM_SCALES = 5  # Wang et al. 2003
MANY_IMAGES = 2048  # the dimension of the embeddings: fewer leave their covariance singular
TILES = "images, which gave "  # so many tiles
FID_IS_BIASED = "FID is biased at n = "


@dataclass(frozen=True)
class Remarks:
    """caveats: why a number may not be compared with the paper's. notes: what a reader must know anyway."""

    caveats: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def remarks(key: str, metric: Metric, facts: Mapping[str, float]) -> Remarks:
    """`facts`: the values that stand for a whole set in the score files of `metric`, means over seeds."""
    caveats, notes = [], []
    if facts.get("random_weights") and metric.network:
        caveats.append(f"random network for {metric.network}")
    if facts.get("random_start"):
        caveats.append("first weights are random, not ImageNet's")
    if facts.get("random_style") and not metric.is_of_real:
        caveats.append("random network for VGG-19")
    if facts.get("resumed_stale") and not metric.is_of_real:
        caveats.append("a training went on from a state of other code")
    n_scales = facts.get("ms_ssim_scales", MS_SSIM_SCALES)
    if key == "ms_ssim" and n_scales < MS_SSIM_SCALES:
        caveats.append(f"MS-SSIM with {n_scales:.0f} of {MS_SSIM_SCALES} scales")
    if key == "fid" and (fewer := min(facts["n_images"], facts["n_real"])) < MANY_IMAGES:
        notes.append(
            f"{FID_IS_BIASED}{fewer:.0f}: of {facts['n_floor']:.0f} images it is "
            f"{facts['fid_at_floor_n']:.4g}, and {facts['fid_floor']:.4g} for real against real"
        )
    if key.startswith("copied") and facts["n_origins"] < facts["n_real"]:
        notes.append("held-out tiles are of other images than training tiles, and further from these for that alone")
    if key in ("kid", "kid_sd"):
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
