"""What must be said beside a score, from the facts that stand with it in its score file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pathgan.config.metric_names import LABELS, of_network
from pathgan.config.table_types import Metric

MS_SSIM_SCALES = 5  # Wang et al. 2003
FEATURES = {"inception": 2048, "lite0": 1280, "squeezenet": 512}  # fewer images leave their covariance singular
TILES = "images, which gave "  # so many tiles
IS_BIASED = " is biased at n = "
HOLM = "p after Holm over "  # so many tests


@dataclass(frozen=True)
class Remarks:
    """metric, settings: why a number may not be compared with the paper's in these respects. notes: what a reader must
    know anyway."""

    metric: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def remarks(key: str, metric: Metric, facts: Mapping[str, float], network: str = "") -> Remarks:
    """`facts`: the values that stand for a whole set in the score files of `metric`, means over seeds.

    key: as the paper's network names the metric. network: the one that gave the values, where that is another.
    """
    measured, trained, notes = [], [], []
    network = network or metric.network
    fid, kid = (f"{name}_{network}" for name in ("fd", "kd")) if network != "inception" else ("FID", "KID")
    if network != metric.network:
        measured.append(_in_place(key, metric.network, network))
    if facts.get("random_start"):
        trained.append("first weights are random, not ImageNet's")
    if facts.get("stand_in_style") and not metric.is_of_real:
        trained.append("VGG-16 in place of VGG-19")
    if facts.get("resumed_stale") and not metric.is_of_real:
        trained.append("a training went on from a state of other code")
    n_scales = facts.get("ms_ssim_scales", MS_SSIM_SCALES)
    if key == "ms_ssim" and n_scales < MS_SSIM_SCALES:
        measured.append(f"MS-SSIM with {n_scales:.0f} of {MS_SSIM_SCALES} scales")
    n_features = FEATURES.get(network, 0)
    if key == "fid" and (fewer := min(facts["n_images"], facts["n_real"])) < n_features:
        notes.append(
            f"{fid}{IS_BIASED}{fewer:.0f}: of {facts['n_floor']:.0f} images it is "
            f"{facts['fid_at_floor_n']:.4g}, and {facts['fid_floor']:.4g} for real against real"
        )
    if key.startswith("copied") and facts["n_origins"] < facts["n_real"]:
        notes.append("held-out tiles are of other images than training tiles, and further from these for that alone")
    if key in ("kid", "kid_sd"):
        whole = facts["kid_subset_size"] == facts["n_images"] == facts["n_real"]
        notes.append(
            f"{kid} over subsets of {facts['kid_subset_size']:.0f} images"
            + (", which is all of them: its sd says nothing" if whole else "")
        )
    return Remarks(measured, trained, notes)


def _in_place(key: str, asked: str, network: str) -> str:
    """`fd_lite0 in place of FID`, and of metrics that bear no such name `Lite0 in place of Inception`."""
    for plain in ("fid", "kid"):
        if plain in re.split("[_/]", key):
            return f"{of_network(plain, network)} in place of {plain.upper()}"
    return f"{LABELS[network]} in place of {LABELS[asked]}"


def in_legend(note: str) -> str:
    """A cell's note without what is that cell's alone: a legend gathers the notes of all cells."""
    if note.startswith(TILES):
        return "an image may give many tiles"
    return note.partition(":")[0] if IS_BIASED in note or note.startswith(HOLM) else note
